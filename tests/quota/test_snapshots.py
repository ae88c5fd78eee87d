"""The seat's counters, read whatever they look like."""

from typing import Any

import pytest

from passenger.account.protocol import CopilotUser
from passenger.quota.quota import Quota
from passenger.quota.snapshots import read_snapshots, read_time, unit_of

DECEMBER = 1_796_083_200.0


@pytest.mark.parametrize(
    ("snapshot", "quota"),
    [
        ({"has_quota": False, "remaining": 5}, []),
        ({"token_based_billing": True, "remaining": 5}, [Quota("q", remaining=5, unit="credits")]),
        ({"remaining": -3}, [Quota("q", remaining=-3, unit="requests")]),
        ({"remaining": "many", "unlimited": "yes"}, [Quota("q", unit="requests")]),
        ({"entitlement": 10, "remaining": 4}, [Quota("q", entitlement=10, remaining=4, unit="requests", used=6)]),
        ({"entitlement": 10, "remaining": 14}, [Quota("q", entitlement=10, remaining=14, unit="requests", used=0)]),
        ({"unlimited": True, "entitlement": 0}, [Quota("q", unlimited=True, entitlement=0, unit="requests")]),
        ({"entitlement": 1e300, "remaining": True}, [Quota("q", unit="requests")]),
        (7, []),
    ],
)
def test_a_snapshot(snapshot: Any, quota: list[Quota]) -> None:
    assert read_snapshots(CopilotUser(quota_snapshots={"q": snapshot})) == quota


def test_a_counter_of_credits_tells_what_was_used_and_when_it_begins_anew() -> None:
    counter = {
        "credits_used": 880.25,
        "entitlement": 7000,
        "quota_remaining": 6119.8,
        "quota_reset_at": "2026-12-01T00:00:00.000Z",
        "token_based_billing": True,
    }
    (quota,) = read_snapshots(CopilotUser(quota_snapshots={"premium_interactions": counter}))
    assert (quota.unit, quota.used, quota.remaining, quota.resets_at) == ("credits", 880.25, 6119.8, DECEMBER)


@pytest.mark.parametrize("date", [{"quota_reset_date": "2026-12-01"}, {"quota_reset_date_utc": "2026-12-01T00:00:00Z"}])
def test_a_counter_without_a_date_of_its_own_has_the_seats(date: dict[str, str]) -> None:
    (quota,) = read_snapshots(CopilotUser(quota_snapshots={"chat": {"remaining": 1}}, **date))
    assert quota.resets_at == DECEMBER


@pytest.mark.parametrize(
    ("name", "its", "seats", "unit"),
    [
        ("premium_interactions", None, None, "premium_requests"),
        ("premium_interactions", None, True, "credits"),
        ("premium_interactions", False, True, "premium_requests"),
        ("premium_interactions", True, None, "credits"),
        ("premium_models", None, "yes", "premium_requests"),
        ("chat", None, True, "requests"),
        ("chat", True, True, "credits"),
    ],
)
def test_what_a_counter_counts(name: str, its: object, seats: object, unit: str) -> None:
    assert unit_of(name, its, seats) == unit


@pytest.mark.parametrize(
    ("said", "moment"),
    [
        ("2026-12-01", DECEMBER),
        ("2026-12-01T00:00:00.000Z", DECEMBER),
        ("2026-12-01T01:00:00+01:00", DECEMBER),
        ("0001-01-01T00:00:00+14:00", None),
        ("9999-12-31T23:59:59-14:00", None),
        ("soon", None),
        ("", None),
        (7, None),
    ],
)
def test_a_time(said: object, moment: float | None) -> None:
    assert read_time(said) == moment
