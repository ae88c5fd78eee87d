"""Serves an application on sockets until it is told to stop; then streams run on up to a deadline.

It ends by code and not by signal, and though something blocks its event loop.
"""

import asyncio
import contextlib
import logging
import signal
import socket
from collections.abc import Callable, Iterator
from types import FrameType

from passenger.errors import Failure, Kind
from passenger.limits import Limits
from passenger.server.connection import Connection, Service
from passenger.server.serving import Application, Serving
from passenger.web.health import Readiness
from passenger.web.lifeline import Lifelines
from passenger.web.listen import BACKLOG, most_connections
from passenger.web.progress import LOOKS
from passenger.web.signals import HANGUP, STOPS, heeded
from passenger.web.watchdog import end_within

log = logging.getLogger(__name__)

AFTER_THE_CUT = 3
"""Seconds that requests have to say goodbye once the drain deadline has cut them."""

A_MOMENT = 0.5
"""Seconds that they have when the server was told to stop a second time."""

OVERDUE = 4.0
"""Seconds after the drain deadline at which a process is ended that has not stopped: something blocks it."""

HURRIED = 3.0
"""Seconds in which it has to stop when told a second time."""

STOPPING = Failure(Kind.UNAVAILABLE, "Passenger is shutting down", code="shutting_down", retry_after="1")


class Server:
    """A server that stops when it is told to: no new connections, streams run on until the deadline."""

    signals = STOPS

    def __init__(
        self,
        app: Application,
        readiness: Readiness,
        lifelines: Lifelines,
        *,
        limits: Limits,
        drain_timeout: float,
        on_listening: Callable[[], None] = lambda: None,
        end_within: Callable[[float], None] = end_within,
    ) -> None:
        self._serving = Serving(app)
        self._open = _Open()
        self._service = Service(self._serving.serve, limits, most_connections(limits.max_connections), self._open)
        self._between_looks = limits.write_timeout / LOOKS
        self._readiness = readiness
        self._lifelines = lifelines
        self._drain_timeout = drain_timeout
        self._on_listening = on_listening
        self._end_within = end_within
        self._loop: asyncio.AbstractEventLoop | None = None
        self._servers: list[asyncio.Server] = []
        self._sockets: list[socket.socket] = []
        self._orders = 0
        self._is_told = False
        self._told, self._told_again = asyncio.Event(), asyncio.Event()
        self.stopped_by: signal.Signals | None = None

    async def serve(self, sockets: list[socket.socket]) -> None:
        """Serve on these sockets until told to stop, and then as long as the last streams take."""
        self._loop = asyncio.get_running_loop()
        with self._taking_signals():
            await self.startup(sockets)
            await self._told.wait()
            await self.shutdown()

    async def startup(self, sockets: list[socket.socket]) -> None:
        """Begin to serve, and say so."""
        loop, self._sockets = asyncio.get_running_loop(), sockets
        for one in sockets:
            made = loop.create_server(lambda: Connection(self._service, loop), sock=one, backlog=BACKLOG)
            self._servers.append(await made)
        loop.call_later(self._between_looks, self._look)
        self._on_listening()

    def _look(self) -> None:
        """See which clients take what waits for them; again and again, also while we stop."""
        asyncio.get_running_loop().call_later(self._between_looks, self._look)
        for connection in self._open:
            connection.look()

    # --- stopping ------------------------------------------------------------------------------------------------

    async def shutdown(self) -> None:
        """Let streams run until the deadline, then end each with an error event of its own."""
        log.info("Shutting down")
        self._readiness.draining = True
        self._close()
        cut = asyncio.get_running_loop().call_later(self._drain_timeout, self._lifelines.cut_all, STOPPING)
        await self._wait_for_all()
        cut.cancel()
        for connection in self._open:
            connection.abort()
        await self._wait_for_tasks()

    def _close(self) -> None:
        """Let no one new in, and who is in only finish."""
        for server in self._servers:
            server.close()
        for one in self._sockets:
            one.close()
        self._open.end()

    async def _wait_for_all(self) -> None:
        """Wait until everybody has left: up to the deadline and a little more, or a moment once told again."""
        hurry = asyncio.create_task(self._hurried(), name="hurry")
        emptied = asyncio.create_task(self._open.emptied(), name="emptied")
        most = self._drain_timeout + AFTER_THE_CUT
        await asyncio.wait({hurry, emptied}, timeout=most, return_when=asyncio.FIRST_COMPLETED)
        hurry.cancel()
        emptied.cancel()

    async def _wait_for_tasks(self) -> None:
        """Let who served say its last word; a task that does not end by itself is cancelled."""
        if tasks := self._serving.tasks:
            await asyncio.wait(tasks, timeout=A_MOMENT)
        if tasks := self._serving.tasks:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks, timeout=A_MOMENT)

    async def _hurried(self) -> None:
        """End all requests once told a second time, and wait for the last of their bytes only a moment."""
        await self._told_again.wait()
        self._lifelines.cut_all(STOPPING)
        await asyncio.sleep(A_MOMENT)

    # --- orders --------------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def _taking_signals(self) -> Iterator[None]:
        """Take the signals for as long as we serve."""
        before = {number: signal.signal(number, self.handle_exit) for number in heeded(self.signals)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002, RUF100 - signal's word
        """Stop in good order; at once when told a second time."""
        number = signal.Signals(sig)
        if number is not HANGUP:
            self._orders += 1
        if self._orders == 2:
            self._end_within(HURRIED)
            self.hurry()
        self.stopped_by = self.stopped_by or number
        self.stop()

    def stop(self) -> None:
        """Stop in good order, or without any where the event loop is blocked."""
        if not self._is_told:
            self._end_within(self._drain_timeout + OVERDUE)
        self._is_told = True
        self._soon(self._told.set)

    def hurry(self) -> None:
        """Let a stop take a moment and no longer."""
        self._soon(self._told_again.set)

    def _soon(self, call: Callable[[], None]) -> None:
        """Wake the event loop, which a signal's handler alone does not do."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(call)


class _Open:
    """The connections that are open, and when the last of them has closed."""

    def __init__(self) -> None:
        self._all = set[Connection]()
        self._is_ending = False
        self._emptied = asyncio.Event()

    def add(self, connection: Connection, /) -> None:
        """One more; it may have been let in just before the door was closed."""
        self._all.add(connection)
        if self._is_ending:
            connection.end()

    def discard(self, connection: Connection, /) -> None:
        """One less."""
        self._all.discard(connection)
        self._note()

    def __len__(self) -> int:
        return len(self._all)

    def __iter__(self) -> Iterator[Connection]:
        return iter(list(self._all))

    def end(self) -> None:
        """Let each have no other request than the one that is being served."""
        self._is_ending = True
        for connection in self:
            connection.end()
        self._note()

    async def emptied(self) -> None:
        """Wait until all have closed."""
        await self._emptied.wait()

    def _note(self) -> None:
        if self._is_ending and not self._all:
            self._emptied.set()
