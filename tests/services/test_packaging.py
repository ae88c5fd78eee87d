"""The unit for a whole machine: what it starts and where it may write."""

from pathlib import Path

from passenger.services.definition import ISOLATED, SERVE
from passenger.services.systemd import HOPELESS, STOP_SECONDS
from tests.services.reading import words

UNIT = (Path(__file__).parents[2] / "packaging" / "passenger.service").read_text()
LINES = dict(line.split("=", 1) for line in UNIT.splitlines() if "=" in line and not line.startswith("#"))


def test_it_starts_what_the_users_own_service_starts() -> None:
    assert words(LINES["ExecStart"])[1:] == [*ISOLATED, *SERVE]
    assert LINES["RestartPreventExitStatus"].split() == [str(code) for code in HOPELESS]
    assert LINES["TimeoutStopSec"] == str(STOP_SECONDS)


def test_config_and_state_are_in_the_one_directory_that_it_may_write() -> None:
    assert LINES["StateDirectory"] == "passenger"
    assert LINES["StateDirectoryMode"] == "0700"
    assert LINES["WorkingDirectory"] == "%S/passenger"
    variables = dict(word.split("=", 1) for word in LINES["Environment"].split())
    assert variables.keys() == {"HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME"}
    assert all(value.startswith("%S/passenger") for value in variables.values())


def test_it_has_no_privilege_and_is_reached_by_this_machine_alone() -> None:
    for name in ("CapabilityBoundingSet", "AmbientCapabilities"):
        assert LINES[name] == ""
    for name in ("DynamicUser", "NoNewPrivileges", "PrivateUsers", "RestrictNamespaces", "MemoryDenyWriteExecute"):
        assert LINES[name] == "yes"
    assert LINES["ProtectSystem"] == "strict"
    assert "0.0.0.0" not in " ".join(LINES.values())
