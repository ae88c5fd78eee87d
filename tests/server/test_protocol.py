"""Slow, oversized and ambiguous requests on raw sockets: each ends in time, with its status, and reaches nobody."""

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import pytest_asyncio
from benchmarks.process import own_memory_kb

from tests.proxy import eventually
from tests.server.bench import CHAT, HEAD, Bench, Wire, asking, bench

pytestmark = pytest.mark.asyncio(loop_scope="module")

BODY = json.dumps(asking()).encode()
LENGTH = f"Content-Length: {len(BODY)}\r\n"

SOON = """
[limits]
header_timeout = 2
body_idle_timeout = 2
body_timeout = 6
idle_timeout = 2
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def hasty(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Bench]:
    async with bench(tmp_path_factory.mktemp("hasty"), config=SOON) as one:
        yield one


# --- slow --------------------------------------------------------------------------------------------------------


@pytest.mark.proves("N3", "promise 8")
async def test_what_stops_half_way_is_ended(hasty: Bench) -> None:
    halves: list[tuple[bytes, int | None]] = [
        (b"", None),
        (b"G", 408),
        (b"GET /v1/models HTTP/1.1\r\nHost: loc", 408),
        (b"GET /v1/models HTTP/1.1\r\nHost: localhost\r\n", 408),
        (f"{HEAD}Content-Length: 50\r\n\r\n".encode(), 408),
        (f'{HEAD}Content-Length: 50\r\n\r\n{{"model":'.encode(), 408),
        (f"{HEAD}Transfer-Encoding: chunked\r\n\r\n5\r\nab".encode(), 408),
        (f"{HEAD}Transfer-Encoding: chunked\r\n\r\n".encode(), 408),
    ]
    hasty.forget()
    wires = [await hasty.dial(sent) for sent, _ in halves]
    for wire, (sent, status) in zip(wires, halves, strict=True):
        answer = await wire.rest()
        assert answer.startswith(f"HTTP/1.1 {status} ".encode()) if status else answer == b"", sent
        assert not status or b'"code":"request_timeout"' in answer, sent
    assert hasty.chats() == []


@pytest.mark.proves("N3")
async def test_headers_that_drip_are_ended_though_bytes_keep_coming(hasty: Bench) -> None:
    wire = await hasty.dial(b"GET / HTTP/1.1\r\n")
    answer = asyncio.create_task(wire.rest())
    while not answer.done():
        wire.writer.write(b"X: y\r\n")
        await asyncio.sleep(0.05)
    assert (await answer).startswith(b"HTTP/1.1 408 ")


@pytest.mark.proves("N3")
async def test_a_body_that_drips_is_ended_after_all(hasty: Bench) -> None:
    wire = await hasty.dial(f"{HEAD}Content-Length: 1000000\r\n\r\n".encode())
    answer = asyncio.create_task(wire.rest())
    while not answer.done():
        wire.writer.write(b" ")
        await asyncio.sleep(0.05)
    assert (await answer).startswith(b"HTTP/1.1 408 ")


@pytest.mark.proves("N3")
async def test_a_body_that_comes_slowly_but_comes_is_served(hasty: Bench) -> None:
    wire = await hasty.dial(f"{HEAD}{LENGTH}\r\n".encode())
    for start in range(0, len(BODY), 40):
        wire.writer.write(BODY[start : start + 40])
        await asyncio.sleep(0.5)
    assert (await wire.until(b"\r\n")).startswith(b"HTTP/1.1 200 ")


@pytest.mark.proves("N3")
async def test_a_connection_without_a_request_is_kept_a_while_and_then_closed(hasty: Bench) -> None:
    wire = await hasty.dial(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert (await wire.rest()).endswith(b"OK")


@pytest.mark.proves("N3")
async def test_an_answer_may_take_longer_than_any_of_these(hasty: Bench) -> None:
    answer = await hasty.stream("[[events 6]] [[drip 0.6]]")
    assert answer.text
    assert answer.events[-1] == b"data: [DONE]\n\n"


@pytest.mark.proves("N3")
async def test_a_body_that_nobody_waits_for_any_more_is_not_read_for_ever(hasty: Bench) -> None:
    wire = await hasty.dial(b"POST /v1/models HTTP/1.1\r\nHost: evil.example\r\nContent-Length: 90000000\r\n\r\nx")
    assert (await wire.rest()).startswith(b"HTTP/1.1 421 ")


async def test_a_refused_client_that_waits_to_be_told_to_send_is_not_misread(hasty: Bench) -> None:
    head = b"POST /v1/nowhere HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nExpect: 100-continue\r\n"
    wire = await hasty.dial(head + b"Content-Length: 20\r\n\r\n")
    answer = await wire.rest()
    assert answer.startswith(b"HTTP/1.1 404 ")
    assert b"100 Continue" not in answer


# --- large -------------------------------------------------------------------------------------------------------


@pytest.mark.proves("N5", "promise 8")
@pytest.mark.parametrize(
    ("head", "status"),
    [
        (f"GET /{'a' * 8100} HTTP/1.1\r\nHost: localhost\r\n", 404),
        (f"GET /{'a' * 8200} HTTP/1.1\r\nHost: localhost\r\n", 414),
        (f"GET /?{'a' * 8200} HTTP/1.1\r\nHost: localhost\r\n", 414),
        (f"GET /{'a' * 2_000_000} HTTP/1.1\r\nHost: localhost\r\n", 414),
        (f"GET / HTTP/1.1\r\nHost: localhost\r\nX: {'a' * 60_000}\r\n", 200),
        (f"GET / HTTP/1.1\r\nHost: localhost\r\nX: {'a' * 66_000}\r\n", 431),
        (f"GET / HTTP/1.1\r\nHost: localhost\r\nX: {'a' * 2_000_000}\r\n", 431),
        (f"GET / HTTP/1.1\r\nHost: localhost\r\n{'a' * 2_000_000}: x\r\n", 431),
        ("GET / HTTP/1.1\r\nHost: localhost\r\n" + "".join(f"X{n}: y\r\n" for n in range(99)), 200),
        ("GET / HTTP/1.1\r\nHost: localhost\r\n" + "".join(f"X{n}: y\r\n" for n in range(101)), 431),
        ("GET / HTTP/1.1\r\nHost: localhost\r\n" + "".join(f"X{n}: y\r\n" for n in range(20_000)), 431),
    ],
    ids=range(11),
)
async def test_a_head_is_taken_up_to_its_limits(shared: Bench, head: str, status: int) -> None:
    wire = await shared.dial(b"")
    for start in range(0, len(head), 50_000):
        if wire.reader.at_eof():
            break
        wire.writer.write(head[start : start + 50_000].encode())
        await asyncio.sleep(0)
    wire.writer.write(b"\r\n")
    assert (await wire.until(b"\r\n")).startswith(f"HTTP/1.1 {status} ".encode())


# --- ambiguous ---------------------------------------------------------------------------------------------------

CHUNKED = "Transfer-Encoding: chunked\r\n"
HIDDEN = f"POST {CHAT} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n{LENGTH}\r\n".encode() + BODY
SMUGGLED = {
    "a length and chunks": (f"{HEAD}Content-Length: 4\r\n{CHUNKED}\r\n0\r\n\r\n", 400),
    "chunks and a length": (f"{HEAD}{CHUNKED}Content-Length: 4\r\n\r\n0\r\n\r\n", 400),
    "two lengths": (f"{HEAD}Content-Length: 4\r\nContent-Length: 5\r\n\r\nabcde", 400),
    "two equal lengths": (f"{HEAD}Content-Length: 4\r\nContent-Length: 4\r\n\r\nabcd", 400),
    "a list of lengths": (f"{HEAD}Content-Length: 4, 4\r\n\r\nabcd", 400),
    "a negative length": (f"{HEAD}Content-Length: -1\r\n\r\n", 400),
    "a signed length": (f"{HEAD}Content-Length: +4\r\n\r\nabcd", 400),
    "a length in hex": (f"{HEAD}Content-Length: 0x4\r\n\r\nabcd", 400),
    "an endless length": (f"{HEAD}Content-Length: {'9' * 40}\r\n\r\n", 400),
    "a space before the colon": (f"{HEAD}Content-Length : 4\r\n\r\nabcd", 400),
    "a space before the name": (f"{HEAD} Content-Length: 4\r\n\r\nabcd", 400),
    "a folded header": (f"{HEAD}X: a\r\n b\r\n{LENGTH}\r\n", 400),
    "a name that is none": (f"{HEAD}X(: a\r\n{LENGTH}\r\n", 400),
    "no name": (f"{HEAD}: a\r\n{LENGTH}\r\n", 400),
    "NUL in a value": (f"{HEAD}X: a\x00b\r\n{LENGTH}\r\n", 400),
    "a bare CR in a value": (f"{HEAD}X: a\rY: b\r\n{LENGTH}\r\n", 400),
    "bare line feeds": (f"{HEAD}{LENGTH}\r\n".replace("\r\n", "\n"), 400),
    "an unknown coding": (f"{HEAD}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 501),
    "a short unknown coding": (f"{HEAD}Transfer-Encoding: x\r\n\r\n0\r\n\r\n", 501),
    "packed, then chunked": (f"{HEAD}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501),
    "identity, then chunked": (f"{HEAD}Transfer-Encoding: identity, chunked\r\n\r\n0\r\n\r\n", 501),
    "packed and chunked in two headers": (f"{HEAD}Transfer-Encoding: gzip\r\n{CHUNKED}\r\n0\r\n\r\n", 501),
    "chunked twice": (f"{HEAD}{CHUNKED}{CHUNKED}\r\n0\r\n\r\n", 400),
    "chunked, then another": (f"{HEAD}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n", 400),
    "two codings": (f"{HEAD}{CHUNKED}Transfer-Encoding: identity\r\n\r\n0\r\n\r\n", 400),
    "a chunk that is no number": (f"{HEAD}{CHUNKED}\r\nzz\r\nabcd\r\n0\r\n\r\n", 400),
    "a chunk of minus one": (f"{HEAD}{CHUNKED}\r\n-1\r\nabcd\r\n0\r\n\r\n", 400),
    "a chunk longer than it says": (f"{HEAD}{CHUNKED}\r\n2\r\nabcd\r\n0\r\n\r\n", 400),
    "a chunk's end that is none": (f"{HEAD}{CHUNKED}\r\n4\r\nabcdXX0\r\n\r\n", 400),
    "a chunk of more than can be": (f"{HEAD}{CHUNKED}\r\nfffffffffffffffff\r\n", 400),
    "a version to come": (f"{HEAD}{LENGTH}\r\n".replace("HTTP/1.1", "HTTP/3.7"), 400),
    "HTTP/2 in words of HTTP/1": (f"{HEAD}{LENGTH}\r\n".replace("HTTP/1.1", "HTTP/2.0"), 505),
    "no version": (f"POST {CHAT}\r\n\r\n", 400),
    "HTTP/2's greeting": ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
    "a space in the target": (f"{HEAD}{LENGTH}\r\n".replace(CHAT, "/v1/x y"), 400),
    "a method that is none": ("P{ST / HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
    "TLS": ("\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", 400),
}


@pytest.mark.proves("N7")
@pytest.mark.parametrize("name", SMUGGLED)
async def test_what_two_parsers_could_read_differently_is_refused_with_what_follows(shared: Bench, name: str) -> None:
    sent, status = SMUGGLED[name]
    wire = await shared.dial(sent.encode("latin-1") + HIDDEN)
    answer = await wire.rest()
    assert answer.startswith(f"HTTP/1.1 {status} ".encode())
    assert answer.count(b"HTTP/1.1 ") == 1
    assert shared.chats() == []


@pytest.mark.proves("N7")
@pytest.mark.parametrize(
    "head",
    [
        f"{HEAD}{CHUNKED}\r\n{len(BODY):x};name=value\r\n",
        f"{HEAD}{CHUNKED.upper()}\r\n{len(BODY):X}\r\n",
        f"{HEAD}{CHUNKED}\r\n000{len(BODY):x}\r\n",
    ],
)
async def test_what_is_odd_but_plain_is_served_once(shared: Bench, head: str) -> None:
    wire = await shared.dial(head.encode() + BODY + b"\r\n0\r\n\r\n")
    assert (await wire.until(b"\r\n")).startswith(b"HTTP/1.1 200 ")
    assert [request.body for request in shared.chats()] == [BODY]


@pytest.mark.proves("N7")
async def test_requests_in_a_row_are_answered_in_a_row(shared: Bench) -> None:
    wire = await shared.dial(HIDDEN * 2 + HIDDEN.replace(b"\r\n", b"\r\nConnection: close\r\n", 1))
    assert (await wire.rest()).count(b"HTTP/1.1 200 ") == 3
    assert len(shared.chats()) == 3


# --- trailers, extensions, and what waits behind -----------------------------------------------------------------

SECRET = "a-key-that-only-a-trailer-shows"
FAR = 12 * 1024
"""Kilobytes that a process may grow by whoever sends rubbish at it."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def locked(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Bench]:
    env = {"PASSENGER_API_KEYS": SECRET}
    async with bench(tmp_path_factory.mktemp("locked"), env=env, primed=False) as one:
        yield one


