"""One request on a WebSocket and its answer: to the server a stream as any other, to the client text frames."""

import asyncio
from collections.abc import Sequence
from typing import Any, Protocol

import msgspec
from starlette.types import Scope

from passenger.server.http.response_head import Header
from passenger.server.http.send_buffer import SendBuffer
from passenger.server.http.stream import RawHeaders, Stream
from passenger.server.websocket.lanes import FINAL
from passenger.server.websocket.texts import error_text, events_in, failed_text, mark_of, marked, read_error, status_of

_BROKEN = {
    "message": "Passenger failed; its log says more",
    "type": "server_error",
    "param": None,
    "code": "internal_error",
}


class TurnSocket(Protocol):
    """What a turn needs of its WebSocket."""

    loop: asyncio.AbstractEventLoop
    out: SendBuffer
    is_ending: bool

    def resume_reading(self) -> None:
        """Nothing: a turn has its body."""

    def release_parser(self) -> None:
        """Nothing: frames come at any time."""

    def finish_response(self, stream: Stream) -> None:
        """Go on with what waits behind this turn."""

    def abort_response(self) -> None:
        """Nothing: the socket lives on."""

    def note(self, lane: str | None, kind: str, data: bytes) -> None:
        """Take note of the event that ends an answer."""

    def send_texts(self, texts: Sequence[bytes]) -> None:
        """Send text frames."""


_SPECIAL = frozenset({b"", *(kind.encode() for kind in FINAL)})
"""The names of events that are looked at; all others go on as they are."""


class _Kind(msgspec.Struct):
    type: str = ""


_KIND = msgspec.json.Decoder(_Kind)


class TurnStream(Stream):
    """A request of a lane. Its answer is a stream of events, or an error."""

    __slots__ = ("_created", "_events", "_is_final", "_mark", "_refusal", "_socket", "lane")

    def __init__(self, socket: TurnSocket, lane: str | None, scope: Scope, headers: RawHeaders, body: bytes) -> None:
        super().__init__(socket, scope, headers, keep_alive=True)
        self.lane = lane
        self._socket = socket
        self._mark = mark_of(lane)
        self._created = b""
        self._events = 0
        self._is_final = False
        self._refusal: tuple[bytearray, Sequence[Header]] | None = None
        self.feed_data(body)
        self.feed_eof()

    # --- the answer --------------------------------------------------------------------------------------------------

    def start(self, status: int, headers: Sequence[Header]) -> None:
        """Begin a stream of events, or the body of a refusal."""
        self.status = status
        self.started = True
        if status >= 400:
            self._refusal = bytearray(), headers

    def write(self, data: bytes) -> None:
        """Send the events of a piece."""
        if not data or self.ended:
            return
        if self._refusal is not None:
            self._refusal[0].extend(data)
            return
        mark, texts = self._mark, list[bytes]()
        for name, event in events_in(data):
            if name in _SPECIAL or not self._events:
                texts.append(self._special(name, event))
            else:
                texts.append(mark + event[1:] if mark else event)
            self._events += 1
        if texts:
            self._socket.send_texts(texts)

    def end(self, data: bytes = b"") -> None:
        """Send the last events; an answer without a last one is said to have failed."""
        if self.ended:
            return
        self.write(data)
        if self._refusal is not None:
            body, headers = self._refusal
            self.respond(self.status, headers, bytes(body))
            return
        if not self._is_final:
            self._send_error(502, {**_BROKEN, "message": "the answer broke off"})
        self._conclude()

    def respond(self, status: int, headers: Sequence[Header], body: bytes) -> None:
        """Send a failure, which alone is answered whole."""
        self.status, self.started = status, True
        if self.ended:
            return
        wait = dict(headers).get(b"retry-after")
        error = read_error(body) if status >= 400 else _BROKEN
        told = error if error["message"] else _BROKEN
        self._send_error(status if status >= 400 else 500, told, wait.decode("latin-1") if wait else None)
        self._conclude()

    def abort(self) -> None:
        """Say that the answer cannot be completed."""
        if not self.ended:
            if not self._is_final:
                self._send_error(500, _BROKEN)
            self._conclude()

    @property
    def is_sending(self) -> bool:
        """Never: what waits in the socket may be another lane's."""
        return False

    @property
    def is_sent(self) -> bool:
        """Whether all of it was handed to a socket that has not broken."""
        return self.is_whole and not self._out.is_broken

    # --- inside ------------------------------------------------------------------------------------------------------

    def _conclude(self) -> None:
        self._end()
        self.is_whole = True
        self.scope, self.headers = {}, {}
        self._created = b""
        self._socket.finish_response(self)

    def _special(self, name: bytes, data: bytes) -> bytes:
        """The text of an event that is the first, the last, an error, or without a name."""
        kind = name.decode("utf-8", "replace") or _kind_of(data)
        if kind == "error":
            error = read_error(data)
            return self._error(status_of(error), error)
        if not self._events:
            self._created = data
        if kind in FINAL:
            self._is_final = True
            self._socket.note(self.lane, kind, data)
        return marked(data, self._mark)

    def _error(self, status: int, error: dict[str, Any], wait: str | None = None) -> bytes:
        """An error frame, or `response.failed` after the first event."""
        self._is_final = True
        if self._events:
            return failed_text(self._created, error, self._events, self._mark)
        return error_text(status, error, self._mark, wait)

    def _send_error(self, status: int, error: dict[str, Any], wait: str | None = None) -> None:
        self._socket.send_texts([self._error(status, error, wait)])


def _kind_of(data: bytes) -> str:
    """The type of an event whose stream has no name for it."""
    try:
        return _KIND.decode(data).type
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return ""
