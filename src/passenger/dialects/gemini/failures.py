"""Failures as Google's error object; it hides which words say that a prompt is too long.

Facts: Google's API reference ("Errors", `google.rpc.Status`, `google.rpc.ErrorInfo`, `BadRequest`, `RetryInfo`).
"""

import re
from collections.abc import Iterator

import msgspec

from passenger.chat import JSON
from passenger.decoding import mended
from passenger.errors import Failure, Kind
from passenger.framing import Message

OVERFLOW = "context_length_exceeded"

_STATUS = {
    Kind.INVALID: "INVALID_ARGUMENT",
    Kind.TOO_LARGE: "INVALID_ARGUMENT",
    Kind.MEDIA_TYPE: "INVALID_ARGUMENT",
    Kind.LOGIN: "UNAUTHENTICATED",
    Kind.FORBIDDEN: "PERMISSION_DENIED",
    Kind.NOT_FOUND: "NOT_FOUND",
    Kind.QUOTA: "RESOURCE_EXHAUSTED",
    Kind.RATE_LIMIT: "RESOURCE_EXHAUSTED",
    Kind.UNAVAILABLE: "UNAVAILABLE",
    Kind.TIMEOUT: "DEADLINE_EXCEEDED",
}
_COUNTS = (
    re.compile(r"prompt token count of (\d+) exceeds the limit of (\d+)"),
    re.compile(r"prompt is too long: (\d+) tokens > (\d+)"),
)
"""How Copilot says how long the prompt was and how long it may be; one of its APIs does not."""
_TYPE = "type.googleapis.com/google.rpc."


def write_failure(failure: Failure) -> bytes:
    """Google's error object."""
    status = _STATUS.get(failure.kind, "INTERNAL")
    error: JSON = {"code": failure.status, "message": mended(_message(failure)), "status": status}
    if details := list(_details(failure)):
        error["details"] = details
    return msgspec.json.encode({"error": error})


def write_break(failure: Failure) -> Message:
    """The same object as a stream's last one; no finish reason ever follows it."""
    return Message("", write_failure(failure))


def _message(failure: Failure) -> str:
    if failure.code != OVERFLOW:
        return failure.message
    numbers = next(filter(None, (shape.search(failure.message) for shape in _COUNTS)), None)
    if numbers is None:
        return f"The input token count exceeds the maximum number of tokens allowed. ({failure.message})"
    return f"The input token count ({numbers[1]}) exceeds the maximum number of tokens allowed ({numbers[2]})."


def _details(failure: Failure) -> Iterator[JSON]:
    if failure.code is not None:
        yield {"@type": f"{_TYPE}ErrorInfo", "reason": mended(failure.code), "domain": "passenger"}
    if failure.param is not None:
        violation = {"field": mended(failure.param), "description": mended(failure.message)}
        yield {"@type": f"{_TYPE}BadRequest", "fieldViolations": [violation]}
    if failure.retry_after is not None and failure.retry_after.isdecimal():
        yield {"@type": f"{_TYPE}RetryInfo", "retryDelay": f"{failure.retry_after}s"}
