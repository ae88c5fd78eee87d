"""The HTTP client to GitHub and Copilot, set up so that nothing is done behind our back.

No redirect is followed, no cookie kept, no `~/.netrc` read, no total deadline set; what fails is said as a Failure
that names the layer.
"""

import asyncio
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import cache
from time import perf_counter
from typing import Self, cast

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.connector import Connection
from yarl import URL

from passenger.connector import Connector, UnconnectedError
from passenger.errors import Failure, Kind
from passenger.net.resolver import LookUp, Resolver
from passenger.network import Network
from passenger.unconnected import unconnected
from passenger.wire import Wire

KEEP_ALIVE = 20.0
"""Seconds an idle connection is kept; GitHub's edge keeps them longer, so that it rarely closes first."""

HEADER_LIMIT = 64 * 1024
"""Bytes of one upstream header."""

READ_BUFFER = 64 * 1024
"""Bytes of an answer, of which twice as many may wait for a client that does not read; aiohttp's own are 256 KB."""


class StaleConnectionError(aiohttp.ServerDisconnectedError):
    """A connection that had served before gave nothing back: the server had closed it before it saw the request."""


class Response(aiohttp.ClientResponse):
    """Says when it never began because its connection was stale, and how long it was waited for."""

    waited = 0.0
    """Seconds for the connection, where it was a new one, and from the last byte sent to the headers."""

    async def start(self, connection: Connection) -> Self:
        """Wait for the headers."""
        wire, began = connection.protocol, perf_counter()
        assert isinstance(wire, Wire)  # noqa: S101 - our connector makes no other
        try:
            await super().start(connection)
        except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError) as error:
            if wire.stale:
                raise StaleConnectionError from error
            raise
        self.waited = perf_counter() - began + wire.connecting
        wire.connecting = 0.0
        return self


class Client:
    """Two ways to send: on a kept connection where there is one, or on a new one that is not kept."""

    def __init__(
        self, pooled: aiohttp.ClientSession, fresh: aiohttp.ClientSession, network: Network, connect_timeout: float
    ) -> None:
        self._pooled = pooled
        self._fresh = fresh
        self._connect_timeout = connect_timeout
        self._way = cache(network.way)  # a few hosts, and many requests to each

    async def request(
        self,
        method: str,
        url: URL,
        headers: Mapping[str, str],
        body: bytes = b"",
        *,
        fresh: bool = False,
        total: float | None = None,
        first_byte: float | None = None,
    ) -> Response:
        """The answer once its headers are in; what it raises, `network_failure` understands."""
        way = self._way(url.scheme, url.raw_host or "", url.port or 0)
        response = await (self._fresh if fresh else self._pooled).request(
            method,
            url,
            data=body or None,
            headers={**headers, **way.headers} if way.headers else headers,
            allow_redirects=False,
            timeout=aiohttp.ClientTimeout(total=total, sock_connect=self._connect_timeout, sock_read=first_byte),
            ssl=way.context or True,
            proxy=URL(way.proxy.url) if way.proxy else None,
            proxy_headers=way.proxy_headers,
        )
        return cast("Response", response)


@asynccontextmanager
async def client(
    *, connect_timeout: float, network: Network | None = None, look_up: LookUp | None = None
) -> AsyncIterator[Client]:
    """The client for a process's lifetime; `connect_timeout` is in seconds, without a `network` there is no proxy.

    `look_up` knows the addresses of names, without it the system does.
    """
    network = network or Network()
    names, resolver = network.proxy_names(), _Names(Resolver(look_up))
    pool = Connector(names, resolver=resolver, keepalive_timeout=KEEP_ALIVE, ttl_dns_cache=60)
    no_pool = Connector(names, resolver=resolver, force_close=True)
    async with _session(pool) as pooled, _session(no_pool) as fresh:
        yield Client(pooled, fresh, network, connect_timeout)


class _Names(AbstractResolver):
    """A resolver as aiohttp takes it."""

    def __init__(self, resolver: Resolver) -> None:
        self._resolver = resolver

    async def resolve(self, host: str, port: int = 0, family: int = socket.AF_INET) -> list[ResolveResult]:
        """The addresses of a host."""
        found = await self._resolver.resolve(host, port, family)
        return [
            ResolveResult(hostname=host, host=one.host, port=one.port, family=one.family, proto=0, flags=_NUMERIC)
            for one in found
        ]

    async def close(self) -> None:
        """Nothing."""


_NUMERIC = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV


def _session(connector: Connector) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        skip_auto_headers=("User-Agent", "Accept-Encoding"),
        read_bufsize=READ_BUFFER,
        max_line_size=HEADER_LIMIT,
        max_field_size=HEADER_LIMIT,
        trust_env=False,
        response_class=Response,
    )


async def read_at_most(response: aiohttp.ClientResponse, limit: int, within: float | None = None) -> bytes:
    """The body of an answer, cut off at `limit` bytes; with `within` also after so many seconds, or where it breaks."""
    body = bytearray()
    try:
        async with asyncio.timeout(within):
            async for piece in response.content.iter_any():
                body += piece
                if len(body) >= limit:
                    break
    except (aiohttp.ClientError, OSError, TimeoutError):
        if within is None:
            raise
    return bytes(body[:limit])


def network_failure(error: Exception, host: str, kind: Kind = Kind.UPSTREAM) -> Failure:
    """What a failed attempt means, naming the layer that failed and the host it failed for."""
    match error:
        case UnconnectedError():
            return unconnected(error, host, kind)
        case TimeoutError():
            kind, code, message = Kind.TIMEOUT, "upstream_timeout", f"{host} did not answer in time"
        case aiohttp.ServerDisconnectedError():
            code, message = "upstream_disconnected", f"{host} closed the connection without an answer"
        case aiohttp.ClientPayloadError():
            code, message = "stream_broken", f"{host} broke off in the middle of its answer"
        case aiohttp.ClientOSError():
            code, message = "upstream_disconnected", f"the connection to {host} broke: {error.strerror}"
        case _:
            reason = str(error) or type(error).__name__
            code, message = "upstream_protocol", f"{host} answered what is not HTTP: {reason}"
    return Failure(kind, message, code=code)
