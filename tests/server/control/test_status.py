"""GitHub's answer about a seat, read whatever its counters look like."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from passenger.account.protocol import CopilotUser
from passenger.quota.quota import Quota
from passenger.server.control.status import SeatAccount, account_of

DECEMBER = 1_796_083_200.0
PREMIUM = {
    "entitlement": 300,
    "overage_count": 0,
    "overage_permitted": True,
    "percent_remaining": 71.5,
    "quota_id": "premium_interactions",
    "quota_remaining": 214.5,
    "remaining": 214,
    "unlimited": False,
}
UNLIMITED = {"entitlement": 0, "percent_remaining": 100, "quota_remaining": 0, "remaining": 0, "unlimited": True}


def test_a_seat_with_snapshots() -> None:
    seat = CopilotUser(
        "octo",
        "business",
        "copilot_for_business_seat_quota",
        {"chat": UNLIMITED, "premium_interactions": PREMIUM},
        "2026-12-01",
    )
    chat = Quota(
        "chat",
        unlimited=True,
        entitlement=0,
        remaining=0,
        percent_remaining=100,
        unit="requests",
        resets_at=DECEMBER,
    )
    premium = Quota(
        "premium_interactions",
        entitlement=300,
        remaining=214.5,
        percent_remaining=71.5,
        overage_permitted=True,
        unit="premium_requests",
        used=85.5,
        resets_at=DECEMBER,
    )
    account = SeatAccount("octo", "business", "copilot_for_business_seat_quota", [chat, premium], "2026-12-01")
    assert account_of(seat) == account


def test_a_seat_of_the_free_plan_in_its_old_form() -> None:
    seat = CopilotUser(
        limited_user_quotas={"chat": 173, "completions": 1890},
        monthly_quotas={"chat": 200},
        limited_user_reset_date="2026-12-01",
    )
    chat = Quota(
        "chat", entitlement=200, remaining=173, percent_remaining=86.5, unit="requests", used=27, resets_at=DECEMBER
    )
    completions = Quota("completions", remaining=1890, unit="requests", resets_at=DECEMBER)
    assert account_of(seat) == SeatAccount(quotas=[chat, completions], renews="2026-12-01")


@pytest.mark.parametrize(("said", "day"), [("2026-12-01T00:00:00.000Z", "2026-12-01"), ("soon", None), (7, None)])
def test_the_day_of_renewal(said: object, day: str | None) -> None:
    assert account_of(CopilotUser(quota_reset_date=said)).renews == day


NAMES = [name for name in CopilotUser.__struct_fields__ if "quota" in name or "date" in name]
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False) | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["q", *PREMIUM]), inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(NAMES), ANY_JSON))
def test_no_shape_of_the_counters_is_a_failure(answer: dict[str, Any]) -> None:
    read = msgspec.json.decode(msgspec.json.encode(answer), type=CopilotUser)
    msgspec.json.decode(msgspec.json.encode(account_of(read)), type=SeatAccount)