async def fling(wire: Wire, data: bytes, times: int) -> bytes:
    """Send this again and again for as long as it is taken; what comes back."""
    answer = asyncio.create_task(wire.rest())
    for _ in range(times):
        if answer.done() or wire.writer.is_closing():
            break
        wire.writer.write(data)
        with contextlib.suppress(ConnectionError):
            await wire.writer.drain()
        await asyncio.sleep(0)
    with contextlib.suppress(ConnectionError):
        if not answer.done():
            wire.writer.write_eof()
        return await answer
    return b""


def chunks(*trailers: str) -> bytes:
    """A whole chunked body and what follows it."""
    return f"{len(BODY):x}\r\n".encode() + BODY + b"\r\n0\r\n" + "".join(trailers).encode() + b"\r\n"


FALSE = ("Host: evil.example\r\n", "Origin: https://evil.example\r\n", "Content-Type: text/plain\r\n", "TE: x\r\n")


@pytest.mark.proves("N5", "N7")
async def test_a_trailer_is_no_header(shared: Bench) -> None:
    wire = await shared.dial(f"{HEAD}{CHUNKED}\r\n".encode() + chunks(*FALSE))
    assert (await wire.until(b"\r\n")).startswith(b"HTTP/1.1 200 ")
    assert [request.body for request in shared.chats()] == [BODY]


