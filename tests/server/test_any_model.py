"""Any client with any model, seen from outside: the route, what is lost, what is learned, and long silence."""

import asyncio
import json
import re
from pathlib import Path
from typing import Any

import pytest

from passenger.simulator import Fault, Simulator
from tests.proxy import eventually, profile_of
from tests.server.bench import AGES, Answer, Bench, asking, bench

pytestmark = pytest.mark.asyncio(loop_scope="module")

RESPONSES_ONLY = "gpt-5.5"
WORDS = "these words are enough for a stream of several events"

ASKING: dict[str, dict[str, Any]] = {
    "/v1/chat/completions": {"messages": [{"role": "user", "content": WORDS}]},
    "/v1/completions": {"prompt": WORDS},
    "/v1/responses": {"input": WORDS},
    "/v1/messages": {"max_tokens": 1000, "messages": [{"role": "user", "content": WORDS}]},
    "/api/chat": {"messages": [{"role": "user", "content": WORDS}]},
    "/api/generate": {"prompt": WORDS},
}
"""A request on each route that takes the model from its body."""

UP = {"gpt-4o": "/chat/completions", "gpt-5.5": "/responses", "claude-haiku-4.5": "/v1/messages"}
"""A model that answers on each of Copilot's APIs."""


def inject(one: Bench, fault: Fault) -> None:
    """Let that go wrong next, whichever of Copilot's APIs is asked."""
    for path in UP.values():
        one.sim.inject(fault, path=path)


async def ask(one: Bench, path: str, *, stream: bool = False, **fields: object) -> Answer:
    """One request on a route of any dialect."""
    body = json.dumps(ASKING[path] | {"stream": stream} | fields).encode()
    return await one.send("POST", path, data=body, headers={"content-type": "application/json"})


# --- the route ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("model", UP)
@pytest.mark.parametrize("path", ASKING)
async def test_every_route_reaches_every_model(shared: Bench, path: str, model: str, stream: bool) -> None:
    answer = await ask(shared, path, model=model, stream=stream)
    assert answer.status == 200, answer.body
    assert "Simulated" in answer.body.decode()
    assert shared.sim.requests[-1].path in UP.values()
    route = dict(item.split("=") for item in answer.headers["x-passenger-route"].split("; "))
    assert route["model"] == model
    native = {"/v1/chat/completions": "completions", "/v1/responses": "responses", "/v1/messages": "messages"}
    assert (route["mode"] == "relayed") == (native.get(path) == route["dialect"])


async def test_a_model_that_cannot_chat_is_refused_by_name(shared: Bench) -> None:
    answer = await ask(shared, "/v1/messages", model="text-embedding-3-small")
    assert answer.status == 400
    assert "cannot chat" in answer.json()["error"]["message"]
    assert shared.sim.requests == []


# --- lossless or loud --------------------------------------------------------------------------------------------


async def test_what_only_tunes_is_dropped_and_named_in_the_header_and_in_the_log(shared: Bench) -> None:
    answer = await ask(shared, "/v1/chat/completions", model=RESPONSES_ONLY, seed=7, logit_bias={"5": 1})
    assert answer.status == 200
    assert set(answer.headers["x-passenger-dropped"].split(", ")) == {"seed", "logit_bias"}
    line = await shared.line(answer)
    assert "dropped=" in line
    assert "route=" in line


async def test_what_changes_the_meaning_is_refused_in_the_callers_dialect_and_by_name(shared: Bench) -> None:
    n = await ask(shared, "/v1/chat/completions", model=RESPONSES_ONLY, n=9)
    assert (n.status, n.error["param"]) == (400, "n")
    image = {"type": "image", "source": {"type": "url", "url": "https://example.com/a.png"}}
    remote = await ask(shared, "/v1/messages", model=RESPONSES_ONLY, messages=[{"role": "user", "content": [image]}])
    assert remote.status == 400
    assert remote.json()["error"]["type"] == "invalid_request_error"
    assert "only base64 data" in remote.json()["error"]["message"]
    suffix = await ask(shared, "/api/generate", model=RESPONSES_ONLY, suffix="end")
    assert (suffix.status, list(suffix.json())) == (400, ["error"])
    assert shared.sim.requests == []


STATE: dict[str, Any] = {"conversation": "x", "previous_response_id": "resp_x"}
STATUS = {"conversation": 404, "previous_response_id": 400}


