"""The relay, judged from outside: what goes up, what comes down, byte for byte."""

import asyncio
import gzip
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from passenger.simulator import Fault
from passenger.simulator.faults import NONE
from passenger.simulator.github import COPILOT_USER
from tests.proxy import eventually
from tests.server.bench import CHAT, DONE, EXCHANGE, UP, Answer, Bench, asking, bench

pytestmark = pytest.mark.asyncio(loop_scope="module")

VENDORS = ("gpt-4o", "claude-sonnet-4.5", "gemini-2.5-pro")
TOOLS = [
    {"type": "function", "function": {"name": name, "parameters": {"type": "object", "properties": {}}}}
    for name in ("look", "read")
]
TWO_CALLS = '[[call look {"at":"the sky, slowly and for a long time"}]] [[call read {"what":"the stars"}]]'
PIXEL = "data:image/png;base64,iVBORw0KGgo="

EDITOR = {
    "Editor-Version": "vscode/1.115.0",
    "Editor-Plugin-Version": "copilot-chat/0.43.0",
    "User-Agent": "GitHubCopilotChat/0.43.0",
    "Copilot-Integration-Id": "vscode-chat",
}
ALWAYS = {"host", "authorization", "accept", "accept-encoding", "x-request-id", "x-github-api-version"}
ALWAYS |= {name.lower() for name in EDITOR}
OF_A_CHAT = ALWAYS | {"content-type", "content-length", "openai-intent", "x-initiator"}


# --- what goes up: the body --------------------------------------------------------------------------------------

HI = b'{"model":"gpt-4o","messages":[{"role":"user","content":"x"}]'
BODIES = {
    "whitespace and unknown fields": b'{ "messages":[ {"role":"user"\t,"content":"x"} ] ,\n\t"model" : "gpt-4o"'
    b' , "new":{"a":[1 ,2]} }',
    "numbers": HI + b',"seed":12345678901234567890123,"a":1.0,"b":1e+2,"c":-0}',
    "escapes": b'{"model":"gpt-4o","messages":[{"role":"user","content":"\\u00e9\\ud83d\\ude00\\/\\u2028"}]}',
    "raw UTF-8": '{"model":"gpt-4o","messages":[{"role":"user","content":"é😀\u2028乗客\x7f"}]}'.encode(),
    "lone surrogates": b'{"model":"gpt-4o","messages":[{"role":"user","content":"half \\ud83d of it"}]}',
    "lone surrogate in an unknown field": HI + b',"new":"\\udc00"}',
    "a key twice": HI + b',"user":"a","user":"b"}',
    "null everywhere": HI + b',"stream":null,"tools":null,"stop":null}',
    "every known field": json.dumps(
        asking(
            stream=True,
            stream_options={"include_usage": True},
            temperature=0.0,
            top_p=1,
            n=1,
            stop=["a", "b"],
            seed=7,
            user="somebody",
            logit_bias={"50256": -100},
            response_format={"type": "json_object"},
            parallel_tool_calls=False,
            tools=TOOLS,
            tool_choice="auto",
            max_completion_tokens=99,
            metadata={"k": "v"},
        )
    ).encode(),
}


@pytest.mark.parametrize("name", BODIES)
async def test_a_body_reaches_copilot_byte_for_byte(shared: Bench, name: str) -> None:
    await shared.post(BODIES[name])
    assert [request.body for request in shared.chats()] == [BODIES[name]]


async def test_a_chunked_body_reaches_copilot_whole(shared: Bench) -> None:
    raw = BODIES["whitespace and unknown fields"]
    wire = await shared.open(
        b"".join(b"1\r\n%c\r\n" % byte for byte in raw) + b"0\r\n\r\n", head="Transfer-Encoding: chunked\r\n"
    )
    assert (await wire.until(b"\r\n")).startswith(b"HTTP/1.1 200")
    assert shared.chats()[0].body == raw


