"""The routes below `/v1/passenger/`, from outside."""

from collections.abc import Mapping

import pytest

from passenger.simulator.quota import RESET_DATE
from tests.server.bench import Bench, asking

pytestmark = pytest.mark.asyncio(loop_scope="module")

ROOT = "/v1/passenger"


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/hello", 400),
        ("/hello?nonce=", 400),
        (f"/hello?nonce={'x' * 201}", 400),
        ("/hello?nonce=x", 200),
        ("/requests?since=yesterday", 400),
        ("/requests?since=nan", 200),
        ("/requests?since=1e400", 200),
        ("/requests", 200),
        ("/nothing", 404),
    ],
)
async def test_bad_input_is_refused_by_name(shared: Bench, path: str, status: int) -> None:
    answer = await shared.get(ROOT + path)
    assert answer.status == status
    if status != 200:
        assert answer.error["message"]


@pytest.mark.parametrize("path", ["/hello?nonce=x", "/requests", "/status", "/models"])
@pytest.mark.parametrize(
    "headers", [{"Origin": "http://evil.example"}, {"Host": "evil.example"}, {"Sec-Fetch-Site": "cross-site"}]
)
async def test_a_foreign_page_is_told_nothing(shared: Bench, path: str, headers: Mapping[str, str]) -> None:
    assert (await shared.get(ROOT + path, headers)).status in {403, 421}


async def test_no_prompt_answer_or_key_is_told(shared: Bench) -> None:
    headers = {"Authorization": "Bearer my-own-client-key"}
    await shared.post(asking("a very secret question"), headers)
    await shared.post(asking("another secret", stream=True), headers)
    told = (await shared.get(f"{ROOT}/requests")).body
    assert told.count(b'"id"') >= 2
    for hidden in (b"secret", b"You said", b"my-own-client-key"):
        assert hidden not in told


async def test_the_status_tells_whose_seat_it_is_and_what_is_left(shared: Bench) -> None:
    account = (await shared.get(f"{ROOT}/status")).json()["account"]
    assert (account["login"], account["plan"]) == (shared.sim.account.login, shared.sim.account.plan)
    assert account["renews"] == RESET_DATE
    premium = next(quota for quota in account["quotas"] if quota["id"] == "premium_interactions")
    assert premium["entitlement"] == shared.sim.account.entitlement
