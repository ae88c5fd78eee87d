"""The file, written a batch at a time."""

import multiprocessing
import os
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from msgspec.structs import replace

from passenger.chat.cost import Cost
from passenger.ledger import database as files
from passenger.ledger.database import delete_before, insert, open_to_read, open_to_write
from passenger.ledger.rows import Row, row_of
from passenger.ledger.version import NewerSchemaError
from tests.fakes import NOON
from tests.ledger.exchanges import finished

NOON_MS = int(NOON * 1000)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "ledger.sqlite"


@pytest.fixture
def database(path: Path) -> Iterator[sqlite3.Connection]:
    opened = open_to_write(path)
    yield opened
    opened.close()


def totals(database: sqlite3.Connection) -> tuple[tuple[int, int], ...]:
    """Requests and cost, by rows, by days and by sessions."""
    rows = "SELECT count(*), coalesce(sum(nano), 0) FROM ledger"
    sums = (
        "SELECT coalesce(sum(requests), 0), coalesce(sum(nano), 0) FROM " + table
        for table in ("usage_day", "usage_session")
    )
    return tuple(database.execute(query).fetchone() for query in (rows, *sums))


def some_rows(count: int, at: float = NOON) -> list[Row]:
    return [row_of(finished(at + number / 1000, cost=Cost("priced", 1))) for number in range(count)]


def test_its_files_are_its_owners_alone_whatever_the_umask(path: Path) -> None:
    before = os.umask(0)
    try:
        database = open_to_write(path)
        insert(database, some_rows(1), "w", 0)
        assert len([*path.parent.iterdir()]) == 3
        for file in path.parent.iterdir():
            assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        database.close()
    finally:
        os.umask(before)


def test_the_same_rows_again_change_nothing(database: sqlite3.Connection) -> None:
    rows = some_rows(5)
    insert(database, rows[:3], "w", 0)
    insert(database, rows[:3], "w", 0)
    insert(database, [*rows[1:], rows[4]], "w", 0)
    assert totals(database) == ((5, 5), (5, 5), (5, 5))


def test_a_batch_is_written_whole_or_not_at_all(database: sqlite3.Connection) -> None:
    insert(database, some_rows(2), "w", 0)
    bad = replace(some_rows(1)[0], ms="no number")  # SQLite is to refuse it
    with pytest.raises(sqlite3.IntegrityError):
        insert(database, [*some_rows(3), bad], "w", 0)
    assert totals(database) == ((2, 2), (2, 2), (2, 2))
    assert not database.in_transaction


def test_tables_that_a_newer_passenger_has_changed_meanwhile_are_not_written(
    database: sqlite3.Connection, path: Path
) -> None:
    with closing(open_to_write(path)) as newer:
        newer.execute("UPDATE meta SET value = 99 WHERE key = 'schema'")
    with pytest.raises(NewerSchemaError):
        insert(database, some_rows(1), "w", 0)
    assert totals(database) == ((0, 0), (0, 0), (0, 0))
    assert not database.in_transaction


def test_sums_do_not_overflow(database: sqlite3.Connection) -> None:
    rows = [row_of(finished(cost=Cost("upstream", 10**15))) for _ in range(5)]
    insert(database, rows, "w", 0)
    database.execute(f"UPDATE usage_day SET nano = {files._MOST - 1}")
    insert(database, [row_of(finished(cost=Cost("upstream", 10**15)))], "w", 0)
    assert database.execute("SELECT nano FROM usage_day").fetchone() == (files._MOST,)


def _write(path: Path, count: int) -> None:
    database = open_to_write(path)
    for _ in range(count):
        insert(database, some_rows(20), "w", 0)
    database.close()


def test_several_processes_make_and_write_one_ledger(path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=_write, args=(path, 25)) for _ in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * 4
    database = open_to_read(path)
    assert totals(database) == ((2000, 2000),) * 3
    database.close()


def test_reading_changes_nothing_and_makes_nothing(path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        open_to_read(path)
    assert not path.parent.exists()
    open_to_write(path).close()
    database = open_to_read(path)
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        database.execute("DELETE FROM ledger")
    database.close()


def test_rows_are_deleted_in_slices_and_the_sums_of_days_stay(
    database: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "SLICE", 100)
    insert(database, some_rows(250, NOON - 86_400), "w", 0)
    insert(database, some_rows(10), "w", 0)
    deleted = [delete_before(database, NOON_MS) for _ in range(3)]
    assert deleted == [True, True, False]
    assert totals(database) == ((10, 10), (260, 260), (10, 10))
    assert not delete_before(database, NOON_MS)


def test_deleted_rows_give_their_room_back(database: sqlite3.Connection, path: Path) -> None:
    for number in range(10):
        insert(database, some_rows(1000, NOON + number), "w", 0)
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    before = path.stat().st_size
    while delete_before(database, NOON_MS + 10**6):
        pass
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    assert path.stat().st_size < before / 4
