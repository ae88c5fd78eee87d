"""Errors, judged from outside: Copilot's keep their meaning, the client's own are named, ours name the layer."""

import asyncio
import contextlib
import json
import re
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from passenger.simulator import Fault
from passenger.simulator.refusals import BY_STATUS, CATALOGUE, Refusal
from tests.server.bench import CHAT, HEAD, Bench, asking, bench

pytestmark = pytest.mark.asyncio(loop_scope="module")

HI = [{"role": "user", "content": "hi"}]


# --- Copilot's own errors ----------------------------------------------------------------------------------------


def assert_as_it_was(answer: Any, refusal: Refusal, request_id: str | None) -> None:
    assert answer.status == refusal.status
    assert refusal.message in answer.error["message"]
    assert answer.error["code"] == (refusal.code or None)
    assert answer.error["param"] == refusal.param
    assert refusal.type in {None, answer.error["type"]}
    sent = {name: value for name, value in refusal.headers if name in {"retry-after", "x-ratelimit-exceeded"}}
    assert {name: answer.headers.get(name) for name in ("retry-after", "x-ratelimit-exceeded") if name in sent} == sent
    assert ("retry-after" in answer.headers) == ("retry-after" in sent)
    assert answer.headers["x-request-id"] == request_id
    assert answer.headers["x-github-request-id"]


@pytest.mark.proves("F22")
@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("code", [code for code in CATALOGUE if code != "model_max_prompt_tokens_exceeded"])
async def test_an_error_with_a_code_keeps_all_it_says(shared: Bench, code: str, stream: bool) -> None:
    shared.sim.inject(Fault(code=code))
    answer = await shared.chat(stream=stream)
    assert_as_it_was(answer, CATALOGUE[code], shared.chats()[0].header("x-request-id"))
    assert len(shared.chats()) == 1


@pytest.mark.parametrize("stream", [False, True])
async def test_a_prompt_that_is_too_long_is_said_in_openais_words(shared: Bench, stream: bool) -> None:
    shared.sim.inject(Fault(code="model_max_prompt_tokens_exceeded"))
    answer = await shared.chat(stream=stream)
    assert answer.status == 400
    assert answer.error["code"] == "context_length_exceeded"
    assert answer.error["message"].startswith("This model's maximum context length is 12288 tokens. However, your")


@pytest.mark.proves("F22")
@pytest.mark.parametrize("status", sorted(set(BY_STATUS) - {401, 421}))
async def test_an_error_without_a_code_keeps_its_status_and_its_words(shared: Bench, status: int) -> None:
    shared.sim.inject(Fault(status=status))
    answer = await shared.chat()
    assert answer.status == status
    assert BY_STATUS[status].message in answer.error["message"]
    assert answer.headers["x-request-id"] == shared.chats()[0].header("x-request-id")


@pytest.mark.proves("F20")
@pytest.mark.parametrize("wait", ["0", "7", "86400", "Wed, 21 Oct 2026 07:28:00 GMT"])
@pytest.mark.parametrize("status", [429, 503])
async def test_how_long_to_wait_is_passed_on_once_and_unchanged(shared: Bench, status: int, wait: str) -> None:
    shared.sim.inject(Fault(status=status, headers={"Retry-After": wait}))
    answer = await shared.chat(stream=True)
    assert answer.status == status
    assert answer.headers.getall("retry-after") == [wait]


BODIES = {
    "nothing": (b"", "503"),
    "an error that is a text": (b'{"error":"out of order"}', "out of order"),
    "a message alone": (b'{"message":"out of order"}', "out of order"),
    "plain text": (b"out of order", "out of order"),
    "a number for a code": (b'{"error":{"message":"out of order","code":503}}', "out of order"),
    "bytes that are no text": (b"\xff\xfe\x00out of order", "out of order"),
    "a list": (b"[1, 2]", "[1, 2]"),
    "null": (b"null", "null"),
    "a message that is an object": (b'{"error":{"message":{"a":"out of order"}}}', "out of order"),
    "other types everywhere": (b'{"error":{"message":"out of order","param":7,"type":[]}}', "out of order"),
    "a very deep one": (b'{"error":' * 50_000, "error"),
    "a very long one": (b"out of order " * 200_000, "out of order"),
}


