"""An error answer outside the hot path, in the dialect that its asker most likely speaks."""

from collections.abc import Mapping, MutableMapping
from typing import Any

import msgspec
from starlette.responses import Response

from passenger.dialects import Inbound, completions, gemini, messages
from passenger.dialects.ollama import chat as ollama
from passenger.errors import Failure

Scope = MutableMapping[str, Any]


def dialect_of(scope: Scope) -> Inbound:
    """Whose envelope an error goes into: told by the path, else by the headers that only some clients send."""
    path: str = scope["path"]
    headers = dict(scope["headers"])
    if path.startswith(("/api/", "/v1/api/")):
        return ollama
    acts = ":" in path and scope.get("method") == "POST"
    if path.startswith("/v1beta") or acts or b"x-goog-api-key" in headers or b"key=" in scope["query_string"]:
        return gemini
    if b"anthropic-version" in headers or "/messages" in path:
        return messages
    return completions


def refusal(inbound: Inbound, failure: Failure, headers: Mapping[str, str] | None = None) -> Response:
    """The answer that says it."""
    known = {**dict(failure.headers), **(headers or {})}
    if failure.retry_after is not None:
        known["retry-after"] = failure.retry_after
    return Response(inbound.write_failure(failure), failure.status, known, "application/json")


def json_response(content: object, status: int = 200) -> Response:
    """Any JSON."""
    return Response(msgspec.json.encode(content), status, media_type="application/json")
