"""Failures as OpenAI's error objects, for all of its APIs.

https://platform.openai.com/docs/guides/error-codes
"""

import msgspec

from passenger.chat.prompt import JSON
from passenger.dialects.copilot_errors import OVERFLOW
from passenger.dialects.framing import StreamMessage
from passenger.errors import Failure, Kind
from passenger.jsontext.surrogates import replace_surrogates

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

_TOO_LONG = "This model's maximum context length is"


def error_object(failure: Failure) -> JSON:
    """The error object, with the failure's own words."""
    kind = failure.type or _TYPE.get(failure.kind, "invalid_request_error")
    return {"message": replace_surrogates(failure.message), "type": kind, "param": failure.param, "code": failure.code}


def write_failure(failure: Failure) -> bytes:
    """The body of an error answer, in which a prompt that is too long is told in OpenAI's words."""
    error = error_object(failure)
    if failure.code == OVERFLOW:
        error["message"] = _overflow_message(error["message"], failure.overflow)
    return msgspec.json.encode({"error": error})


def write_break(failure: Failure) -> StreamMessage:
    """The event that ends a broken stream. OpenAI's SDKs raise it as an exception; `[DONE]` never follows it."""
    return StreamMessage("", write_failure(failure))


def _overflow_message(message: str, counts: tuple[int, int] | None) -> str:
    """OpenAI's words, which clients look for, then Copilot's."""
    if message.startswith(_TOO_LONG):
        return message
    if counts is None:
        return f"{_TOO_LONG} exceeded. {message}"
    had, limit = counts
    return f"{_TOO_LONG} {limit} tokens. However, your messages resulted in {had} tokens. ({message})"
