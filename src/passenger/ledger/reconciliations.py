"""Reads from a ledger what GitHub's counters and its own sums have gained, for each seat."""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, groupby
from operator import attrgetter
from typing import NamedTuple

from passenger.chat.cost import NANO
from passenger.ledger.quota_samples import QuotaSample, read_samples
from passenger.ledger.reconcile import (
    AHEAD,
    LONGEST_PERIOD,
    SCALES,
    SETTLING,
    AmountUnit,
    Charge,
    Reconciliation,
    latest_run,
    longest_run,
    recent_since,
    reconcile,
)
from passenger.ledger.rows import DAY_MS, first_id
from passenger.ledger.schema import version_of
from passenger.observe.amounts import amount, premium

LONGEST = 3_600_000
"""Milliseconds beyond which no answer runs that is worth counting to the moment."""

LATELY = 6 * 3_600_000
"""Milliseconds before the last sample of which every one is read; of the time before, one of each hour."""

_COLUMNS: Mapping[AmountUnit, str] = {
    "nano_credits": "nano",
    "premium_thousandths": "premium_thousandths",
}
_BY_SEAT = attrgetter("seat")
_BY_SOURCE = attrgetter("source")


class _Sum(NamedTuple):
    amount: int
    unpriced: int


def read_reconciliations(database: sqlite3.Connection, now: int) -> Sequence[Reconciliation]:
    """One for each seat with samples to compare, in the period under way; `now` is in Unix milliseconds.

    Raises:
        sqlite3.Error: the ledger cannot be read.
    """
    found = (_reconcile(database, run) for run in _runs(database, now))
    return [one for one in found if one is not None]


def elsewhere_text(found: Reconciliation) -> str | None:
    """What was used without Passenger, for people; None if nothing was."""
    if not found.elsewhere:
        return None
    unpriced = f", or by {found.unpriced:,} requests whose cost nobody knows" if found.unpriced else ""
    return f"{_amount(found.elsewhere, found.unit)} were used elsewhere{unpriced}, since {_minute(found.since)}"


def drift_text(found: Reconciliation) -> str | None:
    """What the ledger has more than GitHub, for people; None if that is nothing."""
    if not found.drift:
        return None
    more, counted = _amount(found.drift, found.unit), _amount(found.github, found.unit)
    return f"the ledger has {more} more than GitHub, which has counted {counted} since {_minute(found.since)}"


def _amount(count: int, unit: AmountUnit) -> str:
    return amount(count / NANO) if unit == "nano_credits" else premium(count / 1000)


def _minute(moment: str) -> str:
    """A time of ours, to the minute."""
    return f"{moment[:16].replace('T', ' ')} UTC"


def _runs(database: sqlite3.Connection, now: int) -> Iterator[Sequence[QuotaSample]]:
    samples = read_samples(database, version_of(database), now - LONGEST_PERIOD, now + AHEAD, LATELY)
    for _, of_seat in groupby(samples, _BY_SEAT):
        yield longest_run([latest_run(alike, now) for _, alike in groupby(of_seat, _BY_SOURCE)])


def _reconcile(database: sqlite3.Connection, run: Sequence[QuotaSample]) -> Reconciliation | None:
    """Compare a run with rows, those near its ends one by one, and with the sums of whole days between them."""
    if not run or run[0].unit not in SCALES:
        return None
    first, last, seat = run[0].at, run[-1].at, run[0].seat
    column = _COLUMNS[SCALES[run[0].unit][0]]
    recent = max(first, recent_since(run) - LONGEST)
    charges = chain(
        _charges(database, seat, column, first - SETTLING - LONGEST, first),
        _charges(database, seat, column, recent, last + 1),
    )
    between = _sum(database, seat, column, first, recent)
    unpriced = between.unpriced + _sum_rows(database, seat, column, recent, last + 1).unpriced
    return reconcile(run, charges, between.amount, unpriced)


def _charges(database: sqlite3.Connection, seat: str, column: str, since: int, until: int) -> Iterator[Charge]:
    """What began from a moment to before another, and cost something."""
    query = f"SELECT at, at + ms, {column} FROM ledger WHERE id >= ? AND id < ? AND seat = ? AND {column} > 0"  # noqa: S608 - our own text
    for row in database.execute(query, (first_id(since), first_id(until), seat)):
        yield Charge(*row)


def _sum(database: sqlite3.Connection, seat: str, column: str, since: int, until: int) -> _Sum:
    """The sum of what began from a moment to before another: of whole days where there are any."""
    first, last = -(-since // DAY_MS), until // DAY_MS
    if first >= last:
        return _sum_rows(database, seat, column, since, until)
    parts = (
        _sum_rows(database, seat, column, since, first * DAY_MS),
        _sum_days(database, seat, column, first, last),
        _sum_rows(database, seat, column, last * DAY_MS, until),
    )
    return _Sum(sum(part.amount for part in parts), sum(part.unpriced for part in parts))


def _sum_rows(database: sqlite3.Connection, seat: str, column: str, since: int, until: int) -> _Sum:
    query = f"SELECT total({column}), sum(cost_source IS NULL) FROM ledger WHERE id >= ? AND id < ? AND seat = ?"  # noqa: S608 - our own text
    return _read(database.execute(query, (first_id(since), first_id(until), seat)))


def _sum_days(database: sqlite3.Connection, seat: str, column: str, first: int, last: int) -> _Sum:
    query = f"SELECT total({column}), sum(unpriced) FROM usage_day WHERE day >= ? AND day < ? AND seat = ?"  # noqa: S608 - our own text
    return _read(database.execute(query, (first, last, seat)))


def _read(found: sqlite3.Cursor) -> _Sum:
    """A sum, as a floating number: it never fails, and is exact up to nine million credits."""
    amount, unpriced = found.fetchone()
    return _Sum(round(amount), unpriced or 0)
