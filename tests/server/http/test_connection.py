"""A connection without a socket: deadlines, caps, turns and ends, on a clock that is set by hand."""

import asyncio
import gc
from collections.abc import Callable

import httptools
import pytest
from fuzz.targets.connection import one as cut_anyhow
from hypothesis import given
from hypothesis import strategies as st

from passenger.limits import Limits
from passenger.server.http.connection import (
    LINGER,
    MOST_BEHIND_BYTES,
    MOST_UNREAD,
    ClientConnection,
)
from passenger.server.http.refusals import MOST_BEHIND
from passenger.server.http.request_reader import TARGET
from passenger.server.http.stream import Stream
from tests.server.line import LIMITS, Client, Loop, say

GET = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
POST = "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\n"
CHUNKED = "POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
OK = say(b"ok")


def closed(client: Client) -> bool:
    return client.transport.ended or not client.transport.open


# --- what is served ----------------------------------------------------------------------------------------------


def test_a_request_is_told_as_asgi_says() -> None:
    client = Client()
    client.send("POST /a%20b?c=d HTTP/1.1\r\nHost: localhost\r\nX-Y:  z \r\nContent-Length: 3\r\n\r\nabc")
    (stream,) = client.streams
    assert stream.scope == {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": "/a b",
        "raw_path": b"/a%20b",
        "query_string": b"c=d",
        "root_path": "",
        "headers": [(b"host", b"localhost"), (b"x-y", b"z"), (b"content-length", b"3")],
        "client": ("127.0.0.1", 4242),
        "server": ("127.0.0.1", 80),
    }
    assert (stream.complete, stream.take()) == (True, b"abc")


def test_a_target_that_is_no_path_is_told_as_it_came() -> None:
    client = Client()
    client.send("GET http://localhost/a HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert client.streams[0].scope[TARGET] == b"http://localhost/a"
    assert client.streams[0].scope["path"] == "/a"


WHOLE = [
    GET,
    POST + "abc",
    CHUNKED + "1\r\na\r\n2;x=y\r\nbc\r\n0\r\nx: y\r\n\r\n",
    "HEAD /a HTTP/1.1\r\nHost: localhost\r\n\r\n",
    GET.replace("\r\n\r\n", "\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"),
    POST.replace("\r\n\r\n", "\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n") + "abc",
]


@given(st.lists(st.sampled_from(WHOLE), max_size=6), st.data())
def test_however_requests_are_cut_they_are_served_alike(requests: list[str], data: st.DataObject) -> None:
    whole = "".join(requests)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=8)))
    client = Client(OK)
    for start, end in zip([0, *cuts], [*cuts, len(whole)], strict=True):
        client.send(whole[start:end])
    assert [stream.scope["method"] for stream in client.streams] == [request.split()[0] for request in requests]
    assert client.taken().count(b"HTTP/1.1 200 OK") == len(requests)
    assert client.transport.open


@given(st.sampled_from(WHOLE), st.data())
def test_however_a_body_is_cut_it_is_read_alike(request: str, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(request)), max_size=8)))
    client = Client()
    for start, end in zip([0, *cuts], [*cuts, len(request)], strict=True):
        client.send(request[start:end])
    (stream,) = client.streams
    assert stream.complete
    assert stream.take() == (b"abc" if request.startswith("POST") else b"")


def test_a_head_that_comes_whole_is_served_before_its_body() -> None:
    client = Client()
    client.send(POST)
    (stream,) = client.streams
    assert not stream.complete
    client.send("ab")
    assert stream.take() == b"ab"
    client.send("c")
    assert (stream.complete, stream.take()) == (True, b"c")


def test_requests_are_answered_one_after_the_other() -> None:
    client = Client()
    client.send(GET * 3)
    for number in range(3):
        assert len(client.streams) == number + 1
        OK(client.streams[number])
    assert client.taken().count(b"HTTP/1.1 200 OK") == 3


def test_a_hundred_may_wait_behind_one_and_no_more() -> None:
    client = Client()
    client.send(GET)
    client.send(GET * MOST_BEHIND)
    assert client.status is None
    client.send(GET)
    assert client.status == 429
    assert client.streams[0].gone