@pytest.mark.proves("F21")
@pytest.mark.parametrize("name", BODIES)
async def test_an_error_of_any_shape_becomes_openais(shared: Bench, name: str) -> None:
    body, words = BODIES[name]
    shared.sim.inject(Fault(status=503, body=body))
    answer = await shared.chat()
    assert answer.status == 503
    assert words in answer.error["message"]
    assert len(answer.body) < 100_000
    assert all(answer.error[name] is None or isinstance(answer.error[name], str) for name in ("code", "param", "type"))


async def test_an_error_that_breaks_off_keeps_its_status(shared: Bench) -> None:
    shared.sim.inject(Fault(code="rate_limited", cut_after=5))
    answer = await shared.chat()
    assert answer.status == 429
    assert answer.headers["retry-after"] == "2"
    assert answer.error


async def test_a_failed_request_is_logged_with_its_reason(shared: Bench) -> None:
    shared.sim.inject(Fault(code="quota_exceeded"))
    line = await shared.line(await shared.chat())
    for field in ("WARNING POST /v1/chat/completions 402", "outcome=failed", "code=quota_exceeded", "no quota"):
        assert field in line


# --- the client's own errors -------------------------------------------------------------------------------------


def body(**fields: object) -> bytes:
    return json.dumps({"model": "gpt-4o", "messages": HI, **fields}).encode()


MISTAKES: dict[str, tuple[bytes, str | None, str]] = {
    "nothing": (b"", None, "JSON"),
    "no JSON": (b"hello", None, "JSON"),
    "half a JSON": (b'{"model":"gpt-4o"', None, "JSON"),
    "two JSONs": (body() + body(), None, "JSON"),
    "not a number": (b'{"model":"gpt-4o","messages":[{"role":"user","content":"x"}],"top_p":NaN}', None, "NaN"),
    "broken UTF-8": (b'{"model":"gpt-4o","messages":[{"role":"user","content":"\xff"}]}', None, "UTF-8"),
    "a list": (b"[]", None, "object"),
    "null": (b"null", None, "object"),
    "a text": (b'"hi"', None, "object"),
    "no model": (json.dumps({"messages": HI}).encode(), "model", "model"),
    "no messages": (b'{"model":"gpt-4o"}', "messages", "messages"),
    "an empty model": (body(model=""), "model", "model"),
    "no message": (body(messages=[]), "messages", "messages"),
    "a model that is a number": (body(model=4), "model", "str"),
    "a model that is null": (body(model=None), "model", "str"),
    "messages that are a text": (body(messages="hi"), "messages", "array"),
    "messages that are null": (body(messages=None), "messages", "array"),
    "a message that is a text": (body(messages=["hi"]), "messages[0]", "object"),
    "a message of nobody": (body(messages=[*HI, {"content": "hi"}]), "messages[1]", "role"),
    "a role that is a number": (body(messages=[{"role": 1, "content": "x"}]), "messages[0].role", "str"),
    "content that is a number": (body(messages=[{"role": "user", "content": 1}]), "messages[0].content", "int"),
    "content that is an object": (body(messages=[{"role": "user", "content": {}}]), "messages[0].content", "object"),
    "a part that is a text": (body(messages=[{"role": "user", "content": ["x"]}]), "messages[0].content[0]", "object"),
    "a stream that is a text": (body(stream="yes"), "stream", "bool"),
    "stream options that are a list": (body(stream_options=[]), "stream_options", "object"),
    "tools that are an object": (body(tools={}), "tools", "array"),
    "a deep bomb": (b"[" * 200_000, None, ""),
    "a deep bomb in messages": (b'{"model":"gpt-4o","messages":' + b"[" * 200_000, None, "nested"),
    "a deep bomb in an unknown field": (body()[:-1] + b',"new":' + b'{"a":' * 200_000, None, ""),
    "a deep bomb that is valid": (body()[:-1] + b',"new":' + b"[" * 200_000 + b"]" * 200_000 + b"}", None, ""),
}


