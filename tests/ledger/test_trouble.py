"""What is wrong with a ledger, from what SQLite and the system really say."""

import errno
import os
import sqlite3
from pathlib import Path

import pytest

from passenger.ledger.database import insert, open_to_write
from passenger.ledger.rows import row_of
from passenger.ledger.trouble import Trouble, trouble_of
from passenger.ledger.version import newest
from tests.ledger.exchanges import finished


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.sqlite"


def met(path: Path) -> Trouble:
    """The trouble that opening and writing meets."""
    with pytest.raises(Exception) as caught:  # noqa: PT011 - any
        insert(open_to_write(path), [row_of(finished())], "w", 0)
    assert isinstance(caught.value, Exception)
    return trouble_of(caught.value, path)


def test_a_damaged_file(path: Path) -> None:
    path.write_bytes(b"no database" * 1000)
    assert met(path) == (f"{path} is damaged: file is not a database", f"mv {path} {path}.damaged")


def test_a_file_of_another_program(path: Path) -> None:
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE bookmarks (url)")
    other.close()
    assert met(path) == (f"{path} cannot be used: it is a database of another program", f"mv {path} {path}.old")


def test_a_newer_file(path: Path) -> None:
    database = open_to_write(path)
    database.execute("UPDATE meta SET value = 99 WHERE key = 'schema'")
    database.close()
    assert "schema 99" in met(path).why
    assert met(path).fix == f"export PASSENGER_LEDGER_PATH={path.with_name(f'ledger-{newest()}.sqlite')}"


def test_a_directory_in_its_place(path: Path) -> None:
    path.mkdir()
    assert met(path).why == f"{path} cannot be used: Is a directory"


def test_a_full_disk(path: Path) -> None:
    database = open_to_write(path)
    database.execute("PRAGMA max_page_count = 1")
    rows = [row_of(finished(number)) for number in range(1000)]
    with pytest.raises(sqlite3.OperationalError) as caught:
        insert(database, rows, "w", 0)
    database.close()
    full = Trouble(f"the disk of {path} is full", f"df {path.parent}")
    assert trouble_of(caught.value, path) == full
    assert trouble_of(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), path) == full


def test_a_locked_file(path: Path) -> None:
    holder = open_to_write(path)
    holder.execute("BEGIN IMMEDIATE")
    other = sqlite3.connect(path, timeout=0, isolation_level=None)
    with pytest.raises(sqlite3.OperationalError) as caught:
        other.execute("BEGIN IMMEDIATE")
    assert trouble_of(caught.value, path) == (f"{path} is locked by another program", f"fuser -v {path}")
    other.close()
    holder.close()


def test_a_file_that_may_only_be_read(path: Path) -> None:
    error = sqlite3.OperationalError("attempt to write a readonly database")
    assert trouble_of(error, path) == (f"{path} cannot be written: {error}", f"chmod u+rw {path}*")


def test_whatever_else_it_is_it_is_told() -> None:
    path = Path("/some where/ledger.sqlite")
    for error in (sqlite3.OperationalError("disk I/O error"), OSError(errno.EROFS, "Read-only file system"), OSError()):
        trouble = trouble_of(error, path)
        assert str(path) in trouble.why
        assert "'/some where" in trouble.fix
