"""What the simulator will say, before it is put on a socket."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any, NamedTuple, Protocol

import msgspec

Fields = tuple[tuple[str, str], ...]

JSON_TYPE = "application/json"
TEXT_TYPE = "text/plain; charset=utf-8"
STREAM_TYPE = "text/event-stream"
HTML_TYPE = "text/html; charset=utf-8"

PHRASES = {status.value: status.phrase for status in HTTPStatus} | {499: "Client Closed Request", 529: "Overloaded"}


class Event(NamedTuple):
    """One event of a stream: its JSON, its name where the surface names its events, and whether it says the cost."""

    data: bytes
    name: str = ""
    billed: bool = False


ErrorEvent = Callable[[int, int], Event]
"""The event that ends a stream which fails after its 200, from a status and how many events came before."""


class Meter(Protocol):
    """What is told how far an answer came."""

    def begin(self) -> None:
        """The model has the prompt."""

    def wrote(self, events: int, /) -> None:
        """So many events are written."""

    def finish(self) -> None:
        """All of it is made."""

    def settle(self) -> None:
        """Nothing more will be made."""


class _Unmetered:
    """The meter of what is not billed."""

    def begin(self) -> None: ...

    def wrote(self, events: int, /) -> None: ...

    def finish(self) -> None: ...

    def settle(self) -> None: ...


UNMETERED = _Unmetered()


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer: a body, or for a stream its `events`, which `[DONE]` follows when `done`; `error` may break it.

    `meter` is that of an answer that is billed.
    """

    status: int
    headers: Fields
    body: bytes = b""
    events: tuple[Event, ...] | None = None
    done: bool = True
    error: ErrorEvent | None = None
    meter: Meter = UNMETERED

    def typed(self, content_type: str) -> "Reply":
        """The same answer under another Content-Type."""
        rest = tuple(field for field in self.headers if field[0].lower() != "content-type")
        return replace(self, headers=(("content-type", content_type), *rest))

    def head(self, framing: str) -> bytes:
        """Status line and headers, with the line that says how long the body is."""
        phrase = PHRASES.get(self.status, "Simulated")
        fields = "".join([f"{name}: {value}\r\n" for name, value in self.headers])
        return f"HTTP/1.1 {self.status} {phrase}\r\n{fields}{framing}\r\n\r\n".encode("latin-1", "replace")


_encode = msgspec.json.Encoder(order="deterministic").encode
_encode_as_is = msgspec.json.Encoder().encode


def go_json(value: Any, *, ordered: bool = True) -> bytes:  # Any: the JSON edge
    """JSON as CAPI writes it: sorted keys (unless a vendor's own order is kept) and <, >, & and U+2028/9 escaped."""
    text = _encode(value) if ordered else _encode_as_is(value)
    text = text.replace(b"<", b"\\u003c").replace(b">", b"\\u003e").replace(b"&", b"\\u0026")
    return text.replace(b"\xe2\x80\xa8", b"\\u2028").replace(b"\xe2\x80\xa9", b"\\u2029")


def raw_json(value: Any, *, ordered: bool = True) -> bytes:  # Any: the JSON edge
    """JSON with every character as itself, U+2028 too: what a vendor not written in Go may send."""
    return _encode(value) if ordered else _encode_as_is(value)
