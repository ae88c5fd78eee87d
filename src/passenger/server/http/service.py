"""What all connections of a server share: who serves, the limits, and which connections are open."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from passenger.errors import Failure
from passenger.limits import Limits
from passenger.net.deadline import Timers
from passenger.server.http.stream import Stream

if TYPE_CHECKING:
    from passenger.server.http.connection import ClientConnection


class Connections(Protocol):
    """The open connections."""

    def add(self, connection: "ClientConnection", /) -> None:
        """Add a connection."""

    def discard(self, connection: "ClientConnection", /) -> None:
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


class OpenConnections:
    """The open connections; `wait_until_empty` waits for the last of them to close."""

    def __init__(self) -> None:
        self._all = set["ClientConnection"]()
        self._is_ending = False
        self._empty = asyncio.Event()

    def add(self, connection: "ClientConnection", /) -> None:
        """Add a connection; one that was accepted just before the end is ended at once."""
        self._all.add(connection)
        if self._is_ending:
            connection.end()

    def discard(self, connection: "ClientConnection", /) -> None:
        """Remove a connection."""
        self._all.discard(connection)
        self._check()

    def __len__(self) -> int:
        return len(self._all)

    def __iter__(self) -> Iterator["ClientConnection"]:
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
