"""Responses over WebSocket, by a client of the field over real sockets."""

import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.frames import Frame, Opcode

from tests.proxy import eventually
from tests.server.bench import Bench, bench

pytestmark = pytest.mark.asyncio(loop_scope="module")

MODEL = "gpt-5.5"
UP = "/responses"


@contextlib.asynccontextmanager
async def socket(one: Bench, path: str = "/v1/responses", **options: Any) -> AsyncIterator[ClientConnection]:
    url = one.proxy.url.replace("http", "ws", 1) + path
    async with connect(url, compression=None, proxy=None, max_size=None, **options) as made:
        yield made


def create(text: str = "hello", **fields: object) -> dict[str, Any]:
    return {"type": "response.create", "model": MODEL, "input": text, **fields}


async def say(made: ClientConnection, event: object) -> None:
    await made.send(event if isinstance(event, str | bytes) else json.dumps(event))


async def hear(made: ClientConnection) -> dict[str, Any]:
    event = json.loads(await made.recv())
    assert event["type"] != "error" or event["status"]
    return dict(event)


FINAL = {"response.completed", "response.failed", "response.incomplete", "error"}


async def answer(made: ClientConnection, event: object = None) -> list[dict[str, Any]]:
    """The events up to the last one of an answer."""
    if event is not None:
        await say(made, event)
    events = [await hear(made)]
    while events[-1]["type"] not in FINAL:
        events.append(await hear(made))
    return events


def text(events: list[dict[str, Any]]) -> str:
    return "".join(event["delta"] for event in events if event["type"] == "response.output_text.delta")


# --- turns -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/v1/responses", "/responses"])
@pytest.mark.parametrize("model", [MODEL, "claude-sonnet-4.6", "gpt-4o"])
async def test_a_turn_is_answered_as_a_posted_request_is(shared: Bench, path: str, model: str) -> None:
    async with socket(shared, path) as made:
        events = await answer(made, create(model=model))
    assert [event["sequence_number"] for event in events] == [*range(len(events))]
    assert events[0]["type"] == "response.created"
    assert events[-1]["type"] == "response.completed"
    assert text(events)
    await eventually(
        lambda: any("POST /v1/responses 200" in line or "POST /responses 200" in line for line in shared.proxy.lines)
    )


async def test_the_fields_of_the_transport_do_not_go_up(shared: Bench) -> None:
    async with socket(shared) as made:
        await answer(made, create(stream=True, background=False, stream_id="a", generate=True))
    sent = json.loads((await shared.upstream(UP)).body)
    assert sent["stream"] is True
    assert not {"type", "background", "stream_id", "generate"} & set(sent)


async def test_the_model_of_the_turn_before_is_the_default(shared: Bench) -> None:
    async with socket(shared) as made:
        await answer(made, create())
        events = await answer(made, {"type": "response.create", "input": "again"})
    assert events[-1]["response"]["model"].startswith(MODEL)


async def test_a_failure_before_the_first_event_is_an_error_frame_and_the_socket_lives(shared: Bench) -> None:
    async with socket(shared) as made:
        (event,) = await answer(made, create(model="nobody's"))
        assert event["status"] == 404
        assert set(event["error"]) == {"type", "code", "message", "param"}
        assert (await answer(made, create()))[-1]["type"] == "response.completed"


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        ("{", "invalid_json"),
        ("[]", "invalid_json"),
        ({"type": "response.processed"}, "unknown_event_type"),
        ({"type": "session.update"}, "unknown_event_type"),
        ({"type": 3}, "unknown_event_type"),
        (create(stream_id=""), None),
        (create(generate="no"), None),
    ],
)
async def test_what_is_not_understood_is_an_error_frame_and_the_socket_lives(
    shared: Bench, sent: object, code: str | None
) -> None:
    async with socket(shared) as made:
        (event,) = await answer(made, sent)
        assert (event["status"], event["error"]["code"]) == (400, code)
        assert (await answer(made, create()))[-1]["type"] == "response.completed"


async def test_steering_is_refused_by_name(shared: Bench) -> None:
    async with socket(shared) as made:
        await say(made, {"type": "response.steer", "previous_response_id": "resp_1", "input": "left"})
        event = await hear(made)
    assert (event["type"], event["error"]["code"]) == ("response.steer.failed", "steering_not_supported")
    assert event["steer"] == {"previous_response_id": "resp_1", "input": "left"}


# --- chains ------------------------------------------------------------------------------------------------------


async def test_a_chained_turn_goes_up_whole(shared: Bench) -> None:
    async with socket(shared) as made:
        first = (await answer(made, create("one", store=False)))[-1]["response"]
        await answer(made, create("two", store=False, previous_response_id=first["id"]))
    sent = json.loads((await shared.upstream(UP, 2)).body)
    assert "previous_response_id" not in sent
    assert [item.get("role") for item in sent["input"] if item["type"] == "message"] == ["user", "assistant", "user"]


