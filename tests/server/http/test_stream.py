"""One request and its answer, without a socket: how it is framed, how it waits, and what its end means."""

import asyncio
from collections.abc import Callable
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passenger.server.http.send_buffer import SendBuffer
from passenger.server.http.stream import LARGE, ClientGone, Stream
from tests.server.line import Loop, Transport


class Line:
    """A connection that notes what it is told."""

    def __init__(self) -> None:
        self.wire, self.clock = Transport(), Loop()
        self.transport = cast("asyncio.Transport", self.wire)
        self.loop = cast("asyncio.AbstractEventLoop", self.clock)
        self.is_full = self.is_ending = self.is_broken = self.has_gone = self.has_unsent = False
        self.out = cast("SendBuffer", self)
        self.told = list[str]()
        self.leaving = list[Callable[[], None]]()

    def write_pieces(self, *pieces: bytes) -> None:
        self.wire.writelines(list(pieces))

    def when_sent(self, tell: Callable[[], None]) -> None:
        self.leaving.append(tell)

    async def drain(self) -> None:
        self.told.append("drain")

    def resume_reading(self) -> None:
        self.told.append("read on")

    def release_parser(self) -> None:
        self.told.append("rest")

    def finish_response(self, _stream: Stream) -> None:
        self.told.append("answered")

    def abort_response(self) -> None:
        self.told.append("cut")


class Tap:
    """A source that notes what it is told."""

    def __init__(self) -> None:
        self.told = list[str]()

    def pause(self) -> None:
        self.told.append("pause")

    def resume(self) -> None:
        self.told.append("resume")


def asked(
    line: Line, method: str = "GET", version: str = "1.1", *, keep_alive: bool = True, expects: bool = False
) -> Stream:
    scope = {"method": method, "http_version": version}
    return Stream(line, scope, {}, keep_alive=keep_alive and version == "1.1", expects_continue=expects)


LENGTH_3 = [(b"content-length", b"3")]
CLOSED = b"connection: close\r\n"
IN_CHUNKS = b"1\r\na\r\n2\r\nbc\r\n0\r\n\r\n"
CHUNKED = b"transfer-encoding: chunked\r\n"


def headers_and_body(line: Line) -> tuple[bytes, bytes]:
    """Without status line and date."""
    line.clock.turn()
    head, _, body = line.wire.sent.partition(b"\r\n\r\n")
    return b"".join(line + b"\r\n" for line in head.split(b"\r\n")[2:]), body


# --- framing -----------------------------------------------------------------------------------------------------


Headers = list[tuple[bytes, bytes]]
FRAMED: list[tuple[str, int, Headers, bytes, bytes]] = [
    ("GET 1.1", 200, LENGTH_3, b"content-length: 3\r\n", b"abc"),
    ("GET 1.1", 200, [], CHUNKED, IN_CHUNKS),
    ("GET 1.0", 200, LENGTH_3, b"content-length: 3\r\n" + CLOSED, b"abc"),
    ("GET 1.0", 200, [], CLOSED, b"abc"),
    ("HEAD 1.1", 200, LENGTH_3, b"content-length: 3\r\n", b""),
    ("HEAD 1.1", 200, [], b"", b""),
    ("HEAD 1.0", 200, [], CLOSED, b""),
    ("GET 1.1", 204, [], b"", b""),
    ("GET 1.1", 304, [], b"", b""),
    ("POST 1.1", 503, [], CHUNKED, IN_CHUNKS),
    ("GET 1.1", 200, [(b"transfer-encoding", b"gzip")], CHUNKED, IN_CHUNKS),
    ("GET 1.1", 200, [*LENGTH_3, (b"transfer-encoding", b"chunked")], b"content-length: 3\r\n", b"abc"),
    ("GET 1.1", 200, [*LENGTH_3, (b"connection", b"keep-alive")], b"content-length: 3\r\n", b"abc"),
    ("GET 1.1", 200, [*LENGTH_3, (b"connection", b"Close")], b"content-length: 3\r\n" + CLOSED, b"abc"),
]


