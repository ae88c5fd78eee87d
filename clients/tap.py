"""A wire tap: it stands before Passenger, passes every byte on, and keeps what went by, to be read or shown later."""

import asyncio
import contextlib
import re
import sys
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

PIECE = 65536
REQUEST = re.compile(rb"(GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS) (\S+) HTTP/1\.[01]\r\n")
STATUS = re.compile(rb"HTTP/1\.[01] (\d{3}) [A-Za-z -]*\r\n")
REFUSED = re.compile(rb"HTTP/1\.[01] (?:401|403|429) ")
"""Heads stand out: no string of JSON, of which bodies and streams are made, holds a line end as it is."""


@dataclass(frozen=True)
class Asked:
    """One request as it went by: its method, its path with the query, and the status it was answered with."""

    method: str
    path: str
    status: int | None

    def __str__(self) -> str:
        return f"{self.method} {self.path} {self.status or 'unanswered'}"


@dataclass
class Wire:
    """One connection: all that the program sent, and all that it got."""

    sent: bytearray = field(default_factory=bytearray)
    got: bytearray = field(default_factory=bytearray)


@dataclass
class Tap:
    """Every connection so far, in the order in which they were made; `full` is set once it has seen `most` requests."""

    url: str = ""
    most: int = sys.maxsize
    wires: list[Wire] = field(default_factory=list)
    full: asyncio.Event = field(default_factory=asyncio.Event)
    refused: asyncio.Event = field(default_factory=asyncio.Event)
    refused_at: float | None = None
    """When a request was first answered with 401, 403 or 429 (`time.monotonic`); `refused` is set then."""
    _begun: int = 0

    def count(self, piece: bytes) -> None:
        """Count the requests that begin in what has just been sent; a head that is sent in pieces is not seen."""
        self._begun += len(REQUEST.findall(piece))
        if self._begun >= self.most:
            self.full.set()

    def note(self, piece: bytes) -> None:
        """Note the first refusal in what has just been answered."""
        if self.refused_at is None and REFUSED.search(piece):
            self.refused_at = time.monotonic()
            self.refused.set()

    def asked(self) -> list[Asked]:
        """Every request so far, connection by connection."""
        return [one for wire in self.wires for one in requests_in(bytes(wire.sent), bytes(wire.got))]

    def sent(self, text: str) -> bool:
        """Whether a program has sent this."""
        return any(text.encode() in wire.sent or text.encode() in said_in(bytes(wire.sent)) for wire in self.wires)

    def got(self, text: str) -> bool:
        """Whether a program has got this."""
        return any(text.encode() in wire.got for wire in self.wires)

    def transcript(self) -> bytes:
        """All that went by, for a reader who wants to know who said what."""
        said = [(b"SENT", wire.sent, b"GOT", wire.got) for wire in self.wires]
        return b"\n".join(b"===== %s\n%s\n===== %s\n%s\n" % parts for parts in said)


def said_in(sent: bytes) -> bytes:
    """What a client has said over a WebSocket, whose frames are masked; empty where it has opened none.

    The frames: https://www.rfc-editor.org/rfc/rfc6455#section-5.2.
    """
    head, _, frames = sent.partition(b"\r\n\r\n")
    if b"upgrade: websocket" not in head.lower():
        return b""
    said, at = bytearray(), 0
    while at + 6 <= len(frames):
        length, start = frames[at + 1] & 0x7F, at + 2
        if length > 125:
            wide = 2 if length == 126 else 8
            length, start = int.from_bytes(frames[start : start + wide]), start + wide
        mask, data = frames[start : start + 4], frames[start + 4 : start + 4 + length]
        key = (mask * (len(data) // 4 + 1))[: len(data)]
        said += (int.from_bytes(data) ^ int.from_bytes(key)).to_bytes(len(data))
        at = start + 4 + length
    return bytes(said)


def requests_in(sent: bytes, got: bytes) -> list[Asked]:
    """The requests of a connection, each with its answer."""
    statuses = [int(found[1]) for found in STATUS.finditer(got)]
    heads = [(found[1].decode(), found[2].decode("latin-1")) for found in REQUEST.finditer(sent)]
    answers = [*statuses, *([None] * len(heads))]
    return [Asked(method, path, status) for (method, path), status in zip(heads, answers, strict=False)]


@contextlib.asynccontextmanager
async def tapped(host: str, port: int, most: int = sys.maxsize) -> AsyncIterator[Tap]:
    """A tap on a server, until the block is left."""
    tap = Tap(most=most)

    async def carry(near: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        wire = Wire()
        tap.wires.append(wire)
        with contextlib.suppress(OSError):
            far, forth = await asyncio.open_connection(host, port)
            async with asyncio.TaskGroup() as both:
                both.create_task(_pump(near, forth, wire.sent, tap.count))
                both.create_task(_pump(far, back, wire.got, tap.note))

    server = await asyncio.start_server(carry, "127.0.0.1", 0)
    tap.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield tap
    finally:
        server.close()


async def _pump(
    source: asyncio.StreamReader, sink: asyncio.StreamWriter, kept: bytearray, seen: Callable[[bytes], object]
) -> None:
    with contextlib.suppress(OSError):
        while piece := await source.read(PIECE):
            kept += piece
            seen(piece)
            sink.write(piece)
            await sink.drain()
    sink.close()
