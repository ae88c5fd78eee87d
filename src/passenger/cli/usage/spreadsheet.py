"""What was used as CSV (RFC 4180): the columns are named as those of the ledger, times are in UTC."""

import csv
import io

from msgspec import UNSET

from passenger.ledger.report import Grouping, UsageSummary

_KEYS: dict[Grouping, tuple[str, ...]] = {
    "model": ("model",),
    "client": ("client",),
    "session": ("client", "session", "began", "ended"),
    "day": ("day",),
    "user": ("user",),
    "key": ("user", "key"),
}
_SUMS = (
    *("requests", "failed", "unpriced", "estimated", "fresh", "cache_read", "cache_write", "output", "reasoning"),
    *("nano_credits", "usd", "premium_thousandths"),
)


def as_csv(usage: UsageSummary) -> str:
    """A line of names, and one for each row; lines end as the RFC has it. What a row does not have is empty."""
    written = io.StringIO(newline="")
    table = csv.writer(written)
    columns = (*_KEYS[usage.by], *_SUMS)
    table.writerow(columns)
    for row in usage.rows:
        values = (getattr(row, column) for column in columns)
        table.writerow(["" if value is UNSET else value for value in values])
    return written.getvalue()
