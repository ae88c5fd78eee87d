"""What the flags and the world they were given in amount to."""

import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from passenger.config.invocation import Invocation, absolute
from passenger.config.problems import ConfigError


@pytest.fixture(autouse=True)
def at_home(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Stand in the test's home, with the root logger put back afterwards."""
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.chdir(home)
    root, ours = logging.getLogger(), logging.getLogger("passenger")
    before = (root.handlers[:], root.level, ours.level)
    yield
    root.handlers[:], root.level, ours.level = before


def test_the_user_s_directory_is_ours_below_the_config_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert Invocation().user_dir.name == "passenger"
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert Invocation().user_dir == tmp_path / "passenger"


def _homeless() -> Path:
    raise RuntimeError("could not determine the home directory")


@pytest.mark.parametrize("find", [_homeless, lambda: Path("~/.config/passenger")])
def test_without_a_home_there_is_no_user_s_directory(find: Callable[[], Path]) -> None:
    with pytest.raises(ConfigError, match="HOME: must be set to your home directory"):
        absolute(find)


@pytest.mark.parametrize("name", ["HOME", "USERPROFILE"])
def test_passenger_rs_keeps_its_files_below_home_whatever_the_config_home(name: str) -> None:
    environ = {name: "/home/me", "XDG_CONFIG_HOME": "/elsewhere"}
    assert Invocation(environ=environ).legacy_dir == Path("/home/me/.config/passenger-rs")


def test_without_a_home_passenger_rs_s_files_are_looked_for_beside_ours() -> None:
    invocation = Invocation(environ={})
    assert invocation.legacy_dir == invocation.user_dir.parent / "passenger-rs"


def test_flags_reach_the_settings(home: Path) -> None:
    (home / "config.toml").write_text("[server]\nport = 1\nhost = '::1'\n")
    server = Invocation(port=2, environ={}).load().config.server
    assert (server.port, server.host) == (2, "::1")


def test_a_command_begins_with_the_warnings_in_its_log(capsys: pytest.CaptureFixture[str]) -> None:
    environ = {"PASSENGER_SERVER_PROT": "1", "NO_COLOR": "1"}
    _, redactor = Invocation(environ=environ).begin()
    redactor.add("opensesame")
    logging.getLogger("passenger").info("opensesame")
    logging.getLogger("passenger").debug("too much")
    warning, info = capsys.readouterr().err.splitlines()
    assert "WARNING PASSENGER_SERVER_PROT is ignored: unknown variable" in warning
    assert info.endswith("INFO ***")
