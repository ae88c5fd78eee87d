"""One WebSocket of the load generator; it hides how a text becomes a frame, and how the end of an answer is found."""

import asyncio

from benchmarks.answers import WORDS
from benchmarks.client import WORD, Asker, WrongAnswerError

LAST = b'"type":"response.completed"'
"""What the last event of an answer says."""

REFUSED = b'"type":"error"'

_KEY = "YmVuY2htYXJrcyBvZiAxNg=="
_TEXT = 0x81
_MASKED = 0x80


def handshake(port: int, path: str, key: str) -> bytes:
    """The request that asks for a WebSocket (RFC 6455, section 4.1)."""
    head = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {key}\r\nUpgrade: websocket\r\n"
    head += f"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {_KEY}\r\n\r\n"
    return head.encode()


def frame(text: bytes) -> bytes:
    """A client's frame of one text; its mask is zero, which leaves it as it is (section 5.2)."""
    size = len(text)
    long = size > 0xFFFF
    length = bytes([_MASKED | size]) if size < 126 else bytes([_MASKED | 126 + long]) + size.to_bytes(8 if long else 2)
    return bytes([_TEXT]) + length + bytes(4) + text


def split(data: bytes) -> tuple[list[bytes], bytes]:
    """The texts of a server's whole frames, and what is left of the data."""
    found, at = list[bytes](), 0
    while len(data) >= at + 2:
        size, start = data[at + 1], at + 2
        if size >= 126:
            start += 2 if size == 126 else 8
            size = int.from_bytes(data[at + 2 : start])
        if len(data) < start + size:
            break
        if data[at] == _TEXT:
            found.append(data[start : start + size])
        at = start + size
    return found, data[at:]


class SocketAsker(Asker):
    """Asks for one stream after the other on a WebSocket."""

    def __init__(self, upgrade: bytes, text: bytes) -> None:
        super().__init__(frame(text), streams=True)
        self._upgrade = upgrade
        self._rest = b""
        self._is_open = asyncio.get_running_loop().create_future()

    async def prepare(self) -> None:
        """Shake hands.

        Raises:
            WrongAnswerError: there is no WebSocket.
        """
        assert self._transport is not None
        self._transport.write(self._upgrade)
        await self._is_open

    def connection_lost(self, exc: Exception | None) -> None:
        """Fail who waits."""
        super().connection_lost(exc)
        if not self._is_open.done():
            self._is_open.set_exception(WrongAnswerError("the connection was closed before it was a WebSocket"))

    def data_received(self, data: bytes) -> None:
        """Collect the texts of the answer, up to its last."""
        self._rest += data
        if not self._is_open.done():
            self._take_upgrade()
            return
        found, self._rest = split(self._rest)
        self._pieces += found
        if found and (LAST in found[-1] or REFUSED in found[-1]):
            self._end()

    def _take_upgrade(self) -> None:
        head, blank, rest = self._rest.partition(b"\r\n\r\n")
        if not blank:
            return
        self._rest = rest
        if head.startswith(b"HTTP/1.1 101"):
            self._is_open.set_result(None)
        else:
            self._is_open.set_exception(WrongAnswerError(head.decode("utf-8", "replace")))

    def check(self) -> None:
        """Make sure that the last answer was the one expected.

        Raises:
            WrongAnswerError: it was not.
        """
        words = len({word for text in self._pieces for word in WORD.findall(text)})
        if not self._pieces or LAST not in self._pieces[-1] or words < WORDS:
            end = b"".join(self._pieces[-1:])[:500].decode("utf-8", "replace")
            raise WrongAnswerError(f"{words} words over a WebSocket, and at last: {end}")
