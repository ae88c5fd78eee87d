"""An ASGI application is served as its specification says, in whatever way it behaves itself."""

import asyncio
import logging
from collections.abc import AsyncIterator

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from passenger.limits import Limits
from tests.server.loops import LOOPS, run, serving

LOOP = pytest.mark.parametrize("loop", LOOPS)
CLOSE = b"Host: a\r\nConnection: close\r\n"
START: Message = {"type": "http.response.start", "status": 200, "headers": []}


async def asked(app: ASGIApp, sent: bytes, limits: Limits | None = None) -> bytes:
    """What comes back until the server closes."""
    async with serving(app, limits) as (port, _), asyncio.timeout(30):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(sent)
        try:
            return await reader.read()
        finally:
            writer.close()


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    body, more = b"", True
    while more:
        message = await receive()
        body, more = body + message["body"], message["more_body"]
    await send({"type": "http.response.start", "status": 200, "headers": [(b"Content-Length", b"%d" % len(body))]})
    await send({"type": "http.response.body", "body": body})


# --- bodies ------------------------------------------------------------------------------------------------------


@LOOP
@pytest.mark.parametrize("size", [0, 1, 70_000, 600_000, 3_000_000])
def test_a_body_of_any_size_goes_there_and_back(size: int, loop: str) -> None:
    async def main() -> None:
        body = bytes(range(256)) * (size // 256 + 1)
        sent = b"POST / HTTP/1.1\r\n%bContent-Length: %d\r\n\r\n" % (CLOSE, size) + body[:size]
        head, _, back = (await asked(echo, sent)).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200 OK\r\n")
        assert back == body[:size]

    run(loop, main())


@LOOP
def test_who_waits_to_be_told_to_send_is_told(loop: str) -> None:
    async def main() -> None:
        async with serving(echo) as (port, _), asyncio.timeout(30):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"POST / HTTP/1.1\r\n%bContent-Length: 3\r\nExpect: 100-continue\r\n\r\n" % CLOSE)
            assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
            writer.write(b"abc")
            assert (await reader.read()).endswith(b"\r\n\r\nabc")
            writer.close()

    run(loop, main())


@LOOP
def test_a_stream_of_any_size_waits_for_a_client_that_reads_slowly(loop: str) -> None:
    sent = 0

    async def pour(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal sent
        await send(START)
        for _ in range(400):
            await send({"type": "http.response.body", "body": bytes(100_000), "more_body": True})
            sent += 100_000
        await send({"type": "http.response.body"})

    async def main() -> None:
        async with serving(pour) as (port, connections), asyncio.timeout(60):
            reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=10_000)
            writer.write(b"GET / HTTP/1.1\r\n%b\r\n" % CLOSE)
            await reader.readuntil(b"\r\n\r\n")
            while not (connections and next(iter(connections)).out.is_full):
                await asyncio.sleep(0)
            for _ in range(100):
                await asyncio.sleep(0)
            waits = next(iter(connections)).transport.get_write_buffer_size()
            assert waits < 400_000
            assert sent < 40_000_000
            size, tail = 0, b""
            while data := await reader.read(1_000_000):
                size, tail = size + len(data), data[-5:]
            assert size > 40_000_000
            assert b"0\r\n\r\n".endswith(tail)
            writer.close()

    run(loop, main())


# --- applications that fail --------------------------------------------------------------------------------------


async def fail_at_once(_scope: Scope, _receive: Receive, _send: Send) -> None:
    raise LookupError("on purpose")


async def fail_half_way(_scope: Scope, _receive: Receive, send: Send) -> None:
    await send(START)
    await send({"type": "http.response.body", "body": b"abc", "more_body": True})
    raise LookupError("on purpose")


async def do_nothing(_scope: Scope, _receive: Receive, _send: Send) -> None:
    pass


async def stop_half_way(_scope: Scope, _receive: Receive, send: Send) -> None:
    await send(START)
    await send({"type": "http.response.body", "body": b"abc", "more_body": True})


async def begin_in_the_middle(_scope: Scope, _receive: Receive, send: Send) -> None:
    await send({"type": "http.response.body", "body": b"abc"})


async def split_a_header(_scope: Scope, _receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"x", b"y\r\nset-cookie: a")]})


FAILING: list[tuple[ASGIApp, bool, str]] = [
    (fail_at_once, False, "on purpose"),
    (fail_half_way, True, "on purpose"),
    (do_nothing, False, "unfinished"),
    (stop_half_way, True, "unfinished"),
    (begin_in_the_middle, False, "before the answer has begun"),
    (split_a_header, False, "the end of a line"),
]


