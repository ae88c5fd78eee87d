"""Looks into a ledger that a process writes."""

import sqlite3
from contextlib import closing
from pathlib import Path

from passenger.ledger.database import open_to_read


def is_made(path: Path) -> bool:
    """Whether its tables are there yet."""
    if not path.exists():
        return False
    with closing(sqlite3.connect(path)) as database:
        found = database.execute("SELECT count(*) FROM sqlite_master WHERE name = 'usage_day'").fetchone()
    return bool(found[0])


def totals(path: Path) -> tuple[int, int]:
    """Requests and their cost, which the sums of days agree with."""
    with closing(open_to_read(path)) as database:
        database.execute("BEGIN")
        found = database.execute("SELECT count(*), coalesce(sum(nano), 0) FROM ledger").fetchone()
        sums = database.execute("SELECT coalesce(sum(requests), 0), coalesce(sum(nano), 0) FROM usage_day").fetchone()
    assert sums == found
    return int(found[0]), int(found[1])
