"""A client that one command does not know is told with the command that does, whichever of its names was typed."""

import pytest

from passenger.cli.client_names import name_other_command, usual_name
from passenger.cli.doctor.clients import CLIENTS as LOOKED_AT
from passenger.clients.by_hand import BY_HAND, SAME
from passenger.clients.registry import CLIENTS, SETUPS
from tests.cli.conftest import Command

KNOWN = {"launch": {*CLIENTS}, "setup": {*SETUPS, *BY_HAND}, "doctor": {*LOOKED_AT}}
"""The names that each command takes."""

EVERY = sorted({*CLIENTS, *SETUPS, *BY_HAND, *SAME})


@pytest.mark.parametrize("typed", EVERY)
@pytest.mark.parametrize("command", KNOWN)
def test_a_name_that_a_command_does_not_take_is_told_with_one_that_does(command: str, typed: str) -> None:
    name = usual_name(typed)
    if name not in KNOWN[command]:
        told, others = name_other_command(name) or "", [other for other in KNOWN if name in KNOWN[other]]
        assert any(f"`passenger {other} {name}`" in told for other in others)


def test_what_no_command_knows_has_no_hint() -> None:
    assert name_other_command("no-such-program") is None
    assert usual_name("no-such-program") == "no-such-program"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["setup", "goose"], "passenger: goose cannot be set up for good: `passenger launch goose` runs it\n"),
        (["launch", "zed"], "passenger: Zed cannot be launched: `passenger setup zed` writes its settings\n"),
        (["doctor", "--client", "cursor"], "Error: Cursor has no files that Passenger could read or write: `passenger"),
    ],
)
def test_it_is_said_and_nothing_done(command: Command, arguments: list[str], said: str) -> None:
    ended = command(*arguments)
    assert (ended.code, ended.out) == (2, "")
    assert said in ended.err
