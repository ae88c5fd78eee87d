"""Slow, oversized and ambiguous requests on raw sockets: each ends in time, with its status, and reaches nobody."""

import asyncio
import json
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.proxy import eventually
from tests.web.bench import CHAT, HEAD, Bench, asking, bench

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
    "an unknown coding": (f"{HEAD}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 400),
    "chunked, then another": (f"{HEAD}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n", 400),
    "two codings": (f"{HEAD}{CHUNKED}Transfer-Encoding: identity\r\n\r\n0\r\n\r\n", 400),
    "a chunk that is no number": (f"{HEAD}{CHUNKED}\r\nzz\r\nabcd\r\n0\r\n\r\n", 400),
    "a chunk of minus one": (f"{HEAD}{CHUNKED}\r\n-1\r\nabcd\r\n0\r\n\r\n", 400),
    "a chunk longer than it says": (f"{HEAD}{CHUNKED}\r\n2\r\nabcd\r\n0\r\n\r\n", 400),
    "a chunk's end that is none": (f"{HEAD}{CHUNKED}\r\n4\r\nabcdXX0\r\n\r\n", 400),
    "a chunk of more than can be": (f"{HEAD}{CHUNKED}\r\nfffffffffffffffff\r\n", 400),
    "a version to come": (f"{HEAD}{LENGTH}\r\n".replace("HTTP/1.1", "HTTP/3.7"), 400),
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


async def test_rubbish_behind_a_request_never_gets_into_its_stream(shared: Bench) -> None:
    wire = await shared.open(asking("[[events 5]] [[drip 0.1]]", stream=True))
    await wire.until(b"data: ")
    wire.writer.write(b"\x00\x01 rubbish\r\n\r\n")
    rest = await wire.rest()
    assert b"HTTP/1.1" not in rest
    await eventually(lambda: shared.sim.active == 0)