def test_many_requests_that_are_answered_at_once_are_no_deeper_than_one() -> None:
    client = Client(OK)
    for _ in range(30):
        client.send(GET * MOST_BEHIND)
    assert client.taken().count(b"HTTP/1.1 200 OK") == 30 * MOST_BEHIND


# --- how it ends -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "request_", [GET.replace("1.1", "1.0"), GET.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n")]
)
@pytest.mark.parametrize("behind", ["", GET, "rubbish", "\r\n"])
@pytest.mark.parametrize("at_once", [True, False])
def test_a_last_request_is_the_last(request_: str, behind: str, at_once: bool) -> None:
    client = Client()
    client.send(request_ + behind if at_once else request_)
    if not at_once:
        client.send(behind)
    assert client.status is None
    OK(client.streams[0])
    assert client.taken().count(b"HTTP/1.1 ") == 1
    assert len(client.streams) == 1
    assert closed(client)


def test_what_follows_a_last_request_is_not_read_for_ever() -> None:
    client = Client()
    client.send(GET.replace("1.1", "1.0"))
    client.send(bytes(LIMITS.max_body))
    assert client.transport.open
    client.send(b"x")
    assert client.transport.aborted


@pytest.mark.parametrize("how", ["leave", "half"])
def test_a_client_that_leaves_is_noticed_at_once(how: str) -> None:
    client, told = Client(), list[str]()
    client.send(GET * 2)
    client.streams[0].on_disconnect = lambda: told.append("gone")
    if how == "leave":
        client.leave()
        assert client.connections == set()
    else:
        client.connection.eof_received()
    assert told == ["gone"]
    assert len(client.streams) == 1


def test_an_answer_that_is_cut_closes() -> None:
    client = Client()
    client.send(GET)
    client.streams[0].start(200, [])
    client.streams[0].write(b"abc")
    client.streams[0].abort()
    assert client.taken().endswith(b"3\r\nabc\r\n")
    assert not client.transport.open


@pytest.mark.parametrize("begun", [b"", GET.encode()[:7]])
def test_a_connection_without_a_request_ends_when_told(begun: bytes) -> None:
    client = Client()
    client.send(begun)
    client.connection.end()
    assert not client.transport.open


def test_a_connection_ends_with_the_answer_that_it_owes() -> None:
    client = Client()
    client.send(GET * 2)
    client.connection.end()
    assert client.transport.open
    OK(client.streams[0])
    assert b"connection: close" in client.taken()
    assert not client.transport.open
    assert len(client.streams) == 1


def test_one_too_many_is_told_so() -> None:
    client = Client(most=0)
    assert client.status == 503
    assert closed(client)