@pytest.mark.parametrize("field", STATE)
async def test_state_that_is_not_there_is_refused_by_name(shared: Bench, field: str) -> None:
    more: dict[str, Any] = {field: STATE[field]}
    answer = await ask(shared, "/v1/responses", model=RESPONSES_ONLY, **more)
    assert (answer.status, answer.error["param"]) == (STATUS[field], field)
    assert shared.sim.requests == []


async def test_strict_refuses_what_would_be_dropped(tmp_path: Path) -> None:
    async with bench(tmp_path, config="[upstream]\nstrict = true\n") as one:
        answer = await ask(one, "/v1/chat/completions", model=RESPONSES_ONLY, seed=7)
        assert (answer.status, answer.error["param"]) == (400, "seed")
        assert (await ask(one, "/v1/chat/completions", model="gpt-4o", seed=7)).status == 200
        one.sim.inject(Fault(unsupported=("top_p",)))
        refused = await ask(one, "/v1/chat/completions", model="gpt-4o", top_p=0.5)
        assert refused.status == 400
        assert [seen.json()["model"] for seen in one.chats()] == ["gpt-4o", "gpt-4o"]


# --- learning ----------------------------------------------------------------------------------------------------


async def test_a_field_that_is_not_supported_is_stripped_once_and_remembered_over_a_restart(tmp_path: Path) -> None:
    async with Simulator() as sim:
        async with bench(tmp_path, simulator=sim) as one:
            sim.inject(Fault(unsupported=("top_p",)))
            answer = await one.chat(top_p=0.5)
            assert (answer.status, answer.headers["x-passenger-dropped"]) == (200, "top_p")
            assert "retries=learned" in await one.line(answer)
            assert [("top_p" in seen.json()) for seen in one.chats()] == [True, False]
            assert (await one.chat(top_p=0.5)).headers["x-passenger-dropped"] == "top_p"
            assert len(one.chats()) == 3
            file = profile_of(sim, one.proxy.home / ".local" / "state" / "passenger") / "learned.json"
            assert [row["field"] for row in json.loads(file.read_text())["rows"]] == ["top_p"]
            assert file.stat().st_mode & 0o077 == 0
        async with bench(tmp_path, simulator=sim, primed=False) as again:
            sim.requests.clear()
            assert (await again.chat(top_p=0.5)).headers["x-passenger-dropped"] == "top_p"
            assert [("top_p" in seen.json()) for seen in again.chats()] == [False]


async def test_a_field_that_carries_meaning_is_never_stripped(shared: Bench) -> None:
    carried: dict[str, Any] = {"tools": [], "response_format": {"type": "text"}, "stop": "x", "n": 1}
    for field, value in carried.items():
        shared.sim.inject(Fault(unsupported=(field,)))
        answer = await shared.post(asking() | {field: value})
        assert answer.status == 400, field
        assert field in answer.error["message"]
    assert len(shared.chats()) == 4


async def test_a_beta_that_is_not_supported_is_left_out_by_name(tmp_path: Path) -> None:
    beta = "interleaved-thinking-2025-05-14"
    async with bench(tmp_path) as one:
        one.sim.inject(Fault(unsupported=(beta,)), path="/v1/messages")
        body = ASKING["/v1/messages"] | {"model": "claude-haiku-4.5"}
        headers = {"anthropic-beta": beta, "anthropic-version": "2023-06-01"}
        answer = await one.send("POST", "/v1/messages", json=body, headers=headers)
        assert (answer.status, answer.headers["x-passenger-dropped"]) == (200, f"anthropic-beta: {beta}")
        assert [seen.header("anthropic-beta") for seen in one.sim.seen("/v1/messages")] == [beta, None]


# --- prompts that are too long -----------------------------------------------------------------------------------

TOO_LONG = {
    "/v1/chat/completions": '"code":"context_length_exceeded"',
    "/v1/completions": '"code":"context_length_exceeded"',
    "/v1/messages": "prompt is too long",
    "/v1/responses": '"code":"context_length_exceeded"',
    "/api/chat": "exceeds the context length",
}
"""What each dialect's clients look for before they compact."""


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("model", UP)
@pytest.mark.parametrize("path", TOO_LONG)
async def test_a_prompt_that_is_too_long_is_said_in_the_clients_own_words(
    shared: Bench, path: str, model: str, stream: bool
) -> None:
    inject(shared, Fault(overflow=True))
    answer = await ask(shared, path, model=model, stream=stream)
    in_stream = path == "/v1/responses" and stream
    assert answer.status == (200 if in_stream else 400)
    assert TOO_LONG[path] in answer.body.decode()
    assert in_stream == ('"type":"response.failed"' in answer.body.decode())


