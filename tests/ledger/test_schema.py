"""The tables, and the way to them from each version that was released."""

import hashlib
import sqlite3
from pathlib import Path

import pytest

from passenger.ledger.database import insert, open_to_read, open_to_write
from passenger.ledger.quota_samples import read_samples
from passenger.ledger.rows import row_of
from passenger.ledger.schema import NoLedgerError, migrate, statements, version_of
from passenger.ledger.version import APPLICATION_ID, NewerSchemaError, migration, newest
from tests.ledger.exchanges import finished

RELEASED: dict[int, str] = {}
"""The SHA-256 of each migration that was released: none of them may change any more."""

OF_VERSION = Path(__file__).parent / "versions"
"""What is in a ledger of each version: `N.sql` fills one that has its tables."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "ledger.sqlite"


def test_versions_are_numbered_from_1_without_a_gap() -> None:
    for version in range(1, newest() + 1):
        assert migration(version).strip()


def test_a_released_migration_has_not_changed() -> None:
    assert {version: hashlib.sha256(migration(version).encode()).hexdigest() for version in RELEASED} == RELEASED


@pytest.mark.parametrize("version", range(1, newest() + 1))
def test_a_ledger_of_each_version_is_brought_to_the_newest_with_all_that_is_in_it(path: Path, version: int) -> None:
    path.parent.mkdir()
    with sqlite3.connect(path, isolation_level=None) as old:
        for number in range(1, version + 1):
            old.executescript(migration(number))
        old.executescript(f"PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {version}")
        old.execute("INSERT INTO meta VALUES ('schema', ?)", (version,))
        old.executescript((OF_VERSION / f"{version}.sql").read_text())
    old.close()
    database = open_to_write(path)
    assert version_of(database) == newest()
    assert database.execute("SELECT count(*), sum(nano) FROM ledger").fetchone() == (2, 12_000_000)
    assert database.execute("SELECT sum(requests), sum(nano) FROM usage_day").fetchone() == (2, 12_000_000)
    samples = read_samples(database, newest())
    assert [sample.used for sample in samples] == ([12.5, 12.5] if version >= 2 else [])
    insert(database, [row_of(finished())], "w", 0)
    assert database.execute("SELECT sum(requests), sum(nano) FROM usage_day").fetchone() == (3, 24_000_000)
    database.close()


def test_a_new_ledger_has_the_newest_tables_and_says_whose_it_is(path: Path) -> None:
    database = open_to_write(path)
    assert version_of(database) == newest()
    assert database.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)
    assert database.execute("PRAGMA auto_vacuum").fetchone() == (2,)
    assert database.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    database.close()


def test_a_ledger_of_a_newer_passenger_is_left_as_it_is(path: Path) -> None:
    database = open_to_write(path)
    database.execute("UPDATE meta SET value = 99 WHERE key = 'schema'")
    database.close()
    for open_it in (open_to_write, open_to_read):
        with pytest.raises(NewerSchemaError, match=f"schema 99, and this one knows {newest()}"):
            open_it(path)
    with sqlite3.connect(path) as found:
        assert version_of(found) == 99
    found.close()


def test_a_database_of_another_program_is_left_as_it_is(path: Path) -> None:
    path.parent.mkdir()
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE bookmarks (url)")
    other.close()
    with pytest.raises(NoLedgerError):
        open_to_write(path)
    with sqlite3.connect(path) as other:
        assert other.execute("SELECT name FROM sqlite_master").fetchall() == [("bookmarks",)]
    other.close()


def test_a_migration_that_fails_changes_nothing(path: Path) -> None:
    path.parent.mkdir()
    database = sqlite3.connect(path, isolation_level=None)
    database.execute("PRAGMA max_page_count = 4")
    with pytest.raises(sqlite3.OperationalError, match="full"):
        migrate(database)
    assert database.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)
    database.execute("PRAGMA max_page_count = 4000")
    migrate(database)
    assert version_of(database) == newest()
    database.close()


def test_an_old_sqlite_gets_tables_that_it_understands() -> None:
    database = sqlite3.connect(":memory:")
    for version in range(1, newest() + 1):
        script = [*statements(migration(version), (3, 34, 1))]
        assert len(script) == len([*statements(migration(version), (3, 40, 1))])
        assert not [one for one in script if "STRICT" in one]
        for one in script:
            database.execute(one)
    database.close()
