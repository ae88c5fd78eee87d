"""Shows a streaming client that its request lives while Copilot is silent; hides the timer that it takes."""

import asyncio
from collections.abc import Awaitable, Callable
from types import TracebackType

from passenger.deadline import Deadline, Timers


class Pulse:
    """Calls `beat` once nothing was sent for `interval` seconds, again and again; the first time after `first`.

    One deadline, set anew only when it has run out: what is sent in between costs it nothing. 0 seconds mean never.
    """

    __slots__ = ("_beat", "_beating", "_deadline", "_due", "_first", "_interval", "_is_running", "_loop", "_sent")

    def __init__(
        self, beat: Callable[[], Awaitable[None]], first: float, interval: float, timers: Timers | None = None
    ) -> None:
        self._beat = beat
        self._first = first
        self._interval = interval
        self._loop = asyncio.get_running_loop()
        self._deadline = Deadline(self._loop, self._look, timers)
        self._is_running = False
        self._beating: asyncio.Task[None] | None = None
        self._sent: float | None = None
        self._due = self._loop.time() + first

    def sent(self) -> None:
        """Something has gone down."""
        self._sent = self._loop.time()
        if not self._is_running:
            self._arm(self._interval)

    def __enter__(self) -> "Pulse":
        self._arm(min(self._first, self._interval) if self._interval > 0 else self._first)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._deadline.end()
        if self._beating is not None:
            self._beating.cancel()

    def _arm(self, seconds: float) -> None:
        self._is_running = seconds > 0
        if self._is_running:
            self._deadline.set(seconds)

    def _look(self) -> None:
        wait = (self._due if self._sent is None else self._sent + self._interval) - self._loop.time()
        if wait > 0:
            self._arm(wait)
        elif self._sent is None or self._interval > 0:
            self._beating = self._loop.create_task(self._do(), name="keep-alive")

    async def _do(self) -> None:
        await self._beat()
        self._arm(self._interval)
