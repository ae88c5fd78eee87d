"""The seat and its plan."""

import pytest

from passenger.simulator import Fault
from tests.doctor.bench import Ward


@pytest.mark.parametrize(
    ("plan", "name"),
    [("individual", "Copilot Pro"), ("business", "Copilot Business"), ("free", "Copilot Free")],
)
async def test_the_account_and_its_plan_are_told(ward: Ward, plan: str, name: str) -> None:
    ward.simulator.account.plan = plan
    seat = (await ward.look("seat"))["seat"]
    assert (seat.state, seat.text) == ("ok", f"octo-simulated, {name}")


async def test_an_account_without_a_seat_is_shown_the_page_where_it_gets_one(ward: Ward) -> None:
    ward.simulator.inject(Fault(code="no_copilot_access"), "/copilot_internal/v2/token", times=None)
    chart = await ward.look("seat", "login")
    assert (chart["seat"].state, chart["seat"].see) == ("fail", "https://github.com/settings/copilot")
    assert "no Copilot token" in chart["seat"].text
    assert chart["token"].state == "fail"


async def test_where_only_the_name_cannot_be_had_it_is_a_warning(ward: Ward) -> None:
    ward.simulator.inject(Fault(status=502), "/copilot_internal/user", times=None)
    assert (await ward.look("seat"))["seat"].state == "warn"


async def test_what_is_left_and_when_it_renews_is_told(ward: Ward) -> None:
    quota = (await ward.look("seat"))["quota"]
    assert (quota.state, quota.text) == ("ok", "premium_interactions: 300 of 300 left, until 2026-12-01")


@pytest.mark.parametrize(("permitted", "state"), [(True, "warn"), (False, "fail")])
async def test_a_quota_that_is_used_up_fails_unless_more_is_billed(ward: Ward, *, permitted: bool, state: str) -> None:
    ward.simulator.account.premium_used = 300
    ward.simulator.account.overage_permitted = permitted
    quota = (await ward.look("seat"))["quota"]
    assert (quota.state, quota.see) == (state, "https://github.com/settings/copilot")
