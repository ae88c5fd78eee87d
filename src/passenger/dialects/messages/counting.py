"""Anthropic's `count_tokens`, as clients and as Copilot speak it: the question is a request without what tunes it."""

from typing import Any

import msgspec

from passenger.errors import Failure, Kind

COUNT_PATH = "/v1/messages/count_tokens"

_TUNING = frozenset({"stream", "max_tokens", "temperature", "top_p", "top_k", "stop_sequences", "metadata"})


class _Count(msgspec.Struct):
    input_tokens: int


def as_question(body: dict[str, Any], model: str) -> dict[str, Any]:
    """What Copilot is asked about this request to that model."""
    return {name: value for name, value in body.items() if name not in _TUNING} | {"model": model}


def read_count(answer: bytes) -> int:
    """The number that Copilot gives.

    Raises:
        Failure: it gives none.
    """
    try:
        return msgspec.json.decode(answer, type=_Count).input_tokens
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Failure(Kind.UPSTREAM, f"Copilot's count of tokens is none: {error}", code="bad_answer") from error


def write_count(tokens: int) -> bytes:
    """The answer to a client."""
    return msgspec.json.encode({"input_tokens": tokens})
