"""The version of a ledger, by the head of its file alone."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from passenger.ledger.database import open_to_write
from passenger.ledger.version import NewerSchemaError, check_head, newest


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.sqlite"


def test_a_ledger_that_is_being_written_can_be_told_by_its_head(path: Path) -> None:
    with closing(open_to_write(path)) as database:
        assert database.execute("PRAGMA user_version").fetchone() == (newest(),)
        assert path.read_bytes()[60:64] == newest().to_bytes(4, "big")
        check_head(path)


def test_a_newer_one_is_refused(path: Path) -> None:
    with closing(open_to_write(path)) as database:
        database.execute("PRAGMA user_version = 99")
    with pytest.raises(NewerSchemaError, match="schema 99"):
        check_head(path)


def test_what_is_no_ledger_or_cannot_be_read_is_no_newer_one(path: Path) -> None:
    check_head(path)
    path.write_bytes(b"")
    check_head(path)
    path.write_bytes(b"no database" * 1000)
    check_head(path)
    path.unlink()
    with closing(sqlite3.connect(path)) as other:
        other.execute("PRAGMA user_version = 99")
        other.execute("CREATE TABLE bookmarks (url)")
    check_head(path)
    path.unlink()
    path.mkdir()
    check_head(path)
