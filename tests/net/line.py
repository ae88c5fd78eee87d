"""A connection to upstream without a socket: what is written is kept, what comes is told, time passes when told to."""

import asyncio
from typing import cast

from passenger.net.connection import UpstreamConnection
from passenger.net.origin import Origin
from passenger.net.response import HttpResponse
from tests.server.line import Loop, Transport

OK = b"HTTP/1.1 200 OK\r\n"
SHORT = OK + b"Content-Length: 2\r\n\r\nok"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
ORIGIN = Origin("http", "a.test", 80)


class Wire(Transport):
    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        assert (high, low) == (1, 0)

    def write(self, data: bytes) -> None:
        if self.open:  # nobody has to know that a connection was just given up
            super().write(data)


class Clock(Loop):
    """A loop whose time is set by hand, and whose futures are real."""

    def create_future(self) -> asyncio.Future[None]:
        return asyncio.get_running_loop().create_future()

    def call_later(self, seconds: float, call: object) -> object:
        return self.call_at(self.now + seconds, call)  # type: ignore[arg-type]  # a function without arguments


class Upstream:
    """One connection, its answers, and what becomes of it: `kept` and `lost` count."""

    def __init__(self, clock: Clock | None = None) -> None:
        self.clock, self.wire = clock or Clock(), Wire()
        self.kept = self.lost = 0
        self.connection = UpstreamConnection(cast("asyncio.AbstractEventLoop", self.clock), ORIGIN)
        self.connection.connection_made(cast("asyncio.Transport", self.wire))
        self.connection.released = self._released
        self.connection.lost = self._lost

    def _released(self, _connection: UpstreamConnection) -> None:
        self.kept += 1

    def _lost(self, _connection: UpstreamConnection) -> None:
        self.lost += 1

    def ask(
        self, said: bytes = b"", *, first_byte: float | None = None, idle: float | None = None, sent: bool = True
    ) -> HttpResponse:
        """Ask, let this be the answer so far, and the request be sent or not."""
        response = self.connection.ask("POST", b"head", b"body", first_byte=first_byte, idle=idle)
        if not sent:
            self.connection.pause_writing()
        self.say(said)
        return response

    def say(self, data: bytes) -> None:
        if data:
            self.connection.data_received(data)

    def leave(self, error: Exception | None = None) -> None:
        """Let the connection be over."""
        self.wire.open = False
        self.connection.connection_lost(error)

    def settle(self) -> None:
        """Let a connection that was aborted or closed be over, as the loop does it a turn later."""
        if not self.wire.open:
            self.connection.connection_lost(None)

    @property
    def state(self) -> str:
        if self.wire.aborted:
            return "aborted"
        if not self.wire.open:
            return "closed"
        return "kept" if self.kept else "open"


class Cup:
    """A receiver that keeps what it is given, and does something after each piece."""

    def __init__(self) -> None:
        self.pieces, self.ends = list[bytes](), list[Exception | None]()

    def piece(self, data: bytes) -> None:
        assert not self.ends
        self.pieces.append(data)

    def ended(self, error: Exception | None) -> None:
        self.ends.append(error)