@pytest.mark.parametrize(
    ("spelled", "meant"),
    [
        ("GPT-4o", "gpt-4o"),
        ("claude-sonnet-4-5", "claude-sonnet-4.5"),
        ("Claude-Sonnet-4-5-20250929", "claude-sonnet-4.5"),
        ("claude-opus-4-5-latest", "claude-opus-4.5"),
    ],
)
async def test_a_model_spelled_kindly_changes_in_the_body_and_nothing_else_does(
    shared: Bench, spelled: str, meant: str
) -> None:
    before = b'"messages":[ {"role":"user",  "content":"\\u00e9"} ],"seed":12345678901234567890,"f":1.0'
    answer = await shared.post(b'{"model":"' + spelled.encode() + b'",' + before + b"}")
    assert answer.status == 200
    assert shared.chats()[0].body == b'{"model":"' + meant.encode() + b'",' + before + b"}"


async def test_only_the_wish_for_usage_is_added_to_a_stream_that_did_not_ask_for_it(shared: Bench) -> None:
    raw = b'{"model":"gpt-4o","stream":true,"messages":[ {"role":"user", "content":"\\ud83d\\ude00"} ],"a":1.0}'
    assert (await shared.post(raw)).status == 200
    assert shared.chats()[0].body == raw[:-1] + b',"stream_options":{"include_usage":true}}'


@pytest.mark.proves("F38")
async def test_a_lone_surrogate_in_a_stream_goes_up_as_it_came(shared: Bench) -> None:
    raw = b'{"model":"gpt-4o","stream":true,"messages":[{"role":"user","content":"half \\ud83d"}]}'
    await shared.post(raw)
    assert rb'"content":"half \ud83d"' in shared.chats()[0].body


async def test_the_other_stream_options_stay(shared: Bench) -> None:
    await shared.stream(stream_options={"include_usage": False, "include_obfuscation": False})
    options = shared.chats()[0].json()["stream_options"]
    assert options == {"include_usage": True, "include_obfuscation": False}


# --- what goes up: the headers -----------------------------------------------------------------------------------

OF_THE_CLIENT = {
    "Authorization": "Bearer canary-authorization",
    "Proxy-Authorization": "Basic canary-proxy",
    "x-api-key": "canary-key",
    "api-key": "canary-key",
    "Cookie": "session=canary-cookie",
    "X-Forwarded-For": "203.0.113.9",
    "Forwarded": "for=203.0.113.9",
    "X-Real-IP": "203.0.113.9",
    "Referer": "http://localhost:3000/?canary",
    "X-Hop": "canary-hop",
    "Connection": "keep-alive, X-Hop",
    "TE": "trailers",
    "User-Agent": "canary-agent/1",
    "Editor-Version": "canary/1",
    "X-Initiator": "agent",
    "X-Request-Id": "canary-id",
    "OpenAI-Organization": "canary-organization",
    "traceparent": "00-canary",
}


@pytest.mark.proves("N8")
@pytest.mark.parametrize("stream", [False, True])
async def test_no_header_of_the_client_goes_up(shared: Bench, stream: bool) -> None:
    answer = await shared.post(asking(stream=stream), headers={**OF_THE_CLIENT, "Origin": shared.proxy.url})
    assert answer.status == 200
    (request,) = shared.chats()
    assert sorted(name.lower() for name, _ in request.headers) == sorted(OF_A_CHAT)
    assert "canary" not in str(request.headers)
    assert request.header("x-initiator") == "user"


@pytest.mark.proves("N8")
async def test_every_header_that_goes_up_says_what_it_should(shared: Bench) -> None:
    answer = await shared.stream()
    (request,) = shared.chats()
    said = {name.lower(): value for name, value in request.headers}
    token = next(token for token, minted in shared.sim.account.minted.items() if not minted.revoked)
    assert said == {
        "host": shared.sim.url.removeprefix("http://"),
        "authorization": f"Bearer {token}",
        "content-type": "application/json",
        "content-length": str(len(request.body)),
        "accept": "text/event-stream",
        "accept-encoding": "identity",
        "openai-intent": "conversation-panel",
        "x-initiator": "user",
        "x-request-id": answer.headers["x-request-id"],
        "x-github-api-version": "2026-06-01",
        **{name.lower(): value for name, value in EDITOR.items()},
    }


