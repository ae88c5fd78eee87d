"""Keeps idle connections for the next request to their origin; the one used last is taken first."""

import asyncio

from passenger.net.connection import UpstreamConnection
from passenger.net.deadline import Deadline
from passenger.net.origin import Origin

KEEP_ALIVE = 20.0
"""Seconds that an idle connection is kept: less than at GitHub's edge, so that it rarely closes first."""


class ConnectionPool:
    """All connections, and since when the idle ones are idle. One deadline closes those that were idle too long."""

    def __init__(self, keep_alive: float = KEEP_ALIVE) -> None:
        self._keep_alive = keep_alive
        self._loop = asyncio.get_running_loop()
        self._open: set[UpstreamConnection] = set()
        self._idle: dict[Origin, dict[UpstreamConnection, float]] = {}  # in the order in which they became so
        self._deadline = Deadline(self._loop, self._sweep)
        self._closed = False

    def add(self, connection: UpstreamConnection, *, keep: bool) -> None:
        """Add a new connection; `keep` says whether it may serve more than one request."""
        self._open.add(connection)
        connection.lost = self._forget
        connection.released = self._keep if keep else None
        if self._closed:
            connection.shut()

    def take(self, origin: Origin) -> UpstreamConnection | None:
        """An idle connection, None if there is none."""
        idle = self._idle.get(origin)
        while idle:
            connection, since = idle.popitem()
            if connection.is_usable and self._loop.time() - since < self._keep_alive:
                return connection
            connection.close()
        return None

    async def close(self) -> None:
        """Close all connections, also those that are added later."""
        self._closed = True
        self._deadline.end()
        for connection in tuple(self._open):
            connection.shut()
        for _ in range(100):  # a connection that is shut is lost within a few turns of the loop
            if not self._open:
                return
            await asyncio.sleep(0)

    def _keep(self, connection: UpstreamConnection) -> None:
        self._idle.setdefault(connection.origin, {})[connection] = self._loop.time()
        if not self._deadline.number:
            self._deadline.set(self._keep_alive)

    def _forget(self, connection: UpstreamConnection) -> None:
        self._open.discard(connection)
        self._idle.get(connection.origin, {}).pop(connection, None)

    def _sweep(self) -> None:
        """Close what was idle for too long, and schedule the next check."""
        now = self._loop.time()
        for idle in self._idle.values():
            for connection in [one for one, since in idle.items() if now - since >= self._keep_alive]:
                del idle[connection]
                connection.close()
        self._idle = {origin: idle for origin, idle in self._idle.items() if idle}
        if self._idle:
            oldest = min(next(iter(idle.values())) for idle in self._idle.values())
            self._deadline.set(oldest + self._keep_alive - now)
