"""Makes a connection to an origin, directly or through a proxy; an error names the step that failed.

name -> TCP -> TLS                                        directly
name -> TCP (-> TLS) -> CONNECT -> TLS                    through a proxy, the first steps to it
"""

import asyncio
from ssl import SSLContext

from passenger.net import happy_eyeballs
from passenger.net.connection import UpstreamConnection, write_request_head
from passenger.net.deadline import Timers
from passenger.net.egress import EgressRoute
from passenger.net.exceptions import (
    NETWORK_ERRORS,
    DisconnectedError,
    Hop,
    ProtocolError,
    ProxyRefusedError,
    UnconnectedError,
)
from passenger.net.origin import Origin
from passenger.net.parser import ResponseParser
from passenger.net.resolver import NameCache


class Connector:
    """Makes connections; all steps of one together may take `timeout` seconds."""

    def __init__(self, names: NameCache, timeout: float) -> None:
        self._names = names
        self._timeout = timeout
        self._timers = Timers()

    async def connect(self, origin: Origin, way: EgressRoute) -> UpstreamConnection:
        """A connection to an origin, by its route.

        Raises:
            UnconnectedError: there is none.
        """
        attempt = _Attempt(origin, way, self._names, self._timers)
        try:
            async with asyncio.timeout(self._timeout):
                return await attempt.connect()
        except NETWORK_ERRORS as error:
            attempt.forget_name()
            raise UnconnectedError(attempt.hop, error) from error
        finally:
            attempt.clean_up()


class _NothingExpected(asyncio.Protocol):
    """Closes a connection on which the other side speaks first."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._transport.close()


class _Attempt:
    """One attempt to connect; `hop` is its current step."""

    def __init__(self, origin: Origin, way: EgressRoute, names: NameCache, timers: Timers) -> None:
        self._origin, self._way, self._names, self._timers = origin, way, names, timers
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._proxy = str(way.proxy) if way.proxy else None
        self._peer = (way.proxy.host, way.proxy.port) if way.proxy else (origin.host, origin.port)
        self.hop = Hop("DNS", self._proxy or origin.host, self._proxy)

    async def connect(self) -> UpstreamConnection:
        """Take all steps, and give the connection."""
        self._transport = await self._open_tcp()
        proxy, secure = self._way.proxy, self._origin.scheme == "https"
        if proxy and proxy.scheme == "https":
            self.hop = Hop("TLS", self.hop.peer, self._proxy)
            await self._start_tls(proxy.host, _NothingExpected())
        if proxy and secure:
            await self._open_tunnel()
        connection = UpstreamConnection(self._loop, self._origin, self._timers)
        if secure:
            self.hop = Hop("TLS", self._origin.host, self._proxy)
            await self._start_tls(self._origin.host, connection)
        else:
            self._transport.set_protocol(connection)
        if self._transport.is_closing():
            raise ConnectionResetError("the connection was closed")
        connection.connection_made(self._transport)
        self._transport = None
        return connection

    async def _open_tcp(self) -> asyncio.Transport:
        addresses = await self._names.addresses(*self._peer)
        self.hop = Hop("TCP", self.hop.peer, self._proxy)
        sock = await happy_eyeballs.connect_first(addresses)
        made, _ = await self._loop.create_connection(_NothingExpected, sock=sock)
        return made

    async def _open_tunnel(self) -> None:
        assert self._transport is not None  # noqa: S101 - it was the first step
        self.hop = Hop("CONNECT", self.hop.peer, self._proxy)
        authority = self._origin.full_authority
        head = write_request_head("CONNECT", authority, authority, self._way.proxy_headers or {}) + b"\r\n"
        await Tunnel(self._loop).open(self._transport, head)

    async def _start_tls(self, host: str, protocol: asyncio.BaseProtocol) -> None:
        assert self._transport is not None  # noqa: S101 - it was the first step
        context = self._way.context
        assert isinstance(context, SSLContext)  # noqa: S101 - a way that needs TLS has one
        made = await self._loop.start_tls(self._transport, protocol, context, server_hostname=host.rstrip("."))
        if made is None:  # a server that closes in the middle of a handshake, on asyncio's own loop
            raise ConnectionResetError("the connection was closed")
        self._transport = made

    def forget_name(self) -> None:
        """Have the name looked up anew next time: its address may have changed."""
        self._names.forget(*self._peer)

    def clean_up(self) -> None:
        """Close what was opened, where the attempt failed."""
        if self._transport is not None:
            self._transport.abort()


class Tunnel(asyncio.Protocol):
    """Asks a proxy for a tunnel by `CONNECT` (https://www.rfc-editor.org/rfc/rfc9110#section-9.3.6)."""

    __slots__ = ("_answered", "_parser")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._answered: asyncio.Future[None] = loop.create_future()
        self._parser = ResponseParser()
        self._parser.expect("CONNECT")

    async def open(self, transport: asyncio.Transport, head: bytes) -> None:
        """Send the request, and wait until the proxy agrees.

        Raises:
            NetworkError, OSError: there is none.
        """
        transport.set_protocol(self)
        transport.write(head)
        try:
            await self._answered
        finally:
            self._parser.close()

    def data_received(self, data: bytes) -> None:
        """Read the proxy's answer; anything behind it is an error, as the destination speaks second."""
        if self._answered.done():
            return
        parser = self._parser
        parser.feed(data)
        if parser.error is not None:
            self._answered.set_exception(parser.error)
        elif not parser.ended:
            return
        elif not 200 <= parser.status < 300:
            self._answered.set_exception(ProxyRefusedError(parser.status, parser.reason.decode("latin-1")))
        elif parser.surplus:
            self._answered.set_exception(ProtocolError("more than an answer"))
        else:
            self._answered.set_result(None)

    def connection_lost(self, error: Exception | None) -> None:
        """Fail whoever waits for the tunnel."""
        if not self._answered.done():
            self._answered.set_exception(error or DisconnectedError())
