"""Requests to a server that says exactly what a test wants, on each event loop."""

import asyncio
import contextlib
import gc
import gzip
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from passenger.net.client import HttpClient, client
from passenger.net.exceptions import (
    BrokenConnectionError,
    DisconnectedError,
    IncompleteBodyError,
    NetworkError,
    ProtocolError,
    StaleConnectionError,
    UnconnectedError,
)
from passenger.net.response import HttpResponse
from tests.net.loops import on_each_loop
from tests.net.scripted import Play, Scripted, closing, in_pieces, resetting, scripted, then_silent
from tests.proxy import eventually
from tests.tunnel import door

OK = b"HTTP/1.1 200 OK\r\n"
SHORT = OK + b"Content-Length: 2\r\n\r\nok"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
MUCH = 1_000_000


@contextlib.asynccontextmanager
async def asking(*answers: bytes | Play) -> AsyncIterator[tuple[HttpClient, Scripted]]:
    async with scripted(*answers) as server, client(connect_timeout=20) as http:
        yield http, server


async def got(http: HttpClient, url: str, **options: float) -> bytes:
    """The body of an answer, and its connection given back."""
    response = await http.request("GET", url, {}, **options)  # type: ignore[arg-type]  # seconds, all of them
    return await whole(response)


async def whole(response: HttpResponse) -> bytes:
    body = b""
    while piece := await response.piece():
        body += piece
    return body


# --- what goes up ------------------------------------------------------------------------------------------------


@on_each_loop
async def test_a_request_goes_up_with_its_headers_and_its_body() -> None:
    async with asking(SHORT) as (http, server):
        headers = {"Authorization": "Bearer x", "X-Name": "schön"}
        response = await http.request("POST", f"{server.url}a b?c=d", headers, b"body")
        assert (response.status, response.host, await whole(response)) == (200, "127.0.0.1", b"ok")
    head, _, body = server.asked[0].partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    assert lines[:2] == ["POST /a%20b?c=d HTTP/1.1", f"Host: 127.0.0.1:{server.port}"]
    assert set(lines[2:]) == {"Accept: */*", "Authorization: Bearer x", "X-Name: schön", "Content-Length: 4"}
    assert body == b"body"


@on_each_loop
async def test_a_body_of_any_size_goes_up_whole() -> None:
    async with asking(SHORT) as (http, server):
        for size in (0, 1, 65_536, 65_537, 5_000_000):
            await whole(await http.request("POST", server.url, {}, b"x" * size))
            assert server.asked[-1].endswith(b"Content-Length: %d\r\n\r\n" % size + b"x" * size)
        assert server.connections == 1


@pytest.mark.proves("N9")
@pytest.mark.parametrize("value", ["a\r\nX: b", "a\nb", "a\rb", "a\0b"])
@on_each_loop
async def test_a_header_of_two_lines_is_never_sent(value: str) -> None:
    async with asking(SHORT) as (http, server):
        with pytest.raises(ValueError, match="line break"):
            await http.request("GET", server.url, {"X-Name": value})
    assert server.asked == []


# --- pulling -----------------------------------------------------------------------------------------------------


@on_each_loop
async def test_an_answer_that_is_there_at_once_is_known_to_have_ended() -> None:
    async with asking(SHORT) as (http, server):
        response = await http.request("GET", server.url, {})
        assert response.has_ended
        assert response.header("content-length") == "2"
        assert (await response.piece(), await response.piece()) == (b"ok", b"")


@on_each_loop
async def test_what_comes_at_once_is_one_piece() -> None:
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(word), word) for word in (b"a", b"bc", b"def")) + b"0\r\n\r\n"
    async with asking(CHUNKED + chunks) as (http, server):
        response = await http.request("GET", server.url, {})
        assert await response.piece() == b"abcdef"


@on_each_loop
async def test_a_body_comes_whole_however_it_was_cut() -> None:
    said = CHUNKED + b"2\r\nok\r\n0\r\nX: y\r\n\r\n"
    async with asking(in_pieces(said[at : at + 1] for at in range(len(said))), SHORT) as (http, server):
        assert await got(http, server.url) == b"ok"
        assert await got(http, server.url) == b"ok"
        assert server.connections == 1


