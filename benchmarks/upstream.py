"""GitHub and Copilot for the benchmark: precomputed bytes on raw sockets, so that it is never what is being measured.

What it costs itself is the `direct` column of the report. Run as `python -m benchmarks.upstream PORT`.
"""

import asyncio
import sys
import time
from collections.abc import Callable, Coroutine, Iterator
from typing import Any, cast

from benchmarks.payloads import EVENTS, PACED, PACED_EVENTS, answer, compact, events, models

PACE = 0.02
"""Seconds between two events of a paced stream."""

_STREAM_HEAD = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\nx-request-id: b\r\n\r\n"
)
_END = b"0\r\n\r\n"


def _response(body: bytes, status: str = "200 OK") -> bytes:
    head = (
        f"HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\nx-request-id: b\r\n\r\n"
    )
    return head.encode() + body


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


_ANSWER = _response(answer())


def _stream(count: int, *, usage: bool) -> list[bytes]:
    """The pieces of a stream; its end goes with its last event, as servers send it that know that it is the last."""
    *before, last = map(_chunk, events(count, usage=usage))
    return [*before, last + _END]


_RUSHED = {usage: _stream(EVENTS, usage=usage) for usage in (False, True)}
_PACED = {usage: _stream(PACED_EVENTS, usage=usage) for usage in (False, True)}


def _asks(body: bytes, name: bytes, value: bytes) -> bool:
    return b'"%b":%b' % (name, value) in body or b'"%b": %b' % (name, value) in body


def _page(path: bytes, url: str) -> bytes:
    """The answer to a GET."""
    match path:
        case b"/copilot_internal/v2/token":
            return _response(_token(url))
        case b"/models":
            return _response(models())
        case b"/health":
            return _response(b"{}")
        case _:
            return _response(b"{}", "404 Not Found")


def _token(url: str) -> bytes:
    ends = int(time.time()) + 1800
    token = f"tid=benchmark;exp={ends};sku=simulated"
    return compact({"endpoints": {"api": url}, "expires_at": ends, "refresh_in": 1500, "token": token})


class Connection(asyncio.Protocol):
    """One client: keep-alive requests, one after the other."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._loop = asyncio.get_running_loop()
        self._received = bytearray()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one in all but its ancestry

    def connection_lost(self, exc: Exception | None) -> None:
        """Let a stream that is under way end."""
        self._transport = None

    def data_received(self, data: bytes) -> None:
        """Answer as soon as a request is whole."""
        self._received += data
        head, blank, _ = self._received.partition(b"\r\n\r\n")
        if not blank:
            return
        size = len(head) + 4 + _content_length(head)
        if len(self._received) < size:
            return
        body = bytes(self._received[len(head) + 4 : size])
        del self._received[:size]
        self._answer(bytes(head), body)

    def _answer(self, head: bytes, body: bytes) -> None:
        method, path, _ = head.split(b" ", 2)
        if method == b"GET":
            self._write(_page(path, self._url))
            return
        if not _asks(body, b"stream", b"true"):
            self._write(_ANSWER)
            return
        usage = _asks(body, b"include_usage", b"true")
        self._write(_STREAM_HEAD)
        if _asks(body, b"model", b'"%b"' % PACED.encode()):
            self._paced(iter(_PACED[usage]), self._loop.time())
        else:
            self._rushed(iter(_RUSHED[usage]))

    def _rushed(self, pieces: Iterator[bytes]) -> None:
        """One event a turn of the loop, each in a write of its own, as fast as the client takes them."""
        self._next(pieces, lambda: self._loop.call_soon(self._rushed, pieces))

    def _paced(self, pieces: Iterator[bytes], when: float) -> None:
        """One event now and the next one at its time."""
        self._next(pieces, lambda: self._loop.call_at(when + PACE, self._paced, pieces, when + PACE))

    def _next(self, pieces: Iterator[bytes], go_on: Callable[[], object]) -> None:
        piece = next(pieces, None)
        if piece is not None and self._transport is not None:
            self._transport.write(piece)
            go_on()

    def _write(self, data: bytes) -> None:
        if self._transport is not None:
            self._transport.write(data)


def _content_length(head: bytes | bytearray) -> int:
    for line in bytes(head).lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line[15:])
    return 0


async def serve(port: int) -> None:
    """Serve until the process is ended."""
    url = f"http://127.0.0.1:{port}"
    server = await asyncio.get_running_loop().create_server(lambda: Connection(url), "127.0.0.1", port, backlog=2048)
    await server.serve_forever()


def run_fast(main: Coroutine[Any, Any, None]) -> None:
    """Run on uvloop where there is one."""
    try:
        import uvloop  # noqa: PLC0415 - there is none on Windows
    except ImportError:
        asyncio.run(main)
    else:
        uvloop.run(main)


if __name__ == "__main__":
    run_fast(serve(int(sys.argv[1])))