def test_a_last_answer_is_not_lost_while_its_client_sends() -> None:
    client = Client(OK)
    client.send(POST.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n") + "a")
    assert client.status == 200
    assert (client.transport.ended, client.transport.open) == (True, True)
    client.send("b")
    client.loop.pass_(LINGER)
    assert not client.transport.open


def test_a_last_answer_is_over_when_its_client_says_so() -> None:
    client = Client(OK)
    client.send(POST.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n") + "a")
    client.connection.eof_received()
    assert not client.transport.open


# --- deadlines ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sent", "seconds", "status"),
    [
        ("", 10, None),
        ("G", 10, 408),
        ("\r\n", 10, 408),
        (GET[:-2], 10, 408),
        (POST, 30, 408),
        (POST + "ab", 30, 408),
        (CHUNKED + "5\r\nab", 30, 408),
        (CHUNKED + "0\r\nx: y", 30, 408),
    ],
)
def test_what_stops_half_way_is_ended(sent: str, seconds: float, status: int | None) -> None:
    client = Client()
    client.send(sent)
    client.loop.pass_(seconds - 1)
    assert client.transport.open
    assert not closed(client)
    client.loop.pass_(1)
    assert client.status == status
    assert closed(client)
    assert all(stream.gone for stream in client.streams)
    client.loop.pass_(LINGER)
    assert not client.transport.open


def test_a_head_that_drips_is_ended() -> None:
    client = Client()
    for _ in range(10):
        client.send("G" if client.loop.now == 0 else "E" if client.loop.now == 1 else "")
        client.loop.pass_(1)
    assert client.status == 408


def test_a_body_that_drips_is_ended_after_all() -> None:
    client = Client()
    client.send(POST.replace("3", "999"))
    while client.status is None:
        client.send("x")
        client.loop.pass_(10)
    assert client.status == 408
    assert client.loop.now == 100


def test_an_answer_may_take_as_long_as_it_takes() -> None:
    client = Client()
    client.send(GET)
    client.loop.pass_(10_000)
    OK(client.streams[0])
    assert client.status == 200


def test_a_connection_without_a_request_is_kept_a_while() -> None:
    client = Client(OK)
    client.send(GET)
    client.loop.pass_(74)
    assert client.transport.open
    client.loop.pass_(1)
    assert not client.transport.open


def test_line_ends_keep_no_connection() -> None:
    client = Client(OK)
    client.send(GET)
    client.loop.pass_(40)
    client.send("\r\n\r\n")
    client.loop.pass_(35)
    assert not client.transport.open


def test_the_wait_for_the_next_request_costs_no_timer_a_request() -> None:
    client = Client(OK)
    client.send(GET)
    armed = client.loop.armed
    for _ in range(100):
        client.loop.pass_(0.1)
        client.send(GET)
    assert client.loop.armed - armed <= 1


def test_a_new_head_has_its_own_time() -> None:
    client = Client(OK)
    client.send(GET)
    client.loop.pass_(60)
    client.send(GET + "GET")
    client.loop.pass_(9)
    assert client.transport.open
    client.loop.pass_(1)
    assert client.taken().count(b"HTTP/1.1 408") == 1


@pytest.mark.parametrize("behind", ["GET / HT", POST])
def test_what_waits_behind_has_its_time_once_it_is_its_turn(behind: str) -> None:
    client = Client()
    client.send(GET + behind)
    client.loop.pass_(1000)
    assert client.status is None
    OK(client.streams[0])
    assert client.taken().startswith(b"HTTP/1.1 200")
    client.loop.pass_(30)
    assert client.status == 408


def test_a_body_that_nobody_waits_for_is_read_for_a_while_and_then_the_connection_goes_on() -> None:
    client = Client(say(b"no", 401))
    client.send(POST + "a")
    assert client.taken().startswith(b"HTTP/1.1 401 ")
    client.send("bc" + GET)
    assert client.taken().count(b"HTTP/1.1 401 ") == 1
    client.loop.pass_(75)
    assert not client.transport.open


def test_a_body_that_nobody_waits_for_has_an_end() -> None:
    client = Client(say(b"no", 401))
    client.send(POST + "a")
    client.taken()
    client.loop.pass_(30)
    assert client.status is None
    assert not client.transport.open


def test_a_body_that_nobody_waits_for_is_not_read_beyond_what_one_may_be_long() -> None:
    client = Client(say(b"no", 401))
    client.send(POST.replace("3", "999999"))
    client.send(bytes(LIMITS.max_body))
    assert client.transport.open
    client.send(b"x")
    assert client.transport.aborted


@pytest.mark.parametrize("request_", [GET.replace("1.1", "1.0"), POST])
def test_what_comes_with_a_request_is_no_rubbish_however_short_a_body_may_be(request_: str) -> None:
    client = Client(OK, limits=Limits(max_body=3))
    client.send(request_)
    assert client.status == 200
    assert not client.transport.aborted


def test_a_refused_body_of_who_waits_to_be_told_is_not_waited_for() -> None:
    client = Client(say(b"no", 401))
    client.send(POST.replace("\r\n\r\n", "\r\nExpect: 100-Continue\r\n\r\n"))
    assert b"\r\nconnection: close\r\n" in client.taken()
    assert closed(client)


# --- caps --------------------------------------------------------------------------------------------------------

TIGHT = Limits(max_uri=20, max_headers=4, max_header_bytes=100, max_body=1000)
TRAILING = CHUNKED + "1\r\na\r\n0\r\n"


@pytest.mark.parametrize("way", ["whole", "byte by byte"])
@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (f"GET /{'a' * 19} HTTP/1.1\r\nHost: localhost\r\n\r\n", 200),
        (f"GET /{'a' * 20} HTTP/1.1\r\nHost: localhost\r\n\r\n", 414),
        (f"GET /?{'a' * 20}", 414),
        (f"GET / HTTP/1.1\r\nX: {'a' * 95}\r\n\r\n", 200),
        (f"GET / HTTP/1.1\r\nX: {'a' * 96}\r\n\r\n", 431),
        (f"GET / HTTP/1.1\r\nX: {'a' * 200}", 431),
        (f"GET / HTTP/1.1\r\n{'a' * 200}", 431),
        ("GET / HTTP/1.1\r\n" + "a:b\r\n" * 4 + "\r\n", 200),
        ("GET / HTTP/1.1\r\n" + "a:b\r\n" * 5 + "\r\n", 431),
        (TRAILING + "a:b\r\n" * 4 + "\r\n", 200),
        (TRAILING + "a:b\r\n" * 5 + "\r\n", 431),
        (TRAILING + f"a: {'b' * 96}\r\n\r\n", 431),
    ],
)
def test_what_is_too_large_is_refused(sent: str, status: int, way: str) -> None:
    client = Client(limits=TIGHT)
    for piece in [sent] if way == "whole" else sent:
        client.send(piece)
    for stream in client.streams:
        if stream.complete and not stream.gone:
            OK(stream)
    assert client.status == status
    assert client.taken().count(b"HTTP/1.1 ") == 1


