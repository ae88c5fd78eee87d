"""Takes a request from its stream: the body, as large as it may be, and the words of the dialects."""

from collections.abc import Callable
from urllib.parse import parse_qsl

from passenger.dialects import Request
from passenger.errors import Failure, Kind
from passenger.server.stream import Scope, Stream
from passenger.web.headers import header


def read_request(scope: Scope, body: bytes, *, heavy: bool = False) -> Request:
    """What arrived, in the words of the dialects."""
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    query = scope["query_string"]
    asked = dict(parse_qsl(query.decode("latin-1"))) if query else {}
    return Request(body, scope.get("path_params") or {}, headers, asked, heavy)


async def read_body(stream: Stream, limit: int, hold: Callable[[int], None]) -> bytes:
    """The whole body of a request; `hold` is told of each piece.

    Raises:
        Failure: it is larger than `limit` bytes, or `hold` refuses; where it says so itself, nothing of it is read.
        ClientGone: it ended before the body did.
    """
    declared = header(stream.scope, b"content-length")
    if declared and int(declared) > limit:
        raise _too_large(limit)
    if stream.complete:
        return _held(stream.take(), 0, limit, hold)
    pieces, size = list[bytes](), 0
    while piece := await stream.read():
        pieces.append(_held(piece, size, limit, hold))
        size += len(piece)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def _held(piece: bytes, size: int, limit: int, hold: Callable[[int], None]) -> bytes:
    """A piece that there is room for, after so many bytes."""
    if size + len(piece) > limit:
        raise _too_large(limit)
    hold(len(piece))
    return piece


def _too_large(limit: int) -> Failure:
    message = f"the request body is larger than {limit} bytes ([limits] max_body)"
    return Failure(Kind.TOO_LARGE, message, code="request_too_large")
