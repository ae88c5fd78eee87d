"""An answer of upstream: what is made of it is the same however it is cut and taken, and the same that h11 makes of it.

The first byte of an input says how the rest is cut and what was asked, and whether the connection ends behind it.
"""

import contextlib
import re
from collections.abc import Callable, Coroutine, Generator
from dataclasses import dataclass
from typing import Any, cast

from fuzz.second_reader import read_answer
from passenger.net.connection import UpstreamConnection
from passenger.net.exceptions import NETWORK_ERRORS, ProtocolError
from passenger.net.origin import Origin
from passenger.net.parser import HEAD_LIMIT, HEADERS_LIMIT
from passenger.net.response import HttpResponse

_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9a-z-]+")
_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
_MOST_OF_ONE = 1_040
"""Bytes that zlib makes of one at most, and a little more."""


class _Network:
    """A transport, and a loop on which no time passes."""

    def __init__(self) -> None:
        self.open, self.reads = True, True

    def close(self) -> None:
        self.open = False

    abort = close

    def is_closing(self) -> bool:
        return not self.open

    def pause_reading(self) -> None:
        self.reads = False

    def resume_reading(self) -> None:
        self.reads = True

    def write(self, _data: bytes) -> None:
        pass

    def set_write_buffer_limits(self, _high: int, _low: int) -> None:
        pass

    def time(self) -> float:
        return 0.0

    when = time

    def call_at(self, _due: float, _call: object) -> "_Network":
        return self

    def cancel(self) -> None:
        pass

    def create_future(self) -> "_Network":
        return self

    def __await__(self) -> Generator[None]:
        yield


@dataclass
class _Taken:
    """What came of a body, and of its end: `error` is None where it is whole, and "" while more is to come."""

    response: HttpResponse
    pauses: bool = False
    body: bytes = b""
    error: type[Exception] | str | None = ""

    def piece(self, data: bytes) -> None:
        """Take a piece, and have a rest where that is wanted."""
        assert data
        assert self.error == ""
        self.body += data
        if self.pauses:
            self.response.pause()

    def ended(self, error: Exception | None) -> None:
        """Take note of the end, which comes once."""
        assert self.error == ""
        self.error = None if error is None else type(error)


@dataclass(frozen=True)
class _Made:
    """What was made of an answer."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes
    error: type[Exception] | str | None
    keeps: bool


_Take = Callable[[HttpResponse], _Taken]


def one(data: bytes) -> None:
    """Read an answer whole, in pieces, and taken in other ways."""
    how, said = (data[0], data[1:]) if data else (0, b"")
    size, method, ends = 1 + how % 16, "HEAD" if how & 16 else "GET", bool(how & 32)
    whole = _made(method, [said], _poured, ends=ends)
    _must_be_plain(whole, len(said))
    cut = [said[at : at + size] for at in range(0, len(said), size)]
    for take in (_poured, _paused, _pulled):
        _must_agree(whole, _made(method, cut, take, ends=ends))
    _must_agree_with_h11(whole, method, said, ends=ends)


def _must_be_plain(made: _Made, size: int) -> None:
    assert made.status == 0 or 200 <= made.status < 1000
    assert len(made.headers) <= HEADERS_LIMIT
    assert sum(len(name) + len(value) for name, value in made.headers) <= HEAD_LIMIT
    for name, value in made.headers:
        assert _NAME.fullmatch(name)
        assert _VALUE.fullmatch(value)
    assert len(made.body) <= size * _MOST_OF_ONE
    assert made.error in {"", None} or issubclass(cast("type[Exception]", made.error), NETWORK_ERRORS)


def _must_agree(whole: _Made, cut: _Made) -> None:
    """What breaks in one piece with its reason may take what came before it along.

    Line ends behind an answer are junk if they come by themselves; that a body cannot be unpacked may be found when its
    connection has been given back.
    """
    assert (whole.status, whole.headers, whole.error) == (cut.status, cut.headers, cut.error)
    assert whole.body == cut.body if whole.error is None else cut.body.startswith(whole.body)
    assert whole.keeps or not cut.keeps or whole.error is ProtocolError


def _made(method: str, pieces: list[bytes], take: _Take, *, ends: bool) -> _Made:
    network, kept = _Network(), list[UpstreamConnection]()
    connection = UpstreamConnection(cast("Any", network), Origin("http", "a.test", 80))
    connection.connection_made(cast("Any", network))
    connection.released = kept.append
    response = connection.ask(method, b"")
    taken = take(response)
    for piece in pieces:
        if network.open:
            connection.data_received(piece)
            if not network.reads:
                response.resume()
    if network.open and ends:
        network.close()
        connection.connection_lost(None)
    keeps = bool(kept) and network.open
    if not response.has_ended:
        response.resume()
    elif taken.pauses:
        while taken.error == "":
            response.resume()
    if take is _pulled:
        _drive(_pull(response, taken))
    error = taken.error if response.status or not response.has_ended else type(cast("Any", response)._error)
    return _Made(response.status, response.headers, taken.body, error, keeps)


def _poured(response: HttpResponse) -> _Taken:
    taken = _Taken(response)
    response.pour(taken)
    return taken


def _paused(response: HttpResponse) -> _Taken:
    taken = _Taken(response, pauses=True)
    response.pour(taken)
    return taken


def _pulled(response: HttpResponse) -> _Taken:
    return _Taken(response)


async def _pull(response: HttpResponse, taken: _Taken) -> None:
    try:
        while piece := await response.piece():
            taken.piece(piece)
    except NETWORK_ERRORS as error:
        taken.ended(error)
    else:
        taken.ended(None)


def _drive(work: Coroutine[Any, Any, None]) -> None:
    """Run it until it is done or waits."""
    with contextlib.suppress(StopIteration):
        work.send(None)
    work.close()


def _must_agree_with_h11(made: _Made, method: str, said: bytes, *, ends: bool) -> None:
    """Where both have a whole answer, it is the same."""
    if made.error is not None or any(name == "content-encoding" for name, _ in made.headers):
        return
    other = read_answer(method, said, ends=ends)
    assert other is None or other == (made.status, made.body)
