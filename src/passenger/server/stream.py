"""One request of a client and its answer, on a connection that serves one after the other.

What has come of the request's body can be taken at once, or waited for. The answer goes down by plain calls, which
never wait: who sends much asks `is_full` and `drain`, or lets a source `follow` the client.
"""

import asyncio
from collections.abc import Callable, MutableMapping, Sequence
from typing import Any, Protocol

from passenger.gateway.sink import Source
from passenger.server.head import Header, write_head

Scope = MutableMapping[str, Any]
"""The facts of a request, in the words of [ASGI](https://asgi.readthedocs.io/en/latest/specs/www.html)."""

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"

LARGE = 64 * 1024
"""Bytes from which a piece is not copied once more to leave together with what is put around it."""

_CHUNKED = -1
_UNTIL_CLOSED = -2
"""How an answer ends where its length was not told; else that many bytes of it are to come."""

_HOP_BY_HOP = frozenset({b"transfer-encoding", b"connection"})
_BODILESS = frozenset({204, 304})
_IN_CHUNKS = b"transfer-encoding: chunked\r\n"
_CLOSES = b"connection: close\r\n"
_LAST = b"0\r\n\r\n"


class ClientGone(Exception):  # noqa: N818 - it is nobody's error
    """The client closed its connection before it had the whole answer."""


class Line(Protocol):
    """What a stream needs of its connection."""

    transport: asyncio.Transport
    loop: asyncio.AbstractEventLoop
    is_full: bool
    """Whether so much waits for the client that no more should be sent for now."""
    is_ending: bool
    """Whether there may be no other request after this one."""
    is_broken: bool
    """Whether bytes that were written will not leave any more."""
    has_gone: bool
    """Whether the client left, or was given up because it took nothing for too long."""

    @property
    def owes(self) -> bool:
        """Whether bytes that were written still wait for the client."""
        ...

    async def drain(self) -> None:
        """Wait until the client has taken of what waits for it."""
        ...

    def when_left(self, tell: Callable[[], None]) -> None:
        """Call this once all that was written has left, or never will."""
        ...

    def read_on(self) -> None:
        """What had come of the request's body has been taken."""
        ...

    def rest(self) -> None:
        """An answer has begun that may take long."""
        ...

    def answered(self, stream: "Stream") -> None:
        """The answer is complete."""
        ...

    def cut(self) -> None:
        """Close, as the answer cannot be completed."""
        ...