async def test_the_editor_headers_go_on_every_call(tmp_path: Path) -> None:
    async with bench(tmp_path, primed=False) as own:
        assert (await own.get("/v1/models")).status == 200
        assert (await own.chat()).status == 200
        await own.upstream(COPILOT_USER)
        assert {request.route for request in own.sim.requests} == {EXCHANGE, "/models", UP, COPILOT_USER}
        for request in own.sim.requests:
            assert {name: request.header(name) for name in EDITOR} == EDITOR, request.path
        names = sorted(name.lower() for name, _ in own.sim.seen("/models")[0].headers)
        assert names == sorted(ALWAYS)


SAY = {"role": "user", "content": "hello"}
REMIND = {"role": "user", "content": "<system-reminder>be brief</system-reminder>"}
CALL = {
    "role": "assistant",
    "content": None,
    "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "look", "arguments": "{}"}}],
}
RESULT = {"role": "tool", "tool_call_id": "c1", "content": "a star"}
CONVERSATIONS: dict[str, tuple[str, list[dict[str, Any]]]] = {
    "a person speaks": ("user", [SAY]),
    "a person speaks again": ("user", [SAY, {"role": "assistant", "content": "hi"}, SAY]),
    "a tool has answered": ("agent", [SAY, CALL, RESULT]),
    "a tool has answered and a reminder follows": ("agent", [SAY, CALL, RESULT, REMIND]),
    "a tool has answered and a reminder in parts follows": (
        "agent",
        [SAY, CALL, RESULT, {"role": "user", "content": [{"type": "text", "text": REMIND["content"]}]}],
    ),
    "a tool has answered and a person speaks": ("user", [SAY, CALL, RESULT, SAY]),
    "a reminder and a person's words after a tool": (
        "user",
        [SAY, CALL, RESULT, {"role": "user", "content": REMIND["content"] + " and now?"}],
    ),
    "an answer is to be gone on with": ("agent", [SAY, {"role": "assistant", "content": "once upon"}]),
}


@pytest.mark.parametrize("name", CONVERSATIONS)
async def test_the_initiator_is_told_truthfully(shared: Bench, name: str) -> None:
    initiator, messages = CONVERSATIONS[name]
    await shared.post({"model": "gpt-4o", "messages": messages, "tools": TOOLS})
    assert shared.chats()[0].header("x-initiator") == initiator


@pytest.mark.parametrize(
    ("fields", "intent"),
    [
        ({}, "conversation-panel"),
        ({"tools": []}, "conversation-panel"),
        ({"tools": TOOLS}, "conversation-agent"),
        ({"reasoning_effort": "low"}, "conversation-agent"),
    ],
)
async def test_the_intent_says_whether_an_agent_is_at_work(shared: Bench, fields: dict[str, Any], intent: str) -> None:
    await shared.chat(**fields)
    assert shared.chats()[0].header("openai-intent") == intent


TEXT = {"type": "text", "text": "what is this?"}
IMAGE = {"type": "image_url", "image_url": {"url": PIXEL}}
SEEING = {
    "the only message": [{"role": "user", "content": [TEXT, IMAGE]}],
    "an earlier message": [{"role": "user", "content": [IMAGE]}, {"role": "assistant", "content": "a cat"}, SAY],
    "a tool's result": [SAY, CALL, {**RESULT, "content": [TEXT, IMAGE]}],
    "a system message": [{"role": "system", "content": [IMAGE]}, SAY],
    "the second of two user messages": [SAY, {"role": "user", "content": [TEXT, TEXT, IMAGE]}],
}


@pytest.mark.parametrize("place", SEEING)
async def test_an_image_anywhere_is_announced(shared: Bench, place: str) -> None:
    answer = await shared.post({"model": "gpt-4o", "messages": SEEING[place]})
    assert answer.status == 200
    assert shared.chats()[0].header("copilot-vision-request") == "true"


async def test_an_image_is_not_announced_where_one_is_only_talked_of(shared: Bench) -> None:
    await shared.post(asking('{"type":"image_url","image_url":{"url":"data:image/png;base64,AA"}}'))
    assert shared.chats()[0].header("copilot-vision-request") is None


