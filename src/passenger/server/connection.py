"""A client's connection: requests in, answers out, in turn; with deadlines and caps on what it makes us wait or keep.

Hides llhttp, the parser, which is [httptools'](https://github.com/MagicStack/httptools). A request is served once what
has come together with its head has been read: mostly all of it, which costs a comparison and no timer.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, auto
from functools import lru_cache
from typing import Any, Protocol

import httptools

from passenger.deadline import Deadline, Timers
from passenger.errors import Failure
from passenger.limits import Limits
from passenger.server.head import Header
from passenger.server.refusals import (
    MOST_BEHIND,
    NOT_HTTP,
    TOO_MANY_BEHIND,
    UNKNOWN_CODING,
    large_head,
    late,
    long_target,
    other_version,
    too_many_connections,
    write_refusal,
)
from passenger.server.stream import Scope, Stream
from passenger.server.target import read_target
from passenger.web.progress import Progress

log = logging.getLogger(__name__)

LINGER = 2.0
"""Seconds that a client has to take a last answer while it may still be sending."""

MOST_UNREAD = 256 * 1024
"""Bytes of a body that may wait for whoever serves it before no more is read: what a loop reads at once."""

MOST_BEHIND_BYTES = 64 * 1024
"""Bytes of requests that may wait for the answer to another before no more is read."""

HIGH_WATER = 64 * 1024
"""Bytes of answers that may wait for the client before their source has to: asyncio's own number."""

TARGET = "passenger.target"
"""The scope's key for a request's target where it is no path."""

FRAMING = (b"content-length", b"transfer-encoding")
"""The headers that say where a body ends."""

_VERSIONS = ("1.1", "1.0")
_FACTS: dict[str, Any] = {
    "type": "http",
    "asgi": {"version": "3.0", "spec_version": "2.3"},
    "scheme": "http",
    "root_path": "",
}
"""What is the same of all requests."""


class _Stage(Enum):
    """How much of a request has been read."""

    NOTHING = auto()
    HEAD = auto()
    BODY = auto()


_NOTHING, _HEAD, _BODY = _Stage


class _StopError(Exception):
    """Stops the parser, whose own errors say nothing, for this refusal."""

    def __init__(self, refusal: Failure = NOT_HTTP) -> None:
        super().__init__(refusal)
        self.refusal = refusal


