"""How a connection is made: it hides which steps that takes, and says of one that fails which step it was.

name -> TCP -> TLS                                        directly
name -> TCP (-> TLS) -> CONNECT -> TLS                    through a proxy, the first steps to it
"""

import asyncio
from ssl import SSLContext

from passenger.deadline import Timers
from passenger.net import happy_eyeballs
from passenger.net.connection import Connection
from passenger.net.errors import NETWORK_ERRORS, Hop, UnconnectedError
from passenger.net.names import NameCache
from passenger.net.origin import Origin
from passenger.net.tunnel import Tunnel
from passenger.net.writing import head_of
from passenger.network import Way


class Connector:
    """Makes connections within `timeout` seconds for all steps of one."""

    def __init__(self, names: NameCache, timeout: float) -> None:
        self._names = names
        self._timeout = timeout
        self._timers = Timers()

    async def connect(self, origin: Origin, way: Way) -> Connection:
        """A connection to an origin, by its way.

        Raises:
            UnconnectedError: there is none.
        """
        attempt = _Attempt(origin, way, self._names, self._timers)
        try:
            async with asyncio.timeout(self._timeout):
                return await attempt.made()
        except NETWORK_ERRORS as error:
            attempt.forget_name()
            raise UnconnectedError(attempt.hop, error) from error
        finally:
            attempt.clean_up()


class _Silence(asyncio.Protocol):
    """Whoever is connected to speaks second."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._transport.close()


class _Attempt:
    """One connection in the making; `hop` is the step that it is at."""

    def __init__(self, origin: Origin, way: Way, names: NameCache, timers: Timers) -> None:
        self._origin, self._way, self._names, self._timers = origin, way, names, timers
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._proxy = str(way.proxy) if way.proxy else None
        self._peer = (way.proxy.host, way.proxy.port) if way.proxy else (origin.host, origin.port)
        self.hop = Hop("DNS", self._proxy or origin.host, self._proxy)

    async def made(self) -> Connection:
        """Take all steps."""
        self._transport = await self._reached()
        proxy, secure = self._way.proxy, self._origin.scheme == "https"
        if proxy and proxy.scheme == "https":
            self.hop = Hop("TLS", self.hop.peer, self._proxy)
            await self._secured(proxy.host, _Silence())
        if proxy and secure:
            await self._tunnelled()
        connection = Connection(self._loop, self._origin, self._timers)
        if secure:
            self.hop = Hop("TLS", self._origin.host, self._proxy)
            await self._secured(self._origin.host, connection)
        else:
            self._transport.set_protocol(connection)
        if self._transport.is_closing():
            raise ConnectionResetError("the connection was closed")
        connection.connection_made(self._transport)
        self._transport = None
        return connection

    async def _reached(self) -> asyncio.Transport:
        addresses = await self._names.addresses(*self._peer)
        self.hop = Hop("TCP", self.hop.peer, self._proxy)
        sock = await happy_eyeballs.connected(addresses)
        made, _ = await self._loop.create_connection(_Silence, sock=sock)
        return made

    async def _tunnelled(self) -> None:
        assert self._transport is not None  # noqa: S101 - it was the first step
        self.hop = Hop("CONNECT", self.hop.peer, self._proxy)
        authority = self._origin.full_authority
        head = head_of("CONNECT", authority, authority, self._way.proxy_headers or {}) + b"\r\n"
        await Tunnel(self._loop).opened(self._transport, head)

    async def _secured(self, host: str, protocol: asyncio.BaseProtocol) -> None:
        assert self._transport is not None  # noqa: S101 - it was the first step
        context = self._way.context
        assert isinstance(context, SSLContext)  # noqa: S101 - a way that needs TLS has one
        made = await self._loop.start_tls(self._transport, protocol, context, server_hostname=host.rstrip("."))
        if made is None:  # a server that closes in the middle of a handshake, on asyncio's own loop
            raise ConnectionResetError("the connection was closed")
        self._transport = made

    def forget_name(self) -> None:
        """Look the name up anew the next time: its address may have changed."""
        self._names.forget(*self._peer)

    def clean_up(self) -> None:
        """Close what was begun and has become nothing."""
        if self._transport is not None:
            self._transport.abort()