@pytest.mark.proves("N5", "N7")
async def test_a_trailer_that_comes_later_is_no_header(shared: Bench) -> None:
    wire = await shared.dial(f"{HEAD}{CHUNKED}\r\n".encode())
    sent = chunks(*FALSE)
    for at in range(0, len(sent), 7):
        wire.writer.write(sent[at : at + 7])
        await wire.writer.drain()
        await asyncio.sleep(0)
    assert (await wire.until(b"\r\n")).startswith(b"HTTP/1.1 200 ")
    assert [request.body for request in shared.chats()] == [BODY]


@pytest.mark.proves("N5", "promise 3")
@pytest.mark.parametrize("name", ["x-api-key: ", "x-goog-api-key: ", "Authorization: Bearer "])
async def test_a_key_in_a_trailer_opens_nothing(locked: Bench, name: str) -> None:
    wire = await locked.dial(f"{HEAD}{CHUNKED}\r\n".encode() + chunks(f"{name}{SECRET}\r\n"))
    assert (await wire.until(b"\r\n")).startswith(b"HTTP/1.1 401 ")
    assert locked.sim.requests == []


HEAPS = {
    "trailers": (b"0\r\n", b"a:\r\n" * 25_000),
    "one endless trailer": (b"0\r\na: ", b"b" * 100_000),
    "a trailer's endless name": (b"0\r\n", b"b" * 100_000),
    "an endless extension": (b"5;", b"b" * 100_000),
    "extensions": (b"", b"1;" + b"b" * 60_000 + b"\r\nx\r\n"),
}


