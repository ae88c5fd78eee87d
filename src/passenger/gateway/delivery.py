"""What goes down to the client."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from types import TracebackType
from typing import Self

from msgspec import Struct

from passenger.gateway.sink import Sink

Flow = Callable[[Sink], Awaitable[None]]
"""Lets a stream go down into a sink, piece by piece, until it has ended."""


class Delivery(Struct):
    """What goes down to the client: a whole body, or a stream.

    A block that ends the upstream request of a stream when it is left, finished or not.
    """

    content_type: str
    headers: tuple[tuple[str, str], ...]
    content: bytes | Flow
    _close: Callable[[], None] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._close is not None:
            self._close()


def pulled(pieces: AsyncGenerator[bytes, None]) -> Flow:
    """The flow of pieces that are made one after the other, each once there is room for it."""

    async def flow(sink: Sink) -> None:
        async with aclosing(pieces):
            async for piece in pieces:
                sink.piece(piece)
                await sink.drain()

    return flow
