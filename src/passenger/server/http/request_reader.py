"""Reads the requests of one connection, one after the other, and makes a stream of each; refuses what is over a limit.

llhttp, by [httptools](https://github.com/MagicStack/httptools), knows the grammar; what it leaves to its user is
decided here.
"""

import asyncio
from enum import Enum, auto
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import httptools
from starlette.types import Scope

from passenger.errors import Failure
from passenger.limits import Limits
from passenger.server.http.refusals import NOT_HTTP, UNKNOWN_CODING, large_head, long_target, other_version
from passenger.server.http.response_head import Header
from passenger.server.http.stream import Stream

if TYPE_CHECKING:
    from passenger.server.http.connection import ClientConnection

TARGET = "passenger.target"
"""The scope's key for a request's target where it is no path."""

FRAMING = (b"content-length", b"transfer-encoding")
"""The headers that say where a body ends."""

_VERSIONS = ("1.1", "1.0")
_FACTS: dict[str, Any] = {
    "type": "http",
    "asgi": {"version": "3.0", "spec_version": "2.3"},
    "scheme": "http",
    "root_path": "",
}
"""What is the same of all requests."""


class Stage(Enum):
    """How much of a request has been read."""

    NOTHING = auto()
    HEAD = auto()
    BODY = auto()


NOTHING, HEAD, BODY = Stage


class RefusedRequestError(Exception):
    """Stops the parser with this refusal; its own errors say nothing."""

    def __init__(self, refusal: Failure = NOT_HTTP) -> None:
        super().__init__(refusal)
        self.refusal = refusal


