"""One request and its answer, on a connection that serves one after the other.

The body that has come can be taken at once, or awaited. The answer is written by plain calls that never wait: a sender
of much checks `is_full` and awaits `drain`, or lets its source `follow` the client.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from starlette.types import Scope

from passenger.gateway.response import Source
from passenger.server.http.response_head import Header, write_head
from passenger.server.http.send_buffer import SendBuffer

RawHeaders = Mapping[bytes, bytes]
"""Headers by their names in small letters; of a name that is there twice, the first."""

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"

LARGE = 64 * 1024
"""Bytes from which a piece is not copied to be joined to its framing."""

_CHUNKED = -1
_UNTIL_CLOSED = -2
"""How an answer of unknown length ends; otherwise the bytes that remain are counted."""

_HOP_BY_HOP = frozenset({b"transfer-encoding", b"connection"})
_BODILESS = frozenset({204, 304})
_IN_CHUNKS = b"transfer-encoding: chunked\r\n"
_CLOSES = b"connection: close\r\n"
_LAST = b"0\r\n\r\n"


class ClientGone(Exception):  # noqa: N818 - not an error
    """The client closed its connection before it had the whole answer."""


class StreamConnection(Protocol):
    """What a stream needs of its connection."""

    loop: asyncio.AbstractEventLoop
    out: SendBuffer
    is_ending: bool
    """Whether there may be no other request after this one."""

    def resume_reading(self) -> None:
        """Take note that what had come of the request's body was taken."""

    def release_parser(self) -> None:
        """Take note that an answer has begun that may take long."""

    def finish_response(self, stream: "Stream") -> None:
        """Go on after an answer that is complete."""

    def abort_response(self) -> None:
        """Close, as the answer cannot be completed."""


