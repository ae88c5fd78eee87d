"""The period that the plan is billed by: what it has cost and will have cost, and when the quota will be used up."""

from collections.abc import Mapping
from datetime import timedelta
from random import Random
from typing import Literal

from msgspec import Struct

from passenger.chat.cost import NANO
from passenger.ledger.forecast import WINDOW, DailyCosts, Forecast, forecast, runs_out_on
from passenger.ledger.period import EPOCH, Period, date_of, day_of, month_of
from passenger.ledger.report import DayCost
from passenger.quota.quota import Quota

CostUnit = Literal["nano_credits", "premium_thousandths"]

_SCALE: Mapping[str | None, tuple[CostUnit, int]] = {
    "credits": ("nano_credits", NANO),
    "premium_requests": ("premium_thousandths", 1000),
}
"""The unit of the ledger that a quota is counted in, and how many make one of it."""

_LONGEST = 62
"""Days until a quota is reset, at most; what is later is absurd."""


class Outlook(Struct, frozen=True):
    """The period under way, in one unit."""

    unit: CostUnit
    since: str
    until: str
    """Its first and its last day, in UTC: of the quota, or of the month where that is not known."""
    spent: int
    """What the ledger has of it."""
    forecast: Forecast | None
    """None as long as no whole day is known."""
    runs_out_on: str | None = None
    """The day on which the quota will be used up; None if it will do, or is not known."""


def billing_period(today: int, quota: Quota | None) -> Period:
    """The days until the quota is reset and the month before, or the calendar's month."""
    if quota is None or quota.resets_at is None:
        return month_of(today)
    last = day_of(quota.resets_at - 1)
    if not today <= last <= today + _LONGEST:
        return month_of(today)
    return Period(min(_month_before(last + 1), today), last)


def window(today: int, quota: Quota | None) -> Period:
    """The days whose costs an outlook is made of."""
    return Period(min(billing_period(today, quota).since, today - WINDOW), today)


def make_outlook(
    days: Mapping[int, DayCost], known_since: int | None, today: int, quota: Quota | None, random: Random
) -> Outlook:
    """The outlook by what the days of its window have cost; `known_since` is the first day of the ledger."""
    unit, scale = _unit(days, quota)
    costs = {day: getattr(cost, unit) for day, cost in days.items()}
    period = billing_period(today, quota)
    first = max(today - WINDOW, today if known_since is None else known_since)
    history = [costs.get(day, 0) for day in range(first, today)]
    daily = DailyCosts(history, today, costs.get(today, 0))
    spent = sum(costs.get(day, 0) for day in range(period.since, today + 1))
    ends = None
    if quota is not None and quota.unit in _SCALE and not quota.unlimited and quota.remaining is not None:
        ends = runs_out_on(quota.remaining * scale, daily, period.until)
    return Outlook(
        unit,
        date_of(period.since),
        date_of(period.until),
        spent,
        forecast(daily, spent, period.until, random),
        None if ends is None else date_of(ends),
    )


def _unit(days: Mapping[int, DayCost], quota: Quota | None) -> tuple[CostUnit, int]:
    """The unit of the quota, else the one in which something was spent last."""
    if quota is not None and quota.unit in _SCALE:
        return _SCALE[quota.unit]
    for _, cost in sorted(days.items(), reverse=True):
        if any(cost):
            return _SCALE["credits" if cost.nano_credits else "premium_requests"]
    return _SCALE["credits"]


def _month_before(day: int) -> int:
    """The same day of the month before, or its last one."""
    date = EPOCH + timedelta(days=day)
    last = date.replace(day=1) - timedelta(days=1)
    return (last.replace(day=min(date.day, last.day)) - EPOCH).days
