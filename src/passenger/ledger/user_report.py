"""What one person of a team has used, from the sums of each day."""

import sqlite3
from collections.abc import Sequence
from typing import Literal

from msgspec import Struct

from passenger.ledger.period import Period, date_of
from passenger.ledger.report import UsageSums, sum_rows

UserGrouping = Literal["day", "key"]


class UserUsageRow(UsageSums, frozen=True, kw_only=True):
    """The sums of a day, or of one of their keys."""

    name: str
    """The date, or the key's id."""


class UserUsage(Struct, frozen=True):
    """What a person has used in a period of whole days in UTC."""

    by: UserGrouping
    since: str
    until: str
    total: UsageSums
    rows: Sequence[UserUsageRow]


def read_user_usage(database: sqlite3.Connection, period: Period, user: str, by: UserGrouping) -> UserUsage:
    """The sums of a person's id.

    Raises:
        sqlite3.Error: it cannot be read.
    """
    total = [UsageSums(*fields) for _, fields in sum_rows(database, period, user, "user")]
    rows = [
        UserUsageRow(*fields, name=date_of(int(name)) if by == "day" else str(name))
        for name, fields in sum_rows(database, period, user, by)
    ]
    return UserUsage(by, date_of(period.since), date_of(period.until), total[0] if total else UsageSums(), rows)
