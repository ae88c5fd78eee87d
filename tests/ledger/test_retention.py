"""How long rows are kept."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from passenger.ledger.database import SLICE, insert, open_to_write
from passenger.ledger.quota_samples import insert_samples, read_samples, sample_of
from passenger.ledger.retention import EVERY, Retention
from passenger.ledger.rows import row_of
from passenger.ledger.version import newest
from passenger.quota.quota import Quota
from tests.fakes import NOON
from tests.ledger.exchanges import finished

DAY = 86_400.0


@pytest.fixture
def database(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    opened = open_to_write(tmp_path / "ledger.sqlite")
    yield opened
    opened.close()


def keep(database: sqlite3.Connection, *days: float) -> None:
    """Rows that are as many days old."""
    insert(database, [row_of(finished(NOON - day * DAY)) for day in days], "w", 0)


def ages(database: sqlite3.Connection) -> list[int]:
    found = database.execute("SELECT at FROM ledger ORDER BY at").fetchall()
    return [round((NOON - at / 1000) / DAY) for (at,) in found]


def test_what_is_older_goes_and_its_sums_stay(database: sqlite3.Connection) -> None:
    keep(database, 200, 91, 89, 1)
    Retention(90).tidy(database, NOON, 0)
    assert ages(database) == [89, 1]
    assert database.execute("SELECT sum(requests) FROM usage_day").fetchone() == (4,)
    assert database.execute("SELECT sum(requests) FROM usage_session").fetchone() == (2,)


def test_what_the_quota_was_is_kept_as_long(database: sqlite3.Connection) -> None:
    quota = Quota("premium_interactions", entitlement=100, remaining=99, used=1, unit="credits")
    samples = [sample_of("own", NOON - day * DAY, quota, "github") for day in (200, 91, 89, 1)]
    insert_samples(database, [sample for sample in samples if sample])
    Retention(90).tidy(database, NOON, 0)
    assert [round((NOON - one.at / 1000) / DAY) for one in read_samples(database, newest())] == [89, 1]


def test_it_looks_once_an_hour(database: sqlite3.Connection) -> None:
    retention = Retention(90)
    assert retention.rest(0) == 0
    retention.tidy(database, NOON, 0)
    keep(database, 91)
    retention.tidy(database, NOON, EVERY - 1)
    assert ages(database) == [91]
    assert retention.rest(EVERY - 1) == 1
    retention.tidy(database, NOON, EVERY)
    assert ages(database) == []


def test_much_of_it_goes_in_slices_and_it_is_not_done_before_the_last(database: sqlite3.Connection) -> None:
    insert(database, [row_of(finished(NOON - 100 * DAY + number)) for number in range(SLICE + 1)], "w", 0)
    retention = Retention(90)
    retention.tidy(database, NOON, 0)
    assert len(ages(database)) == 1
    assert retention.rest(0) == 0
    retention.tidy(database, NOON, 0)
    assert ages(database) == []
    assert retention.rest(0) == EVERY


def test_a_clock_that_is_ahead_for_a_moment_takes_two_days_at_most(database: sqlite3.Connection) -> None:
    retention = Retention(90)
    retention.tidy(database, NOON, 0)
    keep(database, 89.5, 88.5, 87, 1)
    retention.tidy(database, NOON + 10_000 * DAY, EVERY)
    assert ages(database) == [87, 1]
    retention.tidy(database, NOON, 2 * EVERY)
    assert ages(database) == [87, 1]


def test_days_without_a_server_are_caught_up_with(database: sqlite3.Connection) -> None:
    Retention(90).tidy(database, NOON - 10 * DAY, 0)
    keep(database, 99, 97, 95, 93, 91, 89)
    retention = Retention(90)
    for hour in range(6):
        retention.tidy(database, NOON, hour * EVERY)
    assert ages(database) == [89]
