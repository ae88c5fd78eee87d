"""Failures as Anthropic's error objects, and back where they come in the middle of a stream.

https://platform.claude.com/docs/en/api/errors
"""

from typing import Any

import msgspec

from passenger.dialects.anthropic.peek import THREADS
from passenger.dialects.copilot_errors import OVERFLOW, recognize_overflow
from passenger.dialects.framing import StreamMessage
from passenger.errors import Failure, Kind, kind_of
from passenger.jsontext.surrogates import replace_surrogates

TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    503: "overloaded_error",
    504: "timeout_error",
    529: "overloaded_error",
}
"""The type of each status; any other 4xx is `invalid_request_error`, any other 5xx `api_error`."""

STATUS = {name: status for status, name in TYPES.items() if status != 503} | {"api_error": 502}
"""The status of each type, for errors in the middle of a stream."""

_TOO_LONG = "prompt is too long"


def write_failure(failure: Failure) -> bytes:
    """The body of an error answer."""
    error: dict[str, object] = {"type": _type(failure), "message": replace_surrogates(_message(failure))}
    if failure.code == THREADS:
        error["details"] = {"error_code": THREADS, "unsupported": [failure.param]}
    return msgspec.json.encode({"type": "error", "error": error})


def write_break(failure: Failure) -> StreamMessage:
    """The event that ends a broken stream. Anthropic's SDKs raise it; `message_stop` never follows it."""
    return StreamMessage("error", write_failure(failure))


def _type(failure: Failure) -> str:
    return TYPES.get(failure.status) or (TYPES[400] if failure.status < 500 else "api_error")


def _message(failure: Failure) -> str:
    """The message; Claude Code compacts its history where it is Anthropic's for a prompt that is too long."""
    if failure.code == OVERFLOW:
        counts = failure.overflow
        rest = f"{counts[0]} tokens > {counts[1]} maximum" if counts else failure.message
        return f"{_TOO_LONG}: {rest.removeprefix(_TOO_LONG).removeprefix(': ')}"
    if failure.param and failure.param not in failure.message:
        return f"{failure.param}: {failure.message}"
    return failure.message


def read_failure(error: object) -> Failure:
    """Read the `error` of an event, which may have Anthropic's shape, Copilot's, or any other."""
    fields = error if isinstance(error, dict) else {"message": error}
    kind, code, message = (_text_of(fields, name) for name in ("type", "code", "message"))
    status = STATUS.get(kind or "", 502)
    whose = Kind.UNAVAILABLE if status == 529 else kind_of(status)
    message = message or "Copilot's stream failed"
    return recognize_overflow(Failure(whose, message, status=status, code=code or kind, type=kind))


def _text_of(fields: dict[str, Any], name: str) -> str | None:
    value = fields.get(name)
    return value if isinstance(value, str) and value else None