@pytest.mark.parametrize(("request_", "status", "headers", "sent", "body"), FRAMED)
def test_an_answer_is_framed_for_whom_it_is(
    request_: str, status: int, headers: Headers, sent: bytes, body: bytes
) -> None:
    line = Line()
    stream = asked(line, *request_.split())
    stream.start(status, headers)
    stream.write(b"a")
    stream.write(b"")
    stream.write(b"bc")
    stream.end()
    assert headers_and_body(line) == (sent, body)
    assert line.told == ["answered"]
    assert stream.ended
    assert not stream.gone
    assert stream.keep_alive == (CLOSED not in sent)


@given(st.lists(st.binary(max_size=50)), st.sampled_from(["1.1", "1.0"]), st.booleans())
def test_whatever_is_sent_can_be_read_again(pieces: list[bytes], version: str, told: bool) -> None:
    line, whole = Line(), b"".join(pieces)
    stream = asked(line, version=version)
    stream.start(200, [(b"content-length", b"%d" % len(whole))] if told else [])
    for piece in pieces[:-1]:
        stream.write(piece)
    stream.end(pieces[-1] if pieces else b"")
    headers, body = headers_and_body(line)
    assert (unchunked(body) if CHUNKED in headers else body) == whole


def unchunked(body: bytes) -> bytes:
    size, _, rest = body.partition(b"\r\n")
    if size == b"0":
        assert rest == b"\r\n"
        return b""
    length = int(size, 16)
    assert rest[length : length + 2] == b"\r\n"
    return rest[:length] + unchunked(rest[length + 2 :])


@pytest.mark.parametrize(
    ("version", "keep_alive", "ends", "lasts"),
    [("1.1", True, False, True), ("1.1", False, False, False), ("1.1", True, True, False), ("1.0", True, False, False)],
)
def test_a_client_is_told_that_the_connection_ends(version: str, keep_alive: bool, ends: bool, lasts: bool) -> None:
    line = Line()
    line.is_ending = ends
    stream = asked(line, version=version, keep_alive=keep_alive)
    stream.respond(200, LENGTH_3, b"abc")
    assert (CLOSED not in headers_and_body(line)[0]) == lasts == stream.keep_alive


# --- when it leaves ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [0, 3, LARGE])
def test_a_whole_answer_is_one_write(size: int) -> None:
    line = Line()
    asked(line).respond(200, [(b"content-length", b"%d" % size)], bytes(size))
    assert line.wire.writes == 1
    assert line.clock.soon == []


@pytest.mark.parametrize("size", [3, LARGE])
def test_a_head_leaves_with_the_first_piece(size: int) -> None:
    line = Line()
    stream = asked(line)
    stream.start(200, [])
    assert line.wire.sent == b""
    stream.write(bytes(size))
    assert line.wire.writes == 1
    line.clock.turn()
    assert line.wire.writes == 1
    stream.end(b"the last")
    assert line.wire.writes == 2
    assert line.wire.sent.endswith(b"8\r\nthe last\r\n0\r\n\r\n")


def test_a_whole_answer_in_two_calls_is_one_write_too() -> None:
    stream = asked(line := Line())
    stream.start(200, LENGTH_3)
    assert line.clock.soon == []
    stream.end(b"abc")
    assert line.wire.writes == 1


@pytest.mark.parametrize("version", ["1.1", "1.0"])
def test_the_head_of_a_stream_that_nothing_follows_leaves_by_itself(version: str) -> None:
    line = Line()
    asked(line, version=version).start(200, [])
    line.clock.turn()
    assert line.wire.sent.endswith(b"\r\n\r\n")
    assert line.wire.writes == 1


# --- what must not be --------------------------------------------------------------------------------------------


def test_more_than_was_told_is_an_error_and_not_sent() -> None:
    stream = asked(line := Line())
    stream.start(200, LENGTH_3)
    with pytest.raises(RuntimeError, match="longer"):
        stream.write(b"abcd")
    stream.abort()
    assert headers_and_body(line)[1] == b""


