"""`passenger budget`."""

import json

import pytest

from tests.cli.conftest import Command


@pytest.fixture(autouse=True)
def _alice(command: Command) -> None:
    assert command("users", "add", "alice", "--github", "alice-gh").code == 0


def test_budgets_are_set_raised_shown_and_removed(command: Command) -> None:
    assert command("budget", "set", "user:alice", "$50").out == "user:alice: $50.00 a month, then refuse.\n"
    assert command("budget", "set", "all", "1000cr", "--per", "day", "--action", "warn", "--reserve", "worst").code == 0
    assert "$75.00" in command("budget", "raise", "user:alice", "$75", "--until", "24h").out
    shown = command("budget", "show").out.splitlines()
    assert shown[1].split()[:4] == ["all", "day", "$10.00", "$0.00"]
    assert shown[2].split()[:4] == ["user:alice", "month", "$75.00", "$0.00"]
    told = json.loads(command("budget", "show", "--json").out)[0]
    assert told["budgets"][0]["reserve"] == "worst"
    assert told["standings"][0]["spent_nano"] == 0
    assert command("budget", "remove", "user:alice").code == 0
    assert command("budget", "remove", "user:alice").code == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ("set", "alice", "$50"),
        ("set", "user:bob", "$50"),
        ("set", "user:alice", "fifty"),
        ("set", "user:alice", "$50", "--per", "year"),
        ("set", "user:alice", "$50", "--timezone", "Europe/Atlantis"),
        ("raise", "user:alice", "$50", "--until", "24h"),
        ("raise", "user:alice", "$50", "--until", "2020-01-01"),
    ],
)
def test_what_cannot_be_is_refused_in_a_line(command: Command, arguments: tuple[str, ...]) -> None:
    ended = command("budget", *arguments)
    assert ended.code in {1, 2}
    assert ended.err
    assert "Traceback" not in ended.err
