"""Error answers outside the endpoints, in the dialect that the client most likely speaks."""

from collections.abc import Mapping

import msgspec
from starlette.responses import Response
from starlette.types import Scope

from passenger.dialects import Inbound
from passenger.dialects.registry import DEFAULT, INBOUND
from passenger.errors import Failure


def dialect_of(scope: Scope) -> Inbound:
    """The dialect of the clients whose signs a request shows, in its path, headers or query."""
    method, path, query = scope.get("method", ""), scope["path"], scope["query_string"]
    headers = dict(scope["headers"])
    found = (inbound for inbound in INBOUND if inbound.clients.sends(method, path, headers, query))
    return next(found, DEFAULT)


def refusal(inbound: Inbound, failure: Failure, headers: Mapping[str, str] | None = None) -> Response:
    """The error answer."""
    known = {**dict(failure.headers), **(headers or {})}
    if failure.retry_after is not None:
        known["retry-after"] = failure.retry_after
    return Response(inbound.write_failure(failure), failure.status, known, "application/json")


def json_body(body: bytes) -> Response:
    """An answer of JSON that is written already."""
    return Response(body, media_type="application/json")


def json_response(content: object, status: int = 200) -> Response:
    """An answer of any JSON."""
    return Response(msgspec.json.encode(content), status, media_type="application/json")
