"""A ledger of made-up rows."""

from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

from msgspec.structs import replace

from passenger.ledger.database import insert, open_to_write
from passenger.ledger.rows import DAY_MS, Row, row_of
from tests.ledger.exchanges import finished

TODAY = 20_787
"""2026-11-30."""

Value = int | str | None


def used(day: int = TODAY, at: int = 0, **changed: Value) -> Row:
    """A row of that day: 1,000 tokens in, 600 of them from a cache, 70 out, 12 million nano credits."""
    return replace(row_of(finished((day * DAY_MS + at) / 1000)), **changed)


def write(path: Path, rows: Iterable[Row]) -> Path:
    """Write a ledger as a server does, and give its path."""
    with closing(open_to_write(path)) as database:
        insert(database, list(rows), "w", 0)
    return path
