"""How a failure is spelled for an OpenAI client.

Facts: OpenAI's API reference ("Error codes"), and the words by which clients know that a prompt is too long.
"""

import re

import msgspec

from passenger.decoding import mended
from passenger.errors import Failure, Kind
from passenger.framing import Message

OVERFLOW = "context_length_exceeded"

_COUNTS = (
    re.compile(r"prompt token count of (\d+) exceeds the limit of (\d+)"),
    re.compile(r"prompt is too long: (\d+) tokens > (\d+)"),
)
"""How Copilot says how long the prompt was and how long it may be; one of its APIs does not."""

_TOO_LONG = "This model's maximum context length is"

_TYPE = {
    Kind.LOGIN: "authentication_error",
    Kind.FORBIDDEN: "permission_error",
    Kind.QUOTA: "insufficient_quota",
    Kind.RATE_LIMIT: "rate_limit_error",
    Kind.UPSTREAM: "server_error",
    Kind.UNAVAILABLE: "server_error",
    Kind.TIMEOUT: "server_error",
    Kind.INTERNAL: "server_error",
}


def error_body(failure: Failure) -> bytes:
    """OpenAI's error object."""
    kind = failure.type or _TYPE.get(failure.kind, "invalid_request_error")
    error = {"message": mended(_message(failure)), "type": kind, "param": failure.param, "code": failure.code}
    return msgspec.json.encode({"error": error})


def write_failure(failure: Failure) -> bytes:
    """The body of an error answer."""
    return error_body(failure)


def write_break(failure: Failure) -> Message:
    """An error event, which the OpenAI SDKs raise as an exception; `[DONE]` never follows it."""
    return Message("", error_body(failure))


def _message(failure: Failure) -> str:
    """The words; for a prompt that is too long OpenAI's own first, which clients look for."""
    message = failure.message
    if failure.code != OVERFLOW or message.startswith(_TOO_LONG):
        return message
    counts = next(filter(None, (shape.search(message) for shape in _COUNTS)), None)
    if counts is None:
        return f"{_TOO_LONG} exceeded. {message}"
    return f"{_TOO_LONG} {counts[2]} tokens. However, your messages resulted in {counts[1]} tokens. ({message})"
