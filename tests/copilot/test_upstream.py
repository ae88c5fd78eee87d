"""What is sent to Copilot, what is tried again, and how an answer is taken, on a server that says just these bytes."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import cast

import pytest

from passenger.account.session import Session
from passenger.copilot.call import Call, Operation
from passenger.copilot.upstream import Copilot, Reply
from passenger.errors import Failure
from passenger.exchange import Exchange
from passenger.net.client import client
from tests.net.scripted import Play, Scripted, closing, scripted, then_silent
from tests.proxy import eventually

OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nX-Request-Id: r\r\nServer: s\r\n"
NO_SESSION = cast("Session", None)
SHORT = OK + b"Content-Length: 2\r\n\r\nok"


@contextlib.asynccontextmanager
async def asking(*answers: bytes | Play) -> AsyncIterator[tuple[Copilot, Scripted]]:
    async with scripted(*answers) as server, client(connect_timeout=20) as http:
        yield Copilot(NO_SESSION, http), server


def call(server: Scripted, idle: float = 60.0) -> Call:
    """A call that needs no access."""
    return Call(Operation.CHAT, server.url, b"{}", first_byte=60.0, idle=idle, is_anonymous=True)


def exchange() -> Exchange:
    return Exchange("POST", "/v1/chat/completions")


class Cup:
    def __init__(self) -> None:
        self.pieces: list[bytes] = []
        self.ends: list[Exception | None] = []

    def piece(self, data: bytes) -> None:
        self.pieces.append(data)

    def ended(self, error: Exception | None) -> None:
        self.ends.append(error)


async def poured(reply: Reply) -> Cup:
    cup = Cup()
    reply.pour(cup)
    await eventually(lambda: cup.ends)
    return cup


async def test_a_reply_has_its_status_its_type_and_the_headers_that_go_down() -> None:
    async with asking(SHORT) as (copilot, server):
        sent = exchange()
        with await copilot.send(call(server), sent) as reply:
            assert (reply.status, reply.content_type) == (200, "text/event-stream")
            assert (reply.headers, reply.host) == ((("x-request-id", "r"),), "127.0.0.1")
            assert await reply.read() == b"ok"
        assert (sent.upstream, sent.attempts, sent.retries) == ("127.0.0.1", 1, [])
        assert sent.upstream_ids == ("r",)
        assert f"X-Request-Id: {sent.id}\r\n".encode() in server.asked[0]
        assert b"Accept-Encoding: identity\r\n" in server.asked[0]


async def test_a_reply_is_poured() -> None:
    async with asking(SHORT) as (copilot, server):
        cup = await poured(await copilot.send(call(server), exchange()))
    assert (b"".join(cup.pieces), cup.ends) == (b"ok", [None])


@pytest.mark.parametrize(
    ("play", "code"),
    [
        (closing(OK + b"Content-Length: 9\r\n\r\nok"), "stream_broken"),
        (then_silent(OK + b"Content-Length: 9\r\n\r\nok"), "upstream_timeout"),
        (closing(OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\nzz"), "upstream_protocol"),
    ],
)
async def test_a_break_is_a_failure_however_the_reply_is_taken(play: Play, code: str) -> None:
    async with asking(play) as (copilot, server):
        cup = await poured(await copilot.send(call(server, idle=0.5), exchange()))
        assert b"".join(cup.pieces) == b"ok"
        (failure,) = cup.ends
        assert isinstance(failure, Failure)
        assert failure.code == code
        with await copilot.send(call(server, idle=0.5), exchange()) as reply:
            assert await reply.piece() == b"ok"
            with pytest.raises(Failure) as caught:
                await reply.piece()
            assert caught.value.code == code


@pytest.mark.proves("F24")
async def test_a_stale_connection_is_tried_once_more_on_a_new_one() -> None:
    async with asking(SHORT, closing(), SHORT) as (copilot, server):
        for retries in ([], ["stale connection"]):
            sent = exchange()
            with await copilot.send(call(server), sent) as reply:
                assert await reply.read() == b"ok"
            assert (sent.retries, sent.attempts) == (retries, 1 + len(retries))
        assert server.connections == 2


async def test_what_was_not_stale_is_never_sent_again() -> None:
    async with asking(closing()) as (copilot, server):
        with pytest.raises(Failure) as caught:
            await copilot.send(call(server), exchange())
        assert (caught.value.code, len(server.asked)) == ("upstream_disconnected", 1)


@pytest.mark.proves("F23")
async def test_what_cannot_be_connected_to_is_tried_twice() -> None:
    async with asking(SHORT) as (_, server):
        pass
    async with client(connect_timeout=20) as http:
        sent = exchange()
        with pytest.raises(Failure) as caught:
            await Copilot(NO_SESSION, http).send(call(server), sent)
        assert (caught.value.code, sent.attempts, sent.retries) == ("upstream_unreachable", 2, ["connect"])


async def test_a_url_that_is_none_is_a_failure_that_says_so() -> None:
    async with client(connect_timeout=20) as http:
        for url in ("copilot.test/models", "https://[::1/", "ftp://x.test/"):
            asked = Call(Operation.LIST_MODELS, url, is_anonymous=True)
            with pytest.raises(Failure, match="URL"):
                await Copilot(NO_SESSION, http).send(asked, exchange())


async def test_a_request_that_is_given_up_is_given_up_upstream() -> None:
    async with asking(then_silent()) as (copilot, server):
        task = asyncio.create_task(copilot.send(call(server), exchange()))
        await eventually(lambda: server.asked)
        task.cancel()
        await eventually(lambda: server.open == 0)
        assert task.cancelled()
