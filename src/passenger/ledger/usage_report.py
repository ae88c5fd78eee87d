"""All that is told of what was used: sums by what was asked for, the outlook, and the quota where it is known."""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from random import Random

from msgspec import Struct
from msgspec.structs import asdict

from passenger.ledger.database import open_to_read
from passenger.ledger.outlook import Outlook, make_outlook, window
from passenger.ledger.period import Period, day_of, month_of
from passenger.ledger.reconcile import Reconciliation
from passenger.ledger.reconciliations import read_reconciliations
from passenger.ledger.report import Grouping, UsageSummary, UsageSums, first_day, read_days, read_summary, read_total
from passenger.ledger.schema import NoLedgerError, version_of
from passenger.ledger.version import NewerSchemaError
from passenger.quota.quota import Quota


class UsageReport(UsageSummary, frozen=True, kw_only=True):
    """What was used, with what is to come."""

    outlook: Outlook | None = None
    """None where there is no ledger yet."""
    quota: Quota | None = None
    """The counter of the seat that chats are counted by; None where no server tells."""
    reconciliations: Sequence[Reconciliation] = ()
    """What GitHub's counters gained and what the ledger did, for each seat, in the period of the counter."""


class SpentTotals(Struct, frozen=True):
    """What was used today and in this month, in UTC."""

    today: UsageSums
    month: UsageSums


ReadSpent = Callable[[], SpentTotals | None]


def read_report(
    path: Path, period: Period, by: Grouping, quota: Quota | None, random: Random, *, now: float
) -> UsageReport:
    """The report of a ledger on a period that ends today; `now` is in Unix seconds.

    Raises:
        FileNotFoundError: there is none yet.
        NewerSchemaError, NoLedgerError, OSError, sqlite3.Error: it cannot be used.
    """
    today = period.until
    with _reading(path) as database:
        usage = read_summary(database, period, by)
        days = read_days(database, window(today, quota))
        outlook = make_outlook(days, first_day(database), today, quota, random)
        reconciliations = read_reconciliations(database, round(now * 1000))
    return UsageReport(**asdict(usage), outlook=outlook, quota=quota, reconciliations=reconciliations)


def read_spent(path: Path, now: float) -> SpentTotals | None:
    """The totals at a Unix time; None where there is no ledger, or one that cannot be used."""
    today = day_of(now)
    try:
        with _reading(path) as database:
            month = Period(month_of(today).since, today)
            return SpentTotals(read_total(database, Period(today, today)), read_total(database, month))
    except (OSError, NewerSchemaError, NoLedgerError, sqlite3.Error):
        return None


@contextmanager
def _reading(path: Path) -> Iterator[sqlite3.Connection]:
    """A ledger, of which all that is read is of one moment; one that has no tables yet is none."""
    with closing(open_to_read(path)) as database:
        if not version_of(database):
            raise FileNotFoundError(f"there is no ledger yet at {path}")
        database.execute("BEGIN")
        yield database