@pytest.mark.proves("N5", "N6", "promise 8")
@pytest.mark.parametrize("heap", HEAPS)
async def test_what_is_heaped_on_a_body_is_not_kept(locked: Bench, heap: str) -> None:
    first, more = HEAPS[heap]
    before = own_memory_kb(locked.proxy.pid)
    for head in (HEAD, f"{HEAD}x-api-key: {SECRET}\r\n"):
        wire = await locked.dial(f"{head}{CHUNKED}\r\n".encode() + first)
        await fling(wire, more, 100)
        assert own_memory_kb(locked.proxy.pid) - before < FAR
    assert locked.sim.requests == []


@pytest.mark.proves("N5", "promise 8")
@pytest.mark.parametrize(
    "heap", ["trailers", "one endless trailer", "a trailer's endless name", "an endless extension"]
)
async def test_who_heaps_is_told_so(shared: Bench, heap: str) -> None:
    first, more = HEAPS[heap]
    wire = await shared.dial(f"{HEAD}{CHUNKED}\r\n".encode() + first)
    assert (await fling(wire, more, 10)).startswith(b"HTTP/1.1 431 ")


@pytest.mark.proves("N4", "promise 8")
async def test_requests_behind_an_unanswered_one_are_not_kept_without_end(shared: Bench) -> None:
    wire = await shared.open(asking("[[headers]]"))
    await shared.upstream()
    before = own_memory_kb(shared.proxy.pid)
    await fling(wire, b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n" * 1000, 100)
    assert own_memory_kb(shared.proxy.pid) - before < FAR


@pytest.mark.proves("N7")
async def test_a_hundred_requests_in_a_row_are_answered(shared: Bench) -> None:
    one = b"GET /health HTTP/1.1\r\nHost: localhost\r\n"
    wire = await shared.dial((one + b"\r\n") * 99 + one + b"Connection: close\r\n\r\n")
    assert (await wire.rest()).count(b"HTTP/1.1 200 ") == 100


QUEUED = b"GET /v1/models HTTP/1.1\r\nHost: localhost\r\nX: " + b"y" * 60_000 + b"\r\n\r\n"


@pytest.mark.proves("N4", "promise 8")
async def test_what_waits_behind_is_bounded_in_bytes_while_it_is_answered_one_by_one(locked: Bench) -> None:
    before, most, times = own_memory_kb(locked.proxy.pid), 0, 99
    wires = [await locked.dial(b"") for _ in range(20)]
    for wire in wires:
        wire.writer.write(QUEUED * times)
    answers = [asyncio.create_task(unanswered(wire, times)) for wire in wires]
    while not all(answer.done() for answer in answers):
        most = max(most, own_memory_kb(locked.proxy.pid) - before)
        await asyncio.sleep(0.01)
    for answer in answers:
        await answer
    assert most < FAR + len(wires) * 1024


async def unanswered(wire: Wire, times: int) -> None:
    """So many requests are each told to show a key."""
    for _ in range(times):
        assert (await wire.until(b"\r\n\r\n")).startswith(b"HTTP/1.1 401 ")
        await wire.until(b"}}")


@pytest.mark.proves("N3", "promise 8")
@pytest.mark.parametrize("after", [b"\r\n", b"\r", b"\n", b"\r\n" * 1000])
async def test_what_begins_no_request_keeps_no_connection(hasty: Bench, after: bytes) -> None:
    wire = await hasty.dial(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert b" 200 " in await wire.until(b"\r\n\r\nOK")
    wire.writer.write(after)
    assert await wire.rest() == b""


@pytest.mark.proves("N3", "N5")
@pytest.mark.parametrize("name", ["Connection", "Proxy-Connection"])
async def test_a_trailer_that_ends_the_connection_leaves_nobody_waiting(hasty: Bench, name: str) -> None:
    wire = await hasty.dial(f"{HEAD}{CHUNKED}\r\n".encode() + chunks(f"{name}: close\r\n"))
    assert b" 200 " in await wire.until(b"\r\n")
    with contextlib.suppress(ConnectionResetError):  # it may be closed before the next request has come
        wire.writer.write(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
        await wire.rest()


# --- other protocols ---------------------------------------------------------------------------------------------

UPGRADES = {
    "as Java's client asks": "Connection: Upgrade, HTTP2-Settings\r\n{}Host: localhost\r\n"
    "HTTP2-Settings: AAEAAEAAAAIAAAAAAAMAAAAAAAQBAAAAAAUAAEAAAAYABgAA\r\nUpgrade: h2c\r\n"
    "User-Agent: Java-http-client/17.0.15\r\nContent-Type: application/json\r\n\r\n",
    "a WebSocket": "Host: localhost\r\nConnection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    "Content-Type: application/json\r\n{}\r\n",
    "one that nobody knows": "Host: localhost\r\nUpgrade: x/1\r\nConnection: keep-alive, upgrade\r\n"
    "Content-Type: application/json\r\n{}\r\n",
}


@pytest.mark.parametrize("pieces", ["in one piece", "body apart", "byte by byte"])
@pytest.mark.parametrize("length", [LENGTH, CHUNKED], ids=["length", "chunks"])
@pytest.mark.parametrize("name", UPGRADES)
async def test_another_protocol_is_not_spoken_and_the_body_is_read(
    shared: Bench, name: str, length: str, pieces: str
) -> None:
    head = f"POST {CHAT} HTTP/1.1\r\n{UPGRADES[name].format(length)}".encode()
    sent = head + (chunks() if length == CHUNKED else BODY)
    cuts = {"in one piece": [0], "body apart": [0, len(head)], "byte by byte": list(range(len(sent)))}[pieces]
    wire = await shared.dial(b"")
    for start, end in zip(cuts, [*cuts[1:], len(sent)], strict=True):
        wire.writer.write(sent[start:end])
        await wire.writer.drain()
        await asyncio.sleep(0)
    await wire.until(b"\r\n\r\n")
    assert [request.body for request in shared.chats()] == [BODY]
    wire.writer.write(HIDDEN.replace(b"\r\n", b"\r\nConnection: close\r\n", 1))
    assert b"HTTP/1.1 200 " in await wire.rest()
    assert [request.body for request in shared.chats()] == [BODY, BODY]


async def test_a_get_that_asks_for_another_protocol_is_answered_as_it_is(shared: Bench) -> None:
    head = "GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"
    wire = await shared.dial(
        head.encode() * 2 + b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    )
    assert (await wire.rest()).count(b"HTTP/1.1 200 ") == 3


async def test_a_websocket_for_responses_is_still_told_to_post(shared: Bench) -> None:
    head = "GET /v1/responses HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    wire = await shared.dial(f"{head}Sec-WebSocket-Version: 13\r\n\r\n".encode())
    assert (await wire.until(b"\r\n")).startswith(b"HTTP/1.1 426 ")


@pytest.mark.proves("N7")
async def test_another_protocol_hides_no_request(shared: Bench) -> None:
    head = f"{HEAD}Connection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 4\r\n{CHUNKED}\r\n"
    answer = await (await shared.dial(head.encode() + b"0\r\n\r\n" + HIDDEN)).rest()
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert answer.count(b"HTTP/1.1 ") == 1
    assert shared.chats() == []


# --- clients that do not read ------------------------------------------------------------------------------------

UNREAD = "[limits]\nwrite_timeout = {}\nidle_timeout = 1\n"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def brisk(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Bench]:
    async with bench(tmp_path_factory.mktemp("brisk"), config=UNREAD.format(1)) as one:
        yield one


async def deaf(one: Bench, data: bytes) -> socket.socket:
    """A client that sends this and takes as little as a system lets it."""
    address = urlsplit(one.proxy.url)
    ear = socket.socket()
    ear.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
    ear.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(ear, (address.hostname, address.port))
    await loop.sock_sendall(ear, data)
    return ear


def asked(body: dict[str, Any]) -> bytes:
    data = json.dumps(body).encode()
    return f"{HEAD}Content-Length: {len(data)}\r\n\r\n".encode() + data


def holds(one: Bench, ear: socket.socket) -> bool:
    """Whether the server has this connection open."""
    ends = [f":{urlsplit(one.proxy.url).port:04X}", f":{ear.getsockname()[1]:04X}"]
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return any([row[1][-5:], row[2][-5:]] == ends and row[3] == "01" for row in rows)


@pytest.mark.proves("F37", "promise 8")
async def test_a_client_that_does_not_read_its_stream_loses_its_place(brisk: Bench) -> None:
    with await deaf(brisk, asked(asking("[[size 20000000]] [[stall 4000]]", stream=True))) as ear:
        request = await brisk.upstream()
        assert holds(brisk, ear)
        await brisk.sim.closed(request)
        assert request.closed_early
        assert "outcome=client_gone" in await brisk.line(request.header("x-request-id") or "")
        await eventually(lambda: not holds(brisk, ear))


@pytest.mark.proves("F37", "promise 8")
async def test_a_client_that_does_not_read_its_answer_loses_its_place(brisk: Bench) -> None:
    with await deaf(brisk, asked(asking("[[size 20000000]]"))) as ear:
        await brisk.line((await brisk.upstream()).header("x-request-id") or "")
        assert holds(brisk, ear)
        await eventually(lambda: not holds(brisk, ear))


@pytest.mark.proves("F37", "promise 8")
async def test_clients_that_do_not_read_their_errors_lose_their_places(brisk: Bench) -> None:
    ears = [await deaf(brisk, f"{HEAD}Content-Length: 1\r\n\r\n{{".encode() * 50) for _ in range(20)]
    await eventually(lambda: not any(holds(brisk, ear) for ear in ears))
    for ear in ears:
        ear.close()


@pytest.mark.proves("F37")
async def test_a_client_that_reads_slowly_has_its_whole_answer(tmp_path: Path) -> None:
    async with bench(tmp_path, config=UNREAD.format(3)) as own:
        wire = await own.open(asking("[[size 20000000]]", stream=True), head="Connection: close\r\n")
        size, tail = 0, b""
        while data := await wire.reader.read(120_000):
            size, tail = size + len(data), (tail + data)[-80:]
            await asyncio.sleep(0.05)
    assert size > 20_000_000
    assert b"[DONE]" in tail
    assert tail.endswith(b"0\r\n\r\n")


@pytest.mark.proves("F34", "F37")
async def test_a_client_that_is_owed_nothing_is_left_in_peace(brisk: Bench) -> None:
    answer = await brisk.stream("[[events 1]] [[drip 1.3]]")
    assert answer.events[-1] == b"data: [DONE]\n\n"


async def test_rubbish_behind_a_request_never_gets_into_its_stream(shared: Bench) -> None:
    wire = await shared.open(asking("[[events 5]] [[drip 0.1]]", stream=True))
    await wire.until(b"data: ")
    wire.writer.write(b"\x00\x01 rubbish\r\n\r\n")
    rest = await wire.rest()
    assert b"HTTP/1.1" not in rest
    await eventually(lambda: shared.sim.active == 0)


@pytest.mark.proves("N7")
@pytest.mark.parametrize("served_before", [False, True])
async def test_a_target_that_is_no_url_is_a_400(shared: Bench, *, served_before: bool) -> None:
    wire = await shared.dial(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n" if served_before else b"")
    if served_before:
        assert b" 200 " in await wire.until(b"\r\n\r\nOK")
    wire.writer.write(b"CONNECT 127.0.0.1:1 HTTP/1.1\r\nHost: 127.0.0.1:1\r\n\r\n")
    assert (await wire.rest()).startswith(b"HTTP/1.1 400 ")
