"""What the cache did, by model."""

import sqlite3
from contextlib import closing
from pathlib import Path

from passenger.ledger.cache_report import CacheSums, read_cache_sums
from passenger.ledger.database import open_to_read
from passenger.ledger.period import Period
from passenger.ledger.version import APPLICATION_ID, migration
from tests.ledger.used import TODAY, used, write


def test_the_requests_of_a_period_are_counted_by_what_the_cache_did(tmp_path: Path) -> None:
    rows = [
        used(model="a", at=1),
        used(model="a", at=2, cache="stored"),
        used(model="a", at=3, cache="hit", saved_nano=5),
        used(model="a", at=4, cache="joined", saved_nano=7),
        used(model="b", at=5, cache="hit", saved_nano=100),
        used(model="b", at=6, cache="hit"),
        used(model="c", at=7, cache="miss"),
        used(TODAY - 1, model="a", cache="hit", saved_nano=1000),
        used(TODAY + 1, model="a", cache="hit", saved_nano=1000),
    ]
    path = write(tmp_path / "ledger.sqlite", rows)
    with closing(open_to_read(path)) as database:
        found = read_cache_sums(database, Period(TODAY, TODAY))
        assert found == [
            CacheSums("b", hit=2, saved_nano_credits=100),
            CacheSums("a", hit=1, joined=1, stored=1, saved_nano_credits=12),
            CacheSums("c", miss=1),
        ]
        assert read_cache_sums(database, Period(TODAY - 9, TODAY - 8)) == []


def test_a_ledger_of_before_the_cache_tells_nothing_of_it(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "old.sqlite")) as database:
        for version in (1, 2, 3):
            database.executescript(migration(version))
        database.executescript(f"PRAGMA application_id = {APPLICATION_ID}")
        database.execute("INSERT INTO meta VALUES ('schema', 3)")
        assert read_cache_sums(database, Period(TODAY, TODAY)) == []
