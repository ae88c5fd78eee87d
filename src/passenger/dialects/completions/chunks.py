"""One event of Copilot's stream, decoded; it hides what may be null or missing in it, and lone surrogates."""

from typing import Any

import msgspec
from msgspec import Struct

from passenger.dialects.completions.thoughts_in import WORDS
from passenger.dialects.completions.wire import Bill, TokenCounts
from passenger.dialects.surrogate_pairs import SurrogatePairs
from passenger.errors import Failure, Kind


class Function(Struct, gc=False):
    """A piece of what is called."""

    name: str | None = None
    arguments: str | None = None


class CallPiece(Struct, gc=False):
    """A piece of one tool call."""

    index: int | None = None
    id: str | None = None
    function: Function | None = None


class Piece(Struct, gc=False):
    """`delta`: what one event adds to a choice. `thoughts_in` says whose the names of a thought are."""

    content: str | None = None
    refusal: str | None = None
    reasoning_text: str | None = None
    cot_summary: str | None = None
    reasoning_content: Any = None
    reasoning: Any = None
    thinking: Any = None
    reasoning_opaque: str | None = None
    signature: Any = None
    copilot_annotations: Any = None
    annotations: Any = None
    tool_calls: list[CallPiece] | None = None

    @property
    def thinks(self) -> bool:
        """Whether there may be anything of a thought in it: most pieces have nothing."""
        return bool(
            self.reasoning_text
            or self.reasoning_opaque
            or self.reasoning_content
            or self.cot_summary
            or self.reasoning
            or self.thinking
            or self.signature
        )

    @property
    def says_more(self) -> bool:
        """Whether there may be anything beside words and thoughts in it."""
        return bool(self.tool_calls or self.refusal or self.annotations or self.copilot_annotations)


class Choice(Struct, gc=False):
    """One of an event's choices; Claude's may lack the index."""

    index: int | None = None
    finish_reason: str | None = None
    delta: Piece | None = None
    message: Any = None


class Chunk(Struct, gc=False):
    """One event, or one error."""

    model: str | None = None
    choices: list[Choice] | None = None
    usage: TokenCounts | None = None
    copilot_usage: Bill | None = None
    error: Any = None

    @property
    def is_plain(self) -> bool:
        """Whether it is neither an error nor says what was used."""
        return self.usage is None and self.copilot_usage is None and self.error is None


_CHUNK = msgspec.json.Decoder(Chunk)


TEXTS = frozenset({"content", "refusal", "arguments", *WORDS})
"""The fields that come in pieces."""


def decode_chunk(data: bytes, pairs: SurrogatePairs | None = None) -> Chunk:
    """One event's data; halves of characters are left in the texts that come in pieces.

    Raises:
        Failure: it is not JSON, or has another shape.
    """
    try:
        return _CHUNK.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return _decode_leniently(data, pairs or SurrogatePairs(frozenset()))


def _decode_leniently(data: bytes, pairs: SurrogatePairs) -> Chunk:
    """The same for lone surrogate escapes, which the fast decoder refuses."""
    try:
        return msgspec.convert(pairs.read(data), Chunk)
    except (ValueError, RecursionError) as error:
        raise bad_event(str(error)) from error


def bad_event(what: str) -> Failure:
    """The failure of a stream with an event that means something and is not to be understood."""
    return Failure(
        Kind.UPSTREAM, f"Copilot's stream has an event that is not to be understood: {what}", code="bad_event"
    )