@pytest.mark.proves("T4", "promise 2")
async def test_the_log_has_neither_query_nor_prompt_nor_key(tmp_path: Path) -> None:
    async with bench(tmp_path, "-vv") as own:
        answer = await own.send(
            "POST", CHAT + "?key=canary-query", json=asking("canary-prompt"), headers={"x-api-key": "canary-key"}
        )
        await own.send("GET", "/v1/models?token=canary-query")
        await own.send("GET", "/nowhere?token=canary-query")
        assert "POST /v1/chat/completions 200" in await own.line(answer)
        assert not own.proxy.logged("canary")
        assert [request.path for request in own.chats()] == [UP]


# --- what comes down: whole answers ------------------------------------------------------------------------------


@pytest.mark.parametrize("model", VENDORS)
async def test_a_plain_answer_is_a_valid_openai_object(shared: Bench, model: str) -> None:
    answer = (await shared.chat("hello there", model=model)).json()
    assert answer["object"] == "chat.completion"
    assert isinstance(answer["created"], int)
    assert answer["created"] > 0
    (choice,) = answer["choices"]
    assert (choice["index"], choice["finish_reason"]) == (0, "stop")
    assert choice["message"]["role"] == "assistant"
    assert "hello there" in choice["message"]["content"]
    assert "padding" not in choice["message"]
    assert {"prompt_tokens", "completion_tokens", "total_tokens"} <= set(answer["usage"])


@pytest.mark.parametrize("model", VENDORS)
async def test_all_calls_of_a_plain_answer_are_in_one_message(shared: Bench, model: str) -> None:
    answer = (await shared.chat(TWO_CALLS, model=model, tools=TOOLS)).json()
    (choice,) = answer["choices"]
    calls = choice["message"]["tool_calls"]
    assert [call["function"]["name"] for call in calls] == ["look", "read"]
    assert [json.loads(call["function"]["arguments"])["what"] for call in calls[1:]] == ["the stars"]
    assert len({call["id"] for call in calls}) == 2
    assert {call["type"] for call in calls} == {"function"}
    assert "content" in choice["message"]
    assert choice["finish_reason"] == "tool_calls"


@pytest.mark.proves("F39")
async def test_several_choices_stay_several(shared: Bench) -> None:
    answer = (await shared.chat(n=3)).json()
    assert [choice["index"] for choice in answer["choices"]] == [0, 1, 2]
    assert [choice["message"]["content"].endswith("(choice 3)") for choice in answer["choices"]] == [False, False, True]


async def test_what_copilot_adds_of_its_own_comes_down(shared: Bench) -> None:
    answer = (await shared.chat("[[think]] hm", model="claude-sonnet-4.5")).json()
    message = answer["choices"][0]["message"]
    assert message["reasoning_text"]
    assert message["reasoning_opaque"]
    assert answer["copilot_usage"]


async def test_a_valid_answer_is_not_touched(shared: Bench) -> None:
    raw = (
        b'{ "id":"x","object":"chat.completion","created":1,"model":"m", "new":1.0,"choices":[{"index":0,'
        b'"message":{"role":"assistant","content":"\\u00e9"},"finish_reason":"stop"}] }'
    )
    shared.sim.inject(Fault(body=raw))
    assert (await shared.chat()).body == raw


@pytest.mark.proves("F26")
async def test_an_answer_packed_without_being_asked_is_unpacked(shared: Bench) -> None:
    plain = (
        b'{"id":"x","object":"chat.completion","created":1,"model":"m","choices":'
        b'[{"index":0,"message":{"role":"assistant","content":"hi"},"finish_reason":"stop"}]}'
    )
    headers = {"content-encoding": "gzip", "content-type": "application/json"}
    shared.sim.inject(Fault(body=gzip.compress(plain), headers=headers))
    answer = await shared.chat()
    assert answer.body == plain
    assert "content-encoding" not in answer.headers


async def test_an_answer_in_pieces_comes_down_whole(shared: Bench) -> None:
    body = asking("[[size 20000]]")
    whole = await shared.post(body)
    shared.sim.inject(Fault(split=7))
    assert {**(await shared.post(body)).json(), "created": 0} == {**whole.json(), "created": 0}


async def test_an_answer_typed_as_a_stream_is_read_for_what_it_is(shared: Bench) -> None:
    shared.sim.inject(Fault(wrong_type=True))
    answer = await shared.chat("mislabelled")
    assert "mislabelled" in answer.json()["choices"][0]["message"]["content"]
    assert answer.headers["content-type"] == "application/json"


