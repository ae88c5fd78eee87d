"""What was used, from the sums of the ledger: never from its rows, of which there may be millions.

Nano credits and premium requests are different units and are never added. What is not known is counted by name:
`unpriced` requests are in no sum of costs, and the cost of `estimated` ones is a guess.
"""

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from operator import add, sub
from typing import Any, Literal, NamedTuple, get_args

from msgspec import UNSET, Struct, UnsetType
from msgspec.structs import astuple

from passenger.chat.cost import NANO
from passenger.ledger.period import Period, date_of
from passenger.ledger.rows import DAY_MS
from passenger.ledger.writers import gaps
from passenger.observe.amounts import decimal

Grouping = Literal["model", "client", "session", "day", "user", "key"]
GROUPINGS: Sequence[Grouping] = get_args(Grouping)

COUNTED = (
    *("requests", "failed", "unpriced", "estimated", "fresh", "cache_read", "cache_write", "output", "reasoning"),
    *("nano", "premium_thousandths"),
)
"""The columns that are added up."""

_HALF = 32
_SUMS = ", ".join(f"sum({name} >> {_HALF}), sum({name} & {(1 << _HALF) - 1})" for name in COUNTED)
"""Each sum in two halves: SQLite fails where one exceeds 64 bits, as absurd numbers of an upstream's could make it."""

_USD_DIGITS = 11
"""Decimals of a dollar that nano credits are exact in: 1e9 are a credit, and 100 of these a dollar."""
_NEVER = 1 << 40
"""After any day."""
_LAST_MS = 253_402_300_799_000
"""The end of the year 9999."""

Counts = tuple[int, ...]


class UsageSums(Struct, frozen=True):
    """Sums of requests; tokens are in buckets that do not overlap."""

    requests: int = 0
    failed: int = 0
    unpriced: int = 0
    """Requests whose cost nobody knows."""
    estimated: int = 0
    """Requests whose cost is estimated, as their answers were cut."""
    fresh: int = 0
    cache_read: int = 0
    cache_write: int = 0
    output: int = 0
    reasoning: int = 0
    """Those of the output that nobody sees."""
    nano_credits: int = 0
    """Thousand-millionths of an AI credit."""
    usd: str = "0"
    """The same in dollars, as an exact decimal."""
    premium_thousandths: int = 0
    """Thousandths of a premium request."""
    cache_rate: float | None = None
    """The part of the input that was read from a cache; None without input."""

    @property
    def input(self) -> int:
        """Tokens of the prompts."""
        return self.fresh + self.cache_read + self.cache_write

    @property
    def credits(self) -> float:
        """The cost in AI credits."""
        return self.nano_credits / NANO

    @property
    def premium_requests(self) -> float:
        """The cost in premium requests."""
        return self.premium_thousandths / 1000


class UsageRow(UsageSums, frozen=True, kw_only=True):
    """The sums of one model, client, session or day; what they are grouped by is set, and no other of these."""

    model: str | UnsetType = UNSET
    client: str | UnsetType = UNSET
    session: str | UnsetType = UNSET
    """Empty for the requests that belong to none."""
    began: str | UnsetType = UNSET
    ended: str | UnsetType = UNSET
    """When the first and the last request of a session began."""
    day: str | UnsetType = UNSET
    user: str | UnsetType = UNSET
    """The name of a team's person, or the id where the name is not known; empty for the requests of nobody's key."""
    key: str | UnsetType = UNSET
    """The shown form of a key, or its id."""
    share: float | None = None
    """Its part of the whole cost; None where that is nothing, or in two units."""


class MissingRows(Struct, frozen=True):
    """A time whose requests may be missing."""

    since: str
    until: str
    pid: int
    lost: int | None
    """How many; None for those of the last second of a process that was killed."""
    why: str
    text: str
    """All of it, as people read it."""


class UsageSummary(Struct, frozen=True):
    """What was used in a period, grouped as it was asked for."""

    by: Grouping
    since: str
    until: str
    """The first and the last day, in UTC."""
    total: UsageSums
    rows: Sequence[UsageRow]
    missing: Sequence[MissingRows] = ()
    after_today: int = 0
    """Requests that are dated after the last day, as a clock was wrong; they are in no sum."""


class DayCost(NamedTuple):
    """What a day has cost, in either unit."""

    nano_credits: int
    premium_thousandths: int


# --- queries ---------------------------------------------------------------------------------------------------------


def read_summary(database: sqlite3.Connection, period: Period, by: Grouping) -> UsageSummary:
    """What the ledger tells of a period.

    Raises:
        sqlite3.Error: it cannot be read.
    """
    total = read_total(database, period)
    rows = list(_rows_by(by)(database, period, by, total))
    after = read_total(database, Period(period.until + 1, _NEVER))
    return UsageSummary(
        by,
        date_of(period.since),
        date_of(period.until),
        total,
        rows if by == "day" else sorted(rows, key=_by_cost),
        list(_missing(database, period)),
        after.requests,
    )


def read_total(database: sqlite3.Connection, period: Period) -> UsageSums:
    """The sums of a period."""
    ((*halves,),) = database.execute(f"SELECT {_SUMS} FROM usage_day WHERE day BETWEEN ? AND ?", period)  # noqa: S608 - our own text
    return UsageSums(*_fields(_joined(halves)))


def read_days(database: sqlite3.Connection, period: Period) -> Mapping[int, DayCost]:
    """What each day has cost that anything was used on."""
    return {int(day): DayCost(*counts[-2:]) for (day,), counts in _groups(database, "usage_day", "day", period)}


def first_day(database: sqlite3.Connection) -> int | None:
    """The first day that the ledger knows of."""
    ((found,),) = database.execute("SELECT min(day) FROM usage_day")
    return None if found is None else int(found)


