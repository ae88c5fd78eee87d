"""What all connections of a server share: who serves, the limits, and which connections are open."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

from passenger.errors import Failure
from passenger.limits import Limits
from passenger.net.deadline import Timers
from passenger.server.http.stream import Stream


class Connection(Protocol):
    """What is told to a connection, of HTTP or a WebSocket."""

    def end(self) -> None:
        """Finish what runs, take no more, and close."""

    def look(self) -> None:
        """Close if the client takes nothing of what waits for it."""

    def abort(self) -> None:
        """Close at once."""


class Connections(Protocol):
    """The open connections."""

    def add(self, connection: Any, /) -> None:  # Any: a set of one kind of connections will do, too
        """Add a connection."""

    def discard(self, connection: Any, /) -> None:
        """Remove a connection."""

    def __len__(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Service:
    """What all connections of a server share."""

    serve: Callable[[Stream], None]
    limits: Limits
    most: int
    connections: Connections
    timers: Timers = field(default_factory=Timers)
    on_refused: Callable[[Failure, bytes], None] = lambda _failure, _target: None
    """Called with the failure and the target of a request that is refused before anybody serves it."""
    upgrade: "Upgrade | None" = None
    """Lets another protocol take a connection over."""


Upgrade = Callable[[Service, asyncio.Transport, asyncio.AbstractEventLoop, Stream, bytes], bool]
"""Whether another protocol takes the transport over, as this request asks, from these bytes on."""


class OpenConnections:
    """The open connections; `wait_until_empty` waits for the last of them to close."""

    def __init__(self) -> None:
        self._all = set[Connection]()
        self._is_ending = False
        self._empty = asyncio.Event()

    def add(self, connection: Connection, /) -> None:
        """Add a connection; one that was accepted just before the end is ended at once."""
        self._all.add(connection)
        if self._is_ending:
            connection.end()

    def discard(self, connection: Connection, /) -> None:
        """Remove a connection."""
        self._all.discard(connection)
        self._check()

    def __len__(self) -> int:
        return len(self._all)

    def __iter__(self) -> Iterator[Connection]:
        return iter(list(self._all))

    def end(self) -> None:
        """Let each connection finish its current request and serve no other."""
        self._is_ending = True
        for connection in self:
            connection.end()
        self._check()

    async def wait_until_empty(self) -> None:
        """Wait until all have closed."""
        await self._empty.wait()

    def _check(self) -> None:
        if self._is_ending and not self._all:
            self._empty.set()