def test_a_head_behind_another_in_the_same_piece_is_counted_too() -> None:
    client = Client(OK, limits=TIGHT)
    client.send(GET + f"GET / HTTP/1.1\r\nX: {'a' * 96}\r\n\r\n")
    assert client.status == 431


@pytest.mark.parametrize(
    "begun", ["GET /", "GET / HTTP/1.1\r\na: ", TRAILING + "a: ", TRAILING, CHUNKED + "1;", CHUNKED]
)
def test_what_never_ends_has_an_end(begun: str) -> None:
    client = Client(limits=TIGHT)
    client.send(begun)
    for _ in range(5):
        client.send("0" * 30)
    assert client.status in {414, 431}


@pytest.mark.parametrize("way", ["whole", "chunk by chunk", "byte by byte"])
def test_extensions_are_counted_from_one_piece_of_the_body_to_the_next(way: str) -> None:
    chunks = [f"1;{'a' * 90}\r\nb\r\n"] * 20
    pieces = {"whole": ["".join(chunks)], "chunk by chunk": chunks, "byte by byte": list("".join(chunks))}
    client = Client(limits=TIGHT)
    client.send(CHUNKED)
    for piece in pieces[way]:
        client.send(piece)
    client.send("0\r\n\r\n")
    (stream,) = client.streams
    assert (stream.complete, stream.take()) == (True, b"b" * 20)


def test_what_waits_behind_is_bounded_in_bytes_and_read_on_once_it_was_answered() -> None:
    client = Client()
    client.send(GET)
    big = f"GET / HTTP/1.1\r\nX: {'y' * 60_000}\r\n\r\n"
    client.send(big)
    assert client.transport.reads
    client.send(big)
    assert 2 * len(big) > MOST_BEHIND_BYTES
    assert not client.transport.reads
    OK(client.streams[0])
    assert not client.transport.reads
    OK(client.streams[1])
    assert client.transport.reads


def test_a_body_that_nobody_takes_is_not_read_on_until_somebody_does() -> None:
    client = Client(limits=Limits(body_idle_timeout=30, body_timeout=1000))
    client.send(POST.replace("3", "9999999"))
    client.send(bytes(MOST_UNREAD))
    assert client.transport.reads
    client.send(b"x")
    assert not client.transport.reads
    client.loop.pass_(100)
    assert client.status is None
    client.streams[0].take()
    assert client.transport.reads
    client.loop.pass_(30)
    assert client.status == 408


def test_a_whole_body_is_no_reason_to_stop_reading() -> None:
    client = Client()
    client.send(POST.replace("3", str(2 * MOST_UNREAD)) + "x" * 2 * MOST_UNREAD)
    assert client.streams[0].complete
    assert client.transport.reads


