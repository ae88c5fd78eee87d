"""Failures in Ollama's words, one sentence each; it hides which words say that a prompt is too long."""

import re

import msgspec

from passenger.decoding import mended
from passenger.errors import Failure
from passenger.framing import Message

OVERFLOW = "context_length_exceeded"

_TOO_LONG = "the input length exceeds the context length"
"""What Ollama says where it does not cut an input (`/api/embed`), so what its clients know."""

_NUMBERS = re.compile(r"(?<!\d)(\d{1,12})\D{1,60}(\d{1,12})")
_SEARCHED = 500
"""Characters of a message in which the numbers are looked for."""


def write_failure(failure: Failure) -> bytes:
    """Ollama's error object."""
    return msgspec.json.encode({"error": mended(_message(failure))})


def write_break(failure: Failure) -> Message:
    """The same as a line, which Ollama's own clients raise; no line that is `done` ever follows it."""
    return Message("", write_failure(failure))


def _message(failure: Failure) -> str:
    if failure.code != OVERFLOW:
        return failure.message
    numbers = _NUMBERS.search(failure.message[:_SEARCHED])
    counts = f" ({numbers[1]} > {numbers[2]} tokens)" if numbers else ""
    return f"{_TOO_LONG}{counts}: {failure.message}"
