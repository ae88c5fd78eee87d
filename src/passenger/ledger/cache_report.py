"""What the cache did in a period, model by model, as the ledger tells."""

import sqlite3
from collections.abc import Iterator

from msgspec import Struct

from passenger.ledger.period import Period
from passenger.ledger.rows import DAY_MS, first_id
from passenger.ledger.schema import version_of

SINCE = 4
"""The version of the ledger from which on it knows of the cache."""


class CacheSums(Struct, frozen=True):
    """The requests of a model that the cache had a part in."""

    model: str
    hit: int = 0
    joined: int = 0
    stored: int = 0
    miss: int = 0
    saved_nano_credits: int = 0
    """What all of it would have cost, as far as that is known."""


_QUERY = """
SELECT model, sum(cache = 'hit'), sum(cache = 'joined'), sum(cache = 'stored'), sum(cache = 'miss'),
       coalesce(sum(saved_nano), 0) AS saved
FROM ledger WHERE id >= ? AND id < ? AND cache <> '' GROUP BY model ORDER BY saved DESC, model
"""


def read_cache_sums(database: sqlite3.Connection, period: Period) -> list[CacheSums]:
    """The sums of each model, those that saved most first.

    Raises:
        sqlite3.Error: it cannot be read.
    """
    return list(_read(database, period)) if version_of(database) >= SINCE else []


def _read(database: sqlite3.Connection, period: Period) -> Iterator[CacheSums]:
    ids = first_id(period.since * DAY_MS), first_id((period.until + 1) * DAY_MS)
    yield from (CacheSums(*row) for row in database.execute(_QUERY, ids))
