"""uvicorn's HTTP/1.1 protocol with deadlines and caps: what a client may make this process wait for and keep.

A request that comes in one piece, as nearly all do, costs a comparison and no timer.
"""

import logging
from asyncio import AbstractEventLoop
from enum import Enum, auto
from typing import Any, NoReturn, cast

import httptools
from uvicorn._types import ASGI3Application
from uvicorn.config import Config
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from passenger.deadline import Deadline
from passenger.dialects import completions
from passenger.errors import Failure, Kind
from passenger.limits import Limits
from passenger.web.guard import TARGET
from passenger.web.lifeline import ON_GONE, Scope
from passenger.web.progress import Progress

log = logging.getLogger(__name__)


class _Stage(Enum):
    """How much of a request has been read."""

    NOTHING = auto()
    HEAD = auto()
    BODY = auto()


NOT_HTTP = Failure(Kind.INVALID, "this is not a request of HTTP/1.1", code="not_http")


LINGER = 2.0
"""Seconds that a refused client has to take its answer."""

MOST_BEHIND = 100
"""Requests that may wait on a connection for the answer to the one before them."""

FRAMING = (b"content-length", b"transfer-encoding")
"""The headers that say where a body ends."""

_TELLING = frozenset({b"expect", b"transfer-encoding"})
_VERSIONS = ("1.0", "1.1")


class _TooMuchError(Exception):
    """Stops the parser, whose own errors say nothing."""