def test_less_than_was_told_is_an_error_and_cut() -> None:
    stream = asked(line := Line())
    stream.start(200, LENGTH_3)
    with pytest.raises(RuntimeError, match="shorter"):
        stream.end(b"ab")
    assert headers_and_body(line)[1] == b"ab"
    assert line.told == ["cut"]


def test_a_second_head_is_an_error() -> None:
    stream = asked(Line())
    stream.start(200, [])
    with pytest.raises(RuntimeError, match="begun"):
        stream.start(200, [])


def test_a_header_that_would_be_two_begins_nothing() -> None:
    stream = asked(line := Line())
    with pytest.raises(ValueError, match="end of a line"):
        stream.start(200, [(b"x", b"y\r\nz: a")])
    stream.respond(500, LENGTH_3, b"abc")
    assert line.wire.sent.startswith(b"HTTP/1.1 500 ")


@pytest.mark.parametrize("how", ["lost", "aborted", "ended"])
def test_what_follows_the_end_goes_nowhere(how: str) -> None:
    stream = asked(line := Line())
    stream.start(200, [])
    line.clock.turn()
    {"lost": stream.connection_lost, "aborted": stream.abort, "ended": stream.end}[how]()
    sent, told = line.wire.sent, list(line.told)
    stream.write(b"more")
    stream.end(b"more")
    stream.abort()
    stream.connection_lost()
    line.clock.turn()
    assert (line.wire.sent, line.told) == (sent, told)
    assert stream.gone == (how == "lost")


def test_an_answer_to_nobody_goes_nowhere() -> None:
    stream = asked(line := Line())
    stream.connection_lost()
    stream.respond(200, LENGTH_3, b"abc")
    assert line.wire.sent == b""
    assert line.told == []


def test_a_cut_answer_has_no_end() -> None:
    stream = asked(line := Line())
    stream.start(200, [])
    stream.write(b"abc")
    stream.abort()
    assert headers_and_body(line)[1] == b"3\r\nabc\r\n"
    assert line.told == ["cut"]


# --- back-pressure -----------------------------------------------------------------------------------------------


def test_a_source_waits_for_the_client_until_the_end() -> None:
    stream, tap = asked(Line()), Tap()
    stream.follow(tap)
    stream.pause_writing()
    stream.resume_writing()
    stream.start(200, [])
    stream.end()
    stream.pause_writing()
    assert tap.told == ["pause", "resume"]


def test_a_source_that_comes_to_a_client_that_is_full_waits_at_once() -> None:
    line, tap = Line(), Tap()
    line.is_full = True
    asked(line).follow(tap)
    assert tap.told == ["pause"]


@pytest.mark.parametrize(("heeded", "told"), [(True, ["pause", "gone"]), (False, [])])
def test_a_source_stops_before_whoever_serves_hears_that_the_client_has_left(heeded: bool, told: list[str]) -> None:
    stream, tap = asked(Line()), Tap()
    stream.start(200, [])
    stream.follow(tap)
    if heeded:
        stream.on_disconnect = lambda: tap.told.append("gone")
    stream.connection_lost()
    assert tap.told == told


@pytest.mark.parametrize("full", [True, False])
def test_a_source_goes_on_where_the_answer_outlives_the_client(full: bool) -> None:
    line, tap, late = Line(), Tap(), Tap()
    line.is_full = full
    stream = asked(line)
    stream.start(200, [])
    stream.outlives_client = True
    stream.follow(tap)
    stream.connection_lost()
    assert tap.told == ["pause", "resume"][not full :]
    stream.follow(late)
    assert late.told == []


@pytest.mark.parametrize(("full", "ended", "waits"), [(True, False, True), (False, False, False), (True, True, False)])
async def test_one_waits_only_for_a_client_that_is_full_and_there(full: bool, ended: bool, waits: bool) -> None:
    line = Line()
    line.is_full = full
    stream = asked(line)
    if ended:
        stream.connection_lost()
    assert stream.is_full == waits
    await stream.drain()
    assert line.told == ["drain"] * waits