@pytest.mark.parametrize("model", ["gpt-5.5", "claude-opus-4.6"])
@pytest.mark.parametrize("store", [False, True])
async def test_an_answer_names_the_one_that_it_follows(shared: Bench, model: str, *, store: bool) -> None:
    async with socket(shared) as made:
        warm = (await answer(made, create("one", model=model, generate=False)))[-1]["response"]["id"]
        events = await answer(made, create("two", model=model, store=store, previous_response_id=warm))
        identity = events[-1]["response"]["id"]
        again = await answer(made, create("three", model=model, store=store, previous_response_id=identity))
    for told, before in ((events, warm), (again, identity)):
        responses = [event["response"] for event in told if "response" in event]
        assert len(responses) > 2
        assert {response["previous_response_id"] for response in responses} == {before}
        assert {response["store"] for response in responses} == {store}


async def test_what_is_stored_is_found_from_another_connection(shared: Bench) -> None:
    async with socket(shared) as made:
        first = (await answer(made, create("one")))[-1]["response"]["id"]
    async with socket(shared) as made:
        events = await answer(made, create("two", previous_response_id=first))
    assert events[-1]["response"]["previous_response_id"] == first
    assert [item.get("role") for item in json.loads((await shared.upstream(UP, 2)).body)["input"]].count("user") == 2


async def test_a_warm_up_asks_nobody_and_can_be_chained(shared: Bench) -> None:
    async with socket(shared) as made:
        created, completed = await answer(made, create("one", generate=False))
        assert completed["response"]["usage"]["total_tokens"] == 0
        assert created["response"]["id"] == completed["response"]["id"]
        assert shared.sim.seen(UP) == []
        await answer(made, create("two", previous_response_id=completed["response"]["id"]))
    assert b"one" in (await shared.upstream(UP)).body


async def test_only_the_latest_answer_is_kept_and_a_failed_turn_lets_it_go(shared: Bench) -> None:
    async with socket(shared) as made:
        first = (await answer(made, create("one", store=False)))[-1]["response"]["id"]
        second = (await answer(made, create("two", store=False)))[-1]["response"]["id"]
        (lost,) = await answer(made, create("three", store=False, previous_response_id=first))
        assert (lost["status"], lost["error"]["code"]) == (400, "previous_response_not_found")
        (lost,) = await answer(made, create("three", store=False, previous_response_id=second))
        assert lost["error"]["code"] == "previous_response_not_found"


async def test_nothing_is_kept_beyond_the_connection(shared: Bench) -> None:
    async with socket(shared) as made:
        first = (await answer(made, create("one", store=False)))[-1]["response"]["id"]
    async with socket(shared) as made:
        (lost,) = await answer(made, create("two", store=False, previous_response_id=first))
    assert (lost["status"], lost["error"]["code"]) == (400, "previous_response_not_found")


# --- lanes -------------------------------------------------------------------------------------------------------


async def test_lanes_run_side_by_side_and_one_lane_in_order(shared: Bench) -> None:
    async with socket(shared) as made:
        for lane, word in (("a", "one"), ("a", "two"), ("b", "three")):
            await say(made, create(word, stream_id=lane))
        ends: list[str] = []
        while len(ends) < 3:
            event = await hear(made)
            assert event["stream_id"] in {"a", "b"}
            if event["type"] == "response.completed":
                ends.append(event["stream_id"])
    assert sorted(ends) == ["a", "a", "b"]


async def test_a_lane_too_many_and_a_request_too_many_are_refused(tmp_path: Path) -> None:
    config = "[limits]\nwebsocket_lanes = 4\nwebsocket_waiting = 4\n"
    async with bench(tmp_path, config=config) as one, socket(one) as made:
        for number in range(4):
            await say(made, create("[[stall 1]]", stream_id=str(number)))
        for lane in "0", "1", "2", "3", "0", "new":
            await say(made, create("more", stream_id=lane))
        told: list[tuple[int, str, str]] = []
        while len(told) < 2:
            event = await hear(made)
            if event["type"] == "error":
                told.append((event["status"], event["error"]["code"], event["stream_id"]))
    assert told == [(429, "too_many_waiting_requests", "0"), (429, "too_many_lanes", "new")]


async def test_two_requests_on_one_lane_are_answered_one_after_the_other(shared: Bench) -> None:
    async with socket(shared) as made:
        await say(made, create("[[drip 0.01]] first"))
        await say(made, create("second"))
        first, second = await answer(made), await answer(made)
    assert ("first" in text(first), "second" in text(second)) == (True, True)


