"""What a user is told to type means the login, the settings and the address that he has named."""

from pathlib import Path

import pytest

from passenger.cli.command import with_flags
from passenger.config.invocation import Invocation

WORK = Invocation(config_path=Path("my work.toml"), profile="work", port=9000)


@pytest.mark.proves("doctor", "profiles")
@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("passenger", "passenger -c 'my work.toml' --profile work --port 9000"),
        ("passenger login", "passenger -c 'my work.toml' --profile work --port 9000 login"),
        ("passenger --port 0", "passenger -c 'my work.toml' --profile work --port 0"),
        ("kill 7 && passenger", "kill 7 && passenger -c 'my work.toml' --profile work --port 9000"),
        ("chmod 600 passenger", "chmod 600 passenger"),
        ("unset PASSENGER_KEY", "unset PASSENGER_KEY"),
    ],
)
def test_each_command_of_ours_has_the_flags_that_were_given(typed: str, meant: str) -> None:
    assert with_flags(WORK, typed) == meant


def test_without_flags_it_stays_as_it_is() -> None:
    assert with_flags(Invocation(), "kill 7 && passenger --port 0") == "kill 7 && passenger --port 0"
