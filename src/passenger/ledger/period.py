"""The days that a report is about: whole days in UTC, as the sums of the ledger are kept and as GitHub bills."""

import re
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

EPOCH = date(1970, 1, 1)

_MOST_DAYS = 36_500
_LAST = re.compile(r"([0-9]{1,6})([dh])")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class PeriodError(ValueError):
    """A text that names no period."""


class Period(NamedTuple):
    """Days from one to another, both in it, counted from 1970-01-01 in UTC."""

    since: int
    until: int


def day_of(moment: float) -> int:
    """The day in UTC of a Unix time."""
    return int(moment // 86_400)


def date_of(day: int) -> str:
    """A day as `2026-11-30`. One that no calendar has is the number that it is."""
    try:
        return (EPOCH + timedelta(days=day)).isoformat()
    except OverflowError:
        return str(day)


def month_of(day: int) -> Period:
    """The whole month that a day is in, which is what plans are billed by."""
    first = (EPOCH + timedelta(days=day)).replace(day=1)
    following = (first + timedelta(days=31)).replace(day=1)
    return Period((first - EPOCH).days, (following - EPOCH).days - 1)


def parse_since(text: str, now: float) -> Period:
    """The days from the one that is meant to today: `month`, `7d` (today and the six before), `24h`, `2026-11-01`.

    Hours begin with the day in which the first of them began.

    Raises:
        PeriodError: it is none of these, or begins after today.
    """
    today = day_of(now)
    since = _first_day(text.strip().lower(), now)
    if since > today:
        raise PeriodError(f"{text} is after today, {date_of(today)} in UTC")
    return Period(since, today)


def _first_day(text: str, now: float) -> int:
    if text == "month":
        return month_of(day_of(now)).since
    if found := _LAST.fullmatch(text):
        count, is_days = int(found[1]), found[2] == "d"
        if 1 <= count <= (_MOST_DAYS if is_days else _MOST_DAYS * 24):
            return day_of(now) - count + 1 if is_days else day_of(now - count * 3600)
    elif _DATE.fullmatch(text):
        try:
            return (date.fromisoformat(text) - EPOCH).days
        except ValueError:
            pass
    raise PeriodError(f"{text!r} is no period: write 7d, 24h, {datetime.fromtimestamp(now, UTC):%Y-%m-01} or month")
