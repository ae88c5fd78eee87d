"""A server does not begin on a team's file that is not ours to use."""

import sqlite3
from pathlib import Path

from passenger.team.team_file import open_team
from tests.cli.conftest import Command


def test_a_newer_file_is_named_and_nothing_is_served(command: Command, home: Path) -> None:
    path = home / ".local" / "state" / "passenger" / "team.sqlite"
    open_team(path).close()
    database = sqlite3.connect(path)
    database.execute("PRAGMA user_version = 99")
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    ended = command("serve")
    assert ended.code == 2
    assert f"{path} cannot be used: a newer Passenger has written it (schema 99" in ended.err