def _begin(stream: Stream, loop: Loop) -> None:
    """Begin an answer that takes a while."""
    stream.start(200, [])
    stream.write(b"a")
    loop.turn()


@pytest.mark.parametrize("cut", [0, 1, len(GET) // 2, len(GET) - 1, len(GET), len(GET) + 20])
def test_what_follows_a_long_answer_is_read_wherever_it_was_cut(cut: int) -> None:
    client, later = Client(), GET * 2
    client.send(GET + later[:cut])
    _begin(client.streams[0], client.loop)
    client.send(later[cut:])
    client.streams[0].end()
    OK(client.streams[1])
    OK(client.streams[2])
    assert client.taken().count(b"HTTP/1.1 200") == 3
    assert client.transport.open


def test_while_a_long_answer_is_given_there_is_no_parser() -> None:
    client = Client()
    client.send(GET)
    _begin(client.streams[0], client.loop)
    assert not [one for one in gc.get_referents(client.connection) if isinstance(one, httptools.HttpRequestParser)]


def test_what_follows_a_last_request_is_nothing_while_its_answer_is_given() -> None:
    client = Client()
    client.send(GET.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n"))
    _begin(client.streams[0], client.loop)
    client.send(GET + "rubbish")
    client.streams[0].end(b"b")
    assert client.taken().endswith(b"0\r\n\r\n")
    assert len(client.streams) == 1


# --- refusals and what is under way ------------------------------------------------------------------------------


def test_rubbish_behind_a_request_that_has_no_answer_yet_is_a_400() -> None:
    client = Client()
    client.send(GET)
    client.send("\x00rubbish\r\n\r\n")
    assert client.status == 400
    assert client.streams[0].gone


def test_rubbish_behind_a_request_never_gets_into_its_answer() -> None:
    client = Client()
    client.send(GET)
    client.streams[0].start(200, [])
    client.streams[0].write(b"abc")
    client.send("\x00rubbish\r\n\r\n")
    assert client.taken().count(b"HTTP/1.1 ") == 1
    assert not client.transport.open


def test_rubbish_in_a_body_whose_answer_was_given_says_nothing_more() -> None:
    client = Client(OK)
    client.send(CHUNKED + "1\r\na")
    assert client.taken().startswith(b"HTTP/1.1 200 ")
    client.send("rubbish")
    assert client.taken() == b""
    assert closed(client)


def test_a_request_that_is_refused_together_with_what_it_brings_is_never_served() -> None:
    client = Client()
    client.send(CHUNKED + "zz\r\n")
    assert client.streams == []
    assert client.status == 400


@pytest.mark.parametrize(
    ("sent", "refused"),
    [
        ("\x00rubbish\r\n\r\n", (400, b"")),
        (GET + "\x00rubbish\r\n\r\n", (400, b"")),
        ("GET /a?b HTTP/1.1\r\n" + "x: y\r\n" * (LIMITS.max_headers + 2), (431, b"/a?b")),
        (CHUNKED + "zz\r\n", (400, b"/")),
    ],
)
def test_a_request_that_is_refused_and_served_by_nobody_is_told_with_its_target(
    sent: str, refused: tuple[int, bytes]
) -> None:
    client = Client(OK)
    client.send(sent)
    assert client.refused == [refused]


def test_a_request_that_is_being_served_is_not_told_as_refused() -> None:
    client = Client()
    client.send(CHUNKED)
    client.send("rubbish")
    assert (client.status, client.refused) == (400, [])


def test_a_fault_of_ours_is_not_told_as_the_clients() -> None:
    class Broken(ClientConnection):
        def count(self, size: int) -> None:
            raise LookupError(size)

    client = Client(made=Broken)
    with pytest.raises(Exception, match="callback"):
        client.send(POST + "abc")
    assert client.status is None


# --- other protocols ---------------------------------------------------------------------------------------------


def test_another_protocol_can_take_the_connection_over() -> None:
    taken = list[tuple[str, bytes]]()

    class Other(ClientConnection):
        def upgrade(self, stream: Stream, rest: bytes) -> bool:
            taken.append((stream.scope["path"], rest))
            return True

    client = Client(made=Other)
    client.send("GET /socket HTTP/1.1\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\nits own words")
    client.loop.pass_(1000)
    assert taken == [("/socket", b"its own words")]
    assert (client.streams, client.connections, client.transport.sent) == ([], set(), b"")


def test_what_is_refused_behind_another_protocol_is_told_so() -> None:
    client = Client()
    upgrade = POST.replace("\r\n\r\n", "\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n") + "abc"
    client.send(upgrade + CHUNKED.replace("chunked", "unknown") + "0\r\n\r\n")
    assert client.status == 501


# --- back-pressure -----------------------------------------------------------------------------------------------


class Tap:
    def __init__(self) -> None:
        self.told = list[str]()

    def pause(self) -> None:
        self.told.append("pause")

    def resume(self) -> None:
        self.told.append("resume")


def test_a_source_waits_for_a_client_that_does_not_read() -> None:
    client, tap = Client(), Tap()
    client.send(GET)
    client.streams[0].follow(tap)
    client.connection.pause_writing()
    client.connection.resume_writing()
    assert tap.told == ["pause", "resume"]


def test_who_takes_no_answer_gets_no_other_and_is_not_read_on() -> None:
    client = Client(limits=Limits(idle_timeout=1, body_idle_timeout=1, max_body=10))
    client.send(GET)
    client.connection.pause_writing()
    OK(client.streams[0])
    client.send(GET + POST.replace("3", "100"))
    client.send(bytes(50))
    assert len(client.streams) == 1
    assert not client.transport.reads
    client.loop.pass_(100)
    assert client.transport.open
    client.connection.resume_writing()
    OK(client.streams[1])
    assert client.transport.reads
    client.send(bytes(50))
    assert client.streams[2].take() == bytes(100)


@pytest.mark.parametrize("leave", [Client.leave, lambda client: client.connection.eof_received()])
def test_who_leaves_with_an_answer_untaken_is_answered_nothing_more(leave: Callable[[Client], None]) -> None:
    client = Client()
    client.send(GET)
    client.connection.pause_writing()
    OK(client.streams[0])
    client.send(GET)
    leave(client)
    client.connection.resume_writing()
    assert len(client.streams) == 1


@pytest.mark.parametrize("how", ["it reads", "it leaves"])
async def test_whoever_waits_for_a_client_is_woken_when(how: str) -> None:
    client = Client()
    client.send(GET)
    stream: Stream = client.streams[0]
    client.connection.pause_writing()
    waiting = [asyncio.create_task(stream.drain()) for _ in range(2)]
    await asyncio.sleep(0)
    waiting[0].cancel()
    assert not any(task.done() for task in waiting)
    if how == "it reads":
        client.connection.resume_writing()
    else:
        client.leave()
    await waiting[1]


# --- whatever comes ----------------------------------------------------------------------------------------------

LINES = [
    b"GET /a HTTP/1.1\r\n",
    b"POST /b HTTP/1.1\r\n",
    b"Host: a\r\n",
    b"Content-Length: 3\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"Connection: close\r\n",
    b"Connection: upgrade\r\nUpgrade: x\r\n",
    b"Expect: 100-continue\r\n",
    b"\r\n",
    b"abc",
    b"3\r\nabc\r\n",
    b"0\r\n\r\n",
    b"0\r\nx: y\r\n\r\n",
    b"\x00",
    b" ",
    b"\n",
]


@given(st.lists(st.sampled_from(LINES), max_size=12), st.integers(0, 31))
def test_whatever_comes_is_served_alike_however_it_is_cut(lines: list[bytes], size: int) -> None:
    cut_anyhow(bytes([size]) + b"".join(lines))


@given(st.sampled_from(WHOLE), st.data())
def test_a_request_with_one_byte_changed_is_served_alike_however_it_is_cut(request: str, data: st.DataObject) -> None:
    sent = bytearray((request * 2).encode())
    sent[data.draw(st.integers(0, len(sent) - 1))] = data.draw(st.integers(0, 255))
    cut_anyhow(bytes([data.draw(st.integers(0, 31))]) + sent)
