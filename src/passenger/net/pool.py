"""Connections that are kept for the next request to their origin: the one that was used last is taken first."""

import asyncio

from passenger.net.connection import Connection
from passenger.net.origin import Origin

KEEP_ALIVE = 20.0
"""Seconds an idle connection is kept; GitHub's edge keeps them longer, so that it rarely closes first."""


class ConnectionPool:
    """Knows all connections there are, and which of them are idle since when. One timer looks after all of them."""

    def __init__(self, keep_alive: float = KEEP_ALIVE) -> None:
        self._keep_alive = keep_alive
        self._loop = asyncio.get_running_loop()
        self._open: set[Connection] = set()
        self._idle: dict[Origin, dict[Connection, float]] = {}  # in the order in which they became so
        self._timer: asyncio.TimerHandle | None = None
        self._closed = False

    def add(self, connection: Connection, *, keep: bool) -> None:
        """Look after a new connection; `keep` says whether it may serve more than one request."""
        self._open.add(connection)
        connection.lost = self._lost
        connection.released = self._released if keep else None
        if self._closed:
            connection.shut()

    def take(self, origin: Origin) -> Connection | None:
        """A connection that is idle, where there is one."""
        idle = self._idle.get(origin)
        while idle:
            connection, since = idle.popitem()
            if connection.is_usable and self._loop.time() - since < self._keep_alive:
                return connection
            connection.close()
        return None

    async def close(self) -> None:
        """Close all connections, and those that are still being made."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
        for connection in tuple(self._open):
            connection.shut()
        for _ in range(100):  # a connection that is shut is lost within a few turns of the loop
            if not self._open:
                return
            await asyncio.sleep(0)

    def _released(self, connection: Connection) -> None:
        self._idle.setdefault(connection.origin, {})[connection] = self._loop.time()
        if self._timer is None:
            self._timer = self._loop.call_later(self._keep_alive, self._sweep)

    def _lost(self, connection: Connection) -> None:
        self._open.discard(connection)
        self._idle.get(connection.origin, {}).pop(connection, None)

    def _sweep(self) -> None:
        """Close what was idle for too long, and look again when the next one will have been."""
        self._timer, now = None, self._loop.time()
        for idle in self._idle.values():
            for connection in [one for one, since in idle.items() if now - since >= self._keep_alive]:
                del idle[connection]
                connection.close()
        self._idle = {origin: idle for origin, idle in self._idle.items() if idle}
        if self._idle:
            oldest = min(next(iter(idle.values())) for idle in self._idle.values())
            self._timer = self._loop.call_at(oldest + self._keep_alive, self._sweep)
