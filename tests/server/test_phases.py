"""Each phase of a client's connection, without a socket, and who ends it there: the client, a deadline, or we."""

from collections.abc import Callable

import pytest

from passenger.server.http.connection import LINGER, ClientConnection
from passenger.server.http.send_buffer import LOOKS
from passenger.server.http.stream import Stream
from tests.server.line import Client, say

GET = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
POST = "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\n"
CHUNKED = "POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
CLOSING = POST.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n")
PATIENT = POST.replace("\r\n\r\n", "\r\nExpect: 100-continue\r\n\r\n")
OK, NO = say(b"ok"), say(b"no", 401)

Serve = Callable[[Stream], None]


def unanswered(_stream: Stream) -> None:
    pass


def begun(stream: Stream) -> None:
    stream.start(200, [])
    stream.loop.turn()  # type: ignore[attr-defined]  # the fake one


def streaming(stream: Stream) -> None:
    stream.start(200, [])
    stream.write(b"abc")


PHASES: dict[str, tuple[Serve, str]] = {
    # what is done with a request, and what has come
    "nothing has come": (unanswered, ""),
    "a line's end has come": (unanswered, "\r\n"),
    "in the request line": (unanswered, GET[:8]),
    "in the headers": (unanswered, GET[:-2]),
    "before the body": (unanswered, POST),
    "in the body": (unanswered, POST + "ab"),
    "in a chunk": (unanswered, CHUNKED + "5\r\nab"),
    "in the trailers": (unanswered, CHUNKED + "0\r\nx: y"),
    "before it is told to send": (unanswered, PATIENT),
    "while it waits for an answer": (unanswered, GET),
    "while another waits behind": (unanswered, GET * 3),
    "while half another waits behind": (unanswered, GET + POST + "a"),
    "behind the head of an answer": (begun, GET),
    "behind a piece of an answer": (streaming, GET),
    "in a body that is answered already": (streaming, POST + "a"),
    "in a body whose answer was given": (NO, POST + "a"),
    "in a body whose last answer was given": (NO, CLOSING + "a"),
    "between two requests": (OK, GET),
    "in the next request": (OK, GET + GET[:8]),
}


def in_phase(name: str, made: type[ClientConnection] = ClientConnection) -> tuple[Client, list[Stream]]:
    """A client in this phase, and those of its requests that have heard that it left."""
    serve, sent = PHASES[name]
    heard = list[Stream]()

    def listening(stream: Stream) -> None:
        stream.on_disconnect = lambda: heard.append(stream)
        serve(stream)

    client = Client(listening, made=made)
    client.send(sent)
    client.taken()
    return client, heard


def half_close(client: Client) -> None:
    client.connection.eof_received()
    client.leave()


LEAVES: dict[str, Callable[[Client], None]] = {
    "closed": Client.leave,
    "reset": lambda client: client.leave(ConnectionResetError()),
    "half-closed, then closed": half_close,
}


class Timeless(ClientConnection):
    """A connection on which nothing may come too late: its client has left."""

    def too_late(self) -> None:
        raise AssertionError("a deadline was left behind")


@pytest.mark.proves("F35", "F36", "promise 7")
@pytest.mark.parametrize("leave", LEAVES)
@pytest.mark.parametrize("phase", PHASES)
def test_a_client_that_leaves_is_told_of_once_and_told_nothing_more(phase: str, leave: str) -> None:
    client, heard = in_phase(phase, Timeless)
    unfinished = [stream for stream in client.streams if not stream.ended]
    LEAVES[leave](client)
    assert heard == unfinished
    assert all(stream.ended for stream in client.streams)
    assert all(stream.gone for stream in unfinished)
    assert client.connections == set()
    for stream in client.streams:
        stream.write(b"more")
        stream.end()
    client.loop.pass_(10_000)
    assert client.taken() == b""
    assert heard == unfinished


DEADLINES: dict[str, tuple[float, int | None]] = {
    # in how many seconds a client that sends nothing more is sent away, and what it is told
    "nothing has come": (10, None),
    "a line's end has come": (10, 408),
    "in the request line": (10, 408),
    "in the headers": (10, 408),
    "before the body": (30, 408),
    "in the body": (30, 408),
    "in a chunk": (30, 408),
    "in the trailers": (30, 408),
    "before it is told to send": (30, 408),
    "in a body that is answered already": (30, None),
    "in a body whose answer was given": (30, None),
    "in a body whose last answer was given": (LINGER, None),
    "between two requests": (75, None),
    "in the next request": (10, 408),
}


