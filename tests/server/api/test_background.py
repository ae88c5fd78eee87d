"""Responses in the background: they are queued, left, followed again, cancelled, and stopped with the server."""

import asyncio
import json
import re
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from passenger.errors import Failure
from passenger.server.api.background import is_background, read_after, wants_stream
from passenger.state.stored import Status, StoredResponse
from tests.proxy import eventually
from tests.server.bench import Answer, Bench, Wire, bench

pytestmark = pytest.mark.asyncio(loop_scope="module")

RESPONSES = "/v1/responses"
MODELS = ("gpt-5.5", "claude-opus-4.6", "gpt-4o", "gemini-2.5-pro")
"""One whose requests are relayed, and one translated to each other API."""
ENDLESS = "[[stall 6]] [[events 20]]"
"""An answer that begins and never ends."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def own(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Bench]:
    async with bench(tmp_path_factory.mktemp("background")) as one:
        yield one


async def create(one: Bench, text: str = "hello", **fields: Any) -> Answer:
    body = {"model": "gpt-5.5", "input": text, "background": True, **fields}
    return await one.send("POST", RESPONSES, json=body)


async def queued(one: Bench, text: str = "hello", **fields: Any) -> str:
    answer = await create(one, text, **fields)
    assert answer.status == 200, answer.body
    found = answer.json()
    assert (found["status"], found["background"], found["output"]) == ("queued", True, [])
    name: str = found["id"]
    return name


async def fetch(one: Bench, name: str) -> dict[str, Any]:
    answer = await one.get(f"{RESPONSES}/{name}")
    assert answer.status == 200, answer.body
    found: dict[str, Any] = answer.json()
    assert found["id"] == name
    return found


async def follow(one: Bench, name: str, after: int | None = None) -> list[dict[str, Any]]:
    """The events up to the end; each is framed as Responses frames them, and numbered."""
    number = "" if after is None else f"&starting_after={after}"
    answer = await one.get(f"{RESPONSES}/{name}?stream=true{number}")
    assert answer.status == 200, answer.body
    assert answer.headers["content-type"].startswith("text/event-stream")
    events = [json.loads(data) for data in answer.data]
    first = 0 if after is None else after + 1
    assert [event["sequence_number"] for event in events] == list(range(first, first + len(events)))
    return events


async def cancel(one: Bench, name: str) -> Answer:
    return await one.send("POST", f"{RESPONSES}/{name}/cancel")


async def beginning(one: Bench, text: str, **fields: Any) -> Wire:
    """A streamed request on a socket of its own."""
    body = {"model": "gpt-5.5", "input": text, "stream": True, **fields}
    data = json.dumps(body).encode()
    head = f"POST {RESPONSES} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    return await one.dial(f"{head}Content-Length: {len(data)}\r\n\r\n".encode() + data)


def text_of(response: dict[str, Any]) -> str:
    return "".join(part["text"] for item in response["output"] if item["type"] == "message" for part in item["content"])


@pytest.mark.parametrize("model", MODELS)
async def test_it_is_queued_and_can_be_fetched_until_it_is_complete(own: Bench, model: str) -> None:
    plain = await own.send("POST", RESPONSES, json={"model": model, "input": "hello there"})
    name = await queued(own, "hello there", model=model, metadata={"of": "mine"})
    events = await follow(own, name)
    kinds = [event["type"] for event in events]
    assert kinds[:3] == ["response.created", "response.queued", "response.in_progress"]
    assert kinds[-1] == "response.completed"
    whole = await fetch(own, name)
    assert (whole["status"], whole["background"], whole["store"]) == ("completed", True, True)
    assert whole["metadata"] == {"of": "mine"}
    assert text_of(whole) == text_of(plain.json())
    assert events[-1]["response"] == whole
    assert all(event["response"]["id"] == name for event in events if "response" in event)
    # It can be followed again, any number of times, from any event on, and by other responses.
    assert await follow(own, name) == events
    assert await follow(own, name, 2) == events[3:]
    assert await follow(own, name, len(events) + 5) == []
    after = await own.send("POST", RESPONSES, json={"model": model, "input": "and?", "previous_response_id": name})
    assert after.status == 200, after.body


async def test_a_stream_that_is_left_goes_on_and_can_be_resumed(own: Bench) -> None:
    wire = await beginning(own, "[[drip 0.05]] [[events 20]]", background=True)
    head = await wire.until(b"\r\n\r\n")
    seen = await wire.until(b"event: response.output_text.delta")
    assert b"HTTP/1.1 200" in head
    wire.abort()
    name = "resp_" + seen.partition(b'"id":"resp_')[2][:32].decode()
    followers = [follow(own, name), follow(own, name, 4), follow(own, name, 4)]
    whole, later, again = await asyncio.gather(*followers)
    assert later == again == whole[5:]
    assert whole[-1]["type"] == "response.completed"
    deltas = [event["delta"] for event in whole if event["type"] == "response.output_text.delta"]
    assert len(deltas) >= 20
    assert "".join(deltas) == text_of(whole[-1]["response"])
    assert await fetch(own, name) == whole[-1]["response"]


async def test_its_record_is_made_once_with_its_cost(own: Bench) -> None:
    whole = await own.send("POST", RESPONSES, json={"model": "gpt-5.5", "input": "hello"})
    answer = await create(own)
    name = answer.json()["id"]
    await follow(own, name)
    line = await own.line(answer)
    assert "model=gpt-5.5" in line
    cost = float(whole.headers["x-passenger-credits"])
    assert cost > 0
    assert [float(told) for told in re.findall(r" credits=(\S+)", line)] == [pytest.approx(cost)]
    assert len(own.proxy.logged(f"id={answer.headers['x-request-id']}")) == 1
    assert name == "resp_" + answer.headers["x-request-id"].replace("-", "")


@pytest.mark.parametrize("model", ["gpt-5.5", "claude-opus-4.6"])
async def test_it_can_be_cancelled_again_and_again(own: Bench, model: str) -> None:
    name = await queued(own, ENDLESS, model=model)
    await eventually(lambda: own.sim.active == 1)
    assert (await fetch(own, name))["status"] in {"queued", "in_progress"}
    following = asyncio.create_task(follow(own, name))
    cancelled = await cancel(own, name)
    assert cancelled.status == 200, cancelled.body
    assert cancelled.json()["status"] == "cancelled"
    await eventually(lambda: own.sim.active == 0)
    assert (await following)[-1]["type"] == "response.cancelled"
    assert (await cancel(own, name)).json() == cancelled.json() == await fetch(own, name)
    after = await own.send("POST", RESPONSES, json={"model": model, "input": "and?", "previous_response_id": name})
    assert after.error["code"] == "previous_response_not_found"


async def test_what_is_deleted_while_it_runs_stops(own: Bench) -> None:
    name = await queued(own, ENDLESS)
    await eventually(lambda: own.sim.active == 1)
    assert (await own.send("DELETE", f"{RESPONSES}/{name}")).json()["deleted"] is True
    await eventually(lambda: own.sim.active == 0)
    assert (await own.get(f"{RESPONSES}/{name}")).status == 404


async def test_an_answer_that_is_complete_stays_so_when_it_is_cancelled(own: Bench) -> None:
    name = await queued(own)
    await follow(own, name)
    assert (await cancel(own, name)).json()["status"] == "completed"


async def test_what_is_wrong_with_a_request_is_said_at_once(own: Bench) -> None:
    assert (await create(own, model="no-such-model")).error["code"] == "model_not_found"
    assert (await create(own, previous_response_id="resp_none")).error["code"] == "previous_response_not_found"
    assert (await create(own, temperature="hot", model="claude-opus-4.6")).status == 400
    assert (await create(own, background="yes")).error["param"] == "background"
    assert (await create(own, stream="yes")).error["param"] == "stream"
    assert (await create(own, store=False)).error["param"] == "background"
    assert own.sim.active == 0


async def test_what_goes_wrong_later_is_in_the_response(own: Bench) -> None:
    name = await queued(own, "[[status 429 retry-after=7]]")
    events = await follow(own, name)
    assert events[-1]["type"] == "response.failed"
    whole = await fetch(own, name)
    assert (whole["status"], whole["error"]["code"]) == ("failed", "rate_limit_exceeded")
    broken = await queued(own, "[[cut 4]] [[events 20]]", model="claude-opus-4.6")
    assert (await follow(own, broken))[-1]["type"] == "response.failed"
    assert (await fetch(own, broken))["status"] == "failed"


@pytest.mark.parametrize("after", ["-1", "x", "1.5", "", "9" * 30, "²"])
async def test_a_place_in_the_stream_is_a_number(own: Bench, after: str) -> None:
    name = await queued(own)
    await follow(own, name)
    answer = await own.get(f"{RESPONSES}/{name}?stream=true&starting_after={after}")
    assert (answer.status, answer.error["param"]) == (400, "starting_after")


async def test_only_what_is_in_the_background_is_streamed_and_cancelled(own: Bench) -> None:
    name = (await own.send("POST", RESPONSES, json={"model": "gpt-5.5", "input": "hello"})).json()["id"]
    assert (await own.get(f"{RESPONSES}/{name}?stream=true")).status == 404
    assert (await own.get(f"{RESPONSES}/{name}?stream=maybe")).error["param"] == "stream"
    refused = await cancel(own, name)
    assert (refused.status, refused.error["message"]) == (400, "Cannot cancel a synchronous response.")
    for unknown in ("resp_none", "x", "%20"):
        assert (await cancel(own, unknown)).status == 404
        assert (await own.get(f"{RESPONSES}/{unknown}?stream=true")).status == 404


async def test_only_so_many_run_at_once(tmp_path: Path) -> None:
    async with bench(tmp_path, config="[state]\nbackground = 1\n") as own:
        name = await queued(own, ENDLESS)
        refused = await create(own)
        assert (refused.status, refused.error["code"]) == (429, "too_many_background")
        assert int(refused.headers["retry-after"]) > 0
        await cancel(own, name)
        await follow(own, await queued(own))


async def test_it_is_the_same_on_disk(tmp_path: Path) -> None:
    async with bench(tmp_path, config='[state]\nkeep = "disk"\n') as own:
        name = await queued(own, "[[drip 0.02]] [[events 20]]")
        whole, later = await asyncio.gather(follow(own, name), follow(own, name, 5))
        assert later == whole[6:]
        assert await fetch(own, name) == whole[-1]["response"]
        endless = await queued(own, ENDLESS)
        await eventually(lambda: own.sim.active == 1)
        assert (await cancel(own, endless)).json()["status"] == "cancelled"


async def test_silence_is_filled_with_signs_of_life(tmp_path: Path) -> None:
    async with bench(tmp_path, config="[upstream]\nkeep_alive = 0.1\n") as own:
        name = await queued(own, ENDLESS)
        await own.upstream("/responses")
        wire = await own.dial(f"GET {RESPONSES}/{name}?stream=true HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        for _ in range(3):
            await wire.until(b"\n: keep-alive\n\n")
        await cancel(own, name)
        await wire.until(b"response.cancelled")


async def test_nothing_runs_in_the_background_where_nothing_is_kept(tmp_path: Path) -> None:
    async with bench(tmp_path, config='[state]\nkeep = "none"\n') as own:
        refused = await create(own)
        assert (refused.status, refused.error["param"]) == (400, "background")


async def test_a_server_that_stops_lets_them_finish(tmp_path: Path) -> None:
    async with bench(tmp_path, config="[server]\ndrain_timeout = 60\n") as own:
        answer = await create(own, "[[drip 0.1]] [[events 20]]")
        await own.upstream("/responses")
        own.proxy.signal(signal.SIGTERM)
        assert await own.proxy.ended() == 0
        line = await own.line(answer)
        assert "outcome=" not in line


async def test_a_server_that_stops_cancels_them_in_the_end(tmp_path: Path) -> None:
    async with bench(tmp_path, config="[server]\ndrain_timeout = 0.5\n") as own:
        wire = await beginning(own, ENDLESS, background=True)
        seen = await wire.until(b"response.output_text.delta")
        name = "resp_" + seen.partition(b'"id":"resp_')[2][:32].decode()
        other = await own.dial(f"GET {RESPONSES}/{name}?stream=true HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        await other.until(b"response.output_text.delta")
        own.proxy.signal(signal.SIGTERM)
        assert b'"code":"shutting_down"' in await wire.rest()
        told = await other.rest()
        assert b"event: response.failed" in told
        assert b'"code":"server_error"' in told
        assert await own.proxy.ended() == 0


@pytest.mark.parametrize("model", MODELS)
async def test_an_answer_whose_client_goes_is_finished_where_that_is_wished(tmp_path: Path, model: str) -> None:
    async with bench(tmp_path, config="[state]\nfinish_dropped = true\n") as own:
        wire = await beginning(own, "[[drip 0.05]] [[events 20]]", model=model)
        head = await wire.until(b"\r\n\r\n")
        assert b"x-passenger-finish-dropped: yes" in head
        seen = await wire.until(b"response.in_progress")
        wire.abort()
        name = "resp_" + seen.partition(b'"id":"resp_')[2][:32].decode()
        await own.proxy.said("outcome=client_gone")
        whole = await fetch(own, name)
        assert (whole["status"], whole["background"]) == ("completed", False)
        unstored = await beginning(own, ENDLESS, model=model, store=False)
        assert b"finish-dropped" not in await unstored.until(b"\r\n\r\n")
        unstored.abort()
        await eventually(lambda: own.sim.active == 0)


async def test_what_a_client_has_not_read_when_it_goes_is_finished_all_the_same(tmp_path: Path) -> None:
    async with bench(tmp_path, config="[state]\nfinish_dropped = true\n") as own:
        wire = await beginning(own, "[[size 6000000]]")
        seen = await wire.until(b"response.in_progress")
        name = "resp_" + seen.partition(b'"id":"resp_')[2][:32].decode()
        wire.abort()
        await own.proxy.said("outcome=client_gone")
        await eventually(lambda: own.sim.active == 0)
        whole = await fetch(own, name)
        assert whole["status"] == "completed"
        assert len(text_of(whole)) == 6_000_000


async def test_a_foreign_response_is_not_found(tmp_path: Path) -> None:
    config = '[server]\napi_keys = ["first-of-the-two-keys-1234", "second-of-the-two-keys-1234"]\n'
    async with bench(tmp_path, config=config, primed=False) as own:
        alice, bob = ({"Authorization": f"Bearer {key}-of-the-two-keys-1234"} for key in ("first", "second"))
        body = {"model": "gpt-5.5", "input": "hello", "background": True}
        name = (await own.send("POST", RESPONSES, json=body, headers=alice)).json()["id"]
        assert (await own.get(f"{RESPONSES}/{name}?stream=true", alice)).status == 200
        assert (await own.get(f"{RESPONSES}/{name}?stream=true", bob)).status == 404
        assert (await own.send("POST", f"{RESPONSES}/{name}/cancel", headers=bob)).status == 404
        assert (await own.send("DELETE", f"{RESPONSES}/{name}", headers=bob)).status == 404
        assert (await own.get(f"{RESPONSES}/{name}", alice)).json()["status"] == "completed"


async def test_a_query_is_read() -> None:
    assert [wants_stream(query) for query in (None, "", "false", "true")] == [False, False, False, True]
    assert [read_after(query) for query in (None, "0", "17")] == [-1, 0, 17]
    with pytest.raises(Failure):
        wants_stream("1")
    stored = StoredResponse("resp_1", "o", 0, Status.QUEUED, b'{"background":true}')
    assert is_background(stored)
