"""The tables of the state file, and which files are left alone."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from passenger.state.schema import ForeignFileError, check_state_head, make_tables, newest, state_version


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state.sqlite"


@pytest.fixture
def database(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(path, isolation_level=None)) as made:
        yield made


def test_an_empty_file_gets_the_newest_tables_once(database: sqlite3.Connection, path: Path) -> None:
    assert state_version(database) == 0
    make_tables(database)
    make_tables(database)
    assert state_version(database) == newest()
    check_state_head(path)


@pytest.mark.parametrize(
    ("change", "why"),
    [("PRAGMA user_version = 99", "a newer Passenger"), ("PRAGMA application_id = 7", "another program")],
)
def test_a_file_that_is_not_for_us_is_refused(database: sqlite3.Connection, path: Path, change: str, why: str) -> None:
    make_tables(database)
    database.execute(change)
    with pytest.raises(ForeignFileError, match=why):
        make_tables(database)
    with pytest.raises(ForeignFileError, match=why):
        check_state_head(path)


def test_tables_of_another_program_are_left_alone(database: sqlite3.Connection) -> None:
    database.execute("CREATE TABLE theirs (x)")
    with pytest.raises(ForeignFileError, match="another program"):
        make_tables(database)


def test_what_is_no_database_has_no_head(tmp_path: Path) -> None:
    check_state_head(tmp_path / "missing")
    (tmp_path / "text").write_text("x" * 200)
    check_state_head(tmp_path / "text")