@pytest.mark.parametrize("name", MISTAKES)
async def test_a_mistake_is_named_and_costs_no_call(shared: Bench, name: str) -> None:
    raw, param, words = MISTAKES[name]
    answer = await shared.post(raw)
    assert 400 <= answer.status < 500
    assert answer.error["type"] == "invalid_request_error"
    assert answer.error["param"] == param
    assert words in answer.error["message"]
    assert "$" not in answer.error["message"]
    assert shared.sim.requests == []


async def test_an_unknown_model_costs_no_call_and_names_the_nearest(shared: Bench) -> None:
    answer = await shared.chat(model="gpt-4x")
    assert answer.status == 404
    assert (answer.error["code"], answer.error["param"]) == ("model_not_found", "model")
    assert "gpt-4" in answer.error["message"].partition("Nearest")[2]
    assert shared.chats() == []


@pytest.mark.parametrize("path", ["/v2", "/v2/chat/completions", "/v1/chat", "/token"])
async def test_an_unknown_path_is_a_404(shared: Bench, path: str) -> None:
    for method in ("GET", "POST"):
        answer = await shared.send(method, path, json=asking(), allow_redirects=False)
        assert answer.status == 404
        assert answer.error["code"] == "unknown_url"
    assert shared.sim.requests == []


async def test_a_slash_too_many_is_not_answered_with_a_redirect(shared: Bench) -> None:
    answer = await shared.send("POST", CHAT + "/", json=asking(), allow_redirects=False)
    assert answer.status in {200, 404}


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", CHAT, "POST"),
        ("PUT", CHAT, "POST"),
        ("DELETE", "/chat/completions", "POST"),
        ("POST", "/v1/models", "GET"),
        ("POST", "/health", "GET"),
        ("DELETE", "/v1/models/gpt-4o", "GET"),
    ],
)
async def test_a_wrong_method_is_told_the_right_one(shared: Bench, method: str, path: str, allowed: str) -> None:
    answer = await shared.send(method, path)
    assert answer.status == 405
    assert allowed in answer.headers["allow"]
    assert answer.error["code"] == "method_not_allowed"
    assert shared.sim.requests == []


@pytest.mark.proves("N6")
@pytest.mark.parametrize("length", [33_554_433, 10**12, 10**30])
async def test_a_body_that_says_it_is_too_large_is_refused_unread(shared: Bench, length: int) -> None:
    wire = await shared.dial(f"{HEAD}Content-Length: {length}\r\n\r\n".encode())
    status = await wire.until(b"\r\n")
    assert re.match(rb"HTTP/1.1 4(13|00) ", status)
    assert shared.sim.requests == []


PIECE = b"1000\r\n" + b"x" * 4096 + b"\r\n"


@pytest.mark.proves("N6")
async def test_a_body_that_turns_out_too_large_is_refused(tmp_path: Path) -> None:
    async with bench(tmp_path, config="[limits]\nmax_body = 5000\n") as own:
        start = f"{HEAD}Transfer-Encoding: chunked\r\n\r\n".encode()
        for rest in (PIECE * 100, PIECE * 2, PIECE * 2 + b"0\r\n\r\n"):
            wire = await own.dial(start + rest)
            assert (await wire.until(b"\r\n")).startswith(b"HTTP/1.1 413 ")
            assert b"max_body" in await wire.until(b"max_body")
        assert (await own.chat("x" * 4000)).status == 200
        answer = await own.chat("x" * 5000)
        assert answer.status == 413
        assert answer.error["code"] == "request_too_large"
        assert len(own.chats()) == 1


