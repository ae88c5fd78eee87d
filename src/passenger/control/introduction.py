"""Ask who answers on a connection, so that what is said on it afterwards reaches nobody else.

Whoever answers is a stranger until then: his answer may be neither late nor long.
"""

import http.client
import io
import secrets
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from passenger.control.hello import Hello, Place, is_signed

PATIENCE = 3.0
"""Seconds that a whole answer may take, however it comes."""

MOST = 16 * 1024
"""Bytes of it, its head included."""


class NotIntroducedError(Exception):
    """What answers does not say who it is, as no Passenger does."""


@dataclass(frozen=True, slots=True)
class Introduction:
    """One answer: who it is, and whether it has our secret and keeps the connection."""

    hello: Hello
    is_ours: bool
    is_kept: bool


def introduce(
    connection: socket.socket, authority: str, secret: bytes | None, clock: Callable[[], float] = time.monotonic
) -> Introduction:
    """Ask who answers; `authority` is its address as a URL has it.

    Raises:
        NotIntroducedError: it is no Passenger of this version.
        OSError: it does not answer in time, or too much.
        http.client.HTTPException: it does not speak HTTP.
    """
    nonce = secrets.token_hex(16)
    bounded = _Bounded(connection, clock() + PATIENCE, clock)
    connection.settimeout(PATIENCE)
    connection.sendall(f"GET /v1/passenger/hello?nonce={nonce} HTTP/1.1\r\nHost: {authority}\r\n\r\n".encode())
    answer = http.client.HTTPResponse(bounded, method="GET")  # type: ignore[arg-type]  # it is only read from
    answer.begin()
    hello = _read(answer.read()) if answer.status == 200 else None
    if hello is None:
        raise NotIntroducedError(f"{authority} is no Passenger of this version")
    is_ours = secret is not None and is_signed(secret, nonce, place_of(connection), hello)
    return Introduction(hello, is_ours, not answer.will_close)


def place_of(connection: socket.socket) -> Place:
    """The address and port that a connection has reached."""
    host, port = connection.getpeername()[:2]
    return str(host), int(port)


def _read(body: bytes) -> Hello | None:
    try:
        return msgspec.json.decode(body, type=Hello)
    except msgspec.MsgspecError:
        return None


class _Bounded(io.RawIOBase):
    """A connection that is read until a deadline, and only so far."""

    def __init__(self, connection: socket.socket, deadline: float, clock: Callable[[], float]) -> None:
        self._connection = connection
        self._deadline = deadline
        self._clock = clock
        self._left = MOST

    def makefile(self, _mode: str) -> io.BufferedReader:
        """What is read from; a socket has this method."""
        return io.BufferedReader(self)

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # all that a reader above it gives
        """What has come, as much as fits."""
        time_left = self._deadline - self._clock()
        if time_left <= 0:
            raise TimeoutError("it takes too long to say who it is")
        if self._left <= 0:
            raise OSError("it says too much of who it is")
        self._connection.settimeout(time_left)
        count = self._connection.recv_into(buffer[: self._left])
        self._left -= count
        return count
