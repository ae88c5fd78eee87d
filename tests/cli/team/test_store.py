"""The team's file, as a command finds it."""

import json
from pathlib import Path

from tests.cli.conftest import Command


def test_the_audit_says_who_typed(command: Command) -> None:
    ended = command("users", "add", "alice", "--github", "alice-gh", "--json")
    assert json.loads(ended.out)["id"].startswith("usr_")


def test_a_damaged_file_is_named(command: Command, home: Path) -> None:
    ended = command("users", "add", "alice", "--github", "alice-gh")
    assert ended.code == 0
    (home / ".local" / "state" / "passenger" / "team.sqlite").write_bytes(b"damaged" * 100)
    ended = command("users", "list")
    assert (ended.code, "team.sqlite cannot be used" in ended.err) == (1, True)
