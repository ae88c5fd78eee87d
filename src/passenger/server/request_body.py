"""Reads the body of a request, within its limit, and makes the `Request` that the dialects read."""

from collections.abc import Callable
from urllib.parse import parse_qsl

from starlette.types import Scope

from passenger.dialects import Request
from passenger.errors import Failure, Kind
from passenger.server.http.stream import Stream


def read_request(scope: Scope, body: bytes, *, heavy: bool = False) -> Request:
    """The request as the dialects read it."""
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    query = scope["query_string"]
    asked = dict(parse_qsl(query.decode("latin-1"))) if query else {}
    return Request(body, scope.get("path_params") or {}, headers, asked, heavy)


async def receive_body(stream: Stream, limit: int, hold: Callable[[int], None]) -> bytes:
    """The whole body of a request; `hold` is called with the size of each piece.

    Raises:
        Failure: it is larger than `limit` bytes, or `hold` refuses. A declared length is checked before reading.
        ClientGone: the client left before the end of the body.
    """
    if int(stream.headers.get(b"content-length", b"0")) > limit:
        raise _too_large(limit)
    if stream.complete:
        return _take_piece(stream.take(), 0, limit, hold)
    pieces, size = list[bytes](), 0
    while piece := await stream.read():
        pieces.append(_take_piece(piece, size, limit, hold))
        size += len(piece)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def _take_piece(piece: bytes, size: int, limit: int, hold: Callable[[int], None]) -> bytes:
    """Check the limits for one more piece, after `size` bytes, and give it back."""
    if size + len(piece) > limit:
        raise _too_large(limit)
    hold(len(piece))
    return piece


def _too_large(limit: int) -> Failure:
    message = f"the request body is larger than {limit} bytes ([limits] max_body)"
    return Failure(Kind.TOO_LARGE, message, code="request_too_large")
