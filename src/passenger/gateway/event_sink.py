"""The sink of a stream that goes to the store instead of a client."""

import asyncio
from collections.abc import Awaitable, Callable

from passenger.gateway.response import Source

ROOM = 256 * 1024
"""Bytes that may wait before the source has to."""


class EventSink:
    """Takes the pieces of an answer, and writes them in order; the source waits while writing is slow."""

    def __init__(self, write: Callable[[bytes], Awaitable[None]]) -> None:
        self._write = write
        self._source: Source | None = None
        self._waiting: list[bytes] = []
        self._size = 0
        self._more, self._room = asyncio.Event(), asyncio.Event()
        self._room.set()
        self._is_over = False

    def piece(self, data: bytes) -> None:
        """Take a piece."""
        self._waiting.append(data)
        self._size += len(data)
        self._more.set()
        if self._size > ROOM and self._room.is_set():
            self._room.clear()
            if self._source is not None:
                self._source.pause()

    def follow(self, source: Source | None) -> None:
        """Pause and resume this source."""
        self._source = source
        if source is not None and not self._room.is_set():
            source.pause()

    async def drain(self) -> None:
        """Wait until there is room."""
        await self._room.wait()

    def end(self) -> None:
        """Nothing follows: `run` returns once everything is written."""
        self._is_over = True
        self._more.set()

    async def run(self) -> None:
        """Write what comes until the end."""
        while self._waiting or not self._is_over:
            await self._more.wait()
            self._more.clear()
            taken, self._waiting = b"".join(self._waiting), []
            if taken:
                await self._write(taken)
            self._size = sum(map(len, self._waiting))
            if self._size <= ROOM and not self._room.is_set():
                self._room.set()
                if self._source is not None:
                    self._source.resume()
            if self._waiting or self._is_over:
                self._more.set()
