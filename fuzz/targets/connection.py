"""A client's connection: what is served is the same however its bytes are cut, and the same requests that h11 reads.

What the client is told is HTTP. The first byte of an input says how the rest is cut, and whether an answer is given at
once or rests until something more has come.
"""

import re
from collections.abc import Callable
from typing import Any

from fuzz.second_reader import Request, read_requests
from passenger.limits import Limits
from passenger.server.http.connection import ClientConnection
from passenger.server.http.request_reader import TARGET
from passenger.server.http.service import Service
from passenger.server.http.stream import Stream

Served = list[Request]

LIMITS = Limits(max_uri=200, max_headers=20, max_header_bytes=400, max_body=1000)
_TOLD = re.compile(
    rb"(?:HTTP/1\.1 [1-5]\d\d [^\r\n]*\r\n(?:[a-z-]+: [^\r\n]*\r\n)*\r\n(?:ok|0\r\n\r\n|\{[^\r\n]*\})?)*"
)


class _Line:
    """A transport that keeps what is written, and a loop on which no time passes."""

    def __init__(self) -> None:
        self.sent, self.open, self.soon = b"", True, list[Callable[[], None]]()

    def write(self, data: bytes) -> None:
        assert self.open
        self.sent += data

    def close(self) -> None:
        self.open = False

    abort = close

    def write_eof(self) -> None:
        pass

    pause_reading = resume_reading = write_eof

    def is_closing(self) -> bool:
        return not self.open

    def get_extra_info(self, _name: str) -> None:
        return None

    def time(self) -> float:
        return 0.0

    def call_at(self, _due: float, _call: object) -> "_Line":
        return self

    def when(self) -> float:
        return 0.0

    def call_soon(self, call: Callable[[], None]) -> None:
        self.soon.append(call)

    def turn(self) -> None:
        while self.soon:
            self.soon.pop(0)()

    cancel = write_eof


def one(data: bytes) -> None:
    """Send this at once, and in pieces."""
    how, sent = (data[0], data[1:]) if data else (0, b"")
    size, rests = 1 + how % 16, bool(how & 16)
    at_once = _served([sent], rests=rests)
    in_pieces = _served([sent[at : at + size] for at in range(0, len(sent), size)], rests=rests)
    assert at_once == in_pieces[: len(at_once)]  # what is refused in one piece with others takes them along
    for ours, (method, target, body) in zip(in_pieces, read_requests(sent), strict=False):
        assert ours == (method, target.partition(b"#")[0] if target[:1] == b"/" else target, body)


def _served(pieces: list[bytes], *, rests: bool) -> Served:
    """What is served of these: requests whose body is whole, and each is answered."""
    line, streams, served = _Line(), list[Stream](), Served()
    loop: Any = line
    connection = ClientConnection(Service(streams.append, LIMITS, 9, set()), loop)
    connection.connection_made(line)
    for piece in [*pieces, b""]:
        if line.open and piece:
            connection.data_received(piece)
        while streams and (stream := streams[-1]).complete and not stream.ended:
            if stream.started:
                stream.end()
                continue
            served.append(_request(stream))
            if not rests:
                stream.respond(200, [(b"content-length", b"2")], b"ok")
                continue
            stream.start(200, [])
            line.turn()
            if piece:
                break
    assert _TOLD.fullmatch(line.sent), line.sent
    assert line.sent.count(b"HTTP/1.1 200 ") == len(served)
    return served


def _request(stream: Stream) -> Request:
    scope = stream.scope
    query = scope["query_string"]
    target = scope.get(TARGET) or scope["raw_path"] + (b"?" + query if query else b"")
    return scope["method"], target, stream.take()