# --- the guard ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "status"), [({"Origin": "https://evil.example"}, 403), ({"Sec-Fetch-Site": "cross-site"}, 403)]
)
async def test_a_page_of_another_site_gets_no_socket(shared: Bench, headers: dict[str, str], status: int) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with socket(shared, additional_headers=headers):
            pass
    assert refused.value.response.status_code == status


async def test_a_wrong_key_gets_no_socket_and_the_right_one_does(tmp_path: Path) -> None:
    async with bench(tmp_path, config='[server]\napi_keys = ["a-key-of-the-tests-0123456789"]\n', primed=False) as one:
        with pytest.raises(InvalidStatus) as refused:
            async with socket(one):
                pass
        assert refused.value.response.status_code == 401
        headers = {"Authorization": "Bearer a-key-of-the-tests-0123456789"}
        async with socket(one, additional_headers=headers) as made:
            assert (await answer(made, create()))[-1]["type"] == "response.completed"


async def test_they_can_be_turned_off(tmp_path: Path) -> None:
    async with bench(tmp_path, config="[server]\nwebsocket = false\n") as one:
        with pytest.raises(InvalidStatus) as refused:
            async with socket(one):
                pass
        assert refused.value.response.status_code == 426


async def test_a_socket_too_many_is_sent_to_http(tmp_path: Path) -> None:
    async with bench(tmp_path, config="[limits]\nwebsockets = 4\n") as one, contextlib.AsyncExitStack() as stack:
        for _ in range(4):
            await stack.enter_async_context(socket(one))
        with pytest.raises(InvalidStatus) as refused:
            async with socket(one):
                pass
        assert refused.value.response.status_code == 426
        assert b"POST the same request" in refused.value.response.body


async def test_a_person_asks_for_the_first_turn_alone(shared: Bench) -> None:
    output = [{"type": "function_call_output", "call_id": "c", "output": "1"}]
    call = [{"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"}]
    async with socket(shared, additional_headers={"X-Initiator": "user"}) as made:
        for number in 1, 2:
            await answer(made, create("", input=[*call, *output]))
            sent = await shared.upstream(UP, number)
            assert {name.lower(): value for name, value in sent.headers}["x-initiator"] == {1: "user", 2: "agent"}[
                number
            ]


# --- what goes wrong ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["[[cut 3]]", "[[error 3]]", "[[fail 3]]", "[[end 3]]", "[[reset 3]]"])
async def test_what_breaks_after_the_first_event_has_failed(shared: Bench, fault: str) -> None:
    async with socket(shared) as made:
        events = await answer(made, create(fault))
        assert events[-1]["type"] == "response.failed"
        assert events[-1]["response"]["id"] == events[0]["response"]["id"]
        assert events[-1]["response"]["error"]["message"]
        assert (await answer(made, create()))[-1]["type"] == "response.completed"


@pytest.mark.parametrize("status", [400, 403, 429, 500])
async def test_a_refusal_of_copilot_is_an_error_frame_with_its_status(shared: Bench, status: int) -> None:
    async with socket(shared) as made:
        (event,) = await answer(made, create(f"[[status {status} retry-after=9]]"))
        assert event["status"] in {status, 502}
        assert (await answer(made, create()))[-1]["type"] == "response.completed"


async def test_a_client_that_goes_cancels_what_runs(shared: Bench) -> None:
    async with socket(shared) as made:
        await say(made, create("[[stall 2]]"))
        await hear(made)
        made.transport.abort()
    await eventually(lambda: shared.sim.active == 0)


@pytest.mark.parametrize("model", ["gpt-5.5", "claude-opus-4.6"])
async def test_a_client_that_was_cut_off_goes_on_with_its_whole_input_on_another_socket(
    shared: Bench, model: str
) -> None:
    async with socket(shared) as made:
        first = (await answer(made, create("one", model=model, store=False)))[-1]["response"]
        cut = create("[[stall 2]] two", model=model, store=False, previous_response_id=first["id"])
        await say(made, cut)
        await hear(made)
        made.transport.abort()
    await eventually(lambda: shared.sim.active == 0)
    async with socket(shared) as made:
        (lost,) = await answer(made, {**cut, "input": "two"})
        assert (lost["status"], lost["error"]["code"]) == (400, "previous_response_not_found")
        asked = [{"role": "user", "content": text} for text in ("one", "two")]
        whole = [asked[0], *first["output"], asked[1]]
        events = await answer(made, create("", model=model, store=False) | {"input": whole})
        assert events[-1]["type"] == "response.completed"
        assert events[-1]["response"]["previous_response_id"] is None