# --- long silence ------------------------------------------------------------------------------------------------

SIGNS = {
    "/v1/chat/completions": b": keep-alive\n\n",
    "/v1/responses": b": keep-alive\n\n",
    "/v1/messages": b": keep-alive\n\n",
}


async def until(one: Bench, path: str, model: str, wanted: bytes) -> bytes:
    """What has come down when these bytes have."""
    body = ASKING[path] | {"model": model, "stream": True}
    async with one.http.post(one.proxy.url + path, json=body) as response:
        assert response.status == 200
        seen = b""
        while wanted not in seen:
            piece = await response.content.readany()
            assert piece, seen
            seen += piece
        return seen


@pytest.mark.proves("F34")
@pytest.mark.parametrize("path", SIGNS)
@pytest.mark.parametrize("model", ["gpt-4o", RESPONSES_ONLY])
async def test_a_silent_copilot_is_bridged_by_signs_of_life(quick: Bench, path: str, model: str) -> None:
    inject(quick, Fault(delay=AGES))
    seen = await until(quick, path, model, SIGNS[path] * 3)
    assert seen.replace(SIGNS[path], b"") == b""


@pytest.mark.parametrize("model", ["claude-haiku-4.5", RESPONSES_ONLY])
async def test_an_anthropic_stream_that_has_begun_is_pinged(quick: Bench, model: str) -> None:
    inject(quick, Fault(stall_after=4))
    seen = await until(quick, "/v1/messages", model, b"event: ping")
    assert b"event: message_start" in seen.partition(b"event: ping")[0]


STOPPED: dict[str, tuple[dict[str, Any], bytes]] = {
    "/v1/messages": ({"stop_sequences": ["three"]}, b"event: ping\n"),
    "/v1/chat/completions": ({"stop": ["three"], "stream_options": {"include_usage": True}}, b": keep-alive\n"),
}


@pytest.mark.proves("F34")
@pytest.mark.parametrize("path", STOPPED)
async def test_after_a_stop_sequence_signs_of_life_go_on_until_the_whole_bill_is_known(quick: Bench, path: str) -> None:
    fields, sign = STOPPED[path]
    said = [{"role": "user", "content": f"[[drip 0.3]] one two three {'four five six ' * 20}"}]
    body = {"model": RESPONSES_ONLY, "max_tokens": 1000, "messages": said, "stream": True, **fields}
    answer = await quick.send("POST", path, json=body)
    words, _, after = answer.body.partition(b"two ")
    assert b"one " in words
    assert b"four" not in answer.body
    assert after.count(sign) > 1
    assert f"output={told(answer.body)}" in await quick.line(answer)
    assert told(answer.body) > 3 * len(["one", "two", "three"])


def told(stream: bytes) -> int:
    """The tokens of the answer that a stream says at its end."""
    return int(re.findall(rb'"(?:output|completion)_tokens":(\d+)', stream)[-1])


async def test_a_failure_after_the_headers_is_the_streams_last_event(quick: Bench) -> None:
    quick.sim.inject(Fault(delay=1.0, status=429))
    answer = await ask(quick, "/v1/chat/completions", model="gpt-4o", stream=True)
    assert answer.status == 200
    assert answer.chunks[-1]["error"]["type"] == "rate_limit_error"
    assert b"[DONE]" not in answer.body


async def test_an_ollama_client_gets_headers_and_no_line_that_is_no_json(quick: Bench) -> None:
    quick.sim.inject(Fault(delay=1.0))
    answer = await ask(quick, "/api/chat", model="gpt-4o", stream=True)
    lines = [json.loads(line) for line in answer.body.splitlines()]
    assert lines[-1]["done"] is True


async def test_the_same_request_works_without_a_stream_after_a_broken_one(shared: Bench) -> None:
    inject(shared, Fault(cut_after=3))
    broken = await ask(shared, "/v1/messages", model=RESPONSES_ONLY, stream=True)
    assert b"event: error" in broken.body
    assert b"message_stop" not in broken.body
    assert WORDS in (await ask(shared, "/v1/messages", model=RESPONSES_ONLY)).body.decode()


# --- what else clients do ----------------------------------------------------------------------------------------


async def test_a_web_socket_is_refused_at_once_so_that_codex_goes_on(shared: Bench) -> None:
    headers = {"upgrade": "websocket", "connection": "upgrade"}
    answer = await shared.get("/v1/responses", headers)
    assert answer.status == 426
    assert answer.error["code"] == "websockets_not_supported"