class Stream:
    """A request whose head has come, and its answer."""

    __slots__ = (
        "_arrived",
        "_expects_continue",
        "_gone",
        "_held",
        "_is_silent",
        "_left",
        "_line",
        "_pieces",
        "_source",
        "complete",
        "ended",
        "extra",
        "is_whole",
        "keep_alive",
        "on_gone",
        "scope",
        "started",
        "status",
        "unread",
    )

    def __init__(self, line: Line, scope: Scope, *, keep_alive: bool, expects_continue: bool = False) -> None:
        self.scope = scope
        self.keep_alive = keep_alive
        """Whether the connection lasts beyond this answer."""
        self.complete = False
        """Whether the request's body has come to its end."""
        self.unread = 0
        """Bytes of the body that have come and were not taken."""
        self.status = 0
        """The answer's, once that has begun."""
        self.extra: Sequence[Header] = ()
        """Headers that the answer has whoever gives it."""
        self.started = False
        """Whether the answer's head was written."""
        self.ended = False
        """Whether nothing more can be sent: the answer is complete, or was cut, or nobody is there to take it."""
        self.is_whole = False
        """Whether the answer's last byte was written; it `has_left` a little later."""
        self.on_gone: Callable[[], None] | None = None
        """Called when the client leaves before the answer is complete."""
        self._line = line
        self._gone = False
        self._expects_continue = expects_continue
        self._pieces: list[bytes] = []
        self._arrived: asyncio.Event | None = None
        self._held = b""
        self._left = _CHUNKED
        self._is_silent = False
        self._source: Source | None = None

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The event loop that it is served on."""
        return self._line.loop

    @property
    def gone(self) -> bool:
        """Whether the client left before it had taken its answer, or was given up for it."""
        return self._gone or (self.is_whole and self._line.has_gone)

    # --- the request's body --------------------------------------------------------------------------------------

    def take(self) -> bytes:
        """What has come of the body since it was taken last: all of it, where it is `complete`."""
        pieces = self._pieces
        if not pieces:
            return b""
        self._pieces, self.unread = [], 0
        self._line.read_on()
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    async def read(self) -> bytes:
        """The next piece of the body, empty at its end; who waits to be told to send it is told so.

        Raises:
            ClientGone: it left before.
        """
        while not self._pieces and not self.complete and not self.ended:
            self._say_continue()
            await self.news()
        if self.gone:
            raise ClientGone
        return self.take()

    @property
    def awaits_continue(self) -> bool:
        """Whether the client may wait to be told to send the body."""
        return self._expects_continue and not self.complete and not self.unread

    async def news(self) -> None:
        """Wait until something comes: a piece of the body, its end, or the end of the stream."""
        if self._arrived is None:
            self._arrived = asyncio.Event()
        await self._arrived.wait()

    def _say_continue(self) -> None:
        if self._expects_continue and not self.started:
            self._expects_continue = False
            self._line.transport.write(CONTINUE)

    # --- what the connection tells -------------------------------------------------------------------------------

    def received(self, data: bytes) -> None:
        """A piece of the body has come; it is of no use to anybody once the answer has been given."""
        self._expects_continue = False
        if self.ended:
            return
        self._pieces.append(data)
        self.unread += len(data)
        if self._arrived is not None:
            self._wake()

    def completed(self) -> None:
        """The body has come to its end."""
        self.complete = True
        if self._arrived is not None:
            self._wake()

    def lost(self) -> None:
        """The client has left."""
        if self.ended:
            return
        self._gone = True
        on_gone, source = self.on_gone, self._source
        self._end()
        if on_gone is not None:
            if source is not None:
                source.pause()  # whoever serves hears it a turn later, in which the network may bring some 8 MB more
            on_gone()

    def filled(self) -> None:
        """No more should be sent for now."""
        if self._source is not None:
            self._source.pause()

    def emptied(self) -> None:
        """More may be sent."""
        if self._source is not None:
            self._source.resume()

    # --- the answer ----------------------------------------------------------------------------------------------

    def head(self, status: int, headers: Sequence[Header]) -> None:
        """Begin the answer. Its head leaves with the first piece, a stream's by itself where none follows at once."""
        self._begin(status, headers)
        if self._left < 0:
            self._line.loop.call_soon(self._stream_on)

    def piece(self, data: bytes) -> None:
        """Send a piece of the answer."""
        if data and not self.ended and not self._is_silent:
            self._write(data)

    def end(self, data: bytes = b"") -> None:
        """Send the last piece, if there is one more, and complete the answer."""
        if self.ended:
            return
        if self._is_silent:
            self._flush()
        else:
            self._write(data, is_last=True)
        if self._left > 0 and not self._is_silent:
            self.abort()
            raise RuntimeError("the answer is shorter than its content-length")
        self._end()
        self.is_whole = True
        self._line.answered(self)

    def answer(self, status: int, headers: Sequence[Header], body: bytes) -> None:
        """Send a whole answer, whose headers tell its length."""
        self._begin(status, headers)
        self.end(body)

    def abort(self) -> None:
        """Close the connection, which tells the client that the answer is not whole."""
        if not self.ended:
            self._flush()
            self._end()
            self._line.cut()

    @property
    def is_full(self) -> bool:
        """Whether the client should first take what waits for it."""
        return self._line.is_full and not self.ended

    async def drain(self) -> None:
        """Wait until the client has taken of what waits for it."""
        if self.ended:
            await asyncio.sleep(0)  # else who sends without end to nobody would block the event loop
        elif self._line.is_full:
            await self._line.drain()

    @property
    def is_leaving(self) -> bool:
        """Whether all of the answer was written, and some of it still waits for the client."""
        return self.is_whole and self._line.owes and not self._line.is_broken

    @property
    def has_left(self) -> bool:
        """Whether the answer's last byte has left to the network."""
        return self.is_whole and not (self._line.owes or self._line.is_broken)

    def when_left(self, tell: Callable[[], None]) -> None:
        """Call this once a complete answer has left, or never will."""
        self._line.when_left(tell)

    def follow(self, source: Source | None) -> None:
        """Let this source of the answer wait for the client, from now on until the answer ends; None lets nobody."""
        self._source = source
        if source is not None and self._line.is_full:
            source.pause()

    # --- how it travels ------------------------------------------------------------------------------------------

    def _begin(self, status: int, headers: Sequence[Header]) -> None:
        if self.started:
            raise RuntimeError("the answer has begun already")
        self.status = status
        if self.ended:
            self.started = True
            return
        self._is_silent = status in _BODILESS or self.scope["method"] == "HEAD"
        self._held = write_head(status, *self._framed([*headers, *self.extra] if self.extra else headers))
        self.started = True

    def _framed(self, headers: Sequence[Header]) -> tuple[Sequence[Header], bytes]:
        """The headers, and the lines that say where the answer and the connection end, which are ours to say."""
        self._left = _CHUNKED if self.scope["http_version"] == "1.1" else _UNTIL_CLOSED
        named = dict(headers)
        if (length := named.get(b"content-length")) is not None:
            self._left = int(length)
        if b"connection" in named or b"transfer-encoding" in named:
            self.keep_alive = self.keep_alive and b"close" not in named.get(b"connection", b"").lower()
            headers = [header for header in headers if header[0] not in _HOP_BY_HOP]
        if self._line.is_ending or self.awaits_continue or (self._left == _UNTIL_CLOSED and not self._is_silent):
            self.keep_alive = False
        chunked = _IN_CHUNKS if self._left == _CHUNKED and not self._is_silent else b""
        return headers, chunked if self.keep_alive else chunked + _CLOSES

    def _write(self, data: bytes, *, is_last: bool = False) -> None:
        """Send a piece as it is framed, and the head if it has not left, in one go."""
        before = after = b""
        if self._left >= 0:
            self._count(data)
        elif self._left == _CHUNKED:
            if data:
                before, after = b"%x\r\n" % len(data), b"\r\n"
            if is_last:
                after += _LAST
        before, self._held = self._held + before, b""
        if len(data) < LARGE:
            self._line.transport.write(before + data + after)
        else:
            self._line.transport.writelines([before, data, after])

    def _count(self, data: bytes) -> None:
        self._left -= len(data)
        if self._left < 0:
            raise RuntimeError("the answer is longer than its content-length")

    def _stream_on(self) -> None:
        """Send the head if it has not left, and let go of what only the request's beginning has needed."""
        self._flush()
        if not self.ended:
            self.scope = {}
            self._line.rest()

    def _flush(self) -> None:
        held, self._held = self._held, b""
        if held:
            self._line.transport.write(held)

    def _end(self) -> None:
        self.ended = True
        self._held = b""
        self._pieces, self.unread = [], 0
        self.on_gone = self._source = None  # they may hold us, as we hold them
        self._wake()

    def _wake(self) -> None:
        arrived, self._arrived = self._arrived, None
        if arrived is not None:
            arrived.set()
