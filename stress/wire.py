"""A client that misbehaves: a bare socket that says what it likes, reads when it likes and leaves when it likes."""

import asyncio
import json
import socket
import struct
from dataclasses import dataclass

from stress.asking import CHAT
from stress.served import Served

LINGER_0 = struct.pack("ii", 1, 0)  # close() then sends RST instead of FIN
SMALL = 4096
"""Bytes that a client takes in before it has read them."""


@dataclass(frozen=True, slots=True)
class Wire:
    """One connection to Passenger."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    def close(self, *, reset: bool = False) -> None:
        """Leave, in order or with a reset."""
        if reset:
            self.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_0)
        self.writer.transport.abort()


async def dial(served: Served, data: bytes = b"") -> Wire:
    """Some bytes on a connection of their own, whose client takes in little."""
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port, limit=SMALL)
    writer.write(data)
    return Wire(reader, writer)


def request(text: str, *, stream: bool) -> bytes:
    """A chat request as bytes."""
    body = {"model": "gpt-4o", "stream": stream, "messages": [{"role": "user", "content": text}]}
    return head(len(json.dumps(body))) + json.dumps(body).encode()


def head(length: int) -> bytes:
    """The head of a chat request whose body is so long."""
    fields = f"Host: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n"
    return f"POST {CHAT} HTTP/1.1\r\n{fields}\r\n".encode()
