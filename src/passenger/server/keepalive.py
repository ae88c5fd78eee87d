"""Sends signs of life to a streaming client while Copilot is silent."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Self

from passenger.net.deadline import Deadline, Timers


class KeepAlive(Deadline):
    """Calls `send` once nothing was sent for `interval` seconds, again and again; the first time after `first`.

    It is set anew only when it has run out: what is sent in between costs it nothing. 0 seconds mean never.
    """

    __slots__ = ("_first", "_first_due", "_interval", "_is_running", "_send_sign", "_sending", "_sent_at")

    def __init__(
        self, send: Callable[[], Awaitable[None]], first: float, interval: float, timers: Timers | None = None
    ) -> None:
        super().__init__(asyncio.get_running_loop(), self._check, timers)
        self._send_sign = send
        self._first = first
        self._interval = interval
        self._is_running = False
        self._sending: asyncio.Task[None] | None = None
        self._sent_at: float | None = None
        self._first_due = self.loop.time() + first

    def note_sent(self) -> None:
        """Count from now on: something was sent to the client."""
        self._sent_at = self.loop.time()
        if not self._is_running:
            self._run(self._interval)

    def __enter__(self) -> Self:
        self._run(min(self._first, self._interval) if self._interval > 0 else self._first)
        return self

    def __exit__(self, *_error: object) -> None:
        self.end()
        if self._sending is not None:
            self._sending.cancel()

    def _run(self, seconds: float) -> None:
        self._is_running = seconds > 0
        if self._is_running:
            self.set(seconds)

    def _check(self) -> None:
        wait = (self._first_due if self._sent_at is None else self._sent_at + self._interval) - self.loop.time()
        if wait > 0:
            self._run(wait)
        elif self._sent_at is None or self._interval > 0:
            self._sending = self.loop.create_task(self._send(), name="keep-alive")

    async def _send(self) -> None:
        await self._send_sign()
        self._run(self._interval)
