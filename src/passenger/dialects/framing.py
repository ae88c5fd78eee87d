"""Splits event streams into messages, wherever the network has cut them, and frames messages for clients.

Server-sent events: https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream. A line ends
with CR, LF or CRLF, an empty line ends an event, a colon starts a comment.
"""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

import msgspec

from passenger.errors import Failure, Kind
from passenger.jsontext import structure

EVENT_LIMIT = 64 * 1024 * 1024
"""The maximum size of an unfinished event, in bytes."""

LINES_LIMIT = 100_000
"""The maximum number of lines in an event."""

VALUES_LIMIT = 400_000
"""The maximum number of JSON values in an event. They take many times the memory of their bytes, and block the loop."""

_SHORTEST = 8
"""The minimum average size of events in bytes, unless most are blank lines."""

_BLANK_LINES = re.compile(rb"(?>\r\n|\n|\r)(?>\r\n|\n|\r)++")
_LINE_END = re.compile(rb"\r\n|\n|\r")
_ESCAPES = {"\u0085".encode(): b"\\u0085", "\u2028".encode(): b"\\u2028", "\u2029".encode(): b"\\u2029"}
_SEPARATOR = re.compile(b"|".join(_ESCAPES))
LF, CR = b"\n"[0], b"\r"[0]
"""As integers: searching for one takes a quarter of the time of searching for a `bytes` of length one."""

_BOM = b"\xef\xbb\xbf"


class StreamMessage(msgspec.Struct, frozen=True, gc=False):
    """The fields of one event. `event` is empty if the stream has no name for it."""

    event: str
    data: bytes


class SseSplitter:
    """Cuts a byte stream into whole events, linear in its length.

    The events given back, followed by what `flush` gives, concatenate to exactly the bytes fed.
    """

    def __init__(self, limit: int = EVENT_LIMIT) -> None:
        self._tail = bytearray()
        self._searched = 0
        self._returns = False
        """Whether the tail has a carriage return, so that lines may end in three ways."""
        self._limit = limit

    def feed(self, piece: bytes) -> list[bytes]:
        """The events that this piece completes, as raw bytes with the blank lines after them.

        Raises:
            Failure: an unfinished event exceeds the limit, or a whole one has too many values.
        """
        if self._returns or CR in piece:
            return self._feed_any(piece)
        if self._tail or not piece.endswith(b"\n\n"):
            return self._feed_plain(piece)
        if piece.index(b"\n\n") < len(piece) - 2 or len(piece) > VALUES_LIMIT:
            return _split_plain(piece[:-2])
        return [piece]  # it is one event, as where upstream writes them one by one

    def flush(self) -> bytes:
        """The unfinished event that is left at the end, often empty. Fails where it has too many values."""
        tail = bytes(self._tail)
        _check_values(tail)
        self._tail.clear()
        self._searched = 0
        self._returns = False
        return tail

    def _feed_plain(self, piece: bytes) -> list[bytes]:
        """`feed` for lines that end with LF alone, ten times as fast: the network cuts most events."""
        tail = self._tail
        tail += piece
        end = tail.rfind(b"\n\n", max(0, self._searched - 1)) if LF in piece else -1
        if end < 0:
            self._note_searched()
            return []
        whole = bytes(tail[:end])
        del tail[: end + 2]
        self._note_searched()
        return _split_plain(whole)

    def _feed_any(self, piece: bytes) -> list[bytes]:
        """`feed` for any line endings."""
        tail = self._tail
        tail += piece
        # The first blank line is at most four bytes, so three of the bytes already searched may begin one.
        events = _find_events(tail, max(0, self._searched - 3))
        whole = sum(map(len, events))
        if whole > VALUES_LIMIT:
            for event in events:
                _check_values(event)
        del tail[:whole]
        self._returns = CR in tail if events else True
        self._note_searched()
        return events

    def _note_searched(self) -> None:
        """Note how far the tail has been searched, and check its size."""
        self._searched = len(self._tail)
        if self._searched > self._limit:
            raise Failure(Kind.UPSTREAM, f"an event of the stream is larger than {self._limit} bytes")


def _split_plain(whole: bytes) -> list[bytes]:
    """The events of a text whose lines end with LF alone and whose last blank line is left out."""
    events = whole.split(b"\n\n")
    if len(events) * _SHORTEST > len(whole) + _SHORTEST:
        return _find_events(whole + b"\n\n")
    if len(whole) > VALUES_LIMIT:
        for event in events:
            _check_values(event)
    return [event + b"\n\n" for event in events]


