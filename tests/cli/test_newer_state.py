"""Kept conversations of a newer Passenger: nothing is served that could not be kept as it was asked for."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from passenger.state.schema import make_tables
from tests.cli.conftest import Command

LOGIN = {"COPILOT_GITHUB_TOKEN": "ghu_fake-login"}
DISK = {"PASSENGER_STATE_KEEP": "disk"}


@pytest.fixture
def newer(home: Path) -> Path:
    path = home / ".local" / "state" / "passenger" / "state.sqlite"
    path.parent.mkdir(parents=True)
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        make_tables(database)
        database.execute("PRAGMA user_version = 99")
    return path


def test_it_is_exit_code_2_and_says_what_is_wrong(command: Command, newer: Path) -> None:
    ended = command("--port", "0", env=LOGIN | DISK)
    assert ended.code == 2
    assert '[state] keep = "disk"' in ended.err
    assert f"{newer} cannot be used" in ended.err
    assert "schema 99" in ended.err


def test_one_that_is_not_used_is_not_looked_at(command: Command, newer: Path) -> None:
    ended = command("--port", "0")
    assert newer.exists()
    assert (ended.code, "schema" in ended.err) == (4, False)
