"""What goes down to the client: a whole body, or a stream into a sink, such as a connection or a WebSocket.

A stream is poured from the network's callback into the sink, without a task switch for an event, or pulled piece by
piece.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from typing import Protocol, Self

from msgspec import Struct

from passenger.errors import ResponseHeaders
from passenger.net.response import Receiver


class Source(Protocol):
    """Where the pieces of an answer come from; it can be told to wait."""

    def pause(self) -> None:
        """Stop giving pieces for now."""

    def resume(self) -> None:
        """Go on giving pieces."""


class Sink(Protocol):
    """Takes the pieces of an answer, each of them whole messages of the client's dialect, without waiting."""

    def piece(self, data: bytes) -> None:
        """Take the next piece; it is thrown away if the client has gone."""

    def follow(self, source: Source | None) -> None:
        """Pause this source whenever the client is slow; None for no source."""

    async def drain(self) -> None:
        """Wait until there is room for another piece."""


Flow = Callable[[Sink], Awaitable[None]]
"""Sends a stream into a sink until it ends."""


class GatewayResponse(Struct):
    """What goes down to the client: a whole body, or a stream.

    A context manager: leaving the block ends the upstream request, finished or not.
    """

    content_type: str
    headers: ResponseHeaders
    content: bytes | Flow
    _close: Callable[[], None] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        if self._close is not None:
            self._close()


class Pourable(Source, Protocol):
    """A stream that can be poured into a receiver; without one, its pieces are read."""

    def pour(self, receiver: Receiver | None) -> None:
        """Give each piece to this receiver from now on; None keeps them to be read."""


class Pouring(ABC):
    """Takes the pieces of one stream as they come, until it has enough."""

    __slots__ = ("_over", "_stream")

    def __init__(self, stream: Pourable) -> None:
        self._stream = stream
        self._over: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

    @abstractmethod
    def take(self, data: bytes) -> bool:
        """Take a piece; whether more is wanted. What it raises is raised by `pour`."""

    async def pour(self, sink: Sink) -> bool:
        """Take pieces as they come, and pause the stream while the sink is full; True if no more is wanted.

        The rest can then be read.

        Raises:
            Failure: the stream broke off.
        """
        sink.follow(self._stream)
        try:
            self._stream.pour(self)
            return await self._over
        finally:
            self._stream.pour(None)
            sink.follow(None)

    # --- the receiver ------------------------------------------------------------------------------------------------

    def piece(self, data: bytes) -> None:
        """Take a piece, and stop the stream after the last one that is wanted."""
        try:
            wants_more = self.take(data)
        except Exception as error:  # noqa: BLE001 - it is raised to whoever waits
            self.ended(error)
            return
        if not wants_more:
            self._conclude(enough=True)

    def ended(self, error: Exception | None) -> None:
        """Wake the task that waits."""
        if error is None:
            self._conclude(enough=False)
            return
        self._stream.pour(None)
        if not self._over.done():
            self._over.set_exception(error)

    def _conclude(self, *, enough: bool) -> None:
        self._stream.pour(None)
        if not self._over.done():
            self._over.set_result(enough)


def pulled(pieces: AsyncGenerator[bytes, None]) -> Flow:
    """A flow of pieces that are generated one by one, each when there is room for it."""

    async def flow(sink: Sink) -> None:
        async with aclosing(pieces):
            async for piece in pieces:
                sink.piece(piece)
                await sink.drain()

    return flow