class Stream:
    """A request whose head has come, and the answer to it."""

    __slots__ = (
        "_arrived",
        "_connection",
        "_expects_continue",
        "_gone",
        "_head",
        "_is_silent",
        "_out",
        "_pieces",
        "_remaining",
        "_source",
        "complete",
        "ended",
        "extra",
        "headers",
        "is_whole",
        "keep_alive",
        "loop",
        "on_disconnect",
        "outlives_client",
        "scope",
        "started",
        "status",
        "unread",
    )

    def __init__(
        self,
        connection: StreamConnection,
        scope: Scope,
        headers: RawHeaders,
        *,
        keep_alive: bool,
        expects_continue: bool = False,
    ) -> None:
        self.scope = scope
        self.headers = headers
        self.keep_alive = keep_alive
        """Whether the connection lasts beyond this answer."""
        self.complete = False
        """Whether the request's body has come to its end."""
        self.unread = 0
        """Bytes of the body that have come and are not taken yet."""
        self.status = 0
        """The status of the answer, 0 before it has begun."""
        self.extra: Sequence[Header] = ()
        """Headers that are added to any answer."""
        self.started = False
        """Whether the answer's head was written."""
        self.ended = False
        """Whether nothing more can be sent: the answer is complete or aborted, or the client has gone."""
        self.is_whole = False
        """Whether the answer's last byte was written; it `is_sent` a little later."""
        self.on_disconnect: Callable[[], None] | None = None
        """Called when the client leaves before the answer is complete."""
        self.outlives_client = False
        """Whether the answer is made to its end also if the client leaves; nobody gets the rest."""
        self._connection = connection
        self._out = connection.out
        self.loop = connection.loop
        self._gone = self._is_silent = False
        self._expects_continue = expects_continue
        self._pieces: list[bytes] = []
        self._arrived: asyncio.Event | None = None
        self._head = b""
        self._remaining = _CHUNKED
        self._source: Source | None = None

    @property
    def gone(self) -> bool:
        """Whether the client left before it had taken the answer, or was disconnected for not taking it."""
        return self._gone or (self.is_whole and self._out.has_gone)

    # --- the request's body ------------------------------------------------------------------------------------------

    def take(self) -> bytes:
        """The bytes of the body since the last call; all of it if it is `complete`."""
        pieces = self._pieces
        if not pieces:
            return b""
        self._pieces, self.unread = [], 0
        self._connection.resume_reading()
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    async def read(self) -> bytes:
        """The next piece of the body, empty at its end. Sends `100 Continue` to a client that waits for it.

        Raises:
            ClientGone: the client left before.
        """
        while not self._pieces and not self.complete and not self.ended:
            self._send_continue()
            await self.wait_for_data()
        if self.gone:
            raise ClientGone
        return self.take()

    async def wait_for_data(self) -> None:
        """Wait for a piece of the body, its end, or the end of the stream."""
        if self._arrived is None:
            self._arrived = asyncio.Event()
        await self._arrived.wait()

    def _send_continue(self) -> None:
        if self._expects_continue and not self.started:
            self._expects_continue = False
            self._out.transport.write(CONTINUE)

    # --- what the connection calls -----------------------------------------------------------------------------------

    def feed_data(self, data: bytes) -> None:
        """Take a piece of the body; it is discarded after the answer."""
        self._expects_continue = False
        if self.ended:
            return
        self._pieces.append(data)
        self.unread += len(data)
        if self._arrived is not None:
            self._wake()

    def feed_eof(self) -> None:
        """Take the end of the body."""
        self.complete = True
        if self._arrived is not None:
            self._wake()

    def connection_lost(self) -> None:
        """End the stream, as the client has left."""
        if self.ended:
            return
        self._gone = True
        on_disconnect, source = self.on_disconnect, self._source
        self._end()
        if source is not None and self.outlives_client:
            source.resume()
        if on_disconnect is not None:
            if source is not None:
                source.pause()  # the cancellation takes a turn of the loop, in which the network may bring 8 MB
            on_disconnect()

    def pause_writing(self) -> None:
        """Pause the source of the answer."""
        if self._source is not None:
            self._source.pause()

    def resume_writing(self) -> None:
        """Resume the source of the answer."""
        if self._source is not None:
            self._source.resume()

    # --- the answer --------------------------------------------------------------------------------------------------

    def start(self, status: int, headers: Sequence[Header]) -> None:
        """Begin the answer. Its head is sent with the first piece, or alone if none follows at once."""
        self._begin(status, headers)
        if self._remaining < 0:
            self.loop.call_soon(self._send_head)

    def write(self, data: bytes) -> None:
        """Send a piece of the answer."""
        if data and not self.ended and not self._is_silent:
            self._send(data)

    def end(self, data: bytes = b"") -> None:
        """Send the last piece, if any, and complete the answer."""
        if self.ended:
            return
        if self._is_silent:
            self._flush()
        else:
            self._send(data, is_last=True)
        if self._remaining > 0 and not self._is_silent:
            self.abort()
            raise RuntimeError("the answer is shorter than its content-length")
        self._end()
        self.is_whole = True
        self._connection.finish_response(self)

    def respond(self, status: int, headers: Sequence[Header], body: bytes) -> None:
        """Send a whole answer; the headers have its length."""
        self._begin(status, headers)
        self.end(body)

    def abort(self) -> None:
        """Close the connection, so that the client knows that the answer is incomplete."""
        if not self.ended:
            self._flush()
            self._end()
            self._connection.abort_response()

    @property
    def is_full(self) -> bool:
        """Whether the client should take of the answer before more is written."""
        return self._out.is_full and not self.ended

    async def drain(self) -> None:
        """Wait until the client has taken of what waits for it."""
        if self.ended:
            await asyncio.sleep(0)  # otherwise an endless sender would block the event loop
        elif self._out.is_full:
            await self._out.drain()

    @property
    def is_sending(self) -> bool:
        """Whether all of the answer is written and part of it still waits to be sent."""
        return self.is_whole and self._out.has_unsent and not self._out.is_broken

    @property
    def is_sent(self) -> bool:
        """Whether all of the answer is sent to the network."""
        return self.is_whole and not (self._out.has_unsent or self._out.is_broken)

    def when_sent(self, tell: Callable[[], None]) -> None:
        """Call `tell` once a complete answer is sent, or never will be."""
        self._out.when_sent(tell)

    def follow(self, source: Source | None) -> None:
        """Pause and resume this source with the client until the answer ends; None stops that."""
        self._source = source
        if source is not None and self._out.is_full and not (self.ended and self.outlives_client):
            source.pause()

    # --- framing -----------------------------------------------------------------------------------------------------

    def _begin(self, status: int, headers: Sequence[Header]) -> None:
        if self.started:
            raise RuntimeError("the answer has begun already")
        self.status = status
        if self.ended:
            self.started = True
            return
        self._is_silent = status in _BODILESS or self.scope["method"] == "HEAD"
        self._head = write_head(status, *self._frame([*headers, *self.extra] if self.extra else headers))
        self.started = True

    def _frame(self, headers: Sequence[Header]) -> tuple[Sequence[Header], bytes]:
        """The headers without hop-by-hop ones, and the lines that frame the answer and the connection."""
        self._remaining = _CHUNKED if self.scope["http_version"] == "1.1" else _UNTIL_CLOSED
        named = dict(headers)
        if (length := named.get(b"content-length")) is not None:
            self._remaining = int(length)
        if b"connection" in named or b"transfer-encoding" in named:
            self.keep_alive = self.keep_alive and b"close" not in named.get(b"connection", b"").lower()
            headers = [header for header in headers if header[0] not in _HOP_BY_HOP]
        may_await_continue = self._expects_continue and not self.complete and not self.unread
        is_endless = self._remaining == _UNTIL_CLOSED and not self._is_silent
        if self._connection.is_ending or may_await_continue or is_endless:
            self.keep_alive = False
        chunked = _IN_CHUNKS if self._remaining == _CHUNKED and not self._is_silent else b""
        return headers, chunked if self.keep_alive else chunked + _CLOSES

    def _send(self, data: bytes, *, is_last: bool = False) -> None:
        """Send a framed piece, together with the head if that is not sent yet."""
        before = after = b""
        if self._remaining >= 0:
            self._remaining -= len(data)
            if self._remaining < 0:
                raise RuntimeError("the answer is longer than its content-length")
        elif self._remaining == _CHUNKED:
            if data:
                before, after = b"%x\r\n" % len(data), b"\r\n"
            if is_last:
                after += _LAST
        before, self._head = self._head + before, b""
        if len(data) < LARGE:
            self._out.transport.write(before + data + after)
        else:
            self._out.write_pieces(before, data, after)

    def _send_head(self) -> None:
        """Send the head if it is not sent yet, and release what only the start of the request needed."""
        self._flush()
        if not self.ended:
            self.scope, self.headers = {}, {}
            self._connection.release_parser()

    def _flush(self) -> None:
        held, self._head = self._head, b""
        if held:
            self._out.transport.write(held)

    def _end(self) -> None:
        self.ended = True
        self._head = b""
        self._pieces, self.unread = [], 0
        self.on_disconnect = self._source = None  # they may hold us, as we hold them
        self._wake()

    def _wake(self) -> None:
        arrived, self._arrived = self._arrived, None
        if arrived is not None:
            arrived.set()