class HttpProtocol(HttpToolsProtocol):
    """One connection of a client."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: AbstractEventLoop | None = None,
        *,
        limits: Limits,
        most: int,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._limits = limits
        self._most = most
        self._stage = _Stage.HEAD
        self._heard = False
        self._head_bytes = 0
        self._drained = 0
        self._behind = 0
        self._trailers: list[int] = []
        self._served: RequestResponseCycle | None = None
        self._asks_upgrade = self._begins_anew = False
        self._progress = Progress()
        self._body_due = 0.0
        self._refusal = NOT_HTTP
        self._refused = False
        self._deadline = Deadline(self.loop, self.too_late)

    # --- the connection ------------------------------------------------------------------------------------------

    def connection_made(self, transport: Any) -> None:  # Any: uvloop's transports are asyncio's in all but their class
        """Take it in, or turn it away where there are too many."""
        super().connection_made(transport)
        if len(self.connections) > self._most:
            message = f"{self._most} connections are open already ([limits] max_connections)"
            self._refuse(Failure(Kind.UNAVAILABLE, message, code="overloaded", retry_after="1"))
        else:
            self._deadline.set(self._limits.header_timeout)

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the request that is being served, at once: to wait for a message costs a task a request."""
        self._deadline.end()
        self._unset_keepalive_if_required()
        super().connection_lost(exc)
        self._let_go()

    def _let_go(self) -> None:
        """End what is served and forget what waits: nobody is there to take an answer."""
        cycle = self._running()
        for waiting, _ in self.pipeline:
            waiting.on_response = _nothing  # it holds us, as we hold it
        self.pipeline.clear()
        if cycle is None:
            return
        cycle.disconnected = True
        cycle.message_event.set()
        on_gone = cast("Scope", cycle.scope).get(ON_GONE)
        if on_gone is not None:
            on_gone()

    def data_received(self, data: bytes) -> None:
        """Read what has come, and say until when the rest must follow."""
        if self._refused:
            return
        before, self._heard = self._stage, True
        self._head_bytes += len(data)
        if not self.pipeline:
            self._behind = 0
        self._parse(data)
        if self._refused:
            return
        if self.flow.read_paused:
            self._read_on()
        if self._stage is _Stage.NOTHING:
            self._deadline.clear()
        elif self._stage is _Stage.HEAD:
            self._expect_head(anew=before is not _Stage.HEAD)
        else:
            self._expect_body(len(data), anew=before is not _Stage.BODY)

    def _parse(self, data: bytes) -> None:
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._stay(data[upgrade.args[0] :])
        except httptools.HttpParserError:
            self._refuse(self._refusal)

    def _stay(self, rest: bytes) -> None:
        """Go on with HTTP/1.1 where a client asks for another protocol, as RFC 9110 (7.8) lets a server do.

        The parser takes what follows for that protocol; a new one is told where the body ends, and reads on.
        """
        self._asks_upgrade, self._begins_anew = False, True
        self.parser = httptools.HttpRequestParser(self)
        framing = b"".join(b"%b: %b\r\n" % field for field in self.headers if field[0] in FRAMING)
        self._parse(b"POST / HTTP/1.1\r\n" + framing + b"\r\n" + rest)

    def _read_on(self) -> None:
        """Read on where nobody waits for it, too, up to a bound: only who reads sees that a client has left."""
        if self._behind <= HIGH_WATER_LIMIT and (self.pipeline or self._stage is _Stage.NOTHING):
            self.flow.resume_reading()

    def _running(self) -> RequestResponseCycle | None:
        """The request whose answer is not complete."""
        cycle = self._served
        return cycle if cycle is not None and not cycle.response_complete else None

    def look(self) -> None:
        """See whether the client takes what waits for it, and cut it off where it has not for too many looks."""
        if self._progress.has_stopped(self.transport):
            log.info("a client took nothing of its answer for too long ([limits] write_timeout)")
            self.transport.abort()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        self._served = cycle
        super()._start_asgi_task(cycle, app)

    # --- deadlines -----------------------------------------------------------------------------------------------

    def _expect_head(self, *, anew: bool) -> None:
        if self._head_bytes > self._limits.max_header_bytes + self._limits.max_uri:
            self._refuse(_large_head(self._limits))
        elif anew:
            self._deadline.set(self._limits.header_timeout)

    def _expect_body(self, size: int, *, anew: bool) -> None:
        if self._head_bytes > self._limits.max_header_bytes + self._limits.max_uri:  # trailers, or what a chunk has
            self._refuse(_large_head(self._limits))
            return
        now = self.loop.time()
        if anew:
            self._body_due, self._drained = now + self._limits.body_timeout, 0
        self._deadline.set(min(self._limits.body_idle_timeout, self._body_due - now))
        if self._running() is None:
            self._drained += size
            if self._drained > self._limits.max_body:
                self.transport.abort()

    def too_late(self) -> None:
        """The deadline has passed."""
        if self._refused:
            self.transport.close()
        elif self.flow.read_paused:  # it is us who do not read
            self._deadline.set(self._limits.body_idle_timeout)
        elif not self._heard or (self._running() is None and self._stage is _Stage.BODY):
            self.transport.close()
        else:
            what = "the headers" if self._stage is _Stage.HEAD else "the body"
            message = f"{what} of the request did not come in time"
            self._refuse(Failure(Kind.INVALID, message, status=408, code="request_timeout"))

    # --- what the parser tells -----------------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        """Begin a request."""
        if self._begins_anew:
            return
        self._unset_keepalive_if_required()  # only now: line ends after an answer begin nothing
        super().on_message_begin()
        self._stage = _Stage.HEAD
        self._trailers = []

    def on_url(self, url: bytes) -> None:
        """Add to the target."""
        if self._begins_anew:
            return
        super().on_url(url)
        if len(self.url) > self._limits.max_uri:
            message = f"the request's target is longer than {self._limits.max_uri} bytes ([limits] max_uri)"
            self._stop(Failure(Kind.INVALID, message, status=414, code="uri_too_long"))

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header; what follows the body is none, whatever its name."""
        if self._stage is _Stage.BODY:
            if not self._begins_anew:
                self._pass_over(name, value)
            return
        name = name.lower()
        if name in _TELLING:
            self._heed(name, value.strip().lower())
        self.headers.append((name, value))
        if len(self.headers) > self._limits.max_headers:
            self._stop(_large_head(self._limits))

    def _heed(self, name: bytes, value: bytes) -> None:
        """Take what a header says of the request's transfer, as uvicorn does; refuse what it does not look at."""
        if name == b"expect":
            self.expect_100_continue = self.expect_100_continue or value == b"100-continue"
        elif value != b"chunked":
            message = "no transfer coding is understood but chunked"
            self._stop(Failure(Kind.INVALID, message, status=501, code="transfer_encoding_not_supported"))

    def _pass_over(self, name: bytes, value: bytes) -> None:
        """Let a trailer fall, and count it as if it were a header."""
        self._trailers.append(len(name) + len(value) + 4)
        if len(self._trailers) > self._limits.max_headers or sum(self._trailers) > self._limits.max_header_bytes:
            self._stop(_large_head(self._limits))

    def on_headers_complete(self) -> None:
        """Begin to serve, unless the head is too large, or of another version, or too many are waiting."""
        if self._begins_anew:
            self._begins_anew = False
            return
        limits = self._limits
        if self._head_bytes > limits.max_header_bytes and _size(self.headers) > limits.max_header_bytes:
            self._stop(_large_head(limits))
        self._check_version(self.parser.get_http_version())
        if len(self.pipeline) >= MOST_BEHIND:
            message = f"more than {MOST_BEHIND} requests wait on this connection for the answer to another"
            self._stop(Failure(Kind.RATE_LIMIT, message, code="too_many_requests"))
        self._asks_upgrade = self.parser.should_upgrade()
        if not self.url.startswith(b"/"):
            cast("Scope", self.scope)[TARGET] = self.url
        super().on_headers_complete()
        self._stage, self._head_bytes = _Stage.BODY, 0
        if self.pipeline:
            self._behind += len(self.url) + _size(self.headers)

    def _check_version(self, version: str) -> None:
        if version == "0.9":  # the parser's word for no version at all
            self._stop(NOT_HTTP)
        if version not in _VERSIONS:
            message = f"HTTP/{version} is not served here: send HTTP/1.1"
            self._stop(Failure(Kind.INVALID, message, status=505, code="http_version_not_supported"))

    def on_body(self, body: bytes) -> None:
        """Take a piece of the body."""
        self._head_bytes = 0
        if self.pipeline:
            self._behind += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """There is nothing more to wait for, unless the parser only believes so."""
        if self._asks_upgrade:
            return
        if self._trailers and not self.parser.should_keep_alive():
            self.cycle.keep_alive = False  # the parser has believed a trailer, and would take nothing more
        super().on_message_complete()
        self._stage = _Stage.NOTHING
        self._head_bytes = 0

    def on_response_complete(self) -> None:
        """Go on; but whoever waits to be told to send a body, and was refused, may or may not send it."""
        if self._served is not None:
            self._served.body = bytearray()  # what nobody asked for
        super().on_response_complete()
        if self.pipeline and self._behind > HIGH_WATER_LIMIT:
            self.flow.pause_reading()  # until those are answered that wait already
        if self._stage is _Stage.BODY and self.expect_100_continue:
            self.transport.close()

    # --- refusals ------------------------------------------------------------------------------------------------

    def _stop(self, refusal: Failure) -> NoReturn:
        self._refusal = refusal
        raise _TooMuchError

    def _refuse(self, failure: Failure) -> None:
        """Answer without any application, and close; a stream under way is only cut, an answer given only ended.

        What the client still sends is thrown away for a while: a connection closed over it would be reset, and the
        answer lost.
        """
        cycle, self._refused = self._running(), True
        self._let_go()
        if self.transport.is_closing() or (cycle is not None and cycle.response_started):
            self.transport.close()
            return
        if self._stage is not _Stage.BODY or not self.cycle.response_complete:
            self.transport.write(_response(failure))
        self.transport.write_eof()
        self._deadline.set(LINGER)

    def eof_received(self) -> None:
        """The client sends nothing more: there is no reason to linger."""
        super().eof_received()
        if self._refused:
            self.transport.close()


def _nothing() -> None:
    pass


def _size(headers: list[tuple[bytes, bytes]]) -> int:
    return sum(len(name) + len(value) + 4 for name, value in headers)


def _large_head(limits: Limits) -> Failure:
    message = (
        f"the request has more than {limits.max_headers} headers, or more than {limits.max_header_bytes} bytes of them "
        "([limits] max_headers, max_header_bytes)"
    )
    return Failure(Kind.INVALID, message, status=431, code="headers_too_large")


def _response(failure: Failure) -> bytes:
    """A whole HTTP response, in the dialect that most clients read."""
    body = completions.write_failure(failure)
    wait = f"retry-after: {failure.retry_after}\r\n" if failure.retry_after else ""
    head = f"content-type: application/json\r\ncontent-length: {len(body)}\r\n{wait}connection: close\r\n\r\n"
    return STATUS_LINE[failure.status] + head.encode() + body