@pytest.mark.proves("F37", "promise 8")
@on_each_loop
async def test_whoever_does_not_pull_stops_the_network() -> None:
    sent = 0

    async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(OK + b"\r\n")
        while True:
            writer.write(b"x" * 65_536)
            await writer.drain()
            sent += 65_536

    async with asking(endless) as (http, server):
        response = await http.request("GET", server.url, {}, idle=0.3)
        before = -1
        while before < sent:
            before = sent
            await asyncio.sleep(0.4)
        assert sent < 20 * MUCH  # what the kernel keeps, and a little
        piece = await response.piece()
        assert 0 < len(piece) < MUCH
        await response.piece()
        response.close()
        await eventually(lambda: server.open == 0)


@on_each_loop
async def test_pulling_may_be_given_up_and_begun_again() -> None:
    go_on = asyncio.Event()

    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(OK + b"Content-Length: 4\r\n\r\nab")
        await go_on.wait()
        writer.write(b"cd")

    async with asking(play) as (http, server):
        response = await http.request("GET", server.url, {})
        assert await response.piece() == b"ab"
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await response.piece()
        go_on.set()
        assert await response.piece() == b"cd"


@on_each_loop
async def test_a_body_is_read_to_a_limit_and_with_a_time_as_far_as_it_came() -> None:
    async with asking(then_silent(OK + b"Content-Length: 9\r\n\r\nabcd")) as (http, server):
        response = await http.request("GET", server.url, {})
        assert await response.read(3) == b"abc"
        response.close()
        response = await http.request("GET", server.url, {})
        assert await response.read(100, within=0.05) == b"abcd"
        response.close()


# --- how answers end ---------------------------------------------------------------------------------------------

ENDS: dict[str, tuple[Play, bytes | type[NetworkError]]] = {
    "closed at once": (closing(), DisconnectedError),
    "closed in the head": (closing(OK + b"X: "), DisconnectedError),
    "closed after an interim answer": (closing(b"HTTP/1.1 100 Continue\r\n\r\n"), DisconnectedError),
    "reset at once": (resetting(), BrokenConnectionError),
    "reset in the head": (resetting(OK), BrokenConnectionError),
    "closed in a body": (closing(OK + b"Content-Length: 9\r\n\r\nok"), IncompleteBodyError),
    "closed in chunks": (closing(CHUNKED + b"2\r\nok\r\n"), IncompleteBodyError),
    "closed in trailers": (closing(CHUNKED + b"2\r\nok\r\n0\r\nX: "), IncompleteBodyError),
    "reset in a body": (resetting(OK + b"Content-Length: 9\r\n\r\nok"), IncompleteBodyError),
    "reset in a body without a length": (resetting(OK + b"\r\nok"), IncompleteBodyError),
    "closed after a body without a length": (closing(OK + b"\r\nok"), b"ok"),
    "no HTTP": (closing(b"SSH-2.0-OpenSSH_9.9\r\n"), ProtocolError),
    "a chunk that is none": (closing(CHUNKED + b"zz\r\n"), ProtocolError),
    "101": (closing(b"HTTP/1.1 101 X\r\n\r\n"), ProtocolError),
    "close and more": (closing(OK + b"Connection: close\r\nContent-Length: 2\r\n\r\nokay"), b"ok"),
}


@pytest.mark.proves("F25", "F32")
@pytest.mark.parametrize("name", ENDS)
@on_each_loop
async def test_each_end_has_its_name(name: str) -> None:
    play, end = ENDS[name]
    async with asking(play) as (http, server):
        if isinstance(end, bytes):
            assert await got(http, server.url) == end
        else:
            with pytest.raises(end) as caught:
                await got(http, server.url)
            assert type(caught.value) is end
        await eventually(lambda: server.open == 0)


@pytest.mark.parametrize("how", [closing, resetting])
@on_each_loop
async def test_what_came_before_a_break_is_given_before_it(how: type) -> None:
    play: Play = how(OK + b"Content-Length: 9\r\n\r\nok")
    async with asking(play) as (http, server):
        response = await http.request("GET", server.url, {})
        await eventually(lambda: response.has_ended)
        assert await response.piece() == b"ok"
        for _ in range(2):
            with pytest.raises(IncompleteBodyError):
                await response.piece()