async def test_a_large_body_that_is_allowed_goes_up_whole(shared: Bench) -> None:
    raw = json.dumps(asking("x" * 4_000_000)).encode()
    await shared.post(raw)
    assert shared.chats()[0].body == raw


@pytest.mark.parametrize("length", ["abc", "-1", "1_0", "+5", "5, 6", "\u0665"])
async def test_a_length_that_is_none_is_a_400(shared: Bench, length: str) -> None:
    wire = await shared.dial(f"{HEAD}Content-Length: {length}\r\n\r\n".encode() + b"hello world")
    assert (await wire.until(b"\r\n")).startswith(b"HTTP/1.1 400 ")
    assert shared.sim.requests == []


@pytest.mark.parametrize("text", ["GARBAGE\r\n\r\n", "\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", "GET / HTTP/9.9\r\n\r\n"])
async def test_what_is_not_http_is_a_400_and_harms_nobody(shared: Bench, text: str) -> None:
    wire = await shared.dial(text.encode())
    assert (await wire.rest()).startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 505 "))
    assert (await shared.chat()).status == 200


async def test_a_length_and_chunks_at_once_reach_nobody_behind_our_back(shared: Bench) -> None:
    hidden = b"POST /chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n"
    both = f"{HEAD}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
    wire = await shared.dial(both + b"0\r\n\r\n" + hidden)
    assert (await wire.until(b"\r\n")).startswith(b"HTTP/1.1 400 ")
    assert shared.sim.requests == []


# --- Copilot cannot be reached -----------------------------------------------------------------------------------


@contextlib.asynccontextmanager
async def away(directory: Path, url: str, settings: str = "") -> AsyncIterator[Bench]:
    """A proxy that is told that the Copilot API is there."""
    config = f'[copilot]\napi_base_url = "{url}"\n{settings}'
    async with bench(directory, config=config, primed=False) as own:
        yield own


async def assert_unreachable(own: Bench, status: int, layer: str, host: str) -> None:
    for stream in (False, True):
        answer = await own.chat(stream=stream)
        assert answer.status == status
        assert f"({layer})" in answer.error["message"]
        assert host in answer.error["message"]
        assert "outcome=failed" in await own.line(answer)
    assert (await own.get("/health")).status == 200


@pytest.mark.proves("F23")
async def test_a_port_where_nobody_listens_is_a_502_that_names_tcp(tmp_path: Path) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        async with away(tmp_path, f"http://127.0.0.1:{closed.getsockname()[1]}") as own:
            await assert_unreachable(own, 502, "TCP", "127.0.0.1")


@pytest.mark.proves("F23")
async def test_a_name_that_nobody_knows_is_a_502_that_names_dns(tmp_path: Path) -> None:
    async with away(tmp_path, "https://copilot.invalid") as own:
        await assert_unreachable(own, 502, "DNS", "copilot.invalid")


@pytest.mark.proves("F23")
async def test_a_server_without_tls_is_a_502_that_names_tls(tmp_path: Path) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(5)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server, away(tmp_path, url) as own:
        await assert_unreachable(own, 502, "TLS", "127.0.0.1")


@pytest.mark.proves("F23")
async def test_a_server_that_takes_no_connection_is_a_504_that_names_tcp(tmp_path: Path) -> None:
    with socket.socket() as deaf, socket.socket() as first, socket.socket() as second:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen(0)
        for waiting in (first, second):  # fill its queue: whoever comes later gets no answer at all
            waiting.setblocking(False)
            waiting.connect_ex(deaf.getsockname())
        url = f"http://127.0.0.1:{deaf.getsockname()[1]}"
        async with away(tmp_path, url, "[upstream]\nconnect_timeout = 0.3\n") as own:
            await assert_unreachable(own, 504, "TCP", "127.0.0.1")
