"""Asks a proxy for a tunnel to a destination (https://www.rfc-editor.org/rfc/rfc9110#section-9.3.6)."""

import asyncio

from passenger.net.errors import DisconnectedError, ProtocolError, ProxyRefusedError
from passenger.net.parser import ResponseParser


class Tunnel(asyncio.Protocol):
    """Hears a proxy's answer to `CONNECT`, and nothing behind it."""

    __slots__ = ("_answered", "_parser")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._answered: asyncio.Future[None] = loop.create_future()
        self._parser = ResponseParser()
        self._parser.expect("CONNECT")

    async def opened(self, transport: asyncio.Transport, head: bytes) -> None:
        """Ask, and wait for the proxy's consent.

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
        """Take what came: the destination has nothing to say before we have."""
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
        """Give up."""
        if not self._answered.done():
            self._answered.set_exception(error or DisconnectedError())