@pytest.mark.proves("N9")
@pytest.mark.parametrize("stream", [False, True])
async def test_request_ids_and_quota_come_down_and_nothing_else_of_upstreams(shared: Bench, stream: bool) -> None:
    await shared.get("/v1/passenger/status")  # GitHub has said by now what its quota counts
    answer = await shared.chat(stream=stream)
    ours = {"cache-control", "x-accel-buffering", "transfer-encoding"}
    expected = {"x-request-id", "x-github-request-id", "x-copilot-service-request-id", "content-type", "date"}
    expected |= {"x-passenger-route", "x-passenger-overhead-ms"}
    if not stream:
        expected |= {"x-passenger-credits", "x-passenger-cost-usd", "x-passenger-cost-source"}
    expected |= {f"x-passenger-quota-{name}" for name in ("remaining", "entitlement", "unit", "reset")}
    quotas = {name.lower() for name in answer.headers if name.lower().startswith("x-quota-snapshot-")}
    assert len(quotas) == 3
    assert {name.lower() for name in answer.headers} - ours - {"content-length"} == expected | quotas


OVERHEAD = "x-passenger-overhead-ms"


@pytest.mark.parametrize("stream", [False, True])
async def test_the_overhead_that_is_told_leaves_out_what_copilot_took(shared: Bench, stream: bool) -> None:
    shared.sim.inject(Fault(delay=1.5))
    answer = await shared.chat(stream=stream)
    assert 0 < float(answer.headers[OVERHEAD]) < 1000
    shared.sim.inject(Fault(status=429))
    refused = await shared.chat(stream=stream)
    assert refused.status == 429
    assert float(refused.headers[OVERHEAD]) > 0


async def test_the_overhead_leaves_out_a_token_exchange_and_what_was_tried_in_vain(tmp_path: Path) -> None:
    async with bench(tmp_path) as own:
        own.sim.revoke_tokens()
        own.sim.inject(Fault(delay=1.5), path=EXCHANGE)
        answer = await own.chat()
        assert answer.status == 200
        assert float(answer.headers[OVERHEAD]) < 1000


