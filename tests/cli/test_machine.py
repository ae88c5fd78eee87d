"""What clients are wired on."""

from pathlib import Path

from passenger.cli.invocation import Invocation
from passenger.cli.machine import machine_of


def test_it_is_what_the_command_was_started_with(home: Path) -> None:
    found = machine_of(Invocation(environ={"ONE": "1"}))
    assert (found.environ, found.cwd, found.home) == ({"ONE": "1"}, Path.cwd(), Path.home())
