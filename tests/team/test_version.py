"""The version of the team file's tables."""

import sqlite3
from pathlib import Path

import pytest

from passenger.team.team_file import open_team, open_team_to_read
from passenger.team.version import ForeignTeamFileError, check_team_head, newest_version


def test_a_newer_file_is_refused_and_left_as_it_is(path: Path) -> None:
    open_team(path).close()
    check_team_head(path)
    database = sqlite3.connect(path)
    database.execute(f"PRAGMA user_version = {newest_version() + 1}")
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    before = path.read_bytes()
    for use in (check_team_head, open_team, open_team_to_read):
        with pytest.raises(ForeignTeamFileError, match="a newer Passenger has written it"):
            use(path)
    assert path.read_bytes() == before


def test_another_programs_database_is_refused(path: Path) -> None:
    database = sqlite3.connect(path)
    database.execute("PRAGMA application_id = 7")
    database.execute("CREATE TABLE mine (x)")
    database.close()
    path.chmod(0o600)
    for use in (check_team_head, open_team, open_team_to_read):
        with pytest.raises(ForeignTeamFileError, match="another program"):
            use(path)


def test_a_file_that_is_missing_or_empty_is_no_newer_one(path: Path) -> None:
    check_team_head(path)
    path.touch()
    check_team_head(path)
