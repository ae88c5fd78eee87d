"""Bytes to messages and back for event streams; hides where the network happened to cut.

The grammar is the WHATWG "server-sent events" one: a line ends with CR, LF or CRLF, an empty line ends an event,
a colon starts a comment, one space after a field's colon is not part of its value.
"""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

import msgspec

from passenger.errors import Failure, Kind
from passenger.jsontext import outline

EVENT_LIMIT = 64 * 1024 * 1024
"""Bytes that one unfinished event may grow to."""

LINES_LIMIT = 100_000
"""Lines of one event."""

VALUES_LIMIT = 400_000
"""Values in the JSON of one event: they take many times the memory of their bytes, and are read within the loop."""

_SHORTEST = 8
"""Bytes that events have on average at least, unless most of them are blank lines."""

_BLANK_LINES = re.compile(rb"(?>\r\n|\n|\r)(?>\r\n|\n|\r)++")
_LINE_END = re.compile(rb"\r\n|\n|\r")
_ESCAPES = {"\u0085".encode(): b"\\u0085", "\u2028".encode(): b"\\u2028", "\u2029".encode(): b"\\u2029"}
_SEPARATOR = re.compile(b"|".join(_ESCAPES))
LF, CR = b"\n"[0], b"\r"[0]
"""As bytes of their own: to look for one of them takes a fourth of looking for a text of one."""

_BOM = b"\xef\xbb\xbf"


class Message(msgspec.Struct, frozen=True, gc=False):
    """One event as its fields: `event` is empty where the stream names none."""

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
            return self._search(piece)
        if not self._tail and piece.endswith(b"\n\n"):
            return _apart(piece[:-2])
        return self._cut(piece)

    def flush(self) -> bytes:
        """The unfinished event that is left when the stream has ended, often empty.

        Raises:
            Failure: it has too many values.
        """
        tail = bytes(self._tail)
        _check_values(tail)
        self._tail.clear()
        self._searched = 0
        self._returns = False
        return tail

    def _cut(self, piece: bytes) -> list[bytes]:
        """The same where lines end with LF alone, at a tenth of what `_search` takes: a network cuts most events."""
        tail = self._tail
        tail += piece
        end = tail.rfind(b"\n\n", max(0, self._searched - 1)) if LF in piece else -1
        if end < 0:
            self._keep()
            return []
        whole = bytes(tail[:end])
        del tail[: end + 2]
        self._keep()
        return _apart(whole)

    def _search(self, piece: bytes) -> list[bytes]:
        """The same whatever lines end with."""
        tail = self._tail
        tail += piece
        # The first blank line is at most four bytes, so three of the bytes already searched may begin one.
        events = _found(tail, max(0, self._searched - 3))
        whole = sum(map(len, events))
        if whole > VALUES_LIMIT:
            for event in events:
                _check_values(event)
        del tail[:whole]
        self._returns = CR in tail if events else True
        self._keep()
        return events

    def _keep(self) -> None:
        """Keep the tail as one that has been searched."""
        self._searched = len(self._tail)
        if self._searched > self._limit:
            raise Failure(Kind.UPSTREAM, f"an event of the stream is larger than {self._limit} bytes")


def _apart(whole: bytes) -> list[bytes]:
    """The events of a text whose lines end with LF alone, and whose last blank line is left out."""
    events = whole.split(b"\n\n")
    if len(events) * _SHORTEST > len(whole) + _SHORTEST:
        return _found(whole + b"\n\n")
    if len(whole) > VALUES_LIMIT:
        for event in events:
            _check_values(event)
    return [event + b"\n\n" for event in events]


def _found(text: bytes | bytearray, searched: int = 0) -> list[bytes]:
    """The events of a text with all blank lines after each, however its lines end."""
    events, start = list[bytes](), 0
    for blank in _BLANK_LINES.finditer(text, searched):
        events.append(bytes(text[start : blank.end()]))
        start = blank.end()
    return events


def _check_values(raw: bytes) -> None:
    """Let an event pass before anybody reads it.

    Raises:
        Failure: its data has too many values.
    """
    if len(raw) > VALUES_LIMIT and outline.has_more_values(read_data(raw) or b"", VALUES_LIMIT):
        message = f"Copilot's stream has an event of more than {VALUES_LIMIT} values"
        raise Failure(Kind.UPSTREAM, message, code="bad_event")


def read_sse(raw: bytes) -> Message | None:
    """The fields of one raw event; None where it carries no data (comments, a lone blank line)."""
    data = _one_line_of_data(raw)
    return (_named(raw) or _read_lines(raw)) if data is None else Message("", data)


def read_data(raw: bytes) -> bytes | None:
    """The data of one raw event alone, for half of what all fields take; None where it carries none."""
    data = _one_line_of_data(raw)
    if data is None and (message := _read_lines(raw)) is not None:
        return message.data
    return data


def _one_line_of_data(raw: bytes) -> bytes | None:
    """The data of an event that is nothing but one line of it, as nearly all are."""
    if raw.startswith(b"data: ") and raw.endswith(b"\n\n"):
        data = raw[6:-2]
        if LF not in data and CR not in data:
            return data
    return None


def _named(raw: bytes) -> Message | None:
    """An event that is a line of its name and one of its data, as all others are; None for any other."""
    if raw.startswith(b"event: ") and raw.endswith(b"\n\n") and CR not in raw:
        name, _, data = raw[7:-2].partition(b"\n")
        if data.startswith(b"data: ") and LF not in data:
            return Message(name.decode("utf-8", "replace"), data[6:])
    return None


def _read_lines(raw: bytes) -> Message | None:
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
    return Message(event, b"\n".join(data)) if data else None


def write_sse(data: bytes, event: str = "") -> bytes:
    """One event whose data is a single line, which JSON from an encoder always is."""
    return b"%bdata: %b\n\n" % (_line_of(event) if event else b"", data if data.isascii() else one_line(data))


@lru_cache(256)
def _line_of(event: str) -> bytes:
    return f"event: {event}\n".encode()


def one_line(data: bytes) -> bytes:
    """JSON on one line for those, too, who split where `str.splitlines` does: Ollama's and Google's own clients.

    They read lines with httpx, which takes U+0085, U+2028 and U+2029 for ends of a line. In JSON these can only stand
    within a text, where an escape means the same; the other characters that it splits at every encoder escapes.
    """
    return data if data.isascii() else _SEPARATOR.sub(lambda found: _ESCAPES[found[0]], data)


# --- ways to frame an answer -------------------------------------------------------------------------------------


class Framing(NamedTuple):
    """How messages become bytes on their way to a client: what comes first, between them and last."""

    content_type: str
    frame: Callable[[Message], bytes]
    opening: bytes = b""
    between: bytes = b""
    closing: bytes = b""


def _line(message: Message) -> bytes:
    return one_line(message.data) + b"\n"


SSE = Framing("text/event-stream; charset=utf-8", lambda message: write_sse(message.data, message.event))
NDJSON = Framing("application/x-ndjson", _line)
JSON_ARRAY = Framing("application/json; charset=UTF-8", lambda message: one_line(message.data), b"[", b",\n", b"]")
