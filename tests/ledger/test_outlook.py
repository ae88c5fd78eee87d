"""The period that the plan is billed by."""

from random import Random

import pytest

from passenger.chat.cost import NANO
from passenger.ledger.outlook import Outlook, billing_period, make_outlook, window
from passenger.ledger.period import date_of
from passenger.ledger.report import DayCost
from passenger.quota.quota import Quota
from tests.ledger.used import TODAY

END = (TODAY + 1) * 86_400.0
"""2026-12-01 00:00 UTC."""
MIDDLE = TODAY - 10
"""2026-11-20."""


def quota(**changed: object) -> Quota:
    return Quota(**{"id": "premium_interactions", "unit": "credits", "resets_at": END, **changed})  # type: ignore[arg-type]


def made(today: int = MIDDLE, told: Quota | None = None, *, cost: DayCost | None = None) -> Outlook:
    each = DayCost(100 * NANO, 0) if cost is None else cost
    days = dict.fromkeys(range(TODAY - 60, today + 1), each)
    return make_outlook(days, TODAY - 60, today, told, Random(0))


@pytest.mark.parametrize(
    ("resets_at", "since", "until"),
    [
        (None, "2026-11-01", "2026-11-30"),
        (END, "2026-11-01", "2026-11-30"),
        (END - 3600, "2026-11-01", "2026-11-30"),
        (END + 14 * 86_400, "2026-11-15", "2026-12-14"),
        (END - 40 * 86_400, "2026-11-01", "2026-11-30"),
        (END + 400 * 86_400, "2026-11-01", "2026-11-30"),
        (1e15, "2026-11-01", "2026-11-30"),
    ],
)
def test_a_period_ends_when_the_quota_is_reset(resets_at: float | None, since: str, until: str) -> None:
    found = billing_period(TODAY - 5, quota(resets_at=resets_at))
    assert tuple(map(date_of, found)) == (since, until)


def test_without_a_quota_it_is_the_month() -> None:
    assert tuple(map(date_of, billing_period(TODAY, None))) == ("2026-11-01", "2026-11-30")
    assert window(TODAY, None).since == TODAY - 29
    assert window(TODAY - 28, None).since == TODAY - 56


def test_what_it_will_have_cost() -> None:
    found = made()
    assert (found.unit, found.since, found.until, found.spent) == (
        "nano_credits",
        "2026-11-01",
        "2026-11-30",
        2000 * NANO,
    )
    assert found.forecast is not None
    assert (found.forecast.expected, found.forecast.days_known) == (3000 * NANO, 28)
    assert found.runs_out_on is None


@pytest.mark.parametrize(
    ("left", "day"),
    [
        (0, "2026-11-20"),
        (-12, "2026-11-20"),
        (1, "2026-11-21"),
        (250, "2026-11-23"),
        (1000, "2026-11-30"),
        (1001, None),
    ],
)
def test_when_the_quota_runs_out(left: float, day: str | None) -> None:
    assert made(told=quota(entitlement=9000, remaining=left)).runs_out_on == day


@pytest.mark.parametrize(
    "told",
    [
        quota(unlimited=True, remaining=0),
        quota(entitlement=9000),
        quota(entitlement=50, remaining=0, unit="requests"),
        quota(entitlement=50, remaining=0, unit=None),
    ],
)
def test_what_cannot_be_compared_runs_out_on_no_day(told: Quota) -> None:
    found = made(told=told)
    assert (found.runs_out_on, found.unit) == (None, "nano_credits")


def test_premium_requests_are_a_unit_of_their_own() -> None:
    found = made(told=quota(unit="premium_requests", entitlement=300, remaining=25), cost=DayCost(7, 5000))
    assert (found.unit, found.spent, found.runs_out_on) == ("premium_thousandths", 100_000, "2026-11-25")
    assert made(cost=DayCost(0, 5000)).unit == "premium_thousandths"
    assert made(cost=DayCost(0, 0)).unit == "nano_credits"


def test_days_before_the_ledger_are_not_taken_for_days_without_use() -> None:
    days = {TODAY - 1: DayCost(NANO, 0), TODAY: DayCost(0, 0)}
    found = make_outlook(days, TODAY - 1, TODAY, None, Random(0))
    assert found.forecast is not None
    assert (found.forecast.expected, found.forecast.days_known) == (2 * NANO, 1)
    assert make_outlook({TODAY: DayCost(NANO, 0)}, TODAY, TODAY, None, Random(0)).forecast is None
    assert make_outlook({}, None, TODAY, None, Random(0)).forecast is None
    assert make_outlook({}, TODAY + 5, TODAY, None, Random(0)).forecast is None
