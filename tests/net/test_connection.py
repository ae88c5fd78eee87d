"""A connection to upstream without a socket, on a clock that is set by hand: deadlines, ends, and who gives up when."""

import asyncio
from collections.abc import Callable
from typing import cast

import pytest

from passenger.net.client import HttpClient
from passenger.net.connector import Connector
from passenger.net.egress import Egress
from passenger.net.exceptions import (
    BrokenConnectionError,
    DisconnectedError,
    IncompleteBodyError,
    NetworkError,
    ProtocolError,
    StaleConnectionError,
)
from passenger.net.pool import ConnectionPool
from passenger.net.response import MOST_WAITING, HttpResponse
from tests.net.line import CHUNKED, OK, SHORT, Cup, Upstream

LONG = OK + b"Content-Length: 9\r\n\r\n"


async def failure_of(response: HttpResponse) -> type[Exception]:
    """What is raised to whoever waits for the head and then for all of the body."""
    try:
        await response.wait_for_head()
        while await response.piece():
            pass
    except (NetworkError, OSError) as error:
        return type(error)
    raise AssertionError("nothing was raised")


# --- what is sent ------------------------------------------------------------------------------------------------


def test_head_and_body_leave_in_one_go() -> None:
    upstream = Upstream()
    upstream.ask()
    assert (upstream.wire.sent, upstream.wire.writes) == (b"headbody", 1)


# --- deadlines ---------------------------------------------------------------------------------------------------

NO_HEADS = {
    "nothing": [],
    "a line that drips": [b"HTTP/1.1 ", b"2", b"0"],
    "interim answers": [b"HTTP/1.1 102 Processing\r\n\r\n"] * 9,
    "headers that drip": [OK, *[b"X: y\r\n"] * 8],
}


@pytest.mark.proves("F27", "promise 8")
@pytest.mark.parametrize("pieces", NO_HEADS.values(), ids=NO_HEADS)
async def test_a_head_has_until_a_fixed_moment_whatever_comes(pieces: list[bytes]) -> None:
    upstream = Upstream()
    response = upstream.ask(first_byte=10, idle=1)
    for piece in pieces:
        upstream.clock.pass_(1)
        upstream.say(piece)
    upstream.clock.pass_(9.9 - upstream.clock.now)
    assert upstream.state == "open"
    upstream.clock.pass_(0.1)
    assert upstream.state == "aborted"
    assert await failure_of(response) is TimeoutError


@pytest.mark.proves("F27")
async def test_a_request_that_took_long_to_send_leaves_the_server_all_of_its_time() -> None:
    upstream = Upstream()
    response = upstream.ask(first_byte=10, sent=False)
    upstream.clock.pass_(9)
    upstream.connection.resume_writing()
    upstream.clock.pass_(9.9)
    assert upstream.state == "open"
    upstream.clock.pass_(0.1)
    assert await failure_of(response) is TimeoutError


async def test_what_is_sent_after_the_head_moves_no_deadline() -> None:
    upstream = Upstream()
    upstream.ask(LONG, first_byte=100, idle=10, sent=False)
    upstream.clock.pass_(9)
    upstream.connection.resume_writing()
    upstream.clock.pass_(1)
    assert upstream.state == "aborted"


@pytest.mark.proves("F27", "F34")
@pytest.mark.parametrize(
    ("pieces", "lasts"),
    [
        ([b"1\r\na\r\n"] * 5, True),
        ([b"1\r\n", b"a\r", b"\n1\r\n", b"a\r\n", b"1\r\na"], False),
        ([b"1;x=", b"y", b"y", b"y", b"y"], False),
        ([b"0\r\n", b"X: y\r\n", b"X: y\r\n", b"X: y\r\n", b"X: y\r\n"], False),
        ([b"0", b"0", b"0", b"0", b"0"], False),
    ],
    ids=["pieces", "every other one", "an extension", "trailers", "a size"],
)
async def test_only_a_piece_of_the_body_moves_the_deadline(pieces: list[bytes], lasts: bool) -> None:
    upstream = Upstream()
    response = upstream.ask(CHUNKED, first_byte=100, idle=10)
    for piece in pieces:
        upstream.clock.pass_(6)
        if upstream.state == "open":
            upstream.say(piece)
    assert upstream.state == ("open" if lasts else "aborted")
    if not lasts:
        assert await failure_of(response) is TimeoutError


