"""A server on loopback that says exactly these bytes, and knows what it was asked and how its connections ended."""

import asyncio
import contextlib
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass, field

from tests.tunnel import door

Play = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Scripted:
    """Says `answers` one after the other, whatever connection it is asked on; afterwards the last one again.

    An answer is bytes, or what is done in their place; a connection stays open unless that closes it.
    """

    answers: list[bytes | Play]
    asked: list[bytes] = field(default_factory=list)
    connections: int = 0
    open: int = 0
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.open += 1
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                self.asked.append(head + await reader.readexactly(_length(head)))
                answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
                if isinstance(answer, bytes):
                    writer.write(answer)
                    await writer.drain()
                else:
                    await answer(reader, writer)
        finally:
            self.open -= 1


def _length(head: bytes) -> int:
    lines = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    return int(lines[0].split(b":")[1]) if lines else 0


@contextlib.asynccontextmanager
async def scripted(*answers: bytes | Play, context: ssl.SSLContext | None = None) -> AsyncIterator[Scripted]:
    """Such a server."""
    server = Scripted(list(answers))
    async with door(server.serve, context) as server.port:
        yield server


def closing(said: bytes = b"") -> Play:
    """Say this and close."""

    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(said)
        await writer.drain()
        writer.close()
        raise EOFError

    return play


def resetting(said: bytes = b"") -> Play:
    """Say this and reset the connection once it has been heard."""

    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(said)
        await writer.drain()
        await asyncio.sleep(0.05)  # else the reset could overtake what was said
        lingering = struct.pack("ii", 1, 0)  # for no second
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, lingering)
        writer.transport.abort()
        raise EOFError

    return play


def then_silent(said: bytes = b"") -> Play:
    """Say this and nothing more, until the other end has gone."""

    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(said)
        await reader.read(1)
        raise EOFError

    return play


def in_pieces(pieces: Iterable[bytes]) -> Play:
    """Say these pieces, each in a packet of its own."""

    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0)

    return play
