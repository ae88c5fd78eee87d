"""Failures in Anthropic's words; it hides which status has which type, and what makes a client compact its history."""

import re

import msgspec

from passenger.decoding import mended
from passenger.dialects.messages.peek import THREADS
from passenger.errors import Failure
from passenger.framing import Message

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
"""Anthropic's documentation, "Errors"; any other 4xx is `invalid_request_error`, any other 5xx `api_error`."""

STATUS = {name: status for status, name in TYPES.items() if status != 503} | {"api_error": 502}
"""The status that an error type amounts to in the middle of a stream."""

_OVERFLOWS = frozenset({"model_max_prompt_tokens_exceeded", "context_length_exceeded"})
_COUNTS = (
    re.compile(r"prompt token count of (\d+) exceeds the limit of (\d+)"),
    re.compile(r"prompt is too long: (\d+) tokens > (\d+)"),
)
_TOO_LONG = "prompt is too long"
_OVERFLOW_WORDS = "input exceeds the context window"


def write_failure(failure: Failure) -> bytes:
    """Anthropic's error object."""
    error: dict[str, object] = {"type": _type(failure), "message": mended(_message(failure))}
    if failure.code == THREADS:
        error["details"] = {"error_code": THREADS, "unsupported": [failure.param]}
    return msgspec.json.encode({"type": "error", "error": error})


def write_break(failure: Failure) -> Message:
    """An `error` event, which Anthropic's SDKs raise as an exception; `message_stop` never follows it."""
    return Message("error", write_failure(failure))


def _type(failure: Failure) -> str:
    if is_overflow(failure):
        return TYPES[400]
    return TYPES.get(failure.status) or (TYPES[400] if failure.status < 500 else "api_error")


def is_overflow(failure: Failure) -> bool:
    """Whether the prompt is too long for the model."""
    return failure.code in _OVERFLOWS or _OVERFLOW_WORDS in failure.message or _counts(failure.message) is not None


def _counts(message: str) -> tuple[str, str] | None:
    found = next(filter(None, (shape.search(message) for shape in _COUNTS)), None)
    return (found[1], found[2]) if found else None


def _message(failure: Failure) -> str:
    """The words; those for a prompt that is too long are Anthropic's own, which Claude Code looks for to compact."""
    if is_overflow(failure):
        counts = _counts(failure.message)
        rest = f"{counts[0]} tokens > {counts[1]} maximum" if counts else failure.message
        return f"{_TOO_LONG}: {rest.removeprefix(_TOO_LONG).removeprefix(': ')}"
    if failure.param and failure.param not in failure.message:
        return f"{failure.param}: {failure.message}"
    return failure.message
