"""Upstream's reply, read from a recording that may still grow."""

import asyncio
import contextlib
from collections.abc import Callable
from time import perf_counter
from typing import Self

from passenger.cache.recording import Recording
from passenger.copilot.upstream import AFTERWARDS_TIME
from passenger.errors import ResponseHeaders
from passenger.exchange import Exchange
from passenger.net.network_failure import network_failure
from passenger.net.response import Receiver


class Replay:
    """A `Reply` that reads a recording. `left` is called once it is closed, with whether all was read."""

    def __init__(
        self,
        recording: Recording,
        exchange: Exchange,
        headers: ResponseHeaders = (),
        *,
        patience: float = AFTERWARDS_TIME,
        left: Callable[[bool], None] | None = None,
    ) -> None:
        self.status, self.content_type, self.host = recording.status, recording.content_type, recording.host
        self.headers = headers
        self.position = 0
        self._recording = recording
        self._exchange = exchange
        self._patience = patience
        self._left = left
        self._receiver: Receiver | None = None
        self._began = self._ours = 0.0
        self._is_paused = self._is_pouring = self._is_closed = False
        self._waiter: asyncio.Future[None] | None = None
        recording.add(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def close(self) -> None:
        """See `Reply.close`."""
        self.pour(None)
        if self._is_closed:
            return
        self._is_closed = True
        self._recording.remove(self)
        if self._left is not None:
            self._left(self._has_read_all)

    @property
    def _has_read_all(self) -> bool:
        return self._recording.is_over and self._recording.at(self.position) is None

    # --- pulling -----------------------------------------------------------------------------------------------------

    async def piece(self) -> bytes:
        """See `Reply.piece`."""
        with self._exchange.waiting():
            while (piece := self._next()) is None:
                if self._recording.is_over:
                    if self._recording.failure is not None:
                        raise self._recording.failure.but()
                    return b""
                await self._wait()
        return piece

    async def read(self) -> bytes:
        """See `Reply.read`."""
        body = bytearray()
        try:
            async with asyncio.timeout(self._patience):
                while piece := await self.piece():
                    body += piece
        except TimeoutError as error:
            raise network_failure(error, self.host) from error
        return bytes(body)

    async def drain(self) -> None:
        """See `Reply.drain`: what follows is the end, which decides whether the answer is kept."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(AFTERWARDS_TIME):
                while not self._has_read_all:
                    if self._next() is None:
                        await self._wait()
        self.close()

    async def _wait(self) -> None:
        self._waiter = asyncio.get_running_loop().create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _next(self) -> bytes | None:
        piece = self._recording.at(self.position)
        if piece is not None:
            self.position += 1
            if not self._recording.is_whole:
                self._recording.trim()
        return piece

    # --- pushing -----------------------------------------------------------------------------------------------------

    def pour(self, receiver: Receiver | None) -> None:
        """See `Reply.pour`."""
        if self._receiver is not None:
            self._exchange.waited += perf_counter() - self._began - self._ours
        if receiver is None or self._receiver is not None:
            self._is_paused = False  # a pause made before the first receiver is that one's
        self._receiver = receiver
        self._began, self._ours = perf_counter(), 0.0
        self._pour_on()

    def pause(self) -> None:
        """See `Reply.pause`."""
        self._is_paused = True

    def resume(self) -> None:
        """See `Reply.resume`."""
        self._is_paused = False
        self._pour_on()

    def more(self) -> None:
        """See `Reading.more`."""
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
        self._pour_on()

    def _pour_on(self) -> None:
        """Give on what is here, one piece after the other, also where a receiver asks for more while it takes one."""
        if self._is_pouring:
            return
        self._is_pouring = True
        try:
            self._give_all()
        finally:
            self._is_pouring = False

    def _give_all(self) -> None:
        while (receiver := self._receiver) is not None and not self._is_paused:
            began = perf_counter()
            if (piece := self._next()) is not None:
                receiver.piece(piece)
                self._ours += perf_counter() - began
                continue
            if self._recording.is_over:
                self.pour(None)
                failure = self._recording.failure
                receiver.ended(failure and failure.but())
            return
