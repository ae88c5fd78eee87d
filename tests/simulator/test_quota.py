import urllib.parse
from typing import Any

import pytest

from passenger.simulator import Simulator
from passenger.simulator.github import COPILOT_USER
from passenger.simulator.quota import headers, snapshots
from tests.simulator.client import Client, Response, connected
from tests.simulator.test_bill import asking

NAME = "x-quota-snapshot-premium_interactions"


def told(answer: Response) -> dict[str, str]:
    return dict(urllib.parse.parse_qsl(answer.headers[NAME]))


async def snapshot(client: Client) -> dict[str, Any]:
    found: dict[str, Any] = (await client.github(COPILOT_USER)).json()["quota_snapshots"]["premium_interactions"]
    return found


async def test_an_account_that_pays_by_tokens_counts_credits_one_request_late_in_headers() -> None:
    async with asking(unit="credits", entitlement=1) as (sim, client):
        first = await client.chat("[[size 40000]]", model="claude-opus-5")
        assert (told(first)["ent"], told(first)["totRem"], told(first)["rem"]) == ("1", "1.0", "100.0")
        spent = sim.bill.nano / 1e9
        assert spent == pytest.approx(25.0, rel=0.01)
        second = await client.chat("Hi", model="claude-opus-5")
        assert (told(second)["totRem"], told(second)["ov"], told(second)["rem"]) == ("0.0", f"{spent - 1:.1f}", "0.0")


async def test_the_copilot_user_tells_the_credits_that_are_billed() -> None:
    async with asking(unit="credits", plan="individual_pro") as (sim, client):
        user = (await client.github(COPILOT_USER)).json()
        assert user["token_based_billing"] is True
        await client.chat("[[size 40000]]", model="claude-opus-5")
        sim.account.used_elsewhere = 100
        found = await snapshot(client)
        used = 100 + sim.bill.nano / 1e9
        assert (found["entitlement"], found["token_based_billing"]) == (7000, True)
        assert found["credits_used"] == pytest.approx(used)
        assert found["quota_remaining"] == pytest.approx(7000 - used, abs=0.01)
        assert found["remaining"] == int(7000 - used)
        assert "premium_used" not in found
        assert sim.account.premium_used == 0


async def test_a_free_account_that_pays_by_tokens_has_snapshots_too() -> None:
    async with asking(unit="credits", plan="free") as (_, client):
        assert (await snapshot(client))["entitlement"] == 200


async def test_an_account_that_pays_by_requests_says_nothing_of_credits(client: Client) -> None:
    user = (await client.github(COPILOT_USER)).json()
    assert "token_based_billing" not in user
    assert "credits_used" not in user["quota_snapshots"]["premium_interactions"]


async def test_an_account_may_change_what_it_pays_by(sim: Simulator, client: Client) -> None:
    await client.chat(model="gpt-5.1")
    assert told(await client.chat(model="gpt-5.1"))["totRem"] == "299.0"
    sim.account.unit, sim.account.own_entitlement = "credits", 12.5
    assert told(await client.chat(model="gpt-5.1"))["ent"] == "12.5"


async def test_a_plan_that_includes_nothing_has_nothing_left() -> None:
    async with Simulator(unit="credits", entitlement=0) as sim, connected(sim):
        assert "ent=0&" in dict(headers(sim.account))[NAME]
        assert snapshots(sim.account)["premium_interactions"]["percent_remaining"] == 0
