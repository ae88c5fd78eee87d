"""Copies of a ledger, and a ledger put back from one."""

import os
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from passenger.ledger.backup import InUseError, back_up, restore
from passenger.ledger.database import insert, open_to_read, open_to_write
from passenger.ledger.rows import row_of
from passenger.ledger.schema import NoLedgerError
from passenger.ledger.version import NewerSchemaError
from passenger.ledger.writers import WriterMark
from tests.ledger.exchanges import finished

THEN = "20261130T190000Z"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "ledger.sqlite"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return tmp_path / "copy.sqlite"


@pytest.fixture
def database(path: Path) -> Iterator[sqlite3.Connection]:
    opened = open_to_write(path)
    insert(opened, [row_of(finished()) for _ in range(3)], "w", 0)
    yield opened
    opened.close()


def count(path: Path) -> int:
    with closing(open_to_read(path)) as opened:
        return int(opened.execute("SELECT count(*) FROM ledger").fetchone()[0])


def files(path: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in path.parent.iterdir()}


def test_a_copy_is_one_private_file_with_all_that_is_there_while_it_is_written(
    database: sqlite3.Connection, path: Path, copy: Path
) -> None:
    before = os.umask(0)
    try:
        assert back_up(path, copy) == 3
    finally:
        os.umask(before)
    insert(database, [row_of(finished())], "w", 0)
    assert sorted(file.name for file in copy.parent.iterdir()) == ["copy.sqlite", "state"]
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert (count(copy), count(path)) == (3, 4)
    assert back_up(path, copy) == 4


def test_what_is_no_copy_is_not_replaced(database: sqlite3.Connection, path: Path, copy: Path) -> None:
    copy.write_text("my thesis")
    with pytest.raises(NoLedgerError):
        back_up(path, copy)
    assert copy.read_text() == "my thesis"
    with pytest.raises(FileExistsError):
        back_up(path, path)
    assert count(path) == 3
    assert len([*copy.parent.iterdir()]) == 2


def test_there_is_no_copy_of_nothing(path: Path, copy: Path) -> None:
    with pytest.raises(FileNotFoundError):
        back_up(path, copy)
    assert not copy.exists()


def test_a_copy_is_put_in_the_place_of_what_is_kept_beside_it(
    database: sqlite3.Connection, path: Path, copy: Path
) -> None:
    back_up(path, copy)
    insert(database, [row_of(finished())], "w", 0)
    assert path.with_name("ledger.sqlite-wal").stat().st_size
    rows, aside = restore(path, copy, THEN)
    database.close()
    assert aside is not None
    assert (rows, aside.name) == (3, f"ledger.sqlite.{THEN}")
    assert (count(path), count(aside)) == (3, 4)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_copy_can_be_put_where_nothing_is(database: sqlite3.Connection, path: Path, copy: Path) -> None:
    back_up(path, copy)
    elsewhere = path.parent / "new" / "ledger.sqlite"
    assert restore(elsewhere, copy, THEN) == (3, None)
    assert count(elsewhere) == 3


def test_a_damaged_ledger_is_replaced_and_kept(database: sqlite3.Connection, path: Path, copy: Path) -> None:
    back_up(path, copy)
    database.close()
    path.write_bytes(b"no database" * 1000)
    _, aside = restore(path, copy, THEN)
    assert aside is not None
    assert aside.read_bytes() == b"no database" * 1000
    assert count(path) == 3


def test_a_ledger_in_use_is_left_as_it_is(database: sqlite3.Connection, path: Path, copy: Path) -> None:
    mark = WriterMark(path, "one")
    mark.enter(database, 1000)
    back_up(path, copy)
    before = files(path)
    with pytest.raises(InUseError) as caught:
        restore(path, copy, THEN)
    assert caught.value.processes == [os.getpid()]
    assert files(path) == before
    mark.release()
    restore(path, copy, THEN)
    with closing(open_to_read(path)) as restored:
        assert restored.execute("SELECT count(*) FROM writer").fetchone() == (0,)


def _newer(path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("UPDATE meta SET value = 99 WHERE key = 'schema'")


def _damaged(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    path.write_bytes(content)


def _of_another_program(path: Path) -> None:
    path.unlink()
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE bookmarks (url)")


@pytest.mark.parametrize(
    ("spoil", "error"),
    [
        (_newer, NewerSchemaError),
        (_damaged, sqlite3.DatabaseError),
        (_of_another_program, NoLedgerError),
        (lambda path: path.write_text("my thesis"), sqlite3.DatabaseError),
        (Path.unlink, FileNotFoundError),
    ],
)
def test_a_copy_that_cannot_be_used_leaves_the_ledger_as_it_is(
    database: sqlite3.Connection, path: Path, copy: Path, spoil: object, error: type[Exception]
) -> None:
    back_up(path, copy)
    database.close()
    before = files(path)
    assert callable(spoil)
    spoil(copy)
    with pytest.raises(error):
        restore(path, copy, THEN)
    assert {name: data for name, data in files(path).items() if name in before} == before
    assert count(path) == 3


def test_a_ledger_is_not_put_in_its_own_place(database: sqlite3.Connection, path: Path) -> None:
    with pytest.raises(FileExistsError):
        restore(path, path, THEN)
    assert count(path) == 3