class Connections(Protocol):
    """Those that are open."""

    def add(self, connection: "Connection", /) -> None:
        """One more."""
        ...

    def discard(self, connection: "Connection", /) -> None:
        """One less."""
        ...

    def __len__(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Service:
    """What all connections of a server have in common: who serves, the limits, and the connections themselves."""

    serve: Callable[[Stream], None]
    limits: Limits
    most: int
    connections: Connections
    timers: Timers = field(default_factory=Timers)


class Connection(asyncio.Protocol):
    """One connection of a client. There may be thousands, so that each has slots and shares what is the same of all."""

    __slots__ = (
        "_asks_upgrade",
        "_at_once",
        "_begins_anew",
        "_behind",
        "_body_due",
        "_client",
        "_current",
        "_deadline",
        "_dropped",
        "_framing",
        "_head_bytes",
        "_headers",
        "_heard",
        "_is_closing",
        "_is_last",
        "_is_new",
        "_is_paused",
        "_is_serving",
        "_leaving",
        "_limits",
        "_parser",
        "_progress",
        "_reading",
        "_serve",
        "_server",
        "_service",
        "_stage",
        "_target",
        "_trailer_bytes",
        "_trailers",
        "_waiting",
        "_writable",
        "has_gone",
        "is_broken",
        "is_ending",
        "is_full",
        "loop",
        "transport",
    )

    def __init__(self, service: Service, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.transport: asyncio.Transport = None  # type: ignore[assignment]  # set by connection_made, before any use
        self.is_full = self.is_ending = self.is_broken = self.has_gone = False
        self._service = service
        self._serve = service.serve
        self._limits = service.limits
        self._parser: httptools.HttpRequestParser | None = None
        self._deadline = Deadline(loop, self.too_late, service.timers)
        self._progress = Progress()
        self._writable: asyncio.Event | None = None
        self._leaving: list[Callable[[], None]] = []
        self._client: tuple[str, int] | None = None
        self._server: tuple[str, int] | None = None
        # what is being read
        self._stage = _HEAD
        self._target = b""
        self._headers: list[Header] | None = None
        self._framing: list[Header] = []
        self._trailers = self._trailer_bytes = 0
        self._head_bytes = self._at_once = 0
        self._reading: Stream | None = None
        self._is_new = self._heard = self._is_last = False
        self._asks_upgrade = self._begins_anew = False
        self._body_due = 0.0
        # what is being served
        self._current: Stream | None = None
        self._waiting: list[Stream] = []
        self._is_serving = False
        self._behind = 0
        self._dropped = 0
        self._is_paused = False
        self._is_closing = False

    # --- the connection ------------------------------------------------------------------------------------------

    def connection_made(self, transport: Any) -> None:  # Any: uvloop's transports are asyncio's in all but their class
        """Take it in, or turn it away where there are too many."""
        self.transport = transport
        self._client = _end(transport, "peername")
        self._server = _shared(_end(transport, "sockname"))
        self._service.connections.add(self)
        if len(self._service.connections) > self._service.most:
            self._refuse(too_many_connections(self._service.most))
        else:
            self._deadline.set(self._limits.header_timeout)

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the request that is being served, at once."""
        self._is_closing = True
        self.has_gone = self.has_gone or exc is not None
        self.is_broken = self.is_broken or exc is not None or bool(self._leaving)  # who has left was told already
        self._deadline.end()
        self._service.connections.discard(self)
        self._let_go()
        self._tell_left()
        self.resume_writing()
        self._parser = None  # it holds us, as we hold it

    def eof_received(self) -> None:
        """The client sends nothing more, and so waits for nothing: whoever leaves looks like this, too."""
        self._let_go()
        if self._is_closing:
            self.transport.close()

    def data_received(self, data: bytes) -> None:
        """Read what has come, serve what can be, and say until when the rest must follow."""
        if self._is_closing:
            return
        if self._is_in_vain or (self._stage is _NOTHING and self._is_last):
            self._drop(len(data))
        self._heard = True
        self._at_once = len(data)
        self._head_bytes += self._at_once
        self._parse(data)
        if self._waiting:
            self._serve_on()
        if self._stage is not _NOTHING and not self._is_closing:
            self._expect_rest()
        if self._behind or self._waiting or self._reading is not None:
            self._regulate()

    def _parse(self, data: bytes) -> None:
        end, parser = None, self._parser
        if parser is None:
            parser = self._parser = httptools.HttpRequestParser(self)
        try:
            parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            end = upgrade.args[0]
        except httptools.HttpParserCallbackError as error:
            if not isinstance(error.__context__, _StopError):
                raise
            self._stopped(error.__context__.refusal)
        except httptools.HttpParserError:
            self._stopped(NOT_HTTP)
        if end is not None:  # not in the handler, where what is raised next would have another context
            self._upgrade(data[end:])

    def _stopped(self, refusal: Failure) -> None:
        """Refuse what could not be read, unless it is behind a last request: nobody will look at that."""
        if not (self._is_last and self._stage is _NOTHING):
            self._refuse(refusal)

    def upgrade(self, stream: Stream, rest: bytes) -> bool:  # noqa: ARG002, PLR6301, RUF100 - for who overrides it
        """Whether another protocol takes the connection over, from `rest` on, as the client of this request asks.

        None does so far. Whoever overrides this gives the transport another protocol.
        """
        return False

    def _upgrade(self, rest: bytes) -> None:
        if self._reading is not None and self.upgrade(self._reading, rest):
            self._is_closing = True
            self._deadline.end()
            self._service.connections.discard(self)
            self._waiting.clear()
        else:
            self._stay(rest)

    def _stay(self, rest: bytes) -> None:
        """Go on with HTTP/1.1 where a client asks for another protocol, as RFC 9110 (7.8) lets a server do.

        The parser takes what follows for that protocol; a new one is told where the body ends, and reads on.
        """
        self._asks_upgrade, self._begins_anew = False, True
        self._parser = httptools.HttpRequestParser(self)
        framing = b"".join(b"%b: %b\r\n" % field for field in self._framing)
        self._parse(b"POST / HTTP/1.1\r\n" + framing + b"\r\n" + rest)

    def end(self) -> None:
        """Let there be no other request than the one that is being served."""
        self.is_ending = True
        if self._current is None:
            self.transport.close()

    def look(self) -> None:
        """See whether the client takes what waits for it, and cut it off where it has not for too many looks."""
        if self._progress.has_stopped(self.transport):
            log.info("a client took nothing of its answer for too long ([limits] write_timeout)")
            self.has_gone = True
            self.abort()

    def abort(self) -> None:
        """Close at once, whatever waits for the client."""
        self.is_broken = self.owes
        self.transport.abort()

    # --- one request after the other -----------------------------------------------------------------------------

    def _serve_on(self) -> None:
        """Serve what waits, as far as it is answered at once, and no answer before the client has taken of the last."""
        if self._is_serving:
            return
        self._is_serving = True
        while self._waiting and self._current is None and not (self.is_full or self._is_closing):
            self._current = stream = self._waiting.pop(0)
            self._serve(stream)
        self._is_serving = False
        if not self._waiting:
            self._behind = 0
        if not self._is_closing:
            self._expect()

    def answered(self, stream: Stream) -> None:
        """Go on with the next request, or close where there is none to be."""
        self._current = None
        self._dropped = 0
        if self.is_ending or not stream.keep_alive:
            self._close()
        else:
            self._serve_on()
            self.read_on()

    def cut(self) -> None:
        """Close, as an answer cannot be completed."""
        self._is_closing = True
        self._current = None
        self._let_go()
        self.transport.close()

    def _close(self) -> None:
        """Close after a last answer; not while its client is sending, which would be reset and might lose it."""
        self._is_closing = True
        self._let_go()
        if self._stage is _NOTHING or self.transport.is_closing():
            self.transport.close()
        else:
            self._linger()

    def _linger(self) -> None:
        self._resume_reading()
        self.transport.write_eof()
        self._deadline.set(LINGER)

    def _let_go(self) -> None:
        """End what is served and forget what waits: nobody is there to take an answer."""
        self._waiting.clear()
        current, self._current = self._current, None
        self._reading = None
        if current is not None:
            current.lost()

    def _refuse(self, failure: Failure) -> None:
        """Answer without any application, and close; an answer under way is only cut, one that was given only ended.

        What the client still sends is thrown away for a while: a connection closed over it would be reset, and the
        answer lost.
        """
        current, reading = self._current, self._reading
        is_answered = self._stage is _BODY and reading is not None and reading.ended
        self._is_closing = True
        self._let_go()
        if self.transport.is_closing() or (current is not None and current.started):
            self.transport.close()
            return
        if not is_answered:
            self.transport.write(write_refusal(failure))
        self._linger()

    # --- how fast ------------------------------------------------------------------------------------------------

    def pause_writing(self) -> None:
        """Let an answer's source wait for the client."""
        self.is_full = True
        if self._current is not None:
            self._current.filled()

    def resume_writing(self) -> None:
        """Let it go on."""
        self.is_full = False
        if self._leaving:
            self.transport.set_write_buffer_limits()
            self._tell_left()
        writable, self._writable = self._writable, None
        if writable is not None:
            writable.set()
        if self._current is not None:
            self._current.emptied()
        elif self._waiting:
            self._serve_on()
            self.read_on()

    @property
    def owes(self) -> bool:
        """Whether bytes that were written still wait for the client."""
        return self.transport.get_write_buffer_size() > 0

    def when_left(self, tell: Callable[[], None]) -> None:
        """Call this once all that was written has left, or never will; until then no answer's source goes on."""
        self._leaving.append(tell)
        self.transport.set_write_buffer_limits(high=0)  # which pauses us where we are not
        self.transport.set_write_buffer_limits(high=HIGH_WATER, low=0)

    def _tell_left(self) -> None:
        leaving, self._leaving = self._leaving, []
        for tell in leaving:
            tell()

    async def drain(self) -> None:
        """Wait until the client has taken of what waits for it."""
        if self.is_full:
            self._writable = self._writable or asyncio.Event()
            await self._writable.wait()

    def read_on(self) -> None:
        """Read on, where we had stopped because nobody took what had come."""
        if self._is_paused:
            self._regulate()

    def _regulate(self) -> None:
        """Read, also where nobody waits for it, as only who reads sees a client leave; but not where too much waits."""
        unread = self._reading.unread if self._reading is not None else 0
        is_held = self._current is None and bool(self._waiting)  # by a client that takes no answer
        if self._behind > MOST_BEHIND_BYTES or unread > MOST_UNREAD or is_held:
            self._pause_reading()
        elif self._is_paused:
            self._resume_reading()

    def rest(self) -> None:
        """Let go of the parser (1 KB) where an answer will take a while: between two requests it knows nothing."""
        if self._stage is _NOTHING:
            self._parser = None

    def _pause_reading(self) -> None:
        if not self._is_paused and not self.transport.is_closing():
            self._is_paused = True
            self.transport.pause_reading()

    def _resume_reading(self) -> None:
        if self._is_paused and not self.transport.is_closing():
            self._is_paused = False
            self.transport.resume_reading()

    # --- deadlines -----------------------------------------------------------------------------------------------

    def _expect(self) -> None:
        """Say until when more must come."""
        if self._waiting or (self._current is not None and self._current is not self._reading):
            self._deadline.clear()  # it is us who have not answered
        elif self._stage is _BODY:
            self._expect_body()
        elif self._stage is _HEAD:
            self._deadline.set(self._limits.header_timeout)
        else:
            self._deadline.set(self._limits.idle_timeout)

    def _expect_body(self) -> None:
        now = self.loop.time()
        if not self._body_due:
            self._body_due = now + self._limits.body_timeout
        self._deadline.set(min(self._limits.body_idle_timeout, self._body_due - now))

    def _expect_rest(self) -> None:
        """Say until when the rest must come of what has come so far."""
        if self._head_bytes > self._limits.max_header_bytes + self._limits.max_uri:  # also of trailers and extensions
            self._refuse(large_head(self._limits))
        elif self._stage is _BODY or self._is_new:
            self._is_new = False
            self._expect()

    @property
    def _is_in_vain(self) -> bool:
        """Whether a body is coming whose request has been answered."""
        return self._stage is _BODY and self._current is None and not self._waiting

    def _drop(self, size: int) -> None:
        """Count what comes for nobody, which is not read without end."""
        self._dropped += size
        if self._dropped > self._limits.max_body:
            self._is_closing = self.has_gone = True
            self.abort()

    def too_late(self) -> None:
        """The deadline has passed."""
        if self._is_closing:
            self.transport.close()
        elif self._is_paused:  # it is us who do not read
            self._deadline.set(self._limits.body_idle_timeout)
        elif self._stage is _NOTHING or not self._heard or self._is_in_vain:
            self.transport.close()
        else:
            self._refuse(late("the headers" if self._stage is _HEAD else "the body"))

    # --- what the parser tells -----------------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        """Begin a request."""
        if self._begins_anew:
            return
        if self._is_last:
            raise _StopError
        self._stage = _HEAD
        self._is_new = True
        self._target = b""
        self._headers = []
        self._body_due = 0.0

    def on_url(self, url: bytes) -> None:
        """Add to the target."""
        if self._begins_anew:
            return
        self._target += url
        if len(self._target) > self._limits.max_uri:
            raise _StopError(long_target(self._limits))

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header; or look at a trailer, and let it fall."""
        headers = self._headers
        if headers is None:
            self._pass_over(name, value)
        elif len(headers) < self._limits.max_headers:
            headers.append((name.lower(), value.rstrip(b" \t")))
        else:
            raise _StopError(large_head(self._limits))

    def _pass_over(self, name: bytes, value: bytes) -> None:
        """Count a trailer: it is no header, whatever its name, but there may be no more of them."""
        limits = self._limits
        self._trailers += 1
        self._trailer_bytes += len(name) + len(value) + 4
        if self._trailers > limits.max_headers or self._trailer_bytes > limits.max_header_bytes:
            raise _StopError(large_head(limits))

    def on_headers_complete(self) -> None:
        """Let the request wait to be served, unless its head is too large, or of another version, or too many wait."""
        if self._begins_anew:
            self._begins_anew = False
            return
        headers, self._headers = self._headers or [], None
        self._trailers = self._trailer_bytes = 0
        named = dict(headers)
        most = self._limits.max_header_bytes
        if self._head_bytes + self._at_once > most and _size(headers) > most:  # counted only where many came
            raise _StopError(large_head(self._limits))
        if b"transfer-encoding" in named:
            self._check_coding(headers)
        parser = self._parser
        assert parser is not None  # noqa: S101 - it is what calls
        version, method = parser.get_http_version(), parser.get_method()
        if version not in _VERSIONS:
            raise _StopError(NOT_HTTP if version == "0.9" else other_version(version))  # 0.9 is that of no version
        if method == b"CONNECT":
            raise _StopError(NOT_HTTP)  # its target is none of ours
        if self._waiting or self._current is not None:
            self._note_behind(headers)
        self._asks_upgrade = parser.should_upgrade()
        if self._asks_upgrade:
            self._framing = [field for field in headers if field[0] in FRAMING]
        self._reading = stream = Stream(
            self,
            self._scope(method, version, headers),
            keep_alive=version == "1.1" and parser.should_keep_alive(),
            expects_continue=b"expect" in named and version == "1.1" and named[b"expect"].lower() == b"100-continue",
        )
        self._waiting.append(stream)
        self._stage, self._head_bytes = _BODY, 0

    def _check_coding(self, headers: list[Header]) -> None:
        """Refuse what the parser does not look at."""
        if any(name == b"transfer-encoding" and value.lower() != b"chunked" for name, value in headers):
            raise _StopError(UNKNOWN_CODING)

    def _note_behind(self, headers: list[Header]) -> None:
        """Count a request that waits for the answer to another."""
        if len(self._waiting) + (self._current is not None) > MOST_BEHIND:
            raise _StopError(TOO_MANY_BEHIND)
        self._behind += len(self._target) + _size(headers)

    def _scope(self, method: bytes, version: str, headers: list[Header]) -> Scope:
        try:
            path, raw_path, query = read_target(self._target)
        except ValueError:
            raise _StopError(NOT_HTTP) from None
        scope: dict[str, Any] = {
            **_FACTS,
            "client": self._client,
            "server": self._server,
            "http_version": version,
            "method": method.decode("ascii"),
            "path": path,
            "raw_path": raw_path,
            "query_string": query,
            "headers": headers,
        }
        if not self._target.startswith(b"/"):
            scope[TARGET] = self._target
        return scope

    def on_body(self, body: bytes) -> None:
        """Take a piece of the body."""
        self._head_bytes = 0
        reading = self._reading
        if reading is None:
            return
        if self._waiting and (self._current is not None or len(self._waiting) > 1):
            self._behind += len(body)
        reading.received(body)

    def on_message_complete(self) -> None:
        """There is nothing more to wait for, unless the parser only believes so."""
        if self._asks_upgrade:
            return
        reading, self._reading = self._reading, None
        self._stage, self._head_bytes = _NOTHING, 0
        if reading is None:
            return
        if self._trailers and self._parser is not None and not self._parser.should_keep_alive():
            reading.keep_alive = False  # the parser has believed a trailer, and would take nothing more
        self._is_last = not reading.keep_alive
        reading.completed()
        if reading.ended:
            self._has_rest(reading)

    def _has_rest(self, stream: Stream) -> None:
        """A body is whole that nobody had waited for."""
        if stream.keep_alive:
            self._deadline.set(self._limits.idle_timeout)
        else:
            self._close()


def _end(transport: asyncio.Transport, name: str) -> tuple[str, int] | None:
    """One end of a connection, None where it has no port."""
    address = transport.get_extra_info(name)
    return (str(address[0]), int(address[1])) if isinstance(address, tuple | list) and len(address) > 1 else None


@lru_cache(64)
def _shared(end: tuple[str, int] | None) -> tuple[str, int] | None:
    """The same value for all connections of an address of ours."""
    return end


def _size(headers: list[Header]) -> int:
    return sum(len(name) + len(value) + 4 for name, value in headers)
