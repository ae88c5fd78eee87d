"""Anthropic's `count_tokens`, as clients and as Copilot speak it.

https://platform.claude.com/docs/en/api/messages-count-tokens
"""

from typing import Any

import msgspec

from passenger.errors import Failure, Kind

COUNT_PATH = "/v1/messages/count_tokens"

_TUNING = frozenset({"stream", "max_tokens", "temperature", "top_p", "top_k", "stop_sequences", "metadata"})


class _Count(msgspec.Struct):
    input_tokens: int


def write_count_request(body: dict[str, Any], model: str) -> dict[str, Any]:
    """The body that asks Copilot for the tokens of this request: all but what only tunes the answer."""
    return {name: value for name, value in body.items() if name not in _TUNING} | {"model": model}


def read_count(answer: bytes) -> int:
    """Read the count from Copilot's answer. Fails where it has none."""
    try:
        return msgspec.json.decode(answer, type=_Count).input_tokens
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Failure(
            Kind.UPSTREAM, f"Copilot's answer to count_tokens has no count: {error}", code="bad_answer"
        ) from error


def write_count(tokens: int) -> bytes:
    """Write the answer for a client."""
    return msgspec.json.encode({"input_tokens": tokens})