async def test_no_deadline_runs_while_nothing_is_read_and_a_new_one_afterwards() -> None:
    upstream = Upstream()
    response = upstream.ask(LONG + b"a", first_byte=10, idle=10)
    response.pause()
    assert not upstream.wire.reads
    upstream.clock.pass_(1_000)
    response.resume()
    assert upstream.wire.reads
    upstream.clock.pass_(9.9)
    assert upstream.state == "open"
    upstream.clock.pass_(0.1)
    assert await failure_of(response) is TimeoutError


@pytest.mark.parametrize("said", [SHORT, OK + b"Connection: close\r\nContent-Length: 2\r\n\r\nok"])
def test_no_deadline_runs_once_the_answer_is_there(said: bytes) -> None:
    upstream = Upstream()
    upstream.ask(said, first_byte=10, idle=10)
    state = upstream.state
    upstream.clock.pass_(1_000)
    assert upstream.state == state
    assert state in {"kept", "closed"}


def test_without_a_deadline_no_timer_is_armed() -> None:
    upstream = Upstream()
    upstream.ask(LONG)
    assert upstream.clock.armed == 0


def test_many_pieces_share_one_timer() -> None:
    upstream = Upstream()
    upstream.ask(OK + b"Content-Length: 1000\r\n\r\n", first_byte=10, idle=10)
    for _ in range(999):
        upstream.clock.pass_(0.001)
        upstream.say(b"x")
    assert upstream.clock.armed <= 2


# --- how it ends -------------------------------------------------------------------------------------------------

RESET = ConnectionResetError(104, "Connection reset by peer")
LOSSES: dict[str, tuple[bool, bytes, Exception | None, type[Exception] | None]] = {
    # whether it had served, what was said, how it was lost, what that means
    "a new one, closed": (False, b"", None, DisconnectedError),
    "a new one, reset": (False, b"", RESET, BrokenConnectionError),
    "a kept one, closed": (True, b"", None, StaleConnectionError),
    "a kept one, reset": (True, b"", RESET, StaleConnectionError),
    "a kept one that had begun, closed": (True, b"H", None, DisconnectedError),
    "a kept one that had begun, reset": (True, b"HTTP/1.1 100 C\r\n\r\n", RESET, BrokenConnectionError),
    "a head cut off": (False, OK, None, DisconnectedError),
    "a body cut off": (False, LONG + b"ok", None, IncompleteBodyError),
    "a body reset": (True, LONG + b"ok", RESET, IncompleteBodyError),
    "chunks cut off": (False, CHUNKED + b"2\r\nok\r\n", None, IncompleteBodyError),
    "a body until the end": (False, OK + b"\r\nok", None, None),
    "a body until the end, reset": (False, OK + b"\r\nok", RESET, IncompleteBodyError),
    "no HTTP": (False, b"SSH-2.0\r\n", None, ProtocolError),
}


@pytest.mark.proves("F24", "F25", "F32")
@pytest.mark.parametrize("name", LOSSES)
async def test_each_loss_has_its_meaning(name: str) -> None:
    served, said, error, meaning = LOSSES[name]
    upstream = Upstream()
    if served:
        upstream.ask(SHORT)
    response = upstream.ask(said)
    upstream.leave(error)
    if meaning is None:
        assert (await response.piece(), await response.piece()) == (b"ok", b"")
    else:
        assert await failure_of(response) is meaning
    assert upstream.lost == 1


@pytest.mark.proves("F28")
@pytest.mark.parametrize(("sent", "state"), [(True, "kept"), (False, "aborted")])
async def test_an_answer_that_ends_before_the_request_has_gone_is_given_and_its_connection_is_not_kept(
    sent: bool, state: str
) -> None:
    upstream = Upstream()
    response = upstream.ask(SHORT, sent=sent)
    assert (await response.piece(), await response.piece()) == (b"ok", b"")
    assert upstream.state == state


async def test_an_early_answer_is_given_whole_though_the_request_never_goes() -> None:
    upstream = Upstream()
    response = upstream.ask(b"HTTP/1.1 413 X\r\nContent-Length: 2\r\n\r\n", first_byte=10, idle=10, sent=False)
    upstream.say(b"no")
    upstream.settle()
    assert (response.status, await response.piece(), await response.piece()) == (413, b"no", b"")


@pytest.mark.parametrize("junk", [b"x", SHORT, b"\r\n"])
def test_what_comes_while_nothing_was_asked_ends_the_connection(junk: bytes) -> None:
    upstream = Upstream()
    upstream.ask(SHORT)
    assert upstream.state == "kept"
    upstream.say(junk)
    assert upstream.state == "aborted"


def test_a_connection_is_told_to_be_lost_once_and_never_given_back_afterwards() -> None:
    upstream = Upstream()
    response = upstream.ask(LONG)
    upstream.leave()
    response.close()
    upstream.clock.pass_(1_000)
    assert (upstream.lost, upstream.kept) == (1, 0)


