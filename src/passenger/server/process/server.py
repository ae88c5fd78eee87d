"""Serves an application on sockets until it is told to stop; then streams may run on until a deadline.

The process ends with an exit code, also if something blocks its event loop.
"""

import asyncio
import contextlib
import faulthandler
import logging
import os
import signal
import socket
from collections.abc import Callable, Iterator
from functools import partial
from types import FrameType

from passenger.errors import Failure, Kind
from passenger.limits import Limits
from passenger.server.health import Readiness
from passenger.server.http.connection import ClientConnection
from passenger.server.http.send_buffer import LOOKS
from passenger.server.http.service import OpenConnections, Service, Upgrade
from passenger.server.http.serving import StreamHandler, StreamTasks
from passenger.server.inflight import InflightRequests
from passenger.server.process.listen import BACKLOG, most_connections
from passenger.server.process.signals import HANGUP, STOPS, not_ignored

log = logging.getLogger(__name__)

AFTER_THE_CUT = 3
"""Seconds that requests have to send their last event once the drain deadline has cancelled them."""

A_MOMENT = 0.5
"""Seconds that they have after a second order to stop."""

OVERDUE = 4.0
"""Seconds after the drain deadline at which a process that has not stopped is ended by force."""

HURRIED = 3.0
"""Seconds until it is ended by force after a second order to stop."""

STOPPING = Failure(Kind.UNAVAILABLE, "Passenger is shutting down", code="shutting_down", retry_after="1")


def end_within(seconds: float) -> None:
    """End the process with exit code 1 after so many seconds; a later call replaces an earlier one.

    faulthandler's thread needs no interpreter lock, so blocked C code does not stop it. The traceback is discarded, as
    writing it might block as well.
    """
    faulthandler.dump_traceback_later(seconds, exit=True, file=os.open(os.devnull, os.O_WRONLY))


class Server:
    """Serves until it is told to stop; then it takes no new connections, and streams run on until the deadline."""

    signals = STOPS

    def __init__(
        self,
        app: StreamHandler,
        readiness: Readiness,
        inflight: InflightRequests,
        *,
        limits: Limits,
        drain_timeout: float,
        on_listening: Callable[[], None] = lambda: None,
        on_refused: Callable[[Failure, bytes], None] = lambda _failure, _target: None,
        upgrade: Upgrade | None = None,
        end_within: Callable[[float], None] = end_within,
    ) -> None:
        self._serving = StreamTasks(app)
        self._open = OpenConnections()
        most = most_connections(limits.max_connections)
        self._service = Service(self._serving.serve, limits, most, self._open, on_refused=on_refused, upgrade=upgrade)
        self._between_looks = limits.write_timeout / LOOKS
        self._readiness = readiness
        self._inflight = inflight
        self._drain_timeout = drain_timeout
        self._on_listening = on_listening
        self._end_within = end_within
        self._loop: asyncio.AbstractEventLoop | None = None
        self._servers: list[asyncio.Server] = []
        self._sockets: list[socket.socket] = []
        self._orders = 0
        self._is_stopping = False
        self._stop_event, self._hurry_event = asyncio.Event(), asyncio.Event()
        self.stopped_by: signal.Signals | None = None

    async def serve(self, sockets: list[socket.socket]) -> None:
        """Serve on these sockets until told to stop and the last streams have ended."""
        self._loop = asyncio.get_running_loop()
        with self._handle_signals():
            await self.startup(sockets)
            await self._stop_event.wait()
            await self.shutdown()

    async def startup(self, sockets: list[socket.socket]) -> None:
        """Start to serve, and call `on_listening`."""
        loop, self._sockets = asyncio.get_running_loop(), sockets
        connect = partial(ClientConnection, self._service, loop)
        for one in sockets:
            self._servers.append(await loop.create_server(connect, sock=one, backlog=BACKLOG))
        loop.call_later(self._between_looks, self._look)
        self._on_listening()

    def _look(self) -> None:
        """Check regularly, also while stopping, which clients take what waits for them."""
        asyncio.get_running_loop().call_later(self._between_looks, self._look)
        for connection in self._open:
            connection.look()

    # --- stopping ----------------------------------------------------------------------------------------------------

    async def shutdown(self) -> None:
        """Let streams run until the deadline, then end each with an error event."""
        log.info("Shutting down")
        self._readiness.draining = True
        self._close()
        cut = asyncio.get_running_loop().call_later(self._drain_timeout, self._inflight.cancel_all, STOPPING)
        await self._wait_for_all()
        cut.cancel()
        for connection in self._open:
            connection.abort()
        await self._wait_for_tasks()

    def _close(self) -> None:
        """Accept no new connections; open ones finish their current request."""
        for server in self._servers:
            server.close()
        for one in self._sockets:
            one.close()
        self._open.end()

    async def _wait_for_all(self) -> None:
        """Wait until all connections are closed: up to the deadline and a little more, less after a second order."""
        hurry = asyncio.create_task(self._cut_when_hurried(), name="hurry")
        emptied = asyncio.create_task(self._wait_until_empty(), name="wait-until-empty")
        most = self._drain_timeout + AFTER_THE_CUT
        await asyncio.wait({hurry, emptied}, timeout=most, return_when=asyncio.FIRST_COMPLETED)
        hurry.cancel()
        emptied.cancel()

    async def _wait_until_empty(self) -> None:
        """Wait until all connections are closed, and what goes on without one has ended."""
        await self._open.wait_until_empty()
        await self._inflight.wait_until_empty()

    async def _wait_for_tasks(self) -> None:
        """Wait a moment for the tasks, then cancel those that are left."""
        if tasks := self._serving.tasks:
            await asyncio.wait(tasks, timeout=A_MOMENT)
        if tasks := self._serving.tasks:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks, timeout=A_MOMENT)

    async def _cut_when_hurried(self) -> None:
        """After a second order cancel all requests, and wait a moment for their last bytes."""
        await self._hurry_event.wait()
        self._inflight.cancel_all(STOPPING)
        await asyncio.sleep(A_MOMENT)

    # --- orders ------------------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def _handle_signals(self) -> Iterator[None]:
        """Handle signals while the block runs."""
        before = {number: signal.signal(number, self.handle_exit) for number in not_ignored(self.signals)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002, RUF100 - signal's word
        """Stop gracefully; at once the second time."""
        number = signal.Signals(sig)
        if number is not HANGUP:
            self._orders += 1
        if self._orders == 2:
            self._end_within(HURRIED)
            self.hurry()
        self.stopped_by = self.stopped_by or number
        self.stop()

    def stop(self) -> None:
        """Stop gracefully, or by force if the event loop is blocked."""
        if not self._is_stopping:
            self._end_within(self._drain_timeout + OVERDUE)
        self._is_stopping = True
        self._call_soon(self._stop_event.set)

    def hurry(self) -> None:
        """Shorten the stop to a moment."""
        self._call_soon(self._hurry_event.set)

    def _call_soon(self, call: Callable[[], None]) -> None:
        """Call in the event loop, and wake it, which a signal handler alone does not."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(call)