@pytest.mark.proves("promise 8")
@pytest.mark.parametrize("phase", DEADLINES)
def test_whoever_sends_no_more_is_sent_away_in_time(phase: str) -> None:
    client, heard = in_phase(phase)
    unfinished = [stream for stream in client.streams if not stream.ended]
    seconds, status = DEADLINES[phase]
    client.loop.pass_(seconds - 0.1)
    assert client.transport.open
    assert client.status is None
    client.loop.pass_(0.1)
    assert client.status == status
    assert client.transport.ended or not client.transport.open
    assert heard == unfinished
    client.loop.pass_(LINGER)
    assert not client.transport.open


@pytest.mark.proves("F34")
@pytest.mark.parametrize(
    "phase", sorted(PHASES.keys() - DEADLINES.keys() - {"behind the head of an answer", "behind a piece of an answer"})
)
def test_whoever_waits_for_us_waits_as_long_as_it_takes(phase: str) -> None:
    client, heard = in_phase(phase)
    client.loop.pass_(10_000)
    assert (client.transport.open, client.transport.ended, client.status, heard) == (True, False, None, [])


@pytest.mark.parametrize("phase", ["behind the head of an answer", "behind a piece of an answer"])
def test_an_answer_may_rest_as_long_as_it_takes(phase: str) -> None:
    client, _ = in_phase(phase)
    client.loop.pass_(10_000)
    client.streams[0].end(b"z")
    assert client.taken().endswith(b"1\r\nz\r\n0\r\n\r\n")
    assert client.transport.open


OWED = {
    # how many answers a client still gets that is being sent away
    "nothing has come": 0,
    "a line's end has come": 0,
    "in the request line": 0,
    "in the headers": 0,
    "before the body": 1,
    "in the body": 1,
    "while it waits for an answer": 1,
    "while another waits behind": 1,
    "while half another waits behind": 1,
    "between two requests": 0,
    "in the next request": 0,
}


@pytest.mark.proves("F50")
@pytest.mark.parametrize("phase", OWED)
def test_whoever_is_sent_away_gets_the_answer_that_it_is_owed_and_no_other(phase: str) -> None:
    client, _ = in_phase(phase)
    client.connection.end()
    assert client.transport.open == bool(OWED[phase])
    if OWED[phase]:
        client.send({"before the body": "abc", "in the body": "c"}.get(phase, ""))
        OK(client.streams[-1])
        told = client.taken()
        assert (told.count(b"HTTP/1.1 200 OK"), told.count(b"connection: close")) == (1, 1)
    assert client.transport.ended or not client.transport.open
    client.send(GET)
    assert client.taken() == b""


@pytest.mark.proves("F50")
@pytest.mark.parametrize("phase", ["behind the head of an answer", "behind a piece of an answer"])
def test_a_stream_runs_on_though_its_client_is_being_sent_away(phase: str) -> None:
    client, heard = in_phase(phase)
    client.connection.end()
    client.streams[0].write(b"more")
    client.streams[0].end()
    assert client.taken().endswith(b"4\r\nmore\r\n0\r\n\r\n")
    assert (client.transport.open, heard) == (False, [])


class Deaf:
    """A socket whose other end acknowledges nothing."""

    def getsockopt(self, _level: int, _option: int, size: int) -> bytes:
        return bytes(size)


@pytest.mark.proves("F37", "promise 8")
@pytest.mark.parametrize(("waits", "cut"), [(100_000, True), (0, False)])
def test_whoever_takes_nothing_of_what_waits_is_cut_off(waits: int, cut: bool) -> None:
    client, _ = in_phase("behind a piece of an answer")
    client.transport.waits = waits
    client.transport.get_extra_info = lambda name: Deaf()  # type: ignore[method-assign]  # a socket's
    for _ in range(LOOKS):
        client.connection.look()
    assert not client.transport.aborted
    client.connection.look()
    assert client.transport.aborted == cut