def _find_events(text: bytes | bytearray, searched: int = 0) -> list[bytes]:
    """The events of a text, each with the blank lines after it, for any line endings."""
    events, start = list[bytes](), 0
    for blank in _BLANK_LINES.finditer(text, searched):
        events.append(bytes(text[start : blank.end()]))
        start = blank.end()
    return events


def _check_values(raw: bytes) -> None:
    """Check the size of an event before its data is read. Fails where it has too many values."""
    if len(raw) > VALUES_LIMIT and structure.has_more_values(read_data(raw) or b"", VALUES_LIMIT):
        message = f"Copilot's stream has an event of more than {VALUES_LIMIT} values"
        raise Failure(Kind.UPSTREAM, message, code="bad_event")


def read_sse(raw: bytes) -> StreamMessage | None:
    """The fields of one raw event, None if it has no data (a comment, a lone blank line)."""
    data = _read_one_line(raw)
    return (_read_named(raw) or _read_lines(raw)) if data is None else StreamMessage("", data)


def read_data(raw: bytes) -> bytes | None:
    """The data of one raw event, in half the time of `read_sse`; None if it has none."""
    data = _read_one_line(raw)
    if data is None and (message := _read_lines(raw)) is not None:
        return message.data
    return data


def _read_one_line(raw: bytes) -> bytes | None:
    """The data of an event that is a single data line, as nearly all are."""
    if raw.startswith(b"data: ") and raw.endswith(b"\n\n"):
        data = raw[6:-2]
        if LF not in data and CR not in data:
            return data
    return None


def _read_named(raw: bytes) -> StreamMessage | None:
    """An event that is one name line and one data line, as nearly all others are; None for any other."""
    if raw.startswith(b"event: ") and raw.endswith(b"\n\n") and CR not in raw:
        name, _, data = raw[7:-2].partition(b"\n")
        if data.startswith(b"data: ") and LF not in data:
            return StreamMessage(name.decode("utf-8", "replace"), data[6:])
    return None


def _read_lines(raw: bytes) -> StreamMessage | None:
    raw = raw.rstrip(b"\r\n")
    if raw.count(b"\n") + raw.count(b"\r") > LINES_LIMIT:
        raise Failure(Kind.UPSTREAM, f"an event of the stream has more than {LINES_LIMIT} lines", code="bad_event")
    event = ""
    data: list[bytes] = []
    for line in _LINE_END.split(raw.removeprefix(_BOM)):
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if name == b"data":
            data.append(value)
        elif name == b"event":
            event = value.decode("utf-8", "replace")
    return StreamMessage(event, b"\n".join(data)) if data else None


def write_sse(data: bytes, event: str = "") -> bytes:
    """One event whose data is a single line, which JSON from an encoder always is."""
    return b"%bdata: %b\n\n" % (_write_name(event) if event else b"", data if data.isascii() else one_line(data))


@lru_cache(256)
def _write_name(event: str) -> bytes:
    return f"event: {event}\n".encode()


def one_line(data: bytes) -> bytes:
    """JSON on one line, also for clients that split where `str.splitlines` does: Ollama's and Google's own.

    They read lines with httpx, which splits at U+0085, U+2028 and U+2029, too. In JSON these occur only within
    strings, where an escape means the same. Encoders escape the other characters that it splits at.
    """
    return data if data.isascii() else _SEPARATOR.sub(lambda found: _ESCAPES[found[0]], data)


# --- ways to frame an answer -------------------------------------------------------------------------------------


class Framing(NamedTuple):
    """How the messages of a stream become bytes: each one, and what stands before, between and after them."""

    content_type: str
    frame: Callable[[StreamMessage], bytes]
    opening: bytes = b""
    between: bytes = b""
    closing: bytes = b""


def _write_line(message: StreamMessage) -> bytes:
    return one_line(message.data) + b"\n"


SSE = Framing("text/event-stream; charset=utf-8", lambda message: write_sse(message.data, message.event))
NDJSON = Framing("application/x-ndjson", _write_line)
JSON_ARRAY = Framing("application/json; charset=UTF-8", lambda message: one_line(message.data), b"[", b",\n", b"]")
