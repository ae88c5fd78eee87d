"""The calendar periods of budgets."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passenger.account.scope_limits import Budget, BudgetPeriod
from passenger.quota.budget import counter_name, window_of

BERLIN = ZoneInfo("Europe/Berlin")


def at(*moment: int) -> float:
    return datetime(*moment, tzinfo=BERLIN).timestamp()  # type: ignore[arg-type, misc]  # a moment is numbers


@pytest.mark.parametrize(
    ("period", "began", "until"),
    [
        ("hour", (2026, 12, 2, 13), (2026, 12, 2, 14)),
        ("day", (2026, 12, 2), (2026, 12, 3)),
        ("week", (2026, 11, 30), (2026, 12, 7)),
        ("month", (2026, 12, 1), (2027, 1, 1)),
    ],
)
def test_a_period_is_of_the_calendar_in_its_timezone(
    period: BudgetPeriod, began: tuple[int, ...], until: tuple[int, ...]
) -> None:
    window = window_of(Budget(period, 1, timezone="Europe/Berlin"), at(2026, 12, 2, 13, 37))
    assert (window.began, window.until) == (at(*began), at(*until))
    assert window.seconds_left(window.until - 5) == 5


def test_a_day_may_have_25_hours() -> None:
    window = window_of(Budget("day", 1, timezone="Europe/Berlin"), at(2026, 10, 25, 12))
    assert window.until - window.began == 25 * 3600


def test_a_total_never_ends() -> None:
    window = window_of(Budget("total", 1), 5.0)
    assert window.seconds_left(7.0) is None
    assert window.began == 0


def test_a_timezone_that_is_not_known_any_more_is_utc() -> None:
    assert window_of(Budget("day", 1, timezone="Mars/Base"), 86_400.0).began == 86_400


def test_periods_and_scopes_are_counted_apart() -> None:
    one, other = Budget("day", 1), Budget("hour", 1)
    names = {
        counter_name(scope, budget, window_of(budget, now))
        for scope in ("all", "user:u")
        for budget in (one, other)
        for now in (0.0, 90_000.0)
    }
    assert len(names) == 8


@given(
    st.sampled_from(["hour", "day", "week", "month"]),
    st.sampled_from(["UTC", "Europe/Berlin", "Asia/Kolkata", "Australia/Lord_Howe", "America/St_Johns"]),
    st.floats(0, 4e9),
)
def test_each_moment_lies_in_one_period_and_the_next_one_follows(
    period: BudgetPeriod, timezone: str, now: float
) -> None:
    budget = Budget(period, 1, timezone=timezone)
    window = window_of(budget, now)
    assert window.began <= now < window.until
    assert window_of(budget, window.until - 60) == window
    assert window_of(budget, window.until).began == window.until
