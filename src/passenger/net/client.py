"""The HTTP client to GitHub and Copilot, set up so that nothing is done behind our back.

No redirect is followed, no cookie kept, no `~/.netrc` read, no total deadline set; what fails is a `NetworkError` or an
`OSError`, of which `failures` says what it means.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import cache
from time import perf_counter
from typing import NamedTuple

from passenger.net.connecting import Connector
from passenger.net.connection import Connection
from passenger.net.names import NameCache
from passenger.net.origin import Origin, Place, place_of
from passenger.net.pool import ConnectionPool
from passenger.net.resolver import LookUp, Resolver
from passenger.net.response import Response
from passenger.net.writing import head_of
from passenger.network import Network, Way


class Prepared(NamedTuple):
    """A request but for its body and what else is not the same in the next one: made once and sent often."""

    method: str
    place: Place
    way: Way
    head: bytes
    """Its request line and headers, each with the end of its line."""


class Client:
    """Sends on a kept connection where there is one, or on a new one."""

    def __init__(self, pool: ConnectionPool, connector: Connector, network: Network) -> None:
        self._pool = pool
        self._connector = connector
        self._way = cache(network.way)  # a few hosts, and many requests to each

    async def request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes = b"",
        *,
        fresh: bool = False,
        first_byte: float | None = None,
        idle: float | None = None,
    ) -> Response:
        """The answer once its head is in; `fresh` takes a new connection, and does not keep it.

        `first_byte` is how many seconds may pass until the head, `idle` how many between two pieces of the body.

        Raises:
            NetworkError, OSError: there is no answer.
        """
        prepared = self.prepare(method, url, headers)
        return await self.send(prepared, body, fresh=fresh, first_byte=first_byte, idle=idle)

    def prepare(self, method: str, url: str, headers: Mapping[str, str]) -> Prepared:
        """A request that can be sent any number of times.

        Raises:
            InvalidUrlError: the URL leads nowhere.
            ValueError: a header would be more than one line.
        """
        place = place_of(url)
        way = self._way(*place.origin)
        target = f"{place.origin}{place.target}" if way.proxy and place.origin.scheme == "http" else place.target
        return Prepared(
            method,
            place,
            way,
            head_of(method, target, place.origin.authority, {"Accept": "*/*", **headers, **way.headers}),
        )

    async def send(
        self,
        request: Prepared,
        body: bytes = b"",
        *,
        more: bytes = b"",
        fresh: bool = False,
        first_byte: float | None = None,
        idle: float | None = None,
    ) -> Response:
        """Send it with this body; `more` are headers as whole lines. See `request` for the rest."""
        method, origin = request.method, request.place.origin
        connection, connecting = None if fresh else self._pool.take(origin), 0.0
        if connection is None:
            began = perf_counter()
            connection = await self._connected(origin, request.way, keep=not fresh)
            connecting = perf_counter() - began
        head = b"%b%b%b%b\r\n" % (
            request.head,
            more,
            b"Content-Length: %d\r\n" % len(body) if body or method == "POST" else b"",
            b"Connection: close\r\n" if fresh else b"",
        )
        response = connection.ask(method, head, body, connecting=connecting, first_byte=first_byte, idle=idle)
        await response.headed()
        return response

    async def _connected(self, origin: Origin, way: Way, *, keep: bool) -> Connection:
        connection = await self._connector.connect(origin, way)
        self._pool.add(connection, keep=keep)
        return connection


@asynccontextmanager
async def client(
    *, connect_timeout: float, network: Network | None = None, look_up: LookUp | None = None
) -> AsyncIterator[Client]:
    """The client for a process's lifetime; `connect_timeout` is in seconds, without a `network` there is no proxy.

    `look_up` knows the addresses of names, without it the system does.
    """
    pool = ConnectionPool()
    connector = Connector(NameCache(Resolver(look_up)), connect_timeout)
    try:
        yield Client(pool, connector, network or Network())
    finally:
        await pool.close()