async def test_anthropics_threads_get_the_error_that_makes_its_sdks_resend_the_history(shared: Bench) -> None:
    answer = await ask(shared, "/v1/messages", model="claude-haiku-4.5", thread={"type": "create"})
    assert answer.status == 400
    details = answer.json()["error"]["details"]
    assert details == {"error_code": "thread_unsupported_request", "unsupported": ["thread"]}


async def test_a_model_is_loaded_by_an_empty_request(shared: Bench) -> None:
    answer = await ask(shared, "/api/generate", model="gpt-4o:latest", prompt="")
    assert (answer.status, answer.json()["done_reason"]) == (200, "load")
    unknown = await ask(shared, "/api/generate", model="no-such-model", prompt="")
    assert unknown.status == 404
    assert shared.chats() == []


# --- counting ----------------------------------------------------------------------------------------------------


async def counted(one: Bench, model: str, text: str) -> int:
    """The tokens of a prompt of these words, as an Anthropic client asks for them."""
    body = {"model": model, "messages": [{"role": "user", "content": text}]}
    answer = await one.send("POST", "/v1/messages/count_tokens", json=body)
    assert answer.status == 200, answer.body
    tokens: int = answer.json()["input_tokens"]
    return tokens


async def test_a_count_is_copilots_own_where_it_has_one_and_else_learned_from_what_it_answers(tmp_path: Path) -> None:
    text = "Xylophonists quizzically juxtapose zwieback. " * 60
    async with bench(tmp_path) as one:
        await counted(one, "claude-haiku-4.5", text)
        assert len(one.sim.seen("/v1/messages/count_tokens")) == 1
        before = await counted(one, RESPONSES_ONLY, text)
        asked: dict[str, Any] = {"messages": [{"role": "user", "content": text}]}
        answer = await ask(one, "/v1/messages", model=RESPONSES_ONLY, **asked)
        theirs = answer.json()["usage"]["input_tokens"]
        assert before != pytest.approx(theirs, rel=0.02)
        async with asyncio.timeout(20):
            while await counted(one, RESPONSES_ONLY, text) != pytest.approx(theirs, rel=0.02):
                await asyncio.sleep(0.05)
        assert len(one.sim.seen("/v1/messages/count_tokens")) == 1
        file = profile_of(one.sim, one.proxy.home / ".local" / "state" / "passenger") / "ratios.json"
        await eventually(file.exists)
        assert file.stat().st_mode & 0o077 == 0


async def test_a_count_that_copilot_cannot_give_is_estimated_and_the_log_says_so(tmp_path: Path) -> None:
    async with bench(tmp_path) as one:
        one.sim.inject(Fault(status=503), path="/v1/messages/count_tokens")
        assert await counted(one, "claude-haiku-4.5", "hello there") > 1
        await one.proxy.said("Copilot does not count")
        for fault in (Fault(status=404), Fault(code="unsupported_api_for_model"), Fault(code="model_not_supported")):
            one.sim.inject(fault, path="/v1/messages/count_tokens")
            assert await counted(one, "claude-haiku-4.5", "hello there") > 1
        one.sim.inject(Fault(status=403), path="/v1/messages/count_tokens")
        body = ASKING["/v1/messages"] | {"model": "claude-haiku-4.5"}
        assert (await one.send("POST", "/v1/messages/count_tokens", json=body)).status == 403


PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


@pytest.mark.parametrize("model", ["claude-haiku-4.5", "gpt-4o"])
async def test_a_prompt_with_a_picture_is_counted(tmp_path: Path, model: str) -> None:
    async with bench(tmp_path) as one:
        image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}}
        said = [{"role": "user", "content": [image, {"type": "text", "text": "What?"}]}]
        asked = {"model": model, "messages": said}
        answer = await one.send(
            "POST", "/v1/messages/count_tokens", json=asked, headers={"anthropic-version": "2023-06-01"}
        )
        assert (answer.status, answer.json()["input_tokens"] > 0) == (200, True)
        parts = [{"inlineData": {"mimeType": "image/png", "data": PNG}}, {"text": "What?"}]
        contents: dict[str, Any] = {"contents": [{"role": "user", "parts": parts}]}
        for body in (contents, {"generateContentRequest": contents}):
            answer = await one.send("POST", f"/v1beta/models/{model}:countTokens", json=body)
            assert (answer.status, answer.json()["totalTokens"] > 0) == (200, True)
