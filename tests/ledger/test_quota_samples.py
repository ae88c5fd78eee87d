"""Samples of GitHub's counters, as the ledger keeps them."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from passenger.ledger.database import open_to_write
from passenger.ledger.quota_samples import EVERY_MS, QuotaSample, insert_samples, read_samples, sample_of
from passenger.ledger.version import newest
from passenger.quota.quota import Quota
from tests.fakes import NOON

AT = int(NOON * 1000)
QUOTA = Quota(
    "premium_interactions", entitlement=100, remaining=87.5, unit="credits", used=12.5, resets_at=NOON + 86_400
)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    opened = open_to_write(tmp_path / "ledger.sqlite")
    yield opened
    opened.close()


def sample(at: int = AT, source: str = "headers", seat: str = "own") -> QuotaSample:
    found = sample_of(seat, at / 1000, QUOTA, "headers" if source == "headers" else "github")
    assert found is not None
    return found


def test_a_sample_has_what_the_counter_says() -> None:
    assert sample() == QuotaSample("own", "headers", AT, "credits", 100, 87.5, 12.5, AT + 86_400_000)


@pytest.mark.parametrize(
    "quota",
    [
        Quota("chat", unlimited=True, unit="credits", used=1),
        Quota("chat", unit="credits"),
        Quota("chat", used=1),
    ],
)
def test_a_counter_that_tells_nothing_is_no_sample(quota: Quota) -> None:
    assert sample_of("own", NOON, quota, "github") is None


@pytest.mark.parametrize(("at", "kept"), [(-1e12, 0), (1e300, 1 << 47), (0.0, 0)])
def test_an_absurd_clock_is_a_time_that_the_file_takes(database: sqlite3.Connection, at: float, kept: int) -> None:
    found = sample_of("own", at, QUOTA, "github")
    assert found is not None
    insert_samples(database, [found])
    assert [one.at for one in read_samples(database, newest())] == [kept]


def test_headers_are_kept_once_a_minute_however_many_write_and_github_always(database: sqlite3.Connection) -> None:
    insert_samples(database, [sample(), sample(AT + 1), sample(AT + 1, seat="other")])
    insert_samples(database, [sample(AT + EVERY_MS - 1), sample(AT + EVERY_MS), sample(AT - 5)])
    insert_samples(database, [sample(AT + number, "github") for number in (0, 1, 1)])
    found = [(one.seat, one.source, one.at - AT) for one in read_samples(database, newest())]
    assert found == [
        ("other", "headers", 1),
        *(("own", "github", at) for at in (0, 1)),
        *(("own", "headers", at) for at in (-5, 0, EVERY_MS)),
    ]


def test_all_are_written_or_none(database: sqlite3.Connection) -> None:
    with pytest.raises(sqlite3.IntegrityError):
        insert_samples(database, [sample(), sample(AT, "github")._replace(used=None)])  # type: ignore[arg-type]
    assert not read_samples(database, newest())
    assert not database.in_transaction


def test_a_ledger_of_an_older_schema_has_none(database: sqlite3.Connection) -> None:
    database.execute("DROP TABLE quota_sample")
    assert not read_samples(database, 1)