# --- who gives up, and when --------------------------------------------------------------------------------------

PHASES: dict[str, tuple[bytes, bool]] = {
    # what was said before, and whether the network is paused
    "for the first byte": (b"", False),
    "in the head": (OK, False),
    "after an interim answer": (b"HTTP/1.1 100 C\r\n\r\n", False),
    "for the body": (LONG, False),
    "in the body": (LONG + b"ok", False),
    "in chunks": (CHUNKED + b"2\r\nok\r\n", False),
    "while paused": (LONG + b"ok", True),
    "while too much waits": (OK + b"\r\n" + bytes(MOST_WAITING + 1), False),
}


async def waiting(response: HttpResponse) -> None:
    await response.wait_for_head()
    with response:
        while await response.piece():
            pass
        await asyncio.Event().wait()


@pytest.mark.proves("F35", "promise 7")
@pytest.mark.parametrize("phase", PHASES)
async def test_whoever_is_cancelled_gives_the_connection_up(phase: str) -> None:
    said, paused = PHASES[phase]
    upstream = Upstream()
    response = upstream.ask(said, first_byte=10, idle=10)
    if paused:
        response.pause()
    task = asyncio.create_task(waiting(response))
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()
    assert (upstream.state, upstream.kept) == ("aborted", 0)
    upstream.settle()
    upstream.clock.pass_(1_000)
    assert upstream.lost == 1


@pytest.mark.proves("F35", "promise 7")
@pytest.mark.parametrize("phase", PHASES)
async def test_whoever_waits_while_another_closes_is_told(phase: str) -> None:
    said, paused = PHASES[phase]
    upstream = Upstream()
    response = upstream.ask(said)
    if paused:
        response.pause()
    task = asyncio.create_task(failure_of(response))
    await asyncio.sleep(0)
    response.close()
    assert await task is IncompleteBodyError
    assert upstream.state == "aborted"


async def test_cancelling_one_wait_for_a_piece_costs_nothing() -> None:
    upstream = Upstream()
    response = upstream.ask(LONG)
    task = asyncio.create_task(response.piece())
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])
    upstream.say(b"ninebytes")
    assert (await response.piece(), await response.piece(), upstream.state) == (b"ninebytes", b"", "kept")


@pytest.mark.parametrize("how", ["closed", "cancelled"])
async def test_whoever_gives_up_after_the_end_leaves_the_connection_alone(how: str) -> None:
    upstream = Upstream()
    response = upstream.ask(SHORT)
    if how == "closed":
        response.close()
    else:
        task = asyncio.create_task(waiting(response))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
    assert upstream.state == "kept"


class Waiting:
    """Connects when it is told to."""

    def __init__(self) -> None:
        self.made: asyncio.Future[Upstream] = asyncio.get_running_loop().create_future()

    async def connect(self, _origin: object, _way: object) -> object:
        return (await self.made).connection


def client(connector: Waiting, pool: ConnectionPool) -> HttpClient:
    return HttpClient(pool, cast("Connector", connector), Egress())


@pytest.mark.proves("F35", "promise 7")
async def test_whoever_is_cancelled_while_it_connects_has_asked_nothing() -> None:
    connector, pool = Waiting(), ConnectionPool()
    task = asyncio.create_task(client(connector, pool).request("GET", "http://a.test/", {}))
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])
    assert (task.cancelled(), connector.made.cancelled()) == (True, True)
    await pool.close()


async def test_whoever_is_connected_when_the_pool_has_been_closed_is_told() -> None:
    connector, pool, upstream = Waiting(), ConnectionPool(), Upstream()
    task = asyncio.create_task(client(connector, pool).request("GET", "http://a.test/", {}))
    await asyncio.sleep(0)
    await pool.close()
    connector.made.set_result(upstream)
    await asyncio.sleep(0)
    assert upstream.state == "aborted"
    upstream.settle()
    await asyncio.wait([task])
    assert isinstance(task.exception(), NetworkError)


# --- pulled, poured and both -------------------------------------------------------------------------------------


async def test_what_was_not_pulled_is_poured_and_what_was_not_poured_is_pulled() -> None:
    upstream, cup = Upstream(), Cup()
    response = upstream.ask(LONG + b"a")
    assert await response.piece() == b"a"
    upstream.say(b"bc")
    response.pour(cup)
    upstream.say(b"de")
    response.pour(None)
    upstream.say(b"f")
    upstream.say(b"ghi")
    assert (cup.pieces, cup.ends) == ([b"bc", b"de"], [])
    assert (await response.piece(), await response.piece()) == (b"fghi", b"")
    assert upstream.state == "kept"


