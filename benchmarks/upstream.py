"""GitHub and Copilot for the benchmark: precomputed bytes on raw sockets, so that it is never what is being measured.

What it costs itself is the `direct` column of the report. Run as
`python -m benchmarks.upstream PORT TLS_PORT CERTIFICATE`: one port without TLS, one with it.
"""

import asyncio
import ssl
import sys
import time
from collections.abc import Coroutine, Iterator, Sequence
from functools import partial
from typing import Any, cast

from benchmarks.answers import STAMP, answer, completions, messages, models, paced, responses, whole_response
from benchmarks.pacing import CALL_FOR_PINGS, Pace, Paces, Pings
from benchmarks.payloads import ANSWERED, CUT, PACE, compact, number_in

LONGEST = 80.0
"""Seconds after which a paced stream ends, if nobody has called for its end."""

BACKLOG = 4096
"""Connections that may wait to be accepted."""

LARGE = 1_000_000
"""Bytes from which on a request is answered whole without a look at what it says."""

CALL_FOR_THE_END = b"/end"
"""What to GET to let all paced streams end at their next event."""

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
_RESPONSE = _response(whole_response())


def _pieces(events: Sequence[bytes]) -> list[bytes]:
    """The pieces of a stream; its end goes with its last event, as servers send it that know that it is the last."""
    *before, last = map(_chunk, events)
    return [*before, last + _END]


def _cut(pieces: Sequence[bytes]) -> list[bytes]:
    """The same bytes in pieces that each end within an event, as records of TLS and packets do: two an event."""
    thirds = [(piece[: (n := len(piece) // 3)], piece[n : 2 * n], piece[2 * n :]) for piece in pieces]
    heads = [head for head, _, _ in thirds[1:]] + [b""]
    inner = [cut for (_, middle, tail), head in zip(thirds, heads, strict=True) for cut in (middle, tail + head)]
    return [thirds[0][0], *inner]


_RUSHED = {
    b"completions": _pieces(completions(usage=False)),
    b"completions with usage": _pieces(completions(usage=True)),
    b"responses": _pieces(responses()),
    b"messages": _pieces(messages()),
    b"cut": _cut(_pieces(completions(usage=False))),
}
_FIRST, _BEFORE, _AFTER, _LAST = paced()
_OPENING, _CLOSING = _chunk(_FIRST), _chunk(_LAST) + _END
_WORD = b"%x\r\n" % (len(_BEFORE) + len(STAMP % (0, 0)) + len(_AFTER)) + _BEFORE + STAMP + _AFTER + b"\r\n"


def _asks(body: bytes, name: bytes, value: bytes) -> bool:
    return b'"%b":%b' % (name, value) in body or b'"%b": %b' % (name, value) in body


def _page(path: bytes, url: str) -> bytes:
    """The answer to a GET."""
    match path:
        case b"/copilot_internal/v2/token":
            return _response(_token(url))
        case b"/models":
            return _response(models())
        case b"/health" | b"/end":
            return _response(b"{}")
        case _:
            return _response(b"{}", "404 Not Found")


def _token(url: str) -> bytes:
    ends = int(time.time()) + 1800
    token = f"tid=benchmark;exp={ends};sku=simulated"
    return compact({"endpoints": {"api": url}, "expires_at": ends, "refresh_in": 1500, "token": token})


class Connection(asyncio.Protocol):
    """One client: keep-alive requests, one after the other."""

    def __init__(self, url: str, paces: Paces) -> None:
        self._url = url
        self._paces = paces
        self._size = 0
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
        if not self._size:
            end = self._received.find(b"\r\n\r\n") + 4
            if end < 4:
                return
            self._size = end + _content_length(self._received[:end])
        if len(self._received) >= self._size:
            head, _, body = bytes(self._received[: self._size]).partition(b"\r\n\r\n")
            del self._received[: self._size]
            self._size = 0
            self._answer(head, body)

    def _answer(self, head: bytes, body: bytes) -> None:
        method, path, _ = head.split(b" ", 2)
        if path == CALL_FOR_PINGS and self._transport is not None:
            pings = Pings(self._paces)
            self._transport.set_protocol(pings)
            pings.data_received(bytes(self._received))  # the first pings may come in one read with the call
            self._received.clear()
        elif method == b"GET":
            self._paces.called += path == CALL_FOR_THE_END
            self._write(_page(path, self._url))
        elif len(body) > LARGE or not _asks(body, b"stream", b"true"):
            self._write(_RESPONSE if path.endswith(b"/responses") else _ANSWER)
        else:
            self._write(_STREAM_HEAD)
            self._stream(path, body)

    def _stream(self, path: bytes, body: bytes) -> None:
        for model, pace in PACE.items():
            if _asks(body, b"model", b'"%b"' % model.encode()):
                self._write(_OPENING)
                start = self._loop.time()
                due = start + pace * self._paces.offset()
                self._loop.call_at(due, self._paced, Pace(due, pace, start + LONGEST, self._paces.called))
                return
        if _asks(body, b"model", b'"%b"' % ANSWERED.encode()):
            self._write(_OPENING)
            stream = Pace(0.0, 0.0, self._loop.time() + LONGEST, self._paces.called)
            self._paces.answered[number_in(body)] = partial(self._send, stream)
            self._send(stream)
            return
        self._rushed(iter(_RUSHED[_kind(path, body)]))

    def _rushed(self, pieces: Iterator[bytes]) -> None:
        """One event a turn of the loop, each in a write of its own, as fast as the client takes them."""
        piece = next(pieces, None)
        if piece is not None and self._transport is not None:
            self._transport.write(piece)
            self._loop.call_soon(self._rushed, pieces)

    def _paced(self, stream: Pace) -> None:
        """One event now and the next one at its time, until the end is called for."""
        if self._send(stream):
            stream.due += stream.step
            self._loop.call_at(stream.due, self._paced, stream)

    def _send(self, stream: Pace) -> bool:
        """One event, or the end where that has been called for; whether another may follow."""
        if self._transport is None:
            return False
        if stream.called != self._paces.called or self._loop.time() > stream.until:
            self._transport.write(_CLOSING)
            return False
        self._transport.write(_WORD % (time.monotonic_ns(), stream.words))
        stream.words += 1
        return True

    def _write(self, data: bytes) -> None:
        if self._transport is not None:
            self._transport.write(data)


def _kind(path: bytes, body: bytes) -> bytes:
    """Which stream is asked for: the dialect is told by the path's last part."""
    if _asks(body, b"model", b'"%b"' % CUT.encode()):
        return b"cut"
    dialect = path.partition(b"?")[0].rpartition(b"/")[2]
    if dialect == b"completions" and _asks(body, b"include_usage", b"true"):
        return b"completions with usage"
    return dialect


def _content_length(head: bytes | bytearray) -> int:
    for line in bytes(head).lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line[15:])
    return 0


async def serve(port: str, tls_port: str, certificate: str) -> None:
    """Serve until the process is ended."""
    paces, context = Paces(), ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    await asyncio.gather(
        _serve(f"http://127.0.0.1:{port}", int(port), paces, None),
        _serve(f"https://127.0.0.1:{tls_port}", int(tls_port), paces, context),
    )


async def _serve(url: str, port: int, paces: Paces, context: ssl.SSLContext | None) -> None:
    make, loop = partial(Connection, url, paces), asyncio.get_running_loop()
    server = await loop.create_server(make, "127.0.0.1", port, backlog=BACKLOG, ssl=context)
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
    run_fast(serve(*sys.argv[1:4]))