QUESTIONS: dict[str, dict[str, object]] = {
    "/v1/messages/count_tokens": asking(),
    "/v1/embeddings": {"model": "text-embedding-3-small", "input": "hello"},
    "/api/chat": {"model": "gpt-4o", "messages": []},
    "/api/pull": {"model": "gpt-4o", "stream": False},
    "/api/show": {"model": "gpt-4o"},
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def unprimed(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Answer]:
    """The first answer of a server each, which had to fetch the models for it; they wait for that at the same time."""

    async def first(path: str) -> Answer:
        async with bench(tmp_path_factory.mktemp("unprimed"), primed=False) as own:
            own.sim.inject(Fault(delay=5), path="/models")
            return await own.send("POST", path, json=QUESTIONS[path])

    return dict(zip(QUESTIONS, await asyncio.gather(*map(first, QUESTIONS)), strict=True))


@pytest.mark.parametrize("path", QUESTIONS)
async def test_the_overhead_leaves_out_a_fetch_of_the_models_whatever_is_asked(
    unprimed: Mapping[str, Answer], path: str
) -> None:
    answer = unprimed[path]
    assert answer.status == 200
    assert 0 < float(answer.headers[OVERHEAD]) < 5000


# --- what comes down: streams ------------------------------------------------------------------------------------


def chunk(text: str, **more: object) -> bytes:
    choices = [{"index": 0, "delta": {"content": text}, "finish_reason": None}]
    event = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": choices, **more}
    return json.dumps(event, ensure_ascii=False).encode()


END = (
    b'{"id":"c","object":"chat.completion.chunk","created":1,"model":"m",'
    b'"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}'
)
STREAMS = {
    "plain": b"".join(b"data: %b\n\n" % data for data in (chunk("a"), chunk("b"), END, b"[DONE]")),
    "CRLF": b"".join(b"data: %b\r\n\r\n" % data for data in (chunk("a"), chunk("b"), END, b"[DONE]")),
    "CR": b"".join(b"data: %b\r\r" % data for data in (chunk("a"), chunk("b"), END, b"[DONE]")),
    "no space": b"".join(b"data:%b\n\n" % data for data in (chunk("a"), END, b"[DONE]")),
    "comments and fields": b": ping\n\n: a\nevent: x\nid: 7\nretry: 10\ndata: %b\n\n:\n\ndata: %b\n\ndata: [DONE]\n\n"
    % (chunk("a"), END),
    "many blank lines": b"\n\n\ndata: %b\n\n\n\n\ndata: %b\n\n\r\n\r\ndata: [DONE]\n\n" % (chunk("a"), END),
    "a mark at its start": b"\xef\xbb\xbfdata: %b\n\ndata: %b\n\ndata: [DONE]\n\n" % (chunk("a"), END),
    "data in lines": b'data: {"object":"chat.completion.chunk",\ndata:  "choices":[]}\n\ndata: %b\n\ndata: [DONE]\n\n'
    % END,
    "separators and emoji": b"data: %b\n\ndata: %b\n\ndata: [DONE]\n\n" % (chunk("\u2028\u2029\x85😀乗客"), END),
    "halves of an emoji": b"data: %b\n\ndata: %b\n\ndata: [DONE]\n\n"
    % (b'{"object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"\\ud83d"}}]}', END),
    "broken UTF-8": b"data: %b\n\ndata: %b\n\ndata: [DONE]\n\n"
    % (b'{"object":"x","choices":[],"b":"\xff\xf0\x9f"}', END),
    "not JSON": b"data: hello\n\ndata: {\n\ndata: %b\n\ndata: [DONE]\n\n" % END,
    "unknown events": b'event: new\ndata: {"type":"new","choices":{}}\n\ndata: [1]\n\ndata: %b\n\ndata: [DONE]\n\n'
    % END,
}
SSE = {"content-type": "text/event-stream"}
CUTS = {"whole": NONE, "byte by byte": Fault(split=True), "seven bytes": Fault(split=7)}


@pytest.mark.proves("F30")
@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("name", STREAMS)
async def test_a_stream_comes_down_byte_for_byte_wherever_the_network_cut_it(
    shared: Bench, name: str, cut: str
) -> None:
    shared.sim.inject(Fault(body=STREAMS[name], headers=SSE).over(CUTS[cut]))
    answer = await shared.stream(stream_options={"include_usage": True})
    assert answer.body == STREAMS[name]
    assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"


async def test_a_packed_stream_is_unpacked(shared: Bench) -> None:
    shared.sim.inject(Fault(body=gzip.compress(STREAMS["plain"]), headers={**SSE, "content-encoding": "gzip"}))
    answer = await shared.stream(stream_options={"include_usage": True})
    assert answer.body == STREAMS["plain"]
    assert "content-encoding" not in answer.headers


def named(event: bytes) -> bytes:
    """An event of Copilot's with the `object` that Passenger puts in front."""
    fields = event.removeprefix(b"data: {")
    return event if event == DONE else b'data: {"object":"chat.completion.chunk",' + fields


@pytest.mark.parametrize("model", VENDORS)
async def test_a_vendors_stream_comes_down_as_it_was_but_for_the_object(shared: Bench, model: str) -> None:
    body = asking("hello, you", model=model, stream=True, stream_options={"include_usage": True})
    told, came = await shared.direct(body), await shared.post(body)
    skipped = 1 if model == "gpt-4o" else 0  # Azure's first event has an empty `object`, which is filled in place
    assert came.events[skipped:] == [named(event) for event in told.events[skipped:]]
    assert came.chunks == [{**chunk, "object": "chat.completion.chunk"} for chunk in told.chunks]


DISGUISES = {
    "byte by byte": Fault(split=True),
    "seven bytes": Fault(split=7),
    "CRLF": Fault(crlf=True),
    "CRLF byte by byte": Fault(crlf=True, split=True),
    "no space": Fault(no_space=True),
    "comments": Fault(comments=True),
}


@pytest.mark.parametrize("model", VENDORS)
@pytest.mark.parametrize("name", DISGUISES)
async def test_a_vendors_stream_means_the_same_however_it_is_written(shared: Bench, model: str, name: str) -> None:
    body = asking(TWO_CALLS, model=model, stream=True, tools=TOOLS)
    plain = await shared.post(body)
    shared.sim.inject(DISGUISES[name])
    disguised = await shared.post(body)
    assert disguised.data == plain.data
    assert plain.data[-1] == b"[DONE]"
    if DISGUISES[name].split and not DISGUISES[name].crlf:
        assert disguised.body == plain.body


@pytest.mark.parametrize("gap", [b"\n", b"\r\n"])
async def test_data_in_several_lines_stays_one_event_when_it_is_changed(shared: Bench, gap: bytes) -> None:
    lines = [b'data: {"choices":[{"index":0,"delta":{"content":"a"},', b'data: "finish_reason":"stop"}]}', b"", b""]
    shared.sim.inject(Fault(body=gap.join(lines) + DONE, headers=SSE))
    (chunk,) = (await shared.stream(stream_options={"include_usage": True})).chunks
    assert chunk["object"] == "chat.completion.chunk"
    assert chunk["choices"] == [{"index": 0, "delta": {"content": "a"}, "finish_reason": "stop"}]


@pytest.mark.parametrize("empty", [b"", b'"object":"",', b'"object":null,', b'"object" : null,'])
async def test_an_event_gets_its_object_however_it_was_left_out(shared: Bench, empty: bytes) -> None:
    event = b"{ " + empty + b'"choices":[{"index":0,"delta":{"content":"a"},"finish_reason":"stop"}]}'
    shared.sim.inject(Fault(body=b"data: %b\n\n" % event + DONE, headers=SSE))
    (chunk,) = (await shared.stream(stream_options={"include_usage": True})).chunks
    assert chunk["object"] == "chat.completion.chunk"
    assert chunk["choices"][0]["delta"] == {"content": "a"}


@pytest.mark.proves("F38")
async def test_separators_inside_a_string_do_not_cut_an_event(shared: Bench) -> None:
    shared.sim.inject(Fault(unicode_separators=True, split=True))
    assert "\u2028" in (await shared.stream()).text


@pytest.mark.parametrize("model", VENDORS)
async def test_the_first_event_comes_down_while_upstream_holds_the_rest_back(shared: Bench, model: str) -> None:
    shared.sim.inject(Fault(stall_after=1))
    wire = await shared.open(asking(model=model, stream=True))
    await wire.until(b"data: ")
    await wire.until(b"\n\n")
    request = await shared.upstream()
    assert request.finished is None
    wire.abort()
    await shared.sim.closed(request)


async def test_half_an_event_is_held_back_until_it_is_whole(shared: Bench) -> None:
    first, second = b"data: %b\n\n" % chunk("a"), b"data: %b\n\n" % chunk("b")
    shared.sim.inject(Fault(body=first + second, headers=SSE, stall_after=len(first) + 20))
    wire = await shared.open(asking(stream=True))
    assert (await wire.until(b"\n\n")).endswith(first)
    request = await shared.upstream()
    await shared.chat("something else meanwhile")
    assert not wire.reader._buffer.strip(b"\r\n")  # type: ignore[attr-defined]  # what came and nobody has read
    wire.abort()
    await shared.sim.closed(request)


@pytest.mark.parametrize("model", VENDORS)
async def test_a_forgotten_end_is_added(shared: Bench, model: str) -> None:
    body = asking(model=model, stream=True)
    plain = await shared.post(body)
    shared.sim.inject(Fault(no_done=True))
    assert (await shared.post(body)).body == plain.body
    assert plain.body.endswith(DONE)
    assert plain.body.count(DONE) == 1


async def test_a_stream_ends_for_the_client_though_upstream_stays_open(shared: Bench) -> None:
    shared.sim.inject(Fault(after_done_stall=True))
    answer = await shared.stream()
    assert answer.events[-1] == DONE
    await shared.sim.closed(shared.chats()[0])
    assert "outcome=" not in await shared.line(answer)


@pytest.mark.parametrize(
    "fields", [{}, *({"stream_options": options} for options in (None, {}, {"include_usage": False}))]
)
@pytest.mark.parametrize("model", VENDORS)
async def test_usage_that_nobody_asked_for_is_recorded_and_withheld(
    shared: Bench, model: str, fields: dict[str, Any]
) -> None:
    answer = await shared.post(asking(**{"stream": True, "model": model, **fields}))
    assert shared.chats()[0].json()["stream_options"]["include_usage"] is True
    assert answer.text
    assert not any(chunk.get("usage") for chunk in answer.chunks)
    line = await shared.line(answer)
    assert "input=" in line
    assert "output=0" not in line


async def test_usage_that_was_asked_for_comes_down(shared: Bench) -> None:
    answer = await shared.stream(stream_options={"include_usage": True})
    assert answer.chunks[-1]["choices"] == []
    assert answer.chunks[-1]["usage"]["total_tokens"] > 0


@pytest.mark.parametrize("model", VENDORS)
async def test_usage_that_was_asked_for_comes_down_as_it_came(shared: Bench, model: str) -> None:
    body = asking(stream=True, model=model, stream_options={"include_usage": True})
    told = [chunk.get("usage") for chunk in (await shared.post(body)).chunks]
    assert told[-1]["total_tokens"] > 0
    assert told == [chunk.get("usage") for chunk in (await shared.direct(body)).chunks]


@pytest.mark.proves("F39")
@pytest.mark.parametrize("model", VENDORS)
async def test_parallel_calls_are_numbered_in_a_stream(shared: Bench, model: str) -> None:
    answer = await shared.stream(TWO_CALLS, model=model, tools=TOOLS)
    calls: dict[int, dict[str, str]] = {}
    for piece in answer.chunks:
        for choice in piece["choices"]:
            for call in choice["delta"].get("tool_calls") or ():
                known = calls.setdefault(call["index"], {"name": "", "id": "", "arguments": ""})
                known["id"] += call.get("id") or ""
                known["name"] += call["function"].get("name") or ""
                known["arguments"] += call["function"].get("arguments") or ""
    assert [calls[index]["name"] for index in sorted(calls)] == ["look", "read"]
    assert sorted(calls) == [0, 1]
    assert json.loads(calls[0]["arguments"]) == {"at": "the sky, slowly and for a long time"}
    assert json.loads(calls[1]["arguments"]) == {"what": "the stars"}
    assert calls[0]["id"] != calls[1]["id"]


async def test_every_choice_of_a_stream_comes_down_to_its_end(shared: Bench) -> None:
    answer = await shared.stream(n=3)
    finished = [c["index"] for chunk in answer.chunks for c in chunk["choices"] if c.get("finish_reason")]
    assert sorted(finished) == [0, 1, 2]
    assert answer.events[-1] == DONE


@pytest.mark.proves("F31")
async def test_a_very_large_event_and_very_many_small_ones_come_down(shared: Bench) -> None:
    large = b"data: %b\n\n" % chunk("x" * 8_000_000)
    many = b"".join(b"data: %b\n\n" % chunk(str(number)) for number in range(5000))
    stream = large + many + b"data: %b\n\ndata: [DONE]\n\n" % END
    shared.sim.inject(Fault(body=stream, headers=SSE))
    assert (await shared.stream(stream_options={"include_usage": True})).body == stream


@pytest.mark.proves("F37", "promise 8")
async def test_a_client_that_does_not_read_makes_upstream_wait(shared: Bench) -> None:
    before = resident(shared.proxy.pid)
    shared.sim.inject(Fault(body=b"data: %b\n\n" % chunk("x" * 4000) * 10_000, headers=SSE))
    wire = await shared.open(asking(stream=True))
    wire.writer.transport.pause_reading()  # type: ignore[attr-defined]  # a socket's transport can be read from
    request = await shared.upstream()
    for _ in range(60):
        assert (await shared.chat("meanwhile")).status == 200
    assert request.finished is None
    assert resident(shared.proxy.pid) - before < 24_000_000
    wire.abort()
    await shared.sim.closed(request)


def resident(pid: int) -> int:
    """Bytes of memory that a process has."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096


async def test_one_line_is_logged_for_a_request(shared: Bench) -> None:
    answer = await shared.stream()
    line = await shared.line(answer)
    for field in ("POST /v1/chat/completions 200", "model=gpt-4o", "stream=true", "initiator=user", "ms="):
        assert field in line
    await eventually(lambda: shared.sim.active == 0)
    assert len(shared.proxy.logged(answer.headers["x-request-id"])) == 1