@pytest.mark.proves("F28")
@on_each_loop
async def test_an_early_answer_to_a_large_body_is_given_and_its_connection_closed() -> None:
    async def hasty(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 413 X\r\nContent-Length: 2\r\n\r\nno")
        await reader.read(1)
        await asyncio.Event().wait()

    async with door(hasty) as port, client(connect_timeout=20) as http:
        response = await http.request("POST", f"http://127.0.0.1:{port}/", {}, b"x" * 50 * MUCH)
        assert (response.status, await whole(response)) == (413, b"no")


# --- deadlines ---------------------------------------------------------------------------------------------------

DRIPS = {
    "silence": [b""],
    "a header": [OK + b"X: ", *[b"a"] * 1_000],
    "interim answers": [b"HTTP/1.1 102 Processing\r\n\r\n"] * 500,
}


def dripping(pieces: list[bytes], pause: float) -> Play:
    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for piece in pieces:
            if reader.at_eof() or reader.exception() is not None or writer.is_closing():
                break
            writer.write(piece)
            await asyncio.sleep(pause)
        await reader.read(1)
        raise EOFError

    return play


@pytest.mark.proves("F27", "promise 8")
@pytest.mark.parametrize("name", DRIPS)
@on_each_loop
async def test_a_head_is_waited_for_by_the_wall(name: str) -> None:
    async with asking(dripping(DRIPS[name], 0.02)) as (http, server):
        with pytest.raises(TimeoutError):
            await got(http, server.url, first_byte=0.2)
        await eventually(lambda: server.open == 0)


@pytest.mark.proves("F27", "promise 8")
@pytest.mark.parametrize("more", [b"5;", b"0", b"2\r\nok\r\n0\r\nX:"], ids=["an extension", "a size", "trailers"])
@on_each_loop
async def test_framing_that_drips_is_not_waited_for(more: bytes) -> None:
    async with asking(dripping([CHUNKED + more, *[b"0"] * 1_000], 0.02)) as (http, server):
        with pytest.raises(TimeoutError):
            await got(http, server.url, idle=0.2)
        await eventually(lambda: server.open == 0)


@pytest.mark.proves("F34")
@on_each_loop
async def test_a_body_that_drips_is_waited_for() -> None:
    pieces = [OK + b"Content-Length: 20\r\n\r\n", *[b"x"] * 20]
    async with asking(dripping(pieces, 0.05)) as (http, server):
        assert await got(http, server.url, first_byte=0.5, idle=0.5) == b"x" * 20


@on_each_loop
async def test_without_a_deadline_there_is_none() -> None:
    async with asking(dripping([b"", SHORT], 0.2)) as (http, server):
        assert await got(http, server.url) == b"ok"


@on_each_loop
async def test_no_deadline_runs_once_the_answer_is_there() -> None:
    async with asking(SHORT) as (http, server):
        assert await got(http, server.url, first_byte=0.05, idle=0.05) == b"ok"
        await asyncio.sleep(0.2)
        assert await got(http, server.url, first_byte=5, idle=5) == b"ok"
        assert server.connections == 1


# --- keeping connections -----------------------------------------------------------------------------------------


@on_each_loop
async def test_a_connection_is_kept_for_the_next_request() -> None:
    async with asking(SHORT) as (http, server):
        for _ in range(5):
            response = await http.request("GET", server.url, {})
            assert await whole(response) == b"ok"
        assert (server.connections, len(server.asked)) == (1, 5)
    await eventually(lambda: server.open == 0)


@on_each_loop
async def test_a_fresh_connection_is_new_and_not_kept() -> None:
    async with asking(SHORT) as (http, server):
        assert await got(http, server.url) == b"ok"
        assert await got(http, server.url, fresh=True) == b"ok"
        assert b"Connection: close\r\n" in server.asked[1]
        await eventually(lambda: server.open == 1)
        assert await got(http, server.url) == b"ok"
        assert server.connections == 2


@on_each_loop
async def test_at_once_each_request_has_a_connection_of_its_own() -> None:
    async with asking(SHORT) as (http, server):
        assert await asyncio.gather(*[got(http, server.url) for _ in range(20)]) == [b"ok"] * 20
        assert server.connections <= 20
        before = server.connections
        assert await asyncio.gather(*[got(http, server.url) for _ in range(20)]) == [b"ok"] * 20
        assert server.connections == before


NOT_KEPT = {
    "Connection: close": OK + b"Connection: close\r\nContent-Length: 2\r\n\r\nok",
    "HTTP/1.0": b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
    "more behind the answer": SHORT + b"HTTP/1.1 200 OK\r\n",
    "a whole answer behind it": SHORT + SHORT,
}


@pytest.mark.parametrize("name", NOT_KEPT)
@on_each_loop
async def test_a_connection_whose_answer_does_not_end_plainly_is_not_kept(name: str) -> None:
    async with asking(NOT_KEPT[name]) as (http, server):
        assert await got(http, server.url) == b"ok"
        await eventually(lambda: server.open == 0)
        assert await got(http, server.url) == b"ok"
        assert server.connections == 2


@on_each_loop
async def test_a_server_that_talks_while_nothing_is_asked_is_left() -> None:
    talk = asyncio.Event()

    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(SHORT)
        await talk.wait()
        writer.write(b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n")

    async with asking(play, SHORT) as (http, server):
        assert await got(http, server.url) == b"ok"
        talk.set()
        await eventually(lambda: server.open == 0)
        assert await got(http, server.url) == b"ok"
        assert server.connections == 2


@pytest.mark.proves("F24")
@on_each_loop
async def test_a_connection_that_was_closed_while_idle_is_not_taken() -> None:
    async with asking(closing(SHORT), SHORT) as (http, server):
        assert await got(http, server.url) == b"ok"
        await eventually(lambda: not http._pool._open)
        assert await got(http, server.url) == b"ok"


GIVES_NOTHING: dict[str, tuple[Play, type[NetworkError]]] = {
    "nothing, closed": (closing(), StaleConnectionError),
    "nothing, reset": (resetting(), StaleConnectionError),
    "a byte": (closing(b"H"), DisconnectedError),
    "an interim answer": (closing(b"HTTP/1.1 100 Continue\r\n\r\n"), DisconnectedError),
}


@pytest.mark.proves("F24")
@pytest.mark.parametrize("name", GIVES_NOTHING)
@on_each_loop
async def test_a_kept_connection_that_gives_nothing_back_was_stale(name: str) -> None:
    play, error = GIVES_NOTHING[name]
    async with asking(SHORT, play) as (http, server):
        assert await got(http, server.url) == b"ok"
        with pytest.raises(error) as caught:
            await got(http, server.url)
        assert type(caught.value) is error
        assert server.connections == 1


@on_each_loop
async def test_a_kept_connection_that_is_silent_for_too_long_is_not_stale() -> None:
    async with asking(SHORT, then_silent()) as (http, server):
        assert await got(http, server.url) == b"ok"
        with pytest.raises(TimeoutError):
            await got(http, server.url, first_byte=0.1)


@on_each_loop
async def test_requests_leave_nothing_that_only_a_collection_frees() -> None:
    more = in_pieces([OK + b"Content-Length: 4\r\n\r\nab", b"cd"])
    answers: list[bytes | Play] = [SHORT, more] * 40
    async with asking(*answers) as (http, server):
        for _ in range(5):
            await got(http, server.url)
        gc.collect()
        gc.disable()
        try:
            for _ in range(50):
                await got(http, server.url, first_byte=5, idle=5)
            assert gc.collect() < 50
        finally:
            gc.enable()


# --- giving up ---------------------------------------------------------------------------------------------------


@pytest.mark.proves("F35", "promise 7")
@pytest.mark.parametrize("said", [b"", OK, b"HTTP/1.1 100 Continue\r\n\r\n"])
@on_each_loop
async def test_a_request_that_is_cancelled_before_its_head_closes_its_connection(said: bytes) -> None:
    async with asking(then_silent(said), SHORT) as (http, server):
        task = asyncio.create_task(got(http, server.url))
        await eventually(lambda: server.asked)
        task.cancel()
        await asyncio.wait([task])
        await eventually(lambda: server.open == 0)
        assert await got(http, server.url) == b"ok"
        assert server.connections == 2


@on_each_loop
async def test_an_answer_that_is_closed_closes_its_connection_once() -> None:
    async with asking(then_silent(OK + b"Content-Length: 9\r\n\r\nok"), SHORT) as (http, server):
        response = await http.request("GET", server.url, {})
        for _ in range(3):
            response.close()
        with pytest.raises(IncompleteBodyError):
            await response.piece()
        await eventually(lambda: server.open == 0)
        assert await got(http, server.url) == b"ok"


@on_each_loop
async def test_an_answer_that_is_closed_after_its_end_leaves_its_connection_alone() -> None:
    async with asking(SHORT) as (http, server):
        response = await http.request("GET", server.url, {})
        response.close()
        assert await response.piece() == b"ok"
        assert await got(http, server.url) == b"ok"
        assert server.connections == 1


@on_each_loop
async def test_whoever_waits_for_a_piece_is_told_that_the_answer_was_closed() -> None:
    async with asking(then_silent(OK + b"Content-Length: 9\r\n\r\n")) as (http, server):
        response = await http.request("GET", server.url, {})
        waiting = asyncio.create_task(response.piece())
        await asyncio.sleep(0)
        response.close()
        with pytest.raises(IncompleteBodyError):
            await waiting


@on_each_loop
async def test_the_clients_end_closes_what_is_under_way_and_what_is_kept() -> None:
    async with scripted(SHORT, then_silent(OK + b"Content-Length: 9\r\n\r\n")) as server:
        async with client(connect_timeout=20) as http:
            assert await got(http, server.url) == b"ok"
            under_way = await http.request("GET", server.url, {}, fresh=True)
        with pytest.raises(IncompleteBodyError):
            await under_way.piece()
        await eventually(lambda: server.open == 0)
        with pytest.raises((NetworkError, OSError)):
            await got(http, server.url)


# --- pouring -----------------------------------------------------------------------------------------------------


class Cup:
    """A receiver that keeps what it is given, and may pause or close after each piece."""

    def __init__(self, response: HttpResponse, *, pauses: bool = False, closes: bool = False) -> None:
        self.response = response
        self.pieces: list[bytes] = []
        self.ends: list[Exception | None] = []
        self.pauses, self.closes = pauses, closes

    def piece(self, data: bytes) -> None:
        self.pieces.append(data)
        if self.pauses:
            self.response.pause()
        if self.closes:
            self.response.close()

    def ended(self, error: Exception | None) -> None:
        self.ends.append(error)


@on_each_loop
async def test_a_body_that_is_there_is_poured_at_once() -> None:
    async with asking(SHORT) as (http, server):
        response = await http.request("GET", server.url, {})
        cup = Cup(response)
        response.pour(cup)
        assert (cup.pieces, cup.ends) == ([b"ok"], [None])
        assert await got(http, server.url) == b"ok"
        assert server.connections == 1


@on_each_loop
async def test_a_body_is_poured_as_it_comes() -> None:
    more = asyncio.Event()

    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(CHUNKED + b"1\r\na\r\n")
        await more.wait()
        writer.write(b"1\r\nb\r\n1\r\nc\r\n")
        writer.write(b"0\r\n\r\n")

    async with asking(play) as (http, server):
        response = await http.request("GET", server.url, {})
        cup = Cup(response)
        response.pour(cup)
        await eventually(lambda: cup.pieces)
        assert (cup.pieces, cup.ends) == ([b"a"], [])
        more.set()
        await eventually(lambda: cup.ends)
        assert (b"".join(cup.pieces), cup.ends) == (b"abc", [None])


@pytest.mark.parametrize("play", [closing, resetting, then_silent])
@on_each_loop
async def test_a_body_that_breaks_off_is_poured_as_far_as_it_came(play: type) -> None:
    breaks: Play = play(CHUNKED + b"2\r\nok\r\n")
    async with asking(breaks) as (http, server):
        response = await http.request("GET", server.url, {}, idle=0.5)
        cup = Cup(response)
        response.pour(cup)
        await eventually(lambda: cup.ends)
        assert b"".join(cup.pieces) == b"ok"
        (error,) = cup.ends
        assert isinstance(error, TimeoutError if play is then_silent else IncompleteBodyError)


@pytest.mark.proves("F37", "promise 8")
@on_each_loop
async def test_a_receiver_that_pauses_stops_the_network_and_loses_nothing() -> None:
    body = bytes(range(256)) * (3 * MUCH // 256)
    async with asking(OK + b"Content-Length: %d\r\n\r\n" % len(body) + body, SHORT) as (http, server):
        response = await http.request("GET", server.url, {}, idle=0.3)
        cup = Cup(response, pauses=True)
        response.pour(cup)
        await asyncio.sleep(0.5)  # longer than a silent server may be
        while not cup.ends:
            response.resume()
            await asyncio.sleep(0)
        assert (b"".join(cup.pieces) == body, cup.ends) == (True, [None])
        assert await got(http, server.url) == b"ok"
        assert server.connections == 1


@on_each_loop
async def test_a_receiver_that_closes_hears_nothing_more() -> None:
    async with asking(OK + b"Content-Length: %d\r\n\r\n" % MUCH + b"x" * MUCH) as (http, server):
        response = await http.request("GET", server.url, {})
        cup = Cup(response, closes=True)
        response.pour(cup)
        await eventually(lambda: server.open == 0)
        assert (len(cup.pieces), cup.ends) == (1, [])


# --- packed bodies -----------------------------------------------------------------------------------------------

TEXT = b"a few words, and again a few words, " * 20_000


def packed(coding: bytes, body: bytes) -> bytes:
    return OK + b"Content-Encoding: %b\r\nContent-Length: %d\r\n\r\n" % (coding, len(body)) + body


def raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


PACKED = {
    "gzip": packed(b"gzip", gzip.compress(TEXT)),
    "x-gzip": packed(b"X-GZip", gzip.compress(TEXT)),
    "deflate": packed(b"deflate", zlib.compress(TEXT)),
    "deflate without a header": packed(b"deflate", raw_deflate(TEXT)),
    "identity": packed(b"identity", TEXT),
    "empty": packed(b"", TEXT),
}
SPOILT = {
    "no gzip": packed(b"gzip", TEXT),
    "cut off": packed(b"gzip", gzip.compress(TEXT)[:-12]),
    "something behind it": packed(b"gzip", gzip.compress(TEXT) + b"more"),
    "brotli": packed(b"br", TEXT),
    "two codings": packed(b"gzip, gzip", gzip.compress(gzip.compress(TEXT))),
    "nobody's": packed(b"pigeon", TEXT),
}


async def poured(http: HttpClient, url: str, *, pauses: bool) -> bytes:
    response = await http.request("GET", url, {})
    cup = Cup(response, pauses=pauses)
    response.pour(cup)
    while not cup.ends:
        await asyncio.sleep(0.001)
        response.resume()
    if cup.ends[0] is not None:
        raise cup.ends[0]
    return b"".join(cup.pieces)


WAYS: dict[str, Callable[[HttpClient, str], Awaitable[bytes]]] = {
    "pulled": got,
    "poured": lambda http, url: poured(http, url, pauses=False),
    "paused": lambda http, url: poured(http, url, pauses=True),
}


@pytest.mark.proves("F26")
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", PACKED)
@on_each_loop
async def test_what_comes_packed_unasked_is_unpacked(name: str, way: str) -> None:
    async with asking(PACKED[name]) as (http, server):
        assert await WAYS[way](http, server.url) == TEXT


@pytest.mark.proves("F26")
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", SPOILT)
@on_each_loop
async def test_what_cannot_be_unpacked_is_refused(name: str, way: str) -> None:
    async with asking(SPOILT[name]) as (http, server):
        with pytest.raises(ProtocolError):
            await WAYS[way](http, server.url)


@pytest.mark.proves("N11", "promise 8")
@on_each_loop
async def test_a_bomb_is_unpacked_in_pieces() -> None:
    async with asking(packed(b"gzip", gzip.compress(bytes(50 * MUCH)))) as (http, server):
        response = await http.request("GET", server.url, {})
        sizes = [len(await response.piece()) for _ in range(20)]
        assert 0 < max(sizes) <= 65_536
        cup = Cup(response, closes=True)
        response.pour(cup)
        assert [len(piece) for piece in cup.pieces] == [65_536]


# --- times -------------------------------------------------------------------------------------------------------


@on_each_loop
async def test_what_was_waited_for_is_the_connection_and_then_the_server() -> None:
    async with asking(dripping([b"", SHORT], 0.1)) as (http, server):
        first = await http.request("GET", server.url, {})
        assert first.waited > 0.05  # the server took twice that


@on_each_loop
async def test_what_cannot_be_connected_to_is_unconnected() -> None:
    async with asking(SHORT) as (http, server):
        pass
    async with client(connect_timeout=5) as http:
        with pytest.raises(UnconnectedError, match="TCP with 127"):
            await got(http, server.url)
