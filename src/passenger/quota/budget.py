"""The periods of budgets: hours, days, weeks and months of the calendar in a timezone, or all time."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from msgspec import Struct

from passenger.account.scope_limits import Budget, BudgetPeriod


class BudgetWindow(Struct, frozen=True):
    """A period of the calendar; `began` and `until` are Unix seconds."""

    began: float
    until: float
    """Infinity for all time."""

    def seconds_left(self, now: float) -> float | None:
        """Seconds until the next one; None for never."""
        return None if self.until == float("inf") else max(0.0, self.until - now)


ALL_TIME = BudgetWindow(0.0, float("inf"))


@lru_cache(1024)
def _window(period: BudgetPeriod, timezone: str, minute: int) -> BudgetWindow:
    if period == "total":
        return ALL_TIME
    local = datetime.fromtimestamp(minute * 60, _zone(timezone))
    if period == "hour":  # an hour that a clock change repeats is two
        began = datetime.fromtimestamp(minute * 60 - local.minute * 60, UTC)
        return BudgetWindow(began.timestamp(), (began + timedelta(hours=1)).timestamp())
    day = local.replace(hour=0, minute=0, fold=0)
    if period == "week":
        day -= timedelta(days=day.weekday())
    if period == "month":
        day = day.replace(day=1)
    return BudgetWindow(day.timestamp(), _next(day, period).timestamp())


def _next(day: datetime, period: BudgetPeriod) -> datetime:
    """The first day of the next period."""
    if period == "month":
        return (day + timedelta(days=32)).replace(day=1)
    return day + timedelta(days=7 if period == "week" else 1)


def _zone(name: str) -> ZoneInfo:
    """The timezone; UTC where this machine no longer knows it."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")


def window_of(budget: Budget, now: float) -> BudgetWindow:
    """The period of a budget in which a moment (Unix seconds) lies."""
    return _window(budget.period, budget.timezone, int(now // 60))


def counter_name(scope: str, budget: Budget, window: BudgetWindow) -> str:
    """The name of the counter of what a scope spends in a period."""
    return f"{scope} {budget.period} {budget.timezone} {int(window.began)}"
