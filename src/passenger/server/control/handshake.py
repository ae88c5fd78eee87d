"""How a command and a server of the same user recognise each other: both can read one secret in the state directory.

A command sends a nonce; the server answers with its HMAC-SHA256 (RFC 2104) under that secret. The address and the port
that were reached are signed too, so that nobody can pass on the answer of our server at another address.
"""

import contextlib
import hashlib
import hmac
import http.client
import io
import json
import os
import secrets
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
from msgspec import Struct

from passenger.net.hosts import parse_address
from passenger.private_file import PRIVATE_DIRECTORY, PrivateFile, StoreError

FILE = "hello.json"

SocketEnd = tuple[str, int]
"""The address and port of a socket."""

LONGEST_NONCE = 200
"""Maximum characters of a nonce."""


class Hello(Struct, frozen=True):
    """The answer of `GET /v1/passenger/hello`; `signature` is None where the server has no secret."""

    version: str
    pid: int
    started: float
    """Unix seconds."""
    signature: str | None = None


def sign(secret: bytes, nonce: str, place: SocketEnd, hello: Hello) -> str:
    """The signature, in hex, of an answer that is given at an address.

    The parts are joined as JSON, so that a chosen nonce cannot run into the next part.
    """
    text = json.dumps([nonce, plain_address(place[0]), place[1], hello.pid, hello.started, hello.version])
    return hmac.new(secret, text.encode(), hashlib.sha256).hexdigest()


def plain_address(host: str) -> str:
    """An address in its canonical form (see `parse_address`); a name is not changed."""
    address = parse_address(host)
    return host if address is None else address.compressed


def is_signed(secret: bytes, nonce: str, place: SocketEnd, hello: Hello) -> bool:
    """Whether an answer at that address was signed with our secret."""
    shown = (hello.signature or "").encode()  # compare_digest takes text only if it is ASCII
    return hmac.compare_digest(sign(secret, nonce, place, hello).encode(), shown)


def read_secret(state_dir: Path) -> bytes | None:
    """The user's secret, None if there is none yet or it cannot be read."""
    with contextlib.suppress(StoreError, ValueError, TypeError):
        content = PrivateFile(state_dir / FILE).read() or {}
        return bytes.fromhex(str(content["secret"])) if "secret" in content else None
    return None


def read_or_make_secret(state_dir: Path) -> bytes:
    """The user's secret, which is made if there is none. Of several processes that make it at once, one wins.

    Raises:
        StoreError: it can be neither read nor written.
    """
    if (found := read_secret(state_dir)) is not None:
        return found
    file = PrivateFile(state_dir / FILE)
    file.check_writable()
    fresh = file.path.with_name(f".{FILE}.{secrets.token_hex(6)}")
    file.path.parent.mkdir(mode=PRIVATE_DIRECTORY, parents=True, exist_ok=True)
    PrivateFile(fresh).write({"secret": secrets.token_hex(32)})
    try:
        with contextlib.suppress(FileExistsError):
            os.link(fresh, file.path)
    finally:
        fresh.unlink(missing_ok=True)
    if (made := read_secret(state_dir)) is None:
        raise StoreError(f"{file.path} does not hold the secret that it should; delete it")
    return made


@dataclass(frozen=True, slots=True)
class Identity:
    """One server with all its workers: its version, the process to signal, and its start in Unix seconds.

    `state_dir` has the user's secret, which is read on each use, as a command may make it later.
    """

    version: str
    pid: int
    started: float
    state_dir: Path | None = None
    workers: int = 1
    command: str = "passenger"
    """The command with the flags of this server's login and settings, for lines that users copy."""
    ports: Sequence[int] = ()
    """The ports it listens on, its own before Ollama's."""
    secret: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)
    """A secret that all workers share; it is made before they are forked."""

    def hello(self, nonce: str, place: SocketEnd) -> Hello:
        """The answer for the address and port that were reached, signed with the user's secret if there is one."""
        plain = Hello(self.version, self.pid, self.started)
        secret = read_secret(self.state_dir) if self.state_dir else None
        signature = sign(secret, nonce, place, plain) if secret else None
        return Hello(self.version, self.pid, self.started, signature)


# --- the command's side ----------------------------------------------------------------------------------------------

PATIENCE = 3.0
"""Seconds that a whole answer may take."""

MOST = 16 * 1024
"""Maximum bytes of an answer, its head included."""


class NotIntroducedError(Exception):
    """What answers is no Passenger of this version."""


@dataclass(frozen=True, slots=True)
class Introduction:
    """A server's answer, and whether it has our secret and keeps the connection."""

    hello: Hello
    is_ours: bool
    is_kept: bool


def introduce(
    connection: socket.socket, authority: str, secret: bytes | None, clock: Callable[[], float] = time.monotonic
) -> Introduction:
    """Ask a server on a new connection who it is; `authority` is its host and port.

    Raises:
        NotIntroducedError: it is no Passenger of this version.
        OSError: the answer is late or too long.
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


def place_of(connection: socket.socket) -> SocketEnd:
    """The address and port that a connection is connected to."""
    host, port = connection.getpeername()[:2]
    return str(host), int(port)


def _read(body: bytes) -> Hello | None:
    try:
        return msgspec.json.decode(body, type=Hello)
    except msgspec.MsgspecError:
        return None


class _Bounded(io.RawIOBase):
    """Reads a connection until a deadline, and up to a maximum of bytes."""

    def __init__(self, connection: socket.socket, deadline: float, clock: Callable[[], float]) -> None:
        self._connection = connection
        self._deadline = deadline
        self._clock = clock
        self._left = MOST

    def makefile(self, _mode: str) -> io.BufferedReader:
        """The reader; `HTTPResponse` expects this method of a socket."""
        return io.BufferedReader(self)

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # all that a reader above it gives
        """Read what has come, as much as fits."""
        time_left = self._deadline - self._clock()
        if time_left <= 0:
            raise TimeoutError("it takes too long to say who it is")
        if self._left <= 0:
            raise OSError("it says too much of who it is")
        self._connection.settimeout(time_left)
        count = self._connection.recv_into(buffer[: self._left])
        self._left -= count
        return count
