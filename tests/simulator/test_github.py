import pytest

from passenger.simulator import Fault, Simulator
from passenger.simulator.github import EXCHANGE
from tests.simulator.client import Client, connected


async def test_an_exchange_gives_a_token_with_the_fields_of_the_plan_in_sorted_order(
    sim: Simulator, client: Client
) -> None:
    answer = await client.github(EXCHANGE)
    body = answer.json()
    assert answer.status == 200
    assert list(body) == sorted(body)
    assert body["endpoints"]["api"] == sim.url
    assert (body["refresh_in"], body["sku"], body["individual"]) == (1500, "monthly_subscriber_quota", True)
    assert body["token"].startswith("tid=")
    assert f";exp={body['expires_at']};" in body["token"]
    assert answer.headers["x-oauth-client-id"] == "Iv1.b507a08c87ecfe98"
    assert answer.headers["x-ratelimit-limit"] == "5000"
    assert sim.exchanges == 1


async def test_bearer_is_as_good_as_token(sim: Simulator, client: Client) -> None:
    assert (await client.github(EXCHANGE, Authorization=f"Bearer {sim.login_token}")).status == 200


@pytest.mark.parametrize(("lifetime", "refresh_in"), [(1800, 1500), (86400, 86340)])
async def test_both_lifetimes_are_believed_from_the_clock(lifetime: int, refresh_in: int) -> None:
    async with (
        Simulator(token_lifetime=lifetime, refresh_in=refresh_in, clock=lambda: 1000.0) as sim,
        connected(sim) as client,
    ):
        body = (await client.github(EXCHANGE)).json()
        assert (body["expires_at"], body["refresh_in"]) == (1000 + lifetime, refresh_in)


@pytest.mark.parametrize(
    ("plan", "sku", "present", "absent"),
    [
        ("free", "free_limited_copilot", "prompt_8k", "organization_list"),
        ("business", "copilot_for_business_seat_quota", "organization_list", "prompt_8k"),
        ("enterprise", "copilot_enterprise_seat_multi_quota", "enterprise_list", "xcode"),
    ],
)
async def test_each_plan_has_its_own_fields(plan: str, sku: str, present: str, absent: str) -> None:
    async with Simulator(plan=plan) as sim:
        body = sim.mint()
        assert body["sku"] == sku
        assert present in body
        assert absent not in body


@pytest.mark.parametrize(
    ("token", "status", "message"),
    [
        ("ghu_simulated-nobody", 401, "Bad credentials"),
        ("", 401, "Bad credentials"),
        ("ghp_simulated", 403, "Resource not accessible by personal access token"),
        ("github_pat_simulated", 403, "Resource not accessible by personal access token"),
        ("gho_simulated-gh-cli-0001", 404, "Not Found"),
        ("gho_simulated-opencode-0001", 404, "Not Found"),
    ],
)
async def test_a_token_that_cannot_be_exchanged_is_refused_with_the_reason(
    sim: Simulator, client: Client, token: str, status: int, message: str
) -> None:
    answer = await client.github(EXCHANGE, token)
    assert answer.status == status
    assert answer.json()["message"] == message
    assert answer.json()["status"] == str(status)
    assert sim.exchanges == 0


async def test_a_revoked_login_is_bad_credentials(sim: Simulator, client: Client) -> None:
    sim.revoke_login()
    assert (await client.github(EXCHANGE)).status == 401


async def test_the_exchange_is_get_only(client: Client) -> None:
    assert (await client.request("POST", EXCHANGE)).status == 404


@pytest.mark.parametrize("path", [EXCHANGE, "/user", "/login/device/code"])
async def test_a_request_without_a_user_agent_is_forbidden(client: Client, path: str) -> None:
    answer = await client.request("GET", path, {})
    assert (answer.status, answer.body) == (403, b"Request forbidden by administrative rules.\r\n")


async def test_a_fault_with_a_body_replaces_the_token_answer(sim: Simulator, client: Client) -> None:
    sim.inject(Fault(status=200, body='{"refresh_in":-1}'), path=EXCHANGE)
    answer = await client.github(EXCHANGE)
    assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
    assert answer.json() == {"refresh_in": -1}
    assert (await client.github(EXCHANGE)).json()["refresh_in"] == 1500


@pytest.mark.parametrize("code", ["no_copilot_access", "feature_flag_blocked", "billing_locked"])
async def test_a_fault_with_a_code_is_the_403_of_that_notification(sim: Simulator, client: Client, code: str) -> None:
    sim.inject(Fault(code=code), path=EXCHANGE)
    answer = await client.github(EXCHANGE)
    assert answer.status == 403
    assert answer.json()["error_details"]["notification_id"] == code


async def test_the_rest_rate_limit_is_a_403(sim: Simulator, client: Client) -> None:
    sim.inject(Fault(code="rate_limited"), path=EXCHANGE)
    assert (await client.github(EXCHANGE)).json()["message"].startswith("API rate limit exceeded")


@pytest.mark.parametrize(("status", "html"), [(401, False), (429, False), (503, True)])
async def test_a_fault_with_a_status_speaks_githubs_language(
    sim: Simulator, client: Client, status: int, html: bool
) -> None:
    sim.inject(Fault(status=status), path=EXCHANGE)
    answer = await client.github(EXCHANGE)
    assert answer.status == status
    assert answer.headers["content-type"].startswith("text/html" if html else "application/json")


async def test_who_am_i(client: Client) -> None:
    assert (await client.github("/user")).json()["login"] == "octo-simulated"


async def test_the_copilot_user_of_a_paid_plan_has_quota_snapshots_that_fall_with_use(client: Client) -> None:
    await client.chat(model="claude-opus-4.5")
    body = (await client.github("/copilot_internal/user")).json()
    assert (body["login"], body["copilot_plan"]) == ("octo-simulated", "individual")
    assert body["quota_snapshots"]["premium_interactions"]["remaining"] == 297
    assert body["quota_snapshots"]["chat"]["unlimited"]


async def test_the_copilot_user_of_the_free_plan_has_limited_quotas() -> None:
    async with Simulator(plan="free") as sim, connected(sim) as client:
        body = (await client.github("/copilot_internal/user")).json()
        assert body["monthly_quotas"]["chat"] == 200
        assert "quota_snapshots" not in body


async def test_the_copilot_user_of_a_seat_names_its_organization() -> None:
    async with Simulator(plan="business") as sim, connected(sim) as client:
        assert (await client.github("/copilot_internal/user")).json()["organization_login_list"] == ["simulated"]
