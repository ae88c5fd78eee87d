"""Shows a streaming client that its request lives while Copilot is silent; hides the timer that it takes."""

import asyncio
from collections.abc import Awaitable, Callable
from types import TracebackType


class Pulse:
    """Calls `beat` once nothing was sent for `interval` seconds, again and again; the first time after `first`.

    One timer, armed anew only when it has run out: what is sent in between costs it nothing. 0 seconds mean never.
    """

    def __init__(self, beat: Callable[[], Awaitable[None]], first: float, interval: float) -> None:
        self._beat = beat
        self._first = first
        self._interval = interval
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._beating: asyncio.Task[None] | None = None
        self._sent: float | None = None

    def sent(self) -> None:
        """Something has gone down."""
        self._sent = self._loop.time()
        if self._timer is None:
            self._arm(self._interval)

    def __enter__(self) -> "Pulse":
        self._arm(self._first)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._beating is not None:
            self._beating.cancel()

    def _arm(self, seconds: float) -> None:
        self._timer = self._loop.call_later(seconds, self._look) if seconds > 0 else None

    def _look(self) -> None:
        idle = self._loop.time() - self._sent if self._sent is not None else self._interval
        if self._sent is not None and idle < self._interval:
            self._arm(self._interval - idle)
            return
        self._beating = self._loop.create_task(self._do(), name="keep-alive")

    async def _do(self) -> None:
        await self._beat()
        self._arm(self._interval)
