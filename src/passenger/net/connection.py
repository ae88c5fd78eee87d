"""A connection to an origin, which carries one request and its response at a time."""

import asyncio
from collections.abc import Callable, Mapping
from time import perf_counter
from typing import cast

from passenger.net.deadline import Deadline, Timers
from passenger.net.exceptions import (
    BrokenConnectionError,
    DisconnectedError,
    IncompleteBodyError,
    NetworkError,
    StaleConnectionError,
)
from passenger.net.network_failure import reason_of
from passenger.net.origin import Origin
from passenger.net.parser import ResponseParser
from passenger.net.response import HttpResponse

_COPIED = 64 * 1024
"""Maximum bytes of a body that is joined to its head; a larger one is not copied."""


class UpstreamConnection(asyncio.Protocol):
    """An asyncio protocol. It is idle until `ask`, and again after the response, if the server keeps it open.

    `released` is called when it becomes idle, `lost` once it is closed.
    """

    __slots__ = (
        "_deadline",
        "_has_served",
        "_heard",
        "_idle",
        "_parser",
        "_patience",
        "_paused",
        "_response",
        "_transport",
        "_unsent",
        "loop",
        "lost",
        "origin",
        "released",
    )

    def __init__(self, loop: asyncio.AbstractEventLoop, origin: Origin, timers: Timers | None = None) -> None:
        self.loop = loop
        self.origin = origin
        self.released: Callable[[UpstreamConnection], None] | None = None
        self.lost: Callable[[UpstreamConnection], None] | None = None
        self._parser = ResponseParser()
        self._deadline = Deadline(loop, self._too_late, timers)
        self._transport: asyncio.Transport | None = None
        self._response: HttpResponse | None = None
        self._patience: float | None = None
        self._idle: float | None = None
        self._has_served = self._heard = self._unsent = self._paused = False

    @property
    def is_usable(self) -> bool:
        """Whether it is open, as far as is known."""
        return self._transport is not None and not self._transport.is_closing()

    def ask(
        self,
        method: str,
        head: bytes,
        body: bytes = b"",
        *,
        connecting: float = 0.0,
        first_byte: float | None = None,
        idle: float | None = None,
    ) -> HttpResponse:
        """Send a request; the response is returned before any of it has come.

        `first_byte` is the maximum of seconds until its head, `idle` that between two pieces of its body.
        """
        assert self._transport is not None  # noqa: S101 - it has been connected
        self._parser.expect(method)
        self._heard = False
        self._patience, self._idle = first_byte, idle
        self._wait(first_byte)
        if len(body) <= _COPIED:
            self._transport.write(head + body)
        else:
            self._transport.writelines((head, body))
        self._response = response = HttpResponse(self.origin.host, self, connecting)
        return response

    # --- what asyncio calls ------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport, and have it report whatever cannot be sent at once."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's are none by their class
        self._transport.set_write_buffer_limits(1, 0)  # of 0, TLS would always say that something is unsent

    def data_received(self, data: bytes) -> None:
        """Read what came; bytes on an idle connection are an error and close it."""
        response, parser = self._response, self._parser
        if response is None:
            self._abort()
            return
        self._heard = True
        piece = parser.feed(data)
        begins = parser.status and not response.status
        if (piece or begins) and not parser.ended:
            self._wait(self._idle)
        if begins:
            response.begin(parser.status, parser.take_headers(), parser.coding)
        if piece and self._response is response:
            response.take(piece)
        if self._response is response:
            if parser.error is not None:
                self._fail(parser.error)
            elif parser.ended:
                self._end()

    def pause_writing(self) -> None:
        """Record that part of the request is unsent."""
        self._unsent = True

    def resume_writing(self) -> None:
        """Record that all of it is sent: from now on we wait for the server."""
        self._unsent = False
        if self._response is not None and not self._response.status:
            self._response.sent = perf_counter()
            self._wait(self._patience)

    def connection_lost(self, error: Exception | None) -> None:
        """End the current response, regularly where only the end of the connection ends it."""
        self._deadline.end()
        if self.lost is not None:
            self.lost(self)
        self.lost = self.released = self._transport = None
        response, self._response = self._response, None
        if response is not None:
            ended = error is None and self._parser.end()
            response.end(None if ended else self._meaning(error))
        self._parser.close()

    def _meaning(self, error: Exception | None) -> NetworkError:
        """The error for a connection that is lost now."""
        if self._parser.status:
            return IncompleteBodyError()
        if self._has_served and not self._heard:
            return StaleConnectionError()
        return DisconnectedError() if error is None else BrokenConnectionError(reason_of(error))

    # --- what the response calls -------------------------------------------------------------------------------------

    def pause(self) -> None:
        """Stop reading; no deadline runs meanwhile."""
        if not self._paused and self._transport is not None:
            self._paused = True
            self._transport.pause_reading()
            self._deadline.clear()

    def resume(self) -> None:
        """Go on reading."""
        if self._paused and self._transport is not None:
            self._paused = False
            self._transport.resume_reading()
            self._wait(self._idle)

    def abort(self) -> None:
        """Drop the response without telling it, and close the connection."""
        self._response = None
        self._abort()

    def shut(self) -> None:
        """Close at once, and fail the response that is awaited."""
        self._fail(IncompleteBodyError() if self._parser.status else DisconnectedError())

    def close(self) -> None:
        """Close an idle connection."""
        if self._transport is not None:
            self._transport.close()

    # --- how a response ends -----------------------------------------------------------------------------------------

    def _end(self) -> None:
        """Complete the response, and keep or close the connection."""
        response, self._response = self._response, None
        assert response is not None  # noqa: S101 - it is what has ended
        self.resume()
        self._deadline.clear()
        self._has_served = True
        if self._parser.keeps and not self._unsent and self.released is not None:
            self.released(self)
        elif self._unsent:
            self._abort()
        else:
            self.close()
        response.end()

    def _fail(self, error: Exception) -> None:
        response, self._response = self._response, None
        self._abort()
        if response is not None:
            response.end(error)

    def _too_late(self) -> None:
        self._fail(TimeoutError())

    def _abort(self) -> None:
        self._deadline.clear()
        if self._transport is not None:
            self._transport.abort()

    def _wait(self, seconds: float | None) -> None:
        """Set the deadline for the next bytes, unless reading is paused."""
        if seconds is None or self._paused:
            self._deadline.clear()
        else:
            self._deadline.set(seconds)


def write_request_head(method: str, target: str, host: str, headers: Mapping[str, str]) -> bytes:
    """The request line and the headers, each with its line end (https://www.rfc-editor.org/rfc/rfc9112#section-3).

    Raises:
        ValueError: a header has a line break.
    """
    lines = [f"{method} {target} HTTP/1.1", f"Host: {host}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    text = "\r\n".join(lines)
    breaks = len(lines) - 1
    if text.count("\n") != breaks or text.count("\r") != breaks or "\0" in text:
        raise ValueError("a header of a request has a line break in it")
    return f"{text}\r\n".encode()
