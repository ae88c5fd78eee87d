"""The HTTP client to GitHub and Copilot, set up so that nothing is done behind our back.

No redirect is followed, no cookie kept, no `~/.netrc` read, no total deadline set; what fails is said as a Failure
that names the layer.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Self

import aiohttp
from aiohttp.client_exceptions import ClientConnectorDNSError
from aiohttp.client_proto import ResponseHandler
from aiohttp.connector import Connection

from passenger.errors import Failure, Kind

KEEP_ALIVE = 20.0
"""Seconds an idle connection is kept; GitHub's edge keeps them longer, so that it rarely closes first."""

HEADER_LIMIT = 64 * 1024
"""Bytes of one upstream header."""

READ_BUFFER = 64 * 1024
"""Bytes of an answer, of which twice as many may wait for a client that does not read; aiohttp's own are 256 KB."""


class StaleConnectionError(aiohttp.ServerDisconnectedError):
    """A connection that had served before gave nothing back: the server had closed it before it saw the request."""


class _Wire(ResponseHandler):
    """Knows whether it has served before and whether anything came back this time.

    aiohttp tells the first only to tracing, at 10 % of a request, and the second to nobody.
    """

    served = heard = False

    def set_response_params(self, **params: Any) -> None:  # Any: aiohttp's own parameters
        """Begin a request."""
        self.served, self.heard = self.served or self.heard, False
        super().set_response_params(**params)

    def data_received(self, data: bytes) -> None:
        """Take what came."""
        self.heard = True
        super().data_received(data)


class _Response(aiohttp.ClientResponse):
    """Says when it never began because its connection was stale."""

    async def start(self, connection: Connection) -> Self:
        """Wait for the headers."""
        wire = connection.protocol
        try:
            await super().start(connection)
        except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError) as error:
            if isinstance(wire, _Wire) and wire.served and not wire.heard:
                raise StaleConnectionError from error
            raise
        return self


@dataclass(frozen=True, slots=True)
class Client:
    """Two ways to send: on a kept connection where there is one, or on a new one that is not kept."""

    pooled: aiohttp.ClientSession
    fresh: aiohttp.ClientSession


@asynccontextmanager
async def client(*, connect_timeout: float) -> AsyncIterator[Client]:
    """The client for a process's lifetime; `connect_timeout` is in seconds."""
    pool = aiohttp.TCPConnector(limit=0, keepalive_timeout=KEEP_ALIVE, ttl_dns_cache=60)
    wire: type[ResponseHandler] = _Wire
    pool._factory = partial(wire, loop=asyncio.get_running_loop())
    no_pool = aiohttp.TCPConnector(limit=0, force_close=True)
    async with _session(pool, connect_timeout) as pooled, _session(no_pool, connect_timeout) as fresh:
        yield Client(pooled, fresh)


def _session(connector: aiohttp.TCPConnector, connect_timeout: float) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=connect_timeout),
        skip_auto_headers=("User-Agent", "Accept-Encoding"),
        read_bufsize=READ_BUFFER,
        max_line_size=HEADER_LIMIT,
        max_field_size=HEADER_LIMIT,
        trust_env=False,
        response_class=_Response,
    )


async def read_at_most(response: aiohttp.ClientResponse, limit: int) -> bytes:
    """The body of an answer, cut off at `limit` bytes."""
    body = bytearray()
    async for piece in response.content.iter_any():
        body += piece
        if len(body) >= limit:
            break
    return bytes(body[:limit])


def network_failure(error: Exception, host: str, kind: Kind = Kind.UPSTREAM) -> Failure:
    """What a failed attempt means, naming the layer that failed and the host it failed for."""
    match error:
        case aiohttp.ConnectionTimeoutError():
            kind, code, message = Kind.TIMEOUT, "upstream_timeout", f"connecting to {host} took too long (TCP)"
        case TimeoutError():
            kind, code, message = Kind.TIMEOUT, "upstream_timeout", f"{host} did not answer in time"
        case ClientConnectorDNSError():
            code, message = "upstream_unreachable", f"the name {host} cannot be resolved (DNS)"
        case aiohttp.ClientConnectorCertificateError() | aiohttp.ClientSSLError() | ssl.SSLError():
            code, message = "upstream_unreachable", f"no trusted connection to {host} (TLS): {_reason(error)}"
        case aiohttp.ClientConnectorError():
            code, message = "upstream_unreachable", f"{host} cannot be reached (TCP): {error.os_error.strerror}"
        case aiohttp.ServerDisconnectedError():
            code, message = "upstream_disconnected", f"{host} closed the connection without an answer"
        case aiohttp.ClientPayloadError():
            code, message = "stream_broken", f"{host} broke off in the middle of its answer"
        case aiohttp.ClientOSError():
            code, message = "upstream_disconnected", f"the connection to {host} broke: {error.strerror}"
        case _:
            code, message = "upstream_protocol", f"{host} answered what is not HTTP: {_reason(error)}"
    return Failure(kind, message, code=code)


def _reason(error: Exception) -> str:
    return str(error) or type(error).__name__