class RequestReader:
    """Reads what its connection feeds it.

    `stage` is HEAD until a head is complete, BODY until its body is, and NOTHING between two requests. `target` is that
    of the request which is being read, `stream` the one whose body is coming. `is_new` is set by the first byte of a
    request, `is_last` by one after which the client wants no other.
    """

    __slots__ = (
        "_asks_upgrade",
        "_begins_anew",
        "_client",
        "_connection",
        "_framing",
        "_head_bytes",
        "_headers",
        "_limits",
        "_parser",
        "_server",
        "_size",
        "_trailer_bytes",
        "_trailers",
        "is_last",
        "is_new",
        "stage",
        "stream",
        "target",
    )

    def __init__(self, connection: "ClientConnection", limits: Limits) -> None:
        self._connection = connection
        self._limits = limits
        self._parser: httptools.HttpRequestParser | None = None
        self.target = b""
        self._headers: list[Header] | None = None
        self._framing: list[Header] = []
        self._trailers = self._trailer_bytes = 0
        self._head_bytes = self._size = 0
        self._asks_upgrade = self._begins_anew = False
        self._client: tuple[str, int] | None = None
        self._server: tuple[str, int] | None = None
        self.stage: Stage = HEAD
        self.stream: Stream | None = None
        self.is_new = self.is_last = False

    def connection_made(self, transport: asyncio.Transport) -> None:
        """Keep the addresses of both ends, which each request is told."""
        self._client = _address(transport, "peername")
        self._server = _share(_address(transport, "sockname"))

    def feed(self, data: bytes) -> Failure | None:
        """Read what has come; why that is refused, None where it is not."""
        self._size = len(data)
        self._head_bytes += self._size
        return self._parse(data)

    @property
    def is_overlong(self) -> bool:
        """Whether a head, trailers or the extensions of chunks have more bytes than any may have."""
        return self._head_bytes > self._limits.max_header_bytes + self._limits.max_uri

    def release(self) -> None:
        """Let go of the parser, which takes 1 KB and holds us: between two requests it knows nothing."""
        self._parser = None

    def close(self) -> None:
        """Let go of what holds us in turn; nothing is read any more."""
        self._parser = None
        self._connection = None  # type: ignore[assignment]  # nothing is fed from now on

    def _parse(self, data: bytes) -> Failure | None:
        end, parser = None, self._parser
        if parser is None:
            parser = self._parser = httptools.HttpRequestParser(self)
        try:
            parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            end = upgrade.args[0]
        except httptools.HttpParserCallbackError as error:
            if not isinstance(error.__context__, RefusedRequestError):
                raise
            return self._unless_after_last(error.__context__.refusal)
        except httptools.HttpParserError:
            return self._unless_after_last(NOT_HTTP)
        # not in the handler, where what is raised next would have another context
        return None if end is None else self._upgrade(data[end:])

    def _unless_after_last(self, refusal: Failure) -> Failure | None:
        """The refusal, unless it is of what comes behind a last request: nobody will look at that."""
        return None if self.is_last and self.stage is NOTHING else refusal

    def _upgrade(self, rest: bytes) -> Failure | None:
        """Let another protocol take over, or go on with HTTP/1.1, as RFC 9110 (7.8) lets a server do.

        The parser takes what follows for that protocol. A new one is told where the body ends, and reads on.
        """
        if self.stream is not None and self._connection.hand_over(self.stream, rest):
            return None
        self._asks_upgrade, self._begins_anew = False, True
        self._parser = httptools.HttpRequestParser(self)
        framing = b"".join(b"%b: %b\r\n" % field for field in self._framing)
        return self._parse(b"POST / HTTP/1.1\r\n" + framing + b"\r\n" + rest)

    # --- what the parser calls ---------------------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        """Begin a request."""
        if self._begins_anew:
            return
        if self.is_last:
            raise RefusedRequestError
        self.stage = HEAD
        self.is_new = True
        self.target = b""
        self._headers = []

    def on_url(self, url: bytes) -> None:
        """Add to the target."""
        if self._begins_anew:
            return
        self.target += url
        if len(self.target) > self._limits.max_uri:
            raise RefusedRequestError(long_target(self._limits))

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header. A trailer is counted and dropped."""
        headers = self._headers
        if headers is None:
            self._count_trailer(name, value)
        elif len(headers) < self._limits.max_headers:
            headers.append((name.lower(), value.rstrip(b" \t")))
        else:
            raise RefusedRequestError(large_head(self._limits))

    def _count_trailer(self, name: bytes, value: bytes) -> None:
        limits = self._limits
        self._trailers += 1
        self._trailer_bytes += len(name) + len(value) + 4
        if self._trailers > limits.max_headers or self._trailer_bytes > limits.max_header_bytes:
            raise RefusedRequestError(large_head(limits))

    def on_headers_complete(self) -> None:
        """Hand the request to the connection, unless its head is too large or of another version."""
        if self._begins_anew:
            self._begins_anew = False
            return
        headers, self._headers = self._headers or [], None
        self._trailers = self._trailer_bytes = 0
        named = dict(reversed(headers))
        most = self._limits.max_header_bytes
        if self._head_bytes + self._size > most and header_bytes(headers) > most:  # counted only where many came
            raise RefusedRequestError(large_head(self._limits))
        if b"transfer-encoding" in named:
            _check_coding(headers)
        parser = self._parser
        assert parser is not None  # noqa: S101 - it is what calls
        version, method = parser.get_http_version(), parser.get_method()
        if version not in _VERSIONS:
            # The parser says 0.9 where there is no version.
            raise RefusedRequestError(NOT_HTTP if version == "0.9" else other_version(version))
        if method == b"CONNECT":
            raise RefusedRequestError(NOT_HTTP)  # its target is none of ours
        stream = Stream(
            self._connection,
            self._scope(method, version, headers),
            named,
            keep_alive=version == "1.1" and parser.should_keep_alive(),
            expects_continue=b"expect" in named and version == "1.1" and named[b"expect"].lower() == b"100-continue",
        )
        self._connection.add(stream)
        self._asks_upgrade = parser.should_upgrade()
        if self._asks_upgrade:
            self._framing = [field for field in headers if field[0] in FRAMING]
        self.stream = stream
        self.stage, self._head_bytes = BODY, 0

    def _scope(self, method: bytes, version: str, headers: list[Header]) -> Scope:
        try:
            path, raw_path, query = read_target(self.target)
        except ValueError:
            raise RefusedRequestError from None
        scope: dict[str, Any] = {
            **_FACTS,
            "client": self._client,
            "server": self._server,
            "http_version": version,
            "method": method.decode("ascii"),
            "path": path,
            "raw_path": raw_path,
            "query_string": query,
            "headers": headers,
        }
        if not self.target.startswith(b"/"):
            scope[TARGET] = self.target
        return scope

    def on_body(self, body: bytes) -> None:
        """Take a piece of the body."""
        self._head_bytes = 0
        stream = self.stream
        if stream is not None:
            self._connection.count(len(body))
            stream.feed_data(body)

    def on_message_complete(self) -> None:
        """Take note of the end of a body, unless the parser only believes so."""
        if self._asks_upgrade:
            return
        stream, self.stream = self.stream, None
        self.stage, self._head_bytes, self.target = NOTHING, 0, b""
        if stream is None:
            return
        if self._trailers and self._parser is not None and not self._parser.should_keep_alive():
            stream.keep_alive = False  # the parser has believed a trailer, and would take nothing more
        self.is_last = not stream.keep_alive
        stream.feed_eof()
        if stream.ended:
            self._connection.end_unread(stream)


def read_target(target: bytes) -> tuple[str, bytes, bytes]:
    """The decoded path, the raw path and the query of a [target](https://www.rfc-editor.org/rfc/rfc9112#section-3.2).

    A target that is a path, as nearly all are, is split by hand; the other forms are parsed by llhttp.

    Raises:
        ValueError: it is none, or holds what is not ASCII.
    """
    raw_path, query = target, b""
    if target[:1] != b"/":
        raw_path, query = _parse_url(target)
    elif b"?" in target or b"#" in target:
        raw_path, _, query = target.partition(b"#")[0].partition(b"?")  # a fragment is for the client alone
    path = raw_path.decode("ascii")
    return unquote(path) if "%" in path else path, raw_path, query


def _parse_url(target: bytes) -> tuple[bytes, bytes]:
    try:
        url = httptools.parse_url(target)
    except httptools.HttpParserInvalidURLError as error:
        raise ValueError("this is no target") from error
    if not (url.path or url.host) or (target[:1] == b"*" and len(target) > 1):
        raise ValueError("this is no target")
    return url.path or b"/", url.query or b""


def _check_coding(headers: list[Header]) -> None:
    """Refuse a transfer coding that the parser does not look at."""
    if any(name == b"transfer-encoding" and value.lower() != b"chunked" for name, value in headers):
        raise RefusedRequestError(UNKNOWN_CODING)


def header_bytes(headers: list[Header]) -> int:
    """The bytes of headers, as they came but for white space."""
    return sum([len(name) + len(value) + 4 for name, value in headers])


def _address(transport: asyncio.Transport, name: str) -> tuple[str, int] | None:
    """The address of one end, None where it has no port."""
    address = transport.get_extra_info(name)
    return (str(address[0]), int(address[1])) if isinstance(address, tuple | list) and len(address) > 1 else None


@lru_cache(64)
def _share(address: tuple[str, int] | None) -> tuple[str, int] | None:
    """The same value for all connections of an address of ours."""
    return address
