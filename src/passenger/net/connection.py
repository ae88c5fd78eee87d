"""A connection to an origin: one request at a time goes up, and its answer comes down."""

import asyncio
from collections.abc import Callable
from time import perf_counter
from typing import cast

from passenger.deadline import Deadline, Timers
from passenger.net.errors import (
    BrokenConnectionError,
    DisconnectedError,
    IncompleteBodyError,
    NetworkError,
    StaleConnectionError,
)
from passenger.net.origin import Origin
from passenger.net.parser import ResponseParser
from passenger.net.response import Response

_COPIED = 64 * 1024
"""Bytes of a body that is joined to its head; a larger one is not copied for that."""


class Connection(asyncio.Protocol):
    """What asyncio tells of a connection. It is idle until `ask`, and after the answer's end where it can serve again.

    `released` is told of it when it has become idle, and `lost` once it is closed.
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
        self.released: Callable[[Connection], None] | None = None
        self.lost: Callable[[Connection], None] | None = None
        self._parser = ResponseParser()
        self._deadline = Deadline(loop, self._too_late, timers)
        self._transport: asyncio.Transport | None = None
        self._response: Response | None = None
        self._patience: float | None = None
        self._idle: float | None = None
        self._has_served = self._heard = self._unsent = self._paused = False

    @property
    def is_usable(self) -> bool:
        """Whether it is open as far as we know."""
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
    ) -> Response:
        """Send a request, and give its answer before anything of it is there.

        `first_byte` is how many seconds may pass until its head, `idle` how many between two pieces of its body.
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
        self._response = response = Response(self.origin.host, self, connecting)
        return response

    # --- what asyncio calls ------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Be connected; whatever cannot be sent at once is worth knowing."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's are none by their class
        self._transport.set_write_buffer_limits(1, 0)  # of 0, TLS would always say that something is unsent

    def data_received(self, data: bytes) -> None:
        """Take what came; while nobody has asked for anything, nothing should."""
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
        """Take note that not all of the request is sent yet."""
        self._unsent = True

    def resume_writing(self) -> None:
        """Take note that it is; from now on the server has the next word."""
        self._unsent = False
        if self._response is not None and not self._response.status:
            self._response.sent = perf_counter()
            self._wait(self._patience)

    def connection_lost(self, error: Exception | None) -> None:
        """End what is under way: some answers end so."""
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
        """What it means that the connection was lost just now."""
        if self._parser.status:
            return IncompleteBodyError()
        if self._has_served and not self._heard:
            return StaleConnectionError()
        return DisconnectedError() if error is None else BrokenConnectionError(_reason(error))

    # --- what an answer calls ----------------------------------------------------------------------------------------

    def pause(self) -> None:
        """Read nothing more; no deadline runs meanwhile."""
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
        """Give up what is under way; whoever waits for it hears nothing."""
        self._response = None
        self._abort()

    def shut(self) -> None:
        """Close it at once; whoever waits for something is told."""
        self._fail(IncompleteBodyError() if self._parser.status else DisconnectedError())

    def close(self) -> None:
        """Close it while it is idle."""
        if self._transport is not None:
            self._transport.close()

    # --- how an answer ends ------------------------------------------------------------------------------------------

    def _end(self) -> None:
        """All of the answer is there."""
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
        """Wait so long for what comes next, unless we do not even look."""
        if seconds is None or self._paused:
            self._deadline.clear()
        else:
            self._deadline.set(seconds)


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else "") or str(error) or type(error).__name__
