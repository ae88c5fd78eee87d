import asyncio
import threading
import tomllib

import pytest

from passenger.simulator import Fault, Simulator
from tests.simulator.client import Client, connected


async def test_its_config_points_every_github_url_at_it(sim: Simulator) -> None:
    assert tomllib.loads(sim.config_toml()) == {
        "github": {
            "device_code_url": f"{sim.url}/login/device/code",
            "oauth_token_url": f"{sim.url}/login/oauth/access_token",
            "copilot_token_url": f"{sim.url}/copilot_internal/v2/token",
        }
    }


async def test_requests_are_recorded_as_they_came(sim: Simulator, client: Client) -> None:
    await client.chat("hi", headers={"X-CaSe": "Kept"})
    await client.request("GET", "/models?x=1", client.credentials)
    chat, models = sim.requests
    assert ("X-CaSe", "Kept") in chat.headers
    assert chat.header("x-case") == "Kept"
    assert chat.json()["messages"] == [{"role": "user", "content": "hi"}]
    assert (models.method, models.path) == ("GET", "/models?x=1")
    assert sim.seen("/models") == [models]


async def test_only_the_last_requests_are_kept() -> None:
    async with Simulator(keep=2) as sim, connected(sim) as client:
        for path in ("/a", "/b", "/c"):
            await client.request("GET", path)
        assert [request.path for request in sim.requests] == ["/b", "/c"]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("model", ["gpt-4o", "claude-sonnet-4.6", "gemini-3-pro-preview"])
async def test_the_same_request_has_the_same_answer_also_from_another_simulator(model: str, stream: bool) -> None:
    bodies = []
    for _ in range(2):
        async with Simulator() as sim, connected(sim) as client:
            bodies += [(await client.chat("[[think]] Why?", model=model, stream=stream)).body for _ in range(2)]
    assert len(set(bodies)) == 1


async def test_a_seed_changes_ids_only(sim: Simulator, client: Client) -> None:
    async with Simulator(seed=1) as other, connected(other) as second:
        one, two = (await client.chat()).json(), (await second.chat()).json()
    assert one["id"] != two["id"]
    assert one["choices"][0]["message"]["content"] == two["choices"][0]["message"]["content"]
    assert sim.requests


@pytest.mark.parametrize(
    ("fault", "status", "kind", "part"),
    [
        (Fault(status=429, headers={"Retry-After": "7"}), 429, "text/plain", "rate_limited"),
        (Fault(status=402), 402, "text/plain", "quota_exceeded"),
        (Fault(status=500), 500, "text/plain", "internal_error"),
        (Fault(status=503), 503, "text/html", "Unicorn!"),
        (Fault(status=499), 499, "text/event-stream", ""),
        (Fault(status=418), 418, "text/plain", "Simulated 418"),
        (Fault(html=True), 502, "text/html", "Unicorn!"),
        (Fault(expired=True), 401, "text/plain", "unauthorized: token expired"),
        (Fault(code="user_weekly_rate_limited"), 429, "text/plain", "user_weekly_rate_limited:pro"),
        (Fault(code="quota_exceeded", status=400), 400, "text/plain", "quota_exceeded"),
        (Fault(status=400, body=b'{"odd":1}'), 400, "application/json", '{"odd":1}'),
        (Fault(body="replaced"), 200, "text/plain", "replaced"),
    ],
)
async def test_a_fault_chooses_the_answer(
    sim: Simulator, client: Client, fault: Fault, *, status: int, kind: str, part: str
) -> None:
    sim.inject(fault)
    answer = await client.chat()
    assert answer.status == status
    assert answer.headers["content-type"].startswith(kind)
    assert part in answer.body.decode()
    assert answer.headers.get("retry-after") == fault.headers.get("Retry-After", "200000" if "weekly" in part else None)
    assert (await client.chat()).status == 200


async def test_a_redirect_names_its_target(sim: Simulator, client: Client) -> None:
    sim.inject(Fault(redirect="http://127.0.0.1:9/"))
    answer = await client.chat()
    assert (answer.status, answer.headers["location"]) == (307, "http://127.0.0.1:9/")


async def test_a_message_can_order_its_own_fault(client: Client) -> None:
    answer = await client.chat("Please [[status 429 retry-after=7]]")
    assert (answer.status, answer.headers["retry-after"]) == (429, "7")
    assert (await client.chat("[[cut 3]]", stream=True)).end == "closed"


async def test_a_header_can_order_a_fault_on_any_path(client: Client) -> None:
    headers = client.credentials | {"X-Simulator-Fault": "status 503"}
    assert (await client.request("GET", "/models", headers)).status == 503


async def test_a_cleared_fault_is_forgotten(sim: Simulator, client: Client) -> None:
    sim.inject(Fault(status=500), times=None)
    sim.clear()
    assert (await client.chat()).status == 200


async def test_closed_gives_up_after_its_timeout(sim: Simulator, client: Client) -> None:
    sim.inject(Fault(headers_then_stall=True))
    client.write("POST", "/chat/completions", client.credentials)
    await client.reader.readuntil(b"\r\n\r\n")
    with pytest.raises(TimeoutError):
        await sim.closed(sim.requests[0], timeout=0.01)


async def test_leaving_ends_connections_that_are_stalled() -> None:
    async with Simulator() as sim:
        client = await Client.connect(sim)
        sim.inject(Fault(headers_then_stall=True))
        client.write("POST", "/chat/completions", client.credentials)
        await client.reader.readuntil(b"\r\n\r\n")
    assert sim.connections == sim.active == 0
    assert await client.reader.read() == b""
    await client.close()


async def test_localhost_reaches_it_whatever_the_name_resolves_to(sim: Simulator) -> None:
    reader, writer = await asyncio.open_connection("localhost", int(sim.url.rpartition(":")[2]))
    client = Client(sim, reader, writer)
    assert (await client.github("/user")).status == 200
    await client.close()


async def test_a_port_in_use_is_an_error(sim: Simulator) -> None:
    with pytest.raises(OSError, match="in use"):
        async with Simulator(port=int(sim.url.rpartition(":")[2])):
            pass


def test_it_runs_in_a_thread_with_a_loop_of_its_own() -> None:
    ready, leave, urls = threading.Event(), threading.Event(), []

    async def serve() -> None:
        async with Simulator() as sim:
            urls.append(sim)
            ready.set()
            await asyncio.to_thread(leave.wait, 10)

    async def ask(sim: Simulator) -> int:
        async with connected(sim) as client:
            return (await client.chat()).status

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    try:
        assert ready.wait(10)
        assert asyncio.run(ask(urls[0])) == 200
    finally:
        leave.set()
        thread.join(10)
    assert not thread.is_alive()
