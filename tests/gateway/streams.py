"""Streams and sinks without a socket."""

import asyncio
from typing import Self

from passenger.copilot.upstream import Reply
from passenger.errors import Failure
from passenger.gateway.response import Source
from passenger.net.response import Receiver


class Pieces:
    """A reply whose body comes in these pieces, and then ends, breaks or hangs."""

    host = "test"
    status = 200
    content_type = "text/event-stream"
    headers: tuple[tuple[str, str], ...] = ()

    def __init__(self, *pieces: bytes, failure: Failure | None = None, hangs: bool = False) -> None:
        self._pieces = [*pieces]
        self._failure = failure
        self._hangs = hangs
        self._receiver: Receiver | None = None
        self.is_paused = False
        self.drained = 0
        self.is_closed = False

    @property
    def reply(self) -> Reply:
        """As what it stands for."""
        return self

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Take note that nothing more will be taken."""
        self.is_closed = True

    async def read(self) -> bytes:
        """All of it."""
        body = b""
        while piece := await self.piece():
            body += piece
        return body

    async def piece(self) -> bytes:
        """The next one, nothing at the end."""
        if self._pieces:
            return self._pieces.pop(0)
        if self._failure is not None:
            raise self._failure
        if self._hangs:
            await asyncio.Event().wait()
        return b""

    async def drain(self) -> None:
        """Take note that nothing more is wanted."""
        self.drained += 1
        self._pieces.clear()

    def pour(self, receiver: Receiver | None) -> None:
        """Give it all that there is, at once."""
        self._receiver = receiver
        self._flow()

    def pause(self) -> None:
        """Stop for now."""
        self.is_paused = True

    def resume(self) -> None:
        """Go on."""
        self.is_paused = False
        self._flow()

    def _flow(self) -> None:
        while self._pieces and self._receiver is not None and not self.is_paused:
            self._receiver.piece(self._pieces.pop(0))
        if self._receiver is not None and not self.is_paused and not self._hangs:
            self._receiver.ended(self._failure)


class Kept:
    """A sink that keeps what goes down; it is full once it has so many pieces."""

    def __init__(self, full: int | None = None) -> None:
        self.pieces: list[bytes] = []
        self.source: Source | None = None
        self._full = full

    @property
    def body(self) -> bytes:
        """All of it."""
        return b"".join(self.pieces)

    def piece(self, data: bytes) -> None:
        """Take one more."""
        self.pieces.append(data)
        if self.source is not None and len(self.pieces) == self._full:
            self.source.pause()

    def follow(self, source: Source | None) -> None:
        """Know who is to wait."""
        self.source = source

    async def drain(self) -> None:
        """Nothing is waited for."""
