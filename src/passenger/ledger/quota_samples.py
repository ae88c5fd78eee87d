"""What GitHub's own counters said and when, as rows of the table `quota_sample`."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from passenger.quota.quota import Quota, QuotaSource, QuotaUnit

if TYPE_CHECKING:
    import sqlite3

EVERY_MS = 60_000
"""Milliseconds between two samples of a seat's headers, however many processes write."""
HOUR_MS = 3_600_000

_SINCE_SCHEMA = 2
_LATEST_MS = 1 << 47


class QuotaSample(NamedTuple):
    """A counter at one moment, as the columns of the table. The amounts are in its unit, times in Unix milliseconds."""

    seat: str
    source: QuotaSource
    at: int
    unit: QuotaUnit
    entitlement: float | None
    remaining: float | None
    used: float
    resets_at: int | None


def sample_of(seat: str, at: float, quota: Quota, source: QuotaSource) -> QuotaSample | None:
    """The sample of a counter at a Unix time; None for one that does not tell what is used, or of what."""
    if quota.unit is None or quota.used is None or quota.unlimited:
        return None
    resets_at = None if quota.resets_at is None else _milliseconds(quota.resets_at)
    return QuotaSample(
        seat, source, _milliseconds(at), quota.unit, quota.entitlement, quota.remaining, quota.used, resets_at
    )


def _milliseconds(moment: float) -> int:
    return round(min(max(moment * 1000, 0), _LATEST_MS))


_INSERT = (
    "INSERT INTO quota_sample (seat, source, at, unit, entitlement, remaining, used, resets_at)"
    " SELECT :seat, :source, :at, :unit, :entitlement, :remaining, :used, :resets_at"
    " WHERE :source != 'headers' OR NOT EXISTS"
    " (SELECT 1 FROM quota_sample WHERE seat = :seat AND source = :source AND at > :at - :every AND at <= :at)"
    " ON CONFLICT DO NOTHING"
)


def insert_samples(database: "sqlite3.Connection", samples: Iterable[QuotaSample]) -> None:
    """Write samples, all or none. Those of headers that follow another one within a minute are left out.

    Raises:
        sqlite3.Error: none is written.
    """
    database.execute("BEGIN IMMEDIATE")
    try:
        database.executemany(_INSERT, [{**sample._asdict(), "every": EVERY_MS} for sample in samples])
        database.execute("COMMIT")
    except BaseException:
        if database.in_transaction:
            database.execute("ROLLBACK")
        raise


_COLUMNS = ", ".join("min(at)" if name == "at" else name for name in QuotaSample._fields)
_READ = (
    f"SELECT {_COLUMNS} FROM quota_sample WHERE at BETWEEN :since AND :until"  # noqa: S608 - our own text
    " GROUP BY seat, source,"
    f" CASE WHEN at < (SELECT max(at) FROM quota_sample WHERE at <= :until) - :every THEN at / {HOUR_MS} ELSE at END"
    " ORDER BY seat, source, min(at)"
)
"""The other columns are those of the row that has the minimum (https://sqlite.org/lang_select.html#bareagg)."""


def read_samples(
    database: "sqlite3.Connection", schema: int, since: int = 0, until: int = _LATEST_MS, every: int = _LATEST_MS
) -> Sequence[QuotaSample]:
    """The samples of a time, by seat, source and time: the first of each hour, and of the last milliseconds every one.

    A ledger of an older schema has none.
    """
    if schema < _SINCE_SCHEMA:
        return []
    return [QuotaSample(*row) for row in database.execute(_READ, {"since": since, "until": until, "every": every})]