# --- the body ----------------------------------------------------------------------------------------------------


def test_a_body_that_has_come_is_taken_at_once() -> None:
    stream = asked(line := Line(), "POST")
    stream.feed_data(b"ab")
    stream.feed_data(b"c")
    stream.feed_eof()
    assert (stream.complete, stream.unread) == (True, 3)
    assert stream.take() == b"abc"
    assert (stream.take(), stream.unread) == (b"", 0)
    assert line.told == ["read on"]


async def reading(stream: Stream) -> list[bytes]:
    pieces = []
    while piece := await stream.read():
        pieces.append(piece)
    return pieces


async def test_a_body_is_waited_for_piece_by_piece() -> None:
    stream = asked(line := Line(), "POST")
    pieces = asyncio.create_task(reading(stream))
    for piece in (b"ab", b"c"):
        await asyncio.sleep(0)
        stream.feed_data(piece)
    await asyncio.sleep(0)
    stream.feed_eof()
    assert await pieces == [b"ab", b"c"]
    assert line.wire.sent == b""


@pytest.mark.parametrize(
    ("begun", "first", "second", "told"),
    [(False, b"", b"b", True), (False, b"a", b"b", False), (False, b"a", b"", False), (True, b"", b"b", False)],
    ids=["nothing has come", "a piece has come", "all has come", "it was answered"],
)
async def test_who_waits_to_be_told_to_send_is_told_once(begun: bool, first: bytes, second: bytes, told: bool) -> None:
    stream = asked(line := Line(), "POST", expects=True)
    if begun:
        stream.start(200, LENGTH_3)
    if first:
        stream.feed_data(first)
    if not second:
        stream.feed_eof()
    pieces = asyncio.create_task(reading(stream))
    await asyncio.sleep(0)
    if second:
        stream.feed_data(second)
        stream.feed_eof()
    assert b"".join(await pieces) == first + second
    assert line.wire.sent == b"HTTP/1.1 100 Continue\r\n\r\n" * told


@pytest.mark.parametrize(("expects", "come", "lasts"), [(True, b"", False), (True, b"a", True), (False, b"", True)])
def test_an_answer_to_who_was_not_told_to_send_is_the_last(expects: bool, come: bytes, lasts: bool) -> None:
    stream = asked(Line(), "POST", expects=expects)
    if come:
        stream.feed_data(come)
    stream.respond(401, LENGTH_3, b"abc")
    assert stream.keep_alive == lasts


async def test_a_client_that_leaves_ends_the_wait_for_its_body() -> None:
    stream, told = asked(Line(), "POST"), list[str]()
    stream.on_disconnect = lambda: told.append("gone")
    pieces = asyncio.create_task(reading(stream))
    await asyncio.sleep(0)
    stream.connection_lost()
    stream.connection_lost()
    with pytest.raises(ClientGone):
        await pieces
    assert told == ["gone"]


async def test_what_comes_for_nobody_is_not_kept() -> None:
    stream = asked(Line(), "POST")
    stream.feed_data(b"ab")
    stream.respond(401, LENGTH_3, b"abc")
    stream.feed_data(b"c")
    assert (stream.unread, stream.take()) == (0, b"")
    assert await stream.read() == b""


def test_an_answer_that_takes_a_while_lets_go_of_what_only_its_beginning_needed() -> None:
    line = Line()
    stream = asked(line)
    stream.start(200, [])
    stream.write(b"a")
    assert "rest" not in line.told
    line.clock.turn()
    assert (line.told, dict(stream.scope)) == (["rest"], {})
    stream.end(b"bc")
    assert line.wire.sent.endswith(IN_CHUNKS)


def test_one_that_has_ended_by_then_or_whose_length_is_known_does_not() -> None:
    line = Line()
    stream = asked(line)
    stream.start(200, [])
    stream.end(b"a")
    asked(line).respond(200, LENGTH_3, b"abc")
    asked(line).start(200, LENGTH_3)
    line.clock.turn()
    assert "rest" not in line.told
