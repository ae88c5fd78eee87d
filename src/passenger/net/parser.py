"""Reads the answers of one connection, one after the other, within limits and without a socket.

llhttp (by httptools) knows the grammar; what it leaves to its user is decided here. It is let off two points where old
servers err and nothing can be misread: a line may end with LF alone, a chunk's size may be followed by spaces.
"""

from collections.abc import Mapping
from functools import lru_cache

import httptools

from passenger.net.errors import ProtocolError

HEAD_LIMIT = 64 * 1024
"""Bytes of a status line with its headers, of all trailers, and of what frames a body between two pieces of it."""

HEADERS_LIMIT = 1_000
"""Headers of an answer, and trailers."""

INTERIM_LIMIT = 1_000
"""Interim answers (`100 Continue`, `102 Processing`) before the answer itself."""

_NO_BODY = {"HEAD", "CONNECT"}
_SHORT = 64
"""Bytes of a name that is worth remembering."""

Headers = list[tuple[str, str]]


class ResponseParser:
    """The answer that is being read: `feed` gives what came of its body, and the attributes say the rest.

    `status` is 0 until the head is there; `ended` says that the whole answer is; `error` why there will be no more.
    `keeps` says whether the connection may serve again. Trailers are dropped.
    """

    __slots__ = (
        "_bodiless",
        "_count",
        "_http",
        "_interim",
        "_moved",
        "_pieces",
        "_size",
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
        """Begin to read the answer to a request of this method."""
        self._bodiless = method in _NO_BODY
        self._count = self._size = self._interim = self._unframed = 0
        self._moved = self._until_close = False
        self.status = 0
        self.reason = b""
        self.headers: Headers = []
        self.coding = ""
        self.ended = self.keeps = self.surplus = False

    def feed(self, data: bytes) -> bytes:
        """Read what came, and give what of it belongs to the body."""
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
        """The headers, which are whoever's takes them."""
        headers, self.headers = self.headers, []
        return headers

    def end(self) -> bool:
        """Take note that the connection has ended; whether that ended the answer, too."""
        self.ended = self._until_close and self.error is None
        return self.ended

    def close(self) -> None:
        """Let go of what holds us in turn; nothing can be read any more."""
        self._http = None

    def _stop(self, error: httptools.HttpParserError) -> None:
        if self.ended:
            self.surplus, self.keeps = True, False
        elif self.error is None:
            self.error = ProtocolError(str(error))

    def _count_framing(self, size: int) -> None:
        """Count bytes that brought neither a head nor a body: they may come one by one and have no end."""
        self._unframed = 0 if self._moved else self._unframed + size
        if self._unframed > HEAD_LIMIT and self.error is None:
            what = "framing" if self.status else "a head"
            self.error = ProtocolError(f"more than {HEAD_LIMIT} bytes of {what}")

    # --- what httptools calls ----------------------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        """Refuse an answer that nobody asked for."""
        if self.ended:
            raise ProtocolError("an answer to nothing")

    def on_status(self, text: bytes) -> None:
        """Keep the reason phrase."""
        self.reason += text

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header, and count it; a trailer is counted alone."""
        self._count += 1
        self._size += len(name) + len(value) + 4
        if self._size > HEAD_LIMIT or self._count > HEADERS_LIMIT:
            self._refuse(f"more than {HEAD_LIMIT} bytes or {HEADERS_LIMIT} headers")
        if not self.status:
            lower = _lower(name) if len(name) <= _SHORT else name.lower().decode("latin-1")
            self.headers.append((lower, value.decode("latin-1").rstrip(" ")))  # a tab stays: see the codings

    def on_headers_complete(self) -> None:
        """Take a head, unless it only announces another."""
        assert self._http is not None  # noqa: S101 - it is what calls
        status = self._http.get_status_code()
        self._count = self._size = 0
        self._moved = True
        if 100 <= status < 200:
            self._pass_over(status)
            return
        if status < 100:
            self._refuse(f"the status {status}")
        fields = dict(self.headers)
        self.coding = fields.get("content-encoding", "")
        self._until_close = self._ends_with_connection(status, fields)
        self.status = status
        self.ended = self._bodiless

    def on_body(self, piece: bytes) -> None:
        """Keep a piece of the body."""
        self._pieces.append(piece)

    def on_message_complete(self) -> None:
        """Take note of the end, unless it is an interim answer's."""
        if self.status and not self._bodiless:
            assert self._http is not None  # noqa: S101 - it is what calls
            self.ended, self.keeps = True, self._http.should_keep_alive()

    def _pass_over(self, status: int) -> None:
        self._interim += 1
        if status == 101:
            self._refuse("another protocol, which was not asked for")
        if self._interim > INTERIM_LIMIT:
            self._refuse(f"more than {INTERIM_LIMIT} interim answers")
        self.headers.clear()
        self.reason = b""

    def _ends_with_connection(self, status: int, fields: Mapping[str, str]) -> bool:
        """Whether nothing else ends the body. To llhttp `chunked` that a tab follows is a coding nobody knows."""
        codings = [value.lower() for name, value in self.headers if name == "transfer-encoding"]
        if codings and codings != ["chunked"]:
            self._refuse(f"the transfer coding {', '.join(codings)[:100]}")
        return not (codings or self._bodiless or "content-length" in fields or status in {204, 304})

    def _refuse(self, what: str) -> None:
        self.error = ProtocolError(what)
        raise ProtocolError(what)  # the one that is kept must hold no frames


@lru_cache(maxsize=256)
def _lower(name: bytes) -> str:
    return name.lower().decode("latin-1")
