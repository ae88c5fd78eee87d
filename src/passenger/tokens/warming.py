"""Starts the tokenizer's process before anybody asks, in a moment when nobody is served."""

import asyncio
from collections.abc import Callable

from passenger.tokens.room import has_room
from passenger.tokens.tokenizer import Tokenizer

QUIET = 5.0
"""Seconds after the start: a first request comes before, or is not waited for."""


class Warming:
    """Starts it once, if nothing is served then and there is memory for it."""

    def __init__(self, tokenizer: Tokenizer, *, quiet: float = QUIET, room: Callable[[], bool] = has_room) -> None:
        self._tokenizer = tokenizer
        self._quiet = quiet
        self._room = room
        self._timer: asyncio.TimerHandle | None = None
        self._starting: asyncio.Task[int] | None = None

    def begin(self, idle: Callable[[], bool]) -> None:
        """Do so in a while, if `idle` says then that nothing is served."""
        self._timer = asyncio.get_running_loop().call_later(self._quiet, self._start, idle)

    def _start(self, idle: Callable[[], bool]) -> None:
        if idle() and self._room():
            self._starting = asyncio.get_running_loop().create_task(self._tokenizer.count([]))

    async def close(self) -> None:
        """Begin nothing any more."""
        if self._timer is not None:
            self._timer.cancel()
        if self._starting is not None:
            self._starting.cancel()
            await asyncio.wait([self._starting])
