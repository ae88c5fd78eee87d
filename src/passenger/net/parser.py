"""Parses the responses of one connection, within limits and without a socket.

The grammar is llhttp's, by httptools. Two errors of old servers are tolerated, as nothing can be misread by them: a
line may end with LF alone, and a chunk size may be followed by spaces.
"""

from collections.abc import Mapping
from functools import lru_cache

import httptools

from passenger.net.exceptions import ProtocolError

HEAD_LIMIT = 64 * 1024
"""Maximum bytes of a head, of all trailers, and of framing between two pieces of a body."""

HEADERS_LIMIT = 1_000
"""Maximum number of headers, and of trailers."""

INTERIM_LIMIT = 1_000
"""Maximum number of interim responses (`100 Continue`, `102 Processing`)."""

_NO_BODY = {"HEAD", "CONNECT"}
_SHORT = 64
"""Maximum bytes of a header name whose lower-case form is cached."""

Headers = list[tuple[str, str]]


class ResponseParser:
    """The response being read: `feed` returns its body, the attributes have the rest.

    `status` is 0 until the head is complete, `ended` is set at the end of the response, `error` says why parsing
    stopped, `keeps` whether the connection can be reused. Trailers are dropped.
    """

    __slots__ = (
        "_bodiless",
        "_fields",
        "_http",
        "_interim",
        "_moved",
        "_pieces",
        "_trailer_bytes",
        "_trailers",
        "_unframed",
        "_until_close",
        "coding",
        "ended",
        "error",
        "headers",
        "keeps",
        "reason",
        "status",
        "surplus",
    )

    def __init__(self) -> None:
        self._http: httptools.HttpResponseParser | None = httptools.HttpResponseParser(self)
        self._http.set_dangerous_leniencies(lenient_optional_cr_before_lf=True, lenient_spaces_after_chunk_size=True)
        self._pieces: list[bytes] = []
        self.error: ProtocolError | None = None
        self.expect("GET")

    def expect(self, method: str) -> None:
        """Start to read the response to a request of this method."""
        self._bodiless = method in _NO_BODY
        self._interim = self._unframed = self._trailers = self._trailer_bytes = 0
        self._fields: list[bytes] = []
        self._moved = self._until_close = False
        self.status = 0
        self.reason = b""
        self.headers: Headers = []
        self.coding = ""
        self.ended = self.keeps = self.surplus = False

    def feed(self, data: bytes) -> bytes:
        """Parse bytes; those of the body are returned."""
        assert self._http is not None  # noqa: S101 - nothing comes once it is closed
        self._moved = False
        try:
            self._http.feed_data(data)
        except httptools.HttpParserError as error:
            self._stop(error)
        pieces = self._pieces
        if pieces:
            self._pieces = []
            self._unframed = 0
            if self._bodiless:
                self.surplus = True
                return b""
            return pieces[0] if len(pieces) == 1 else b"".join(pieces)
        if not self.ended:
            self._count_framing(len(data))
        return b""

    def take_headers(self) -> Headers:
        """Take the headers out of the parser."""
        headers, self.headers = self.headers, []
        return headers

    def end(self) -> bool:
        """Record the end of the connection; whether it was the regular end of the response."""
        self.ended = self._until_close and self.error is None
        return self.ended

    def close(self) -> None:
        """Release the llhttp parser, which refers to this object; nothing can be parsed afterwards."""
        self._http = None

    def _stop(self, error: httptools.HttpParserError) -> None:
        if self.ended:
            self.surplus, self.keeps = True, False
        elif self.error is None:
            self.error = ProtocolError(str(error))

    def _count_framing(self, size: int) -> None:
        """Count bytes that completed no head and belong to no body: they could drip for ever."""
        self._unframed = 0 if self._moved else self._unframed + size
        if self._unframed > HEAD_LIMIT and self.error is None:
            what = "framing" if self.status else "a head"
            self.error = ProtocolError(f"more than {HEAD_LIMIT} bytes of {what}")

    # --- what httptools calls ----------------------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        """Refuse a response without a request."""
        if self.ended:
            raise ProtocolError("an answer to nothing")

    def on_status(self, text: bytes) -> None:
        """Keep the reason phrase."""
        self.reason += text

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header; they are counted and read all at once. A trailer is only counted."""
        if not self.status:
            self._fields += (name, value)
            return
        self._trailers += 1
        self._trailer_bytes += len(name) + len(value) + 4
        self._check_size(self._trailers, self._trailer_bytes)

    def on_headers_complete(self) -> None:
        """Take the head, unless it is an interim response's."""
        assert self._http is not None  # noqa: S101 - it is what calls
        status = self._http.get_status_code()
        fields, self._fields = self._fields, []
        self._check_size(len(fields) // 2, sum(map(len, fields)) + 2 * len(fields))
        self._moved = True
        if 100 <= status < 200:
            self._pass_over(status)
            return
        if status < 100:
            self._refuse(f"the status {status}")
        self.headers = _read_headers(fields)
        named = dict(self.headers)
        self.coding = named.get("content-encoding", "")
        self._until_close = self._ends_with_connection(status, named)
        self.status = status
        self.ended = self._bodiless

    def on_body(self, piece: bytes) -> None:
        """Keep a piece of the body."""
        self._pieces.append(piece)

    def on_message_complete(self) -> None:
        """Record the end, unless it is an interim response's."""
        if self.status and not self._bodiless:
            assert self._http is not None  # noqa: S101 - it is what calls
            self.ended, self.keeps = True, self._http.should_keep_alive()

    def _pass_over(self, status: int) -> None:
        self._interim += 1
        if status == 101:
            self._refuse("another protocol, which was not asked for")
        if self._interim > INTERIM_LIMIT:
            self._refuse(f"more than {INTERIM_LIMIT} interim answers")
        self.reason = b""

    def _ends_with_connection(self, status: int, named: Mapping[str, str]) -> bool:
        """Whether only the end of the connection ends the body. llhttp does not recognise `chunked` before a tab."""
        if "transfer-encoding" not in named:
            return not (self._bodiless or "content-length" in named or status in {204, 304})
        codings = [value.lower() for name, value in self.headers if name == "transfer-encoding"]
        if codings != ["chunked"]:
            self._refuse(f"the transfer coding {', '.join(codings)[:100]}")
        return False

    def _check_size(self, count: int, size: int) -> None:
        if size > HEAD_LIMIT or count > HEADERS_LIMIT:
            self._refuse(f"more than {HEAD_LIMIT} bytes or {HEADERS_LIMIT} headers")

    def _refuse(self, what: str) -> None:
        self.error = ProtocolError(what)
        raise ProtocolError(what)  # the one that is kept must hold no frames


def _read_headers(fields: list[bytes]) -> Headers:
    """The headers of names and values by turns."""
    names, values = fields[::2], fields[1::2]
    lower = _lower_cached if max(map(len, names), default=0) <= _SHORT else _lower
    # A tab behind a value stays: see the codings.
    return [(name, value.decode("latin-1").rstrip(" ")) for name, value in zip(map(lower, names), values, strict=True)]


def _lower(name: bytes) -> str:
    return name.lower().decode("latin-1")


_lower_cached = lru_cache(maxsize=256)(_lower)
