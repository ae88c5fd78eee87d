"""What a browser is told about pages of other servers: nothing, unless their origin was listed."""

from starlette.responses import Response
from starlette.types import Scope

from passenger.server.head import Header

METHODS = "GET, POST"
EXPOSED = "x-request-id, x-passenger-route, x-passenger-dropped, retry-after"
TOLD_FOR = "600"
"""Seconds that a browser may remember the answer to a preflight."""


def preflight(scope: Scope) -> Response:
    """The answer to a listed page that asks what it may ask; `readable_by` says who it is for."""
    wanted = next((value for name, value in scope["headers"] if name == b"access-control-request-headers"), b"")
    headers = {
        "access-control-allow-methods": METHODS,
        "access-control-allow-headers": wanted.decode("latin-1"),
        "access-control-max-age": TOLD_FOR,
    }
    return Response(status_code=204, headers=headers)


def readable_by(origin: bytes) -> list[Header]:
    """The headers of an answer that a page of this origin may read."""
    return [
        (b"access-control-allow-origin", origin),
        (b"access-control-expose-headers", EXPOSED.encode()),
        (b"vary", b"origin"),
    ]
