"""The HTTP client to GitHub and Copilot.

It follows no redirects, keeps no cookies, reads no `~/.netrc` and sets no total deadline. It raises a `NetworkError` or
an `OSError`, which `network_failure` turns into a message.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import cache
from time import perf_counter
from typing import NamedTuple

from passenger.net.connection import UpstreamConnection, write_request_head
from passenger.net.connector import Connector
from passenger.net.egress import Egress, EgressRoute
from passenger.net.origin import Origin, UrlTarget, split_url
from passenger.net.pool import ConnectionPool
from passenger.net.resolver import LookUp, NameCache, Resolver
from passenger.net.response import HttpResponse


class Prepared(NamedTuple):
    """The part of a request that is the same each time: made once and sent often, each time with another body."""

    method: str
    place: UrlTarget
    way: EgressRoute
    head: bytes
    """The request line and headers, each with its line end."""


class HttpClient:
    """Sends requests on kept connections, or on new ones."""

    def __init__(self, pool: ConnectionPool, connector: Connector, network: Egress) -> None:
        self._pool = pool
        self._connector = connector
        self._route = cache(network.way)  # a few hosts, and many requests to each

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
    ) -> HttpResponse:
        """Send a request; the response once its head has come. With `fresh` the connection is new, and not kept.

        `first_byte` is the maximum of seconds until the head, `idle` that between two pieces of the body.

        Raises:
            NetworkError, OSError: no response came.
        """
        prepared = self.prepare(method, url, headers)
        return await self.send(prepared, body, fresh=fresh, first_byte=first_byte, idle=idle)

    def prepare(self, method: str, url: str, headers: Mapping[str, str]) -> Prepared:
        """Prepare a request that can be sent any number of times.

        Raises:
            InvalidUrlError: it is no http or https URL.
            ValueError: a header has a line break.
        """
        place = split_url(url)
        way = self._route(*place.origin)
        target = f"{place.origin}{place.target}" if way.proxy and place.origin.scheme == "http" else place.target
        return Prepared(
            method,
            place,
            way,
            write_request_head(method, target, place.origin.authority, {"Accept": "*/*", **headers, **way.headers}),
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
    ) -> HttpResponse:
        """Send a prepared request with this body; `more` are headers as whole lines. See `request` for the rest."""
        method, origin = request.method, request.place.origin
        connection, connecting = None if fresh else self._pool.take(origin), 0.0
        if connection is None:
            began = perf_counter()
            connection = await self._connect(origin, request.way, keep=not fresh)
            connecting = perf_counter() - began
        head = b"%b%b%b%b\r\n" % (
            request.head,
            more,
            b"Content-Length: %d\r\n" % len(body) if body or method == "POST" else b"",
            b"Connection: close\r\n" if fresh else b"",
        )
        response = connection.ask(method, head, body, connecting=connecting, first_byte=first_byte, idle=idle)
        await response.wait_for_head()
        return response

    async def _connect(self, origin: Origin, way: EgressRoute, *, keep: bool) -> UpstreamConnection:
        connection = await self._connector.connect(origin, way)
        self._pool.add(connection, keep=keep)
        return connection


@asynccontextmanager
async def client(
    *, connect_timeout: float, network: Egress | None = None, look_up: LookUp | None = None
) -> AsyncIterator[HttpClient]:
    """The client for a process's lifetime. `connect_timeout` is in seconds; without a `network` no proxy is used.

    `look_up` resolves names, by default the system does.
    """
    pool = ConnectionPool()
    connector = Connector(NameCache(Resolver(look_up)), connect_timeout)
    try:
        yield HttpClient(pool, connector, network or Egress())
    finally:
        await pool.close()
