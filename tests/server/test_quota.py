"""What is left of the quota, as clients, the status and the log are told it."""

from pathlib import Path
from typing import Any

import pytest

from passenger.simulator import Simulator
from passenger.simulator.github import COPILOT_USER
from tests.server.bench import Answer, Bench, bench

OURS = "x-passenger-quota-"
NUMBERS = {"remaining", "entitlement"}
LONG = "[[size 40000]]"
"""An answer of 25 credits by this model."""
MODEL = "claude-opus-5"


def told(answer: Answer) -> dict[str, str | float]:
    """What an answer tells of the quota, numbers as such."""
    found = {name.lower(): value for name, value in answer.headers.items()}
    ours = {name.removeprefix(OURS): value for name, value in found.items() if name.startswith(OURS)}
    return {name: float(value) if name in NUMBERS else value for name, value in ours.items()}


async def premium(one: Bench) -> dict[str, Any]:
    """The counter in the status."""
    account = (await one.get("/v1/passenger/status")).json()["account"]
    found: dict[str, Any] = next(quota for quota in account["quotas"] if quota["id"] == "premium_interactions")
    return found


@pytest.mark.parametrize("fields", [{}, {"stream": True}])
async def test_each_answer_tells_what_is_left_in_the_unit_of_the_plan(tmp_path: Path, fields: dict[str, Any]) -> None:
    async with (
        Simulator(unit="credits", entitlement=1000) as simulator,
        bench(tmp_path, simulator=simulator) as one,
    ):
        await premium(one)  # GitHub has said by now what is counted
        whole = {"remaining": 1000, "entitlement": 1000, "unit": "credits", "reset": "2026-12-01T00:00:00Z"}
        assert told(await one.chat(LONG, model=MODEL, **fields)) == whole
        left = round(1000 - simulator.bill.nano / 1e9, 1)
        assert told(await one.chat(model=MODEL, **fields)) == whole | {"remaining": left}
        translated = await one.chat("hello", model="gpt-5.5", **fields)
        assert told(translated).keys() == whole.keys()
        assert "mode=translated" in translated.headers["x-passenger-route"]


async def test_a_plan_of_premium_requests_tells_those(tmp_path: Path) -> None:
    async with bench(tmp_path) as one:
        await premium(one)
        await one.chat(model="claude-sonnet-4.5")
        found = told(await one.chat(model="claude-sonnet-4.5"))
        assert (found["remaining"], found["entitlement"], found["unit"]) == (299, 300, "premium_requests")


async def test_what_reaches_no_chat_model_tells_no_quota(tmp_path: Path) -> None:
    async with bench(tmp_path) as one:
        for answer in (await one.get("/v1/models"), await one.chat("[[status 500]]"), await one.chat(model="nothing")):
            assert told(answer) == {}


async def test_the_status_tells_the_quota_of_the_last_answer_and_asks_github_once(tmp_path: Path) -> None:
    async with (
        Simulator(unit="credits", entitlement=1000) as simulator,
        bench(tmp_path, simulator=simulator, primed=False) as one,
    ):
        await one.chat(model=MODEL)
        await one.upstream(COPILOT_USER)
        before = await premium(one)
        assert (before["unit"], before["entitlement"]) == ("credits", 1000)
        await one.chat(LONG, model=MODEL)
        left = 1000 - simulator.bill.nano / 1e9
        await one.chat(model=MODEL)
        assert (await premium(one))["remaining"] == pytest.approx(left, abs=0.1)
        assert (await premium(one))["used"] == pytest.approx(1000 - left, abs=0.1)
        assert len(simulator.seen(COPILOT_USER)) == 1


async def test_the_log_warns_at_each_threshold_once(tmp_path: Path) -> None:
    async with (
        Simulator(unit="credits", entitlement=100) as simulator,
        bench(tmp_path, simulator=simulator) as one,
    ):
        await premium(one)
        simulator.account.used_elsewhere = 79
        await one.chat(model=MODEL)
        simulator.account.used_elsewhere = 85
        for _ in range(3):
            await one.chat(model=MODEL)
        await one.proxy.said("80 % of the AI credits are used: ")
        simulator.account.used_elsewhere = 96
        for _ in range(3):
            await one.chat(model=MODEL)
        await one.proxy.said("95 % of the AI credits are used: ")
        lines = [line for line in one.proxy.lines if "% of the AI credits" in line]
        assert [line.partition(" % ")[0][-2:] for line in lines] == ["80", "95"]
        assert all(" WARNING " in line and "until 2026-12-01; more is billed" in line for line in lines)
