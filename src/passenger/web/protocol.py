"""uvicorn's HTTP/1.1 protocol with deadlines and caps: what a client may make this process wait for and keep.

A request that comes in one piece, as nearly all do, costs a comparison and no timer.
"""

from asyncio import AbstractEventLoop
from enum import Enum, auto
from typing import Any, cast

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from passenger.deadline import Deadline
from passenger.dialects import completions
from passenger.errors import Failure, Kind
from passenger.limits import Limits
from passenger.web.guard import TARGET
from passenger.web.lifeline import ON_GONE, Scope


class _Stage(Enum):
    """How much of a request has been read."""

    NOTHING = auto()
    HEAD = auto()
    BODY = auto()


NOT_HTTP = Failure(Kind.INVALID, "this is not a request of HTTP/1.1", code="not_http")


LINGER = 2.0
"""Seconds that a refused client has to take its answer."""


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
        cycle = self._running()
        on_gone = cast("Scope", cycle.scope).get(ON_GONE) if cycle is not None else None
        if on_gone is not None:
            on_gone()

    def data_received(self, data: bytes) -> None:
        """Read what has come, and say until when the rest must follow."""
        if self._refused:
            return
        before, self._heard = self._stage, True
        self._head_bytes += len(data)
        super().data_received(data)
        if self._refused:
            return
        if self._stage is _Stage.NOTHING:
            self._deadline.clear()
        elif self._stage is _Stage.HEAD:
            self._expect_head(anew=before is not _Stage.HEAD)
        else:
            self._expect_body(len(data), anew=before is not _Stage.BODY)

    def _running(self) -> RequestResponseCycle | None:
        """The request whose answer is not complete."""
        cycle: RequestResponseCycle | None = self.cycle  # None where no request ever came, whatever its type says
        return cycle if cycle is not None and not cycle.response_complete else None

    # --- deadlines -----------------------------------------------------------------------------------------------

    def _expect_head(self, *, anew: bool) -> None:
        if self._head_bytes > self._limits.max_header_bytes + self._limits.max_uri:
            self._refuse(_large_head(self._limits))
        elif anew:
            self._deadline.set(self._limits.header_timeout)

    def _expect_body(self, size: int, *, anew: bool) -> None:
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
        super().on_message_begin()
        self._stage = _Stage.HEAD

    def on_url(self, url: bytes) -> None:
        """Add to the target."""
        super().on_url(url)
        if len(self.url) > self._limits.max_uri:
            message = f"the request's target is longer than {self._limits.max_uri} bytes ([limits] max_uri)"
            self._stop(Failure(Kind.INVALID, message, status=414, code="uri_too_long"))

    def on_headers_complete(self) -> None:
        """Begin to serve, unless the head is too large."""
        limits = self._limits
        if len(self.headers) > limits.max_headers or (
            self._head_bytes > limits.max_header_bytes and _size(self.headers) > limits.max_header_bytes
        ):
            self._stop(_large_head(limits))
        self._stage, self._head_bytes = _Stage.BODY, 0
        if not self.url.startswith(b"/"):
            cast("Scope", self.scope)[TARGET] = self.url
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """There is nothing more to wait for."""
        super().on_message_complete()
        self._stage = _Stage.NOTHING
        self._head_bytes = 0

    def on_response_complete(self) -> None:
        """Go on; but whoever waits to be told to send a body, and was refused, may or may not send it."""
        super().on_response_complete()
        if self._stage is _Stage.BODY and self.expect_100_continue:
            self.transport.close()

    # --- refusals ------------------------------------------------------------------------------------------------

    def _stop(self, refusal: Failure) -> None:
        self._refusal = refusal
        raise _TooMuchError

    def send_400_response(self, msg: str) -> None:
        """Say why the parser was stopped."""
        self._refuse(self._refusal)

    def _refuse(self, failure: Failure) -> None:
        """Answer without any application, and close; a stream under way is only cut.

        What the client still sends is thrown away for a while: a connection closed over it would be reset, and the
        answer lost.
        """
        cycle, self._refused = self._running(), True
        if self.transport.is_closing() or (cycle is not None and cycle.response_started):
            self.transport.close()
            return
        self.transport.write(_response(failure))
        self.transport.write_eof()
        self._deadline.set(LINGER)

    def eof_received(self) -> None:
        """The client sends nothing more: there is no reason to linger."""
        super().eof_received()
        if self._refused:
            self.transport.close()


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
