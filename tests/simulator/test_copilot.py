import re

import pytest

from passenger.simulator import Simulator
from passenger.simulator.github import EXCHANGE
from tests.simulator.client import EDITOR, Client, connected

HEX_GROUPS = re.compile(r"[0-9A-F]+(:[0-9A-F]+)+")


async def test_models_are_listed_sorted_and_cacheable(client: Client) -> None:
    answer = await client.request("GET", "/models", client.credentials)
    assert answer.headers["cache-control"] == "private, max-age=21600"
    assert list(answer.json()) == ["data", "object"]
    assert {"gpt-4o", "gpt-4.1", "claude-opus-5"} <= {model["id"] for model in answer.json()["data"]}
    assert not [name for name in answer.headers if name.startswith("x-quota")]


async def test_one_model_can_be_asked_for(client: Client) -> None:
    assert (await client.request("GET", "/models/gpt-4o", client.credentials)).json()["id"] == "gpt-4o"
    missing = await client.request("GET", "/models/nothing", client.credentials)
    assert (missing.status, missing.body) == (404, b"404 page not found\n")


async def test_a_model_whose_terms_are_not_accepted_answers_after_they_are(client: Client) -> None:
    assert (await client.chat(model="grok-code-fast-1")).json()["error"]["code"] == "model_not_supported"
    accepted = await client.post("/models/grok-code-fast-1/policy", {"state": "enabled"})
    assert (accepted.status, accepted.json()["state"]) == (200, "enabled")
    assert (await client.chat(model="grok-code-fast-1")).status == 200
    listed = (await client.request("GET", "/models/grok-code-fast-1", client.credentials)).json()
    assert listed["policy"]["state"] == "enabled"
    await client.post("/models/grok-code-fast-1/policy", {"state": "disabled"})
    assert (await client.chat(model="grok-code-fast-1")).status == 400


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"state":"maybe"}'])
async def test_a_policy_request_that_makes_no_sense_is_refused(client: Client, body: bytes) -> None:
    answer = await client.post("/models/gpt-5.1/policy", body)
    assert (answer.status, answer.json()["error"]["code"]) == (400, "invalid_request_body")


async def test_an_organization_manages_the_policies_of_its_seats() -> None:
    async with Simulator(plan="business") as sim, connected(sim) as client:
        assert (await client.post("/models/grok-code-fast-1/policy", {"state": "enabled"})).status == 403


@pytest.mark.parametrize(
    ("headers", "status", "text"),
    [
        ({}, 401, "AuthenticateToken authentication failed"),
        ({"Authorization": "Bearer garbage"} | EDITOR, 401, "AuthenticateToken authentication failed"),
        ({"Authorization": "token {token}"} | EDITOR, 401, "AuthenticateToken authentication failed"),
        ({"Authorization": "Bearer ghp_simulated"}, 400, "Personal Access Tokens are not supported"),
        ({"Authorization": "Bearer {token}"}, 400, "missing Editor-Version header for IDE auth"),
        (
            {"Authorization": "Bearer {token}", "Editor-Version": "odd"},
            400,
            "unknown Editor-Version header for IDE auth",
        ),
        ({"Authorization": "Bearer {token}", "Host": "elsewhere:1"} | EDITOR, 421, "Misdirected Request"),
    ],
)
@pytest.mark.parametrize("path", ["/models", "/chat/completions"])
async def test_headers_that_copilot_refuses(
    client: Client, path: str, headers: dict[str, str], status: int, text: str
) -> None:
    sent = {name: value.replace("{token}", client.token) for name, value in headers.items()}
    answer = await client.request("POST" if "chat" in path else "GET", path, sent)
    assert answer.status == status
    assert text in answer.body.decode()
    assert answer.body.endswith(b"\n")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_a_login_as_it_is_needs_no_editor_and_is_good_until_github_forgets_it(
    sim: Simulator, client: Client
) -> None:
    headers = {"Authorization": f"Bearer {sim.login_token}", "Host": "api.githubcopilot.com"}
    assert (await client.request("GET", "/models", headers)).status == 200
    sim.revoke_tokens()
    assert (await client.request("GET", "/models", headers)).status == 200
    sim.revoke_login()
    assert (await client.request("GET", "/models", headers)).status == 401


async def test_without_an_exchange_there_is_none_for_anybody() -> None:
    async with Simulator(exchange=False) as simulator, connected(simulator) as client:
        assert (await client.github(EXCHANGE)).status == 404
        assert (await client.github("/user")).status == 200


async def test_revoked_tokens_are_expired_and_new_ones_are_good(sim: Simulator, client: Client) -> None:
    sim.revoke_tokens()
    answer = await client.chat()
    assert (answer.status, answer.body) == (401, b"unauthorized: token expired\n")
    client.token = sim.mint()["token"]
    assert (await client.chat()).status == 200


async def test_a_token_ends_by_the_clock() -> None:
    now = [1000.0]
    async with Simulator(clock=lambda: now[0]) as sim, connected(sim) as client:
        now[0] = 2799.0
        assert (await client.chat()).status == 200
        now[0] = 2800.0
        assert (await client.chat()).status == 401


async def test_a_moved_seat_misdirects_old_tokens_and_names_the_new_host(sim: Simulator, client: Client) -> None:
    sim.move_seat()
    answer = await client.chat()
    assert (answer.status, answer.body) == (421, b"Misdirected Request\n")
    body = (await client.github("/copilot_internal/v2/token")).json()
    assert body["endpoints"]["api"] == sim.api_url == sim.url.replace("127.0.0.1", "localhost")
    client.token = body["token"]
    assert (await client.chat()).status == 421
    assert (await client.chat(headers={"Host": sim.api_url.removeprefix("http://")})).status == 200


async def test_every_answer_has_copilots_headers_and_echoes_the_request_id(client: Client) -> None:
    for answer in (await client.chat(headers={"X-Request-Id": "mine"}), await client.chat(model="nothing")):
        assert HEX_GROUPS.fullmatch(answer.headers["x-github-request-id"])
        assert answer.headers["x-github-backend"] == "Kubernetes"
        assert answer.headers["x-request-id"]
    assert (await client.chat(headers={"X-Request-Id": "mine"})).headers["x-request-id"] == "mine"


async def test_quota_headers_lag_and_are_on_success_only(client: Client) -> None:
    name = "x-quota-snapshot-premium_interactions"
    assert "totRem=300.0" in (await client.chat(model="claude-sonnet-4.5")).headers[name]
    assert (
        "totRem=299.0" in (await client.chat(headers={"X-Initiator": "agent"}, model="claude-sonnet-4.5")).headers[name]
    )
    assert "totRem=299.0" in (await client.chat()).headers[name]
    assert name not in (await client.chat(model="nothing")).headers


async def test_only_azure_names_its_deployment(client: Client) -> None:
    assert "azureml-model-deployment" in (await client.chat()).headers
    assert "azureml-model-deployment" not in (await client.chat(model="gemini-2.5-pro")).headers


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/v1/chat/completions"), ("GET", "/chat/completions"), ("GET", "/x")]
)
async def test_other_paths_are_not_there(client: Client, method: str, path: str) -> None:
    assert (await client.request(method, path, client.credentials)).status == 404