class Last(Cup):
    """A receiver that lets go of its answer with the first piece."""

    def __init__(self, response: HttpResponse) -> None:
        super().__init__()
        self.response = response

    def piece(self, data: bytes) -> None:
        super().piece(data)
        self.response.pour(None)


async def test_a_receiver_that_lets_go_leaves_the_rest_to_be_pulled() -> None:
    upstream = Upstream()
    response = upstream.ask(LONG)
    cup = Last(response)
    response.pour(cup)
    upstream.say(b"abc")
    upstream.say(b"defghi")
    assert (cup.pieces, cup.ends) == ([b"abc"], [])
    assert (await response.piece(), await response.piece()) == (b"defghi", b"")


@pytest.mark.proves("F37", "promise 8")
async def test_what_comes_while_paused_is_kept_and_given_in_order() -> None:
    upstream, cup = Upstream(), Cup()
    response = upstream.ask(LONG)
    response.pour(cup)
    response.pause()
    upstream.say(b"abc")
    upstream.say(b"defghi")
    assert (cup.pieces, cup.ends, upstream.state) == ([], [], "kept")
    assert upstream.wire.reads
    response.resume()
    assert (b"".join(cup.pieces), cup.ends) == (b"abcdefghi", [None])


async def test_another_receiver_takes_over_where_the_first_was_paused() -> None:
    upstream, first, second = Upstream(), Cup(), Cup()
    response = upstream.ask(LONG)
    response.pour(first)
    upstream.say(b"abc")
    response.pause()
    upstream.say(b"def")
    response.pour(second)
    upstream.say(b"ghi")
    assert (first.pieces, first.ends) == ([b"abc"], [])
    assert (b"".join(second.pieces), second.ends) == (b"defghi", [None])


@pytest.mark.proves("F37", "promise 8")
@pytest.mark.parametrize("size", [3, MOST_WAITING + 1])
async def test_a_client_that_is_full_before_its_answer_comes_is_waited_for(size: int) -> None:
    upstream, cup = Upstream(), Cup()
    response = upstream.ask(OK + b"\r\n" + bytes(size))
    response.pause()
    response.pour(cup)
    upstream.say(b"more")
    assert (cup.pieces, upstream.wire.reads) == ([], False)
    response.resume()
    assert (b"".join(cup.pieces), upstream.wire.reads) == (bytes(size) + b"more", True)


BREAKS: dict[str, tuple[Callable[[Upstream], None], type[Exception]]] = {
    "closed": (lambda upstream: upstream.leave(), IncompleteBodyError),
    "reset": (lambda upstream: upstream.leave(RESET), IncompleteBodyError),
    "silent": (lambda upstream: upstream.clock.pass_(10), TimeoutError),
    "shut": (lambda upstream: upstream.connection.shut(), IncompleteBodyError),
}


@pytest.mark.proves("F25", "F32")
@pytest.mark.parametrize("when", ["poured", "poured later", "paused"])
@pytest.mark.parametrize("name", BREAKS)
def test_a_break_is_told_once_and_after_what_had_come(name: str, when: str) -> None:
    break_, error = BREAKS[name]
    upstream, cup = Upstream(), Cup()
    response = upstream.ask(LONG, idle=10)
    if when != "poured later":
        response.pour(cup)
    upstream.say(b"abc")
    if when == "paused":
        response.pause()
        response.resume()  # else nobody is looked for who is silent
    break_(upstream)
    if when == "poured later":
        response.pour(cup)
    assert cup.pieces == [b"abc"]
    assert [type(end) for end in cup.ends] == [error]
    upstream.settle()
    response.resume()
    response.close()
    assert len(cup.ends) == 1


def test_a_receiver_hears_nothing_more_of_an_answer_that_was_closed() -> None:
    upstream, cup = Upstream(), Cup()
    response = upstream.ask(LONG + b"a", idle=10)
    response.pour(cup)
    response.pause()
    upstream.say(b"b")
    response.close()
    response.resume()
    upstream.settle()
    upstream.clock.pass_(100)
    assert (cup.pieces, cup.ends) == ([b"a"], [])


@pytest.mark.proves("F37", "promise 8")
async def test_nothing_more_is_read_while_too_much_waits_to_be_pulled() -> None:
    upstream = Upstream()
    response = upstream.ask(OK + b"\r\n")
    upstream.say(bytes(MOST_WAITING))
    assert upstream.wire.reads
    upstream.say(b"x")
    assert not upstream.wire.reads
    assert len(await response.piece()) == MOST_WAITING + 1
    assert upstream.wire.reads
