"""The warning that the ledger has more than GitHub has counted."""

import logging
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from passenger.ledger.database import open_to_write
from passenger.ledger.drift import EVERY, DriftWatch
from tests.fakes import NOON
from tests.ledger.drifting import drift

MONTH = 30 * 86_400.0


@pytest.fixture
def database(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    opened = open_to_write(tmp_path / "ledger.sqlite")
    yield opened
    opened.close()


def test_it_is_told_once_in_a_period_whoever_looks(
    database: sqlite3.Connection, caplog: pytest.LogCaptureFixture
) -> None:
    watch = DriftWatch()
    watch.look(database, NOON, 0)
    drift(database, NOON)
    watch.look(database, NOON, EVERY - 1)
    assert not caplog.records
    for one, now in ((watch, EVERY), (watch, 2 * EVERY), (DriftWatch(), 0.0)):
        one.look(database, NOON + 1, now)
    ((name, level, text),) = caplog.record_tuples
    assert (name, level) == ("passenger.ledger.drift", logging.WARNING)
    assert text.startswith("the ledger has 15.00 credits ($0.15) more than GitHub, which has counted 15.00 credits")
    drift(database, NOON + MONTH, resets_in=1e6)
    DriftWatch().look(database, NOON + MONTH, 0)
    assert len(caplog.records) == 2


def test_without_samples_nothing_is_told_nor_noted(
    database: sqlite3.Connection, caplog: pytest.LogCaptureFixture
) -> None:
    DriftWatch().look(database, NOON, 0)
    assert not caplog.records
    assert database.execute("SELECT count(*) FROM meta WHERE key LIKE 'drift%'").fetchone() == (0,)