@LOOP
@pytest.mark.parametrize(("app", "begun", "said"), FAILING, ids=lambda value: getattr(value, "__name__", ""))
def test_an_application_that_fails_is_a_500_or_an_answer_without_an_end(
    app: ASGIApp, begun: bool, said: str, loop: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        answer = await asked(app, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        if begun:
            assert answer.endswith(b"\r\n\r\n3\r\nabc\r\n")
        else:
            assert answer.startswith(b"HTTP/1.1 500 ")
            assert answer.endswith(b"\r\n\r\nInternal Server Error")

    run(loop, main())
    assert [record.levelno for record in caplog.records if record.name.startswith("passenger")] == [logging.ERROR]
    assert said in caplog.text


# --- clients that leave ------------------------------------------------------------------------------------------


def waiting() -> tuple[ASGIApp, list[str]]:
    """An application that begins an answer, waits until its client has left, and notes that it has."""
    told = list[str]()

    async def app(_scope: Scope, receive: Receive, send: Send) -> None:
        while (await receive())["more_body"]:
            pass
        await send(START)
        assert (await receive())["type"] == "http.disconnect"
        await send({"type": "http.response.body", "body": b"for nobody"})
        told.append("gone")

    return app, told


@LOOP
@pytest.mark.parametrize("size", [0, 1000, 300_000])
@pytest.mark.parametrize("half", [False, True])
def test_an_application_hears_that_its_client_has_left(size: int, half: bool, loop: str) -> None:
    async def main() -> None:
        app, told = waiting()
        async with serving(app) as (port, connections), asyncio.timeout(30):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % size + bytes(size))
            await reader.readuntil(b"\r\n\r\n")
            if half:
                writer.write_eof()
            else:
                writer.close()
            while not told or connections:
                await asyncio.sleep(0)
            writer.close()

    run(loop, main())


@LOOP
def test_a_client_that_leaves_while_it_sends_is_told_to_who_reads(loop: str) -> None:
    told = list[str]()

    async def app(_scope: Scope, receive: Receive, _send: Send) -> None:
        while (message := await receive())["type"] != "http.disconnect":
            assert message["more_body"]
        told.append("gone")

    async def main() -> None:
        async with serving(app) as (port, _), asyncio.timeout(30):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nabc")
            await writer.drain()
            writer.close()
            while not told:
                await asyncio.sleep(0)

    run(loop, main())


@LOOP
def test_an_application_that_is_cancelled_leaves_no_whole_answer(loop: str) -> None:
    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send(START)
        task = asyncio.current_task()
        assert task is not None
        task.cancel()
        await asyncio.sleep(0)

    async def main() -> None:
        answer = await asked(app, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        assert answer.endswith(b"\r\n\r\n")
        assert b"0\r\n\r\n" not in answer

    run(loop, main())


# --- Starlette ---------------------------------------------------------------------------------------------------


async def words() -> AsyncIterator[bytes]:
    for word in (b"one ", b"two ", b"three"):
        yield word
        await asyncio.sleep(0)


async def page(request: Request) -> Response:
    return PlainTextResponse(f"{request.method} {request.url.path} {request.query_params['a']}")


async def stream(_request: Request) -> Response:
    return StreamingResponse(words())


PAGES = Starlette(routes=[Route("/page", page), Route("/stream", stream)])


@LOOP
@pytest.mark.parametrize(
    ("method", "path", "status", "end"),
    [
        ("GET", "/page?a=b%20c", 200, b"\r\n\r\nGET /page b c"),
        ("HEAD", "/page?a=b", 200, b"\r\n\r\n"),
        ("GET", "/stream", 200, b"\r\n\r\n4\r\none \r\n4\r\ntwo \r\n5\r\nthree\r\n0\r\n\r\n"),
        ("GET", "/nowhere", 404, b"\r\n\r\nNot Found"),
        ("POST", "/page", 405, b"\r\n\r\nMethod Not Allowed"),
    ],
)
def test_starlette_is_at_home(method: str, path: str, status: int, end: bytes, loop: str) -> None:
    async def main() -> None:
        answer = await asked(PAGES, f"{method} {path} HTTP/1.1\r\n".encode() + CLOSE + b"\r\n")
        assert answer.startswith(b"HTTP/1.1 %d " % status)
        assert answer.endswith(end)

    run(loop, main())