def _groups(
    database: sqlite3.Connection, table: str, keys: str, period: Period, also: str = ""
) -> Iterator[tuple[Sequence[str | int], Counts]]:
    """The values of these columns, and of the expressions after them, with their sums."""
    query = f"SELECT {keys}{also}, {_SUMS} FROM {table} WHERE day BETWEEN ? AND ? GROUP BY {keys} ORDER BY {keys}"  # noqa: S608 - our own text
    for row in database.execute(query, period):
        named = len(row) - 2 * len(COUNTED)
        yield row[:named], _joined(row[named:])


def _joined(halves: Sequence[int | None]) -> Counts:
    """Sums of their halves; those of no row are NULL."""
    return tuple([((high or 0) << _HALF) + (low or 0) for high, low in zip(halves[::2], halves[1::2], strict=True)])


# --- values ----------------------------------------------------------------------------------------------------------


def _rows_by(by: Grouping) -> Callable[[sqlite3.Connection, Period, Grouping, UsageSums], Iterator[UsageRow]]:
    return {"session": _sessions, "user": _users, "key": _users}.get(by, _rows)


def _users(database: sqlite3.Connection, period: Period, by: Grouping, total: UsageSums) -> Iterator[UsageRow]:
    """The people of a team or their keys, and what was used without one."""
    names = ("user",) if by == "user" else ("user", "key")
    whole = [0] * len(COUNTED)
    groups = _groups(database, "usage_user", ", ".join(names), period) if _has_users(database) else ()
    for found, counts in groups:
        whole = list(map(add, whole, counts))
        yield _row(counts, total, dict(zip(names, found, strict=True)))
    yield from _rest(total, whole, dict.fromkeys(names, ""))


def sum_rows(
    database: sqlite3.Connection, period: Period, user: str, by: Literal["user", "day", "key"]
) -> Iterator[tuple[str | int, tuple[Any, ...]]]:
    """The fields of the sums of one person, for each day or key of theirs, or for all."""
    if not _has_users(database):
        return
    query = f"SELECT {by}, {_SUMS} FROM usage_user WHERE day BETWEEN ? AND ? AND user = ? GROUP BY {by} ORDER BY {by}"  # noqa: S608 - our own text
    for name, *halves in database.execute(query, (*period, user)):
        yield name, _fields(_joined(halves))


def _has_users(database: sqlite3.Connection) -> bool:
    """Whether it is of a version that knows people."""
    return database.execute("SELECT 1 FROM sqlite_master WHERE name = 'usage_user'").fetchone() is not None


def _rest(total: UsageSums, whole: Sequence[int], keys: Mapping[str, str]) -> Iterator[UsageRow]:
    """What is in the total and in no row."""
    rest = [max(0, one) for one in map(sub, _counts(total), whole)]
    if rest[0]:
        yield _row(rest, total, keys)


def _rows(database: sqlite3.Connection, period: Period, by: Grouping, total: UsageSums) -> Iterator[UsageRow]:
    for (name,), counts in _groups(database, "usage_day", by, period):
        yield _row(counts, total, {by: date_of(int(name)) if by == "day" else name})


def _sessions(database: sqlite3.Connection, period: Period, _by: Grouping, total: UsageSums) -> Iterator[UsageRow]:
    """The sessions, and what belongs to none of them."""
    whole = [0] * len(COUNTED)
    for (client, session, began, ended), counts in _groups(
        database, "usage_session", "client, session", period, ", min(began), max(ended)"
    ):
        whole = list(map(add, whole, counts))
        times = {"began": _iso(began), "ended": _iso(ended)}
        yield _row(counts, total, {"client": client, "session": session, **times})
    yield from _rest(total, whole, {"client": "", "session": ""})


def _row(counts: Sequence[int], total: UsageSums, keys: Mapping[str, Any]) -> UsageRow:
    return UsageRow(*_fields(counts), **keys, share=_share(counts, total))


def _fields(counts: Sequence[int]) -> tuple[Any, ...]:
    """The fields of sums."""
    *others, nano, premium = counts
    fresh, read, written = others[4:7]
    whole = fresh + read + written
    return (*others, nano, decimal(nano, _USD_DIGITS), premium, read / whole if whole > 0 else None)


def _counts(sums: UsageSums) -> Counts:
    """The numbers that sums were made of."""
    values = dict(zip(sums.__struct_fields__, astuple(sums), strict=True))
    return tuple(values["nano_credits" if name == "nano" else name] for name in COUNTED)


def _share(counts: Sequence[int], total: UsageSums) -> float | None:
    *_, nano, premium = counts
    if bool(total.nano_credits) == bool(total.premium_thousandths):
        return None
    return nano / total.nano_credits if total.nano_credits else premium / total.premium_thousandths


def _by_cost(row: UsageRow) -> tuple[int | str, ...]:
    """The dearest first; the same order each time."""
    names = (str(name) for name in (row.model, row.client, row.session, row.user, row.key))
    return (-row.nano_credits, -row.premium_thousandths, -row.requests, *names)


def _missing(database: sqlite3.Connection, period: Period) -> Iterator[MissingRows]:
    for gap in gaps(database, period.since * DAY_MS):
        if gap.since < (period.until + 1) * DAY_MS:
            yield MissingRows(_iso(gap.since), _iso(gap.until), gap.pid, gap.lost, gap.why, str(gap))


def _iso(moment: str | int) -> str:
    """A time in UTC, of Unix milliseconds."""
    seconds = min(max(int(moment), 0), _LAST_MS) // 1000
    return f"{datetime.fromtimestamp(seconds, UTC).isoformat()[:19]}Z"  # a format takes twice as long
