"""What a ledger's own rows and sums are compared with."""

import random
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from passenger.chat.cost import NANO, Cost
from passenger.ledger.database import insert, open_to_write
from passenger.ledger.quota_samples import QuotaSample, insert_samples
from passenger.ledger.reconciliations import drift_text, elsewhere_text, read_reconciliations
from passenger.ledger.rows import row_of
from passenger.ledger.version import APPLICATION_ID, migration
from passenger.ledger.writer import BATCH
from passenger.quota.quota import QuotaSource
from tests.fakes import NOON
from tests.ledger.drifting import drift
from tests.ledger.exchanges import finished

AT = int(NOON * 1000)
HOUR, DAY = 3_600_000, 86_400_000


@pytest.fixture
def database(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    opened = open_to_write(tmp_path / "ledger.sqlite")
    yield opened
    opened.close()


def spend(database: sqlite3.Connection, before: int, cost: Cost | None, seat: str = "own") -> None:
    """An answer that began so many milliseconds before noon, and took two seconds."""
    exchange = finished((AT - before) / 1000, cost=cost)
    exchange.seat = seat
    insert(database, [row_of(exchange)], "w", 0)


def count(
    database: sqlite3.Connection, before: int, used: float, seat: str = "own", source: QuotaSource = "github"
) -> None:
    insert_samples(database, [QuotaSample(seat, source, AT - before, "credits", 7000, 7000 - used, used, AT + DAY)])


@pytest.mark.parametrize("days", [0, 1, 2, 9, 40])
def test_all_that_ended_between_the_samples_is_added_up_once(database: sqlite3.Connection, days: int) -> None:
    chance, first, expected = random.Random(days), days * DAY + HOUR, 0
    for number in range(200):
        before, nano = chance.randrange(first + HOUR), chance.randrange(10 * NANO)
        spend(database, before, Cost("upstream", nano))
        expected += nano * (AT - first < AT - before + 2000 <= AT)
        if number % 7 == 0:
            spend(database, before, Cost("legacy", premium_thousandths=330))
            spend(database, before, Cost("upstream", nano), seat="other")
    count(database, first, 100)
    for hours in range(days * 24, 0, -5):
        count(database, hours * HOUR, 100)
    count(database, 0, 6900)
    (found,) = read_reconciliations(database, AT)
    assert found.ledger == expected
    assert found.elsewhere - found.drift == 6800 * NANO - expected


def test_each_seat_and_source_is_compared_with_itself(database: sqlite3.Connection) -> None:
    for before, used in ((2 * HOUR, 10.0), (HOUR, 15.0)):
        count(database, before, used)
        count(database, before, used + 700, source="headers")
        count(database, before, used * 2, seat="other")
    count(database, HOUR, 5, seat="third")
    spend(database, 90 * 60_000, Cost("upstream", 2 * NANO))
    found = {one.seat: (one.github, one.ledger, one.elsewhere) for one in read_reconciliations(database, AT)}
    assert found == {"own": (5 * NANO, 2 * NANO, 3 * NANO), "other": (10 * NANO, 0, 10 * NANO)}


def test_costs_that_nobody_knows_are_named(database: sqlite3.Connection) -> None:
    for days in (0, 3):
        spend(database, days * DAY + 60_000, None)
    count(database, 4 * DAY, 100)
    count(database, 0, 102.5)
    (found,) = read_reconciliations(database, AT)
    assert found.unpriced == 2
    text = "2.50 credits ($0.03) were used elsewhere, or by 2 requests whose cost nobody knows, since 2026-"
    assert (elsewhere_text(found) or "").startswith(text)
    assert drift_text(found) is None


def test_drift_is_told_in_words(database: sqlite3.Connection) -> None:
    drift(database, NOON)
    (found,) = read_reconciliations(database, AT)
    assert elsewhere_text(found) is None
    text = "the ledger has 15.00 credits ($0.15) more than GitHub, which has counted 15.00 credits ($0.15) since 2026-"
    assert (drift_text(found) or "").startswith(text)


def test_absurd_amounts_overflow_nothing(database: sqlite3.Connection) -> None:
    row = row_of(finished(NOON - 3 * 86_400))
    ids = (bytearray(row.id[:-2]) + number.to_bytes(2, "big") for number in range(10_000))
    rows = [replace(row, id=one, nano=10**15) for one in ids]
    for start in range(0, len(rows), BATCH):
        insert(database, rows[start : start + BATCH], "w", 0)
    count(database, 4 * DAY, 100)
    count(database, 0, 1e8)
    (found,) = read_reconciliations(database, AT)
    assert (found.ledger, found.elsewhere) == (10**19, 0)
    for minute in range(30):
        count(database, -minute * 60_000, 1e8)
    (found,) = read_reconciliations(database, AT + HOUR)
    assert (found.ledger, found.elsewhere) == (9 * 10**18, 0)  # a sum of days holds no more


def test_a_ledger_of_the_first_schema_has_nothing_to_compare() -> None:
    database = sqlite3.connect(":memory:")
    database.executescript(migration(1))
    database.execute("INSERT INTO meta VALUES ('schema', 1)")
    database.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    assert not read_reconciliations(database, AT)
    database.close()
