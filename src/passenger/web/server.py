"""uvicorn as we need it: our sockets, our signals, streams drained up to a deadline, exit by code and not by signal."""

import asyncio
import contextlib
import signal
import socket
from collections.abc import Callable, Iterator
from functools import partial
from types import FrameType
from typing import cast

import uvicorn
from starlette.types import ASGIApp

from passenger.errors import Failure, Kind
from passenger.limits import Limits
from passenger.web.health import Readiness
from passenger.web.lifeline import Lifelines
from passenger.web.listen import most_connections
from passenger.web.progress import LOOKS
from passenger.web.protocol import HttpProtocol
from passenger.web.signals import HANGUP, STOPS, heeded
from passenger.web.watchdog import end_within

AFTER_THE_CUT = 3
"""Seconds that requests have to say goodbye once the drain deadline has cut them."""

A_MOMENT = 0.5
"""Seconds that they have when the server was told to stop a second time."""

OVERDUE = 4.0
"""Seconds after the drain deadline at which a process is ended that has not stopped: something blocks it."""

HURRIED = 3.0
"""Seconds in which it has to stop when told a second time."""

STOPPING = Failure(Kind.UNAVAILABLE, "Passenger is shutting down", code="shutting_down", retry_after="1")


class Server(uvicorn.Server):
    """A server that stops when it is told to: no new connections, streams run on until the deadline."""

    signals = STOPS

    def __init__(
        self,
        app: ASGIApp,
        readiness: Readiness,
        lifelines: Lifelines,
        *,
        limits: Limits,
        drain_timeout: float,
        on_listening: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__(_config(app, limits, drain_timeout))
        self._between_looks = limits.write_timeout / LOOKS
        self._readiness = readiness
        self._lifelines = lifelines
        self._drain_timeout = drain_timeout
        self._on_listening = on_listening
        self._orders = 0
        self._told_again = asyncio.Event()
        self.stopped_by: signal.Signals | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to serve, and say so."""
        await super().startup(sockets)
        asyncio.get_running_loop().call_later(self._between_looks, self._look)
        self._on_listening()

    def _look(self) -> None:
        """See which clients take what waits for them; again and again, also while we stop."""
        asyncio.get_running_loop().call_later(self._between_looks, self._look)
        for connection in list(self.server_state.connections):
            cast("HttpProtocol", connection).look()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Let streams run until the deadline, then end each with an error event of its own."""
        self._readiness.draining = True
        loop = asyncio.get_running_loop()
        cut = loop.call_later(self._drain_timeout, self._lifelines.cut_all, STOPPING)
        hurry = loop.create_task(self._hurried(), name="hurry")
        try:
            await super().shutdown(sockets)
        finally:
            cut.cancel()
            hurry.cancel()

    def hurry(self) -> None:
        """Let a stop take a moment and no longer."""
        self._told_again.set()

    async def _hurried(self) -> None:
        """End all requests once told a second time, and wait for the last of their bytes only a moment."""
        await self._told_again.wait()
        self._lifelines.cut_all(STOPPING)
        await asyncio.sleep(A_MOMENT)
        self.force_exit = True

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take the signals for as long as we serve; unlike uvicorn's own, never die by one afterwards."""
        before = {number: signal.signal(number, self.handle_exit) for number in heeded(self.signals)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop in good order; at once when told a second time."""
        number = signal.Signals(sig)
        if number is not HANGUP:
            self._orders += 1
        if self._orders == 2:
            end_within(HURRIED)
            asyncio.get_running_loop().call_soon_threadsafe(self.hurry)
        self.stopped_by = self.stopped_by or number
        self.stop()

    def stop(self) -> None:
        """Stop in good order, or without any where the event loop is blocked."""
        if not self.should_exit:
            end_within(self._drain_timeout + OVERDUE)
        self.should_exit = True


def _config(app: ASGIApp, limits: Limits, drain_timeout: float) -> uvicorn.Config:
    protocol = partial(HttpProtocol, limits=limits, most=most_connections(limits.max_connections))
    return uvicorn.Config(
        app,
        http=protocol,  # type: ignore[arg-type]  # it is only called
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=limits.idle_timeout,  # type: ignore[arg-type]  # it only goes to call_later()
        timeout_graceful_shutdown=int(drain_timeout) + AFTER_THE_CUT,
    )