async def test_a_stop_finishes_what_runs_and_says_good_bye(tmp_path: Path) -> None:
    async with bench(tmp_path) as one, socket(one) as made:
        await say(made, create("[[events 30]] [[drip 0.01]]"))
        await say(made, create("waits"))
        assert (await hear(made))["type"] == "response.created"
        one.proxy.process.terminate()
        events = [json.loads(event) async for event in made]
        assert [event["error"]["code"] for event in events if event["type"] == "error"] == ["shutting_down"]
        assert events[-1]["type"] == "response.completed"
        assert made.close_code == 1001


async def test_a_socket_has_its_time(tmp_path: Path) -> None:
    async with bench(tmp_path, config="[limits]\nwebsocket_life = 1\n") as one, socket(one) as made:
        events = [json.loads(event) async for event in made]
    assert [(event["status"], event["error"]["code"]) for event in events] == [
        (400, "websocket_connection_limit_reached")
    ]


async def test_a_socket_on_which_nothing_is_asked_is_closed(tmp_path: Path) -> None:
    async with bench(tmp_path, config="[limits]\nwebsocket_idle = 1\n") as one, socket(one) as made:
        assert [event async for event in made] == []
        assert made.close_code == 1000


# --- bad input ---------------------------------------------------------------------------------------------------


async def test_a_binary_frame_closes_the_socket(shared: Bench) -> None:
    async with socket(shared) as made:
        await made.send(b"{}")
        with pytest.raises(ConnectionClosed) as closed:
            await made.recv()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1003


async def test_a_frame_over_the_limit_closes_the_socket(tmp_path: Path) -> None:
    async with bench(tmp_path, config="[limits]\nmax_body = 100_000\n") as one, socket(one) as made:
        await say(made, create("x" * 100_001))
        with pytest.raises(ConnectionClosed) as closed:
            await made.recv()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1009


async def test_a_client_that_answers_no_ping_is_given_up(tmp_path: Path) -> None:
    async with bench(tmp_path, config="[limits]\nwebsocket_ping = 1\n") as one:
        head = "GET /v1/responses HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        key = "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        wire = await one.dial((head + key).encode())
        assert (await wire.until(b"\r\n\r\n")).startswith(b"HTTP/1.1 101 ")
        with contextlib.suppress(ConnectionError):
            await wire.reader.read()


async def test_nothing_of_what_is_said_is_logged(shared: Bench) -> None:
    async with socket(shared) as made:
        await answer(made, create("a-word-that-nobody-else-says"))
    assert "a-word-that-nobody-else-says" not in "\n".join(shared.proxy.lines)


HANDSHAKE = (
    b"GET /v1/responses HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


def masked(event: dict[str, Any]) -> bytes:
    """A text frame as a client sends it."""
    return Frame(Opcode.TEXT, json.dumps(event).encode()).serialize(mask=True)


async def test_a_client_that_reads_nothing_is_given_up_and_what_it_asked_is_ended(tmp_path: Path) -> None:
    async with bench(tmp_path, config="[limits]\nwrite_timeout = 1\n") as one:
        wire = await one.dial(HANDSHAKE + masked(create("[[size 60000000]]")))
        await one.proxy.said("a client took nothing of its answer for too long")
        await eventually(lambda: one.sim.active == 0)
        assert b" 101 " in await wire.until(b"\r\n\r\n")


async def test_a_frame_that_comes_in_pieces_is_one(shared: Bench) -> None:
    sent = HANDSHAKE + masked(create("in pieces"))
    wire = await shared.dial(b"")
    for at in range(0, len(sent), 7):
        wire.writer.write(sent[at : at + 7])
        await wire.writer.drain()
    assert b"response.completed" in await wire.until(b"response.completed")


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        (b"\x81\x05hello", 1002),  # not masked
        (b"\xc1\x85\0\0\0\0hello", 1002),  # an extension that nobody has agreed to
        (b"\x81\x82\0\0\0\0\xff\xfe", 1007),
    ],
)
async def test_a_wrong_frame_closes_the_socket(shared: Bench, frame: bytes, code: int) -> None:
    wire = await shared.dial(HANDSHAKE + frame)
    await wire.until(b"\r\n\r\n")
    said = await wire.reader.read()
    assert (said[0], int.from_bytes(said[2:4], "big")) == (0x88, code)


async def test_workers_serve_sockets(tmp_path: Path) -> None:
    async with bench(tmp_path, "--workers", "2") as one:
        for _ in range(4):
            async with socket(one) as made:
                first = (await answer(made, create("one", store=False)))[-1]["response"]["id"]
                events = await answer(made, create("two", store=False, previous_response_id=first))
                assert events[-1]["type"] == "response.completed"
