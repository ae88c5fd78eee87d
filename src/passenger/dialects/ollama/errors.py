"""Failures as Ollama's error object, which has one text: https://docs.ollama.com/api/errors."""

import msgspec

from passenger.dialects.copilot_errors import OVERFLOW
from passenger.dialects.framing import StreamMessage
from passenger.errors import Failure
from passenger.jsontext.surrogates import replace_surrogates

_TOO_LONG = "the input length exceeds the context length"
"""What Ollama itself says of an input to `/api/embed`, so what its clients look for."""


def write_failure(failure: Failure) -> bytes:
    """The body of an error answer."""
    return msgspec.json.encode({"error": replace_surrogates(_message(failure))})


def write_break(failure: Failure) -> StreamMessage:
    """The error object as the last line of a stream. No line that is `done` follows it."""
    return StreamMessage("", write_failure(failure))


def _message(failure: Failure) -> str:
    if failure.code != OVERFLOW:
        return failure.message
    counts = f" ({failure.overflow[0]} > {failure.overflow[1]} tokens)" if failure.overflow else ""
    return f"{_TOO_LONG}{counts}: {failure.message}"
