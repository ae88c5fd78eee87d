"""`passenger users`."""

import json
from pathlib import Path

import pytest

from passenger.team.audit import Author
from passenger.team.seats import bind_seat
from passenger.team.team_file import change
from passenger.team.users import find_user
from tests.cli.conftest import Command


@pytest.fixture
def path(home: Path) -> Path:
    return home / ".local" / "state" / "passenger" / "team.sqlite"


def test_the_first_user_begins_a_team(command: Command, path: Path) -> None:
    ended = command("users", "list")
    assert (ended.code, "begins one" in ended.err) == (1, True)
    assert not path.exists()
    ended = command("users", "add", "alice", "--github", "alice-gh", "--tag", "web")
    assert ended.code == 0, ended.err
    assert "This begins a team" in ended.out
    assert path.stat().st_mode & 0o777 == 0o600
    ended = command("users", "add", "bob", "--github", "bob-gh", "--json")
    assert json.loads(ended.out)["name"] == "bob"
    ended = command("users", "list")
    assert ended.out.splitlines()[1].split() == ["alice", "alice-gh", "active", "-", "0", "web"]


def test_a_user_is_shown_disabled_limited_and_deleted(command: Command) -> None:
    command("users", "add", "alice", "--github", "alice-gh")
    command("keys", "create", "alice", "--name", "laptop")
    assert command("users", "limit", "alice", "--rpm", "60", "--concurrency", "none").code == 0
    assert command("users", "disable", "alice").out.startswith("alice is disabled")
    shown = command("users", "show", "alice")
    for told in ("disabled", "alice-gh", "laptop", "requests per minute  60"):
        assert told in shown.out
    told = json.loads(command("users", "show", "alice", "--json").out)
    assert told["limits"]["requests_per_minute"] == 60
    assert command("users", "enable", "alice").out.startswith("alice is active")
    kept = command("users", "delete", "alice")
    assert kept.code != 0
    assert command("users", "delete", "alice", "--yes").code == 0
    gone = command("users", "show", "alice")
    assert (gone.code, "there is no user 'alice'" in gone.err) == (1, True)
    (key,) = json.loads(command("keys", "list", "--all", "--json").out)
    assert key["revoked"]


def test_the_login_of_who_is_deleted_is_forgotten(command: Command, path: Path) -> None:
    command("users", "add", "alice", "--github", "alice-gh")
    alice = change(path, lambda database: find_user(database, "alice"))
    change(path, lambda database: bind_seat(database, Author("test", 1), alice.id, "alice-gh"))
    login = path.parent / "seats" / alice.id / "access_token.json"
    login.parent.mkdir(parents=True)
    login.write_text("{}")
    ended = command("users", "delete", "alice", "--yes")
    assert (ended.code, "is forgotten" in ended.out) == (0, True)
    assert not login.parent.exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ("users", "add", "alice"),
        ("users", "add", "a b", "--github", "x"),
        ("users", "limit", "alice"),
        ("users", "limit", "alice", "--rpm", "0"),
        ("users", "limit", "alice", "--rpm", "many"),
    ],
)
def test_what_cannot_be_is_refused_in_a_line(command: Command, arguments: tuple[str, ...]) -> None:
    ended = command(*arguments)
    assert ended.code in {1, 2}
    assert ended.err
    assert "Traceback" not in ended.err


def test_limits_of_everybody(command: Command) -> None:
    command("users", "add", "alice", "--github", "alice-gh")
    ended = command("users", "limit", "all", "--tpm", "1000")
    assert (ended.code, "tokens per minute  1,000" in ended.out) == (0, True)


BEGINNING_NOTHING = (
    ("keys", "create", "alice"),
    ("keys", "revoke", "alice"),
    ("keys", "rotate", "alice"),
    ("keys", "limit", "alice", "--rpm", "1"),
    ("budget", "set", "all", "$5"),
    ("budget", "remove", "all"),
    ("budget", "raise", "all", "$5", "--until", "24h"),
    ("users", "disable", "alice"),
    ("users", "enable", "alice"),
    ("users", "delete", "alice", "--yes"),
    ("users", "limit", "all", "--rpm", "1"),
    ("users", "add", "a b", "--github", "x"),
    ("users", "add", "local", "--github", "x"),
    ("users", "add", "alice", "--github", "a b"),
    ("users", "add", "alice", "--github", "x", "--tag", "a b"),
    ("users", "invite", "alice"),
)


@pytest.mark.parametrize("arguments", BEGINNING_NOTHING, ids=" ".join)
def test_only_a_first_user_closes_the_door(command: Command, path: Path, arguments: tuple[str, ...]) -> None:
    ended = command(*arguments)
    assert ended.code == 1, ended
    assert not path.exists()
