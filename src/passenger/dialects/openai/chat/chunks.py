"""The chunks of Copilot's streams of Chat Completions, where any field may be null or missing.

https://platform.openai.com/docs/api-reference/chat-streaming
"""

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import Struct

from passenger.chat.events import Usage
from passenger.dialects.copilot_errors import unreadable_event
from passenger.dialects.copilot_usage import CopilotUsage
from passenger.dialects.surrogate_pairs import SurrogatePairs

# --- usage -------------------------------------------------------------------------------------------------------


class _PromptDetails(Struct, gc=False):
    cached_tokens: int | None = None


class _CompletionDetails(Struct, gc=False):
    reasoning_tokens: int | None = None


class TokenCounts(Struct, gc=False):
    """`usage`. Gemini has `reasoning_tokens` beside the counts, the others have it in `completion_tokens_details`."""

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    total_tokens: int | None = None
    prompt_tokens_details: _PromptDetails | None = None
    completion_tokens_details: _CompletionDetails | None = None
    reasoning_tokens: int | None = None


def read_token_counts(counts: TokenCounts, bill: CopilotUsage | None) -> Usage:
    """The tokens as a `Usage`, in which reasoning is part of the output.

    Google's and xAI's models count reasoning beside the completion (2026-11). The total tells which way was used.
    """
    prompt, completion = counts.prompt_tokens_details, counts.completion_tokens_details
    given, written = counts.prompt_tokens or 0, counts.completion_tokens or 0
    reasoning = counts.reasoning_tokens or (completion.reasoning_tokens if completion else None) or 0
    return Usage(
        input=given,
        output=written + reasoning if counts.total_tokens == given + written + reasoning else written,
        cached=(prompt.cached_tokens if prompt else None) or 0,
        reasoning=reasoning,
        nano_credits=bill.total_nano_aiu if bill else None,
    )


# --- reasoning ---------------------------------------------------------------------------------------------------


REASONING_FIELDS: Sequence[str] = ("reasoning_text", "cot_summary", "reasoning_content", "reasoning", "thinking")
"""Names of the reasoning: Copilot's (Claude, Gemini), Azure's, xAI's and DeepSeek's, Fireworks', Anthropic's (2026-11).

The same text may stand under two names; the first one counts.
"""

SIGNATURE_FIELDS: Sequence[str] = ("reasoning_opaque", "signature")
"""Names of its signature: Copilot's and Anthropic's."""


def reasoning_of(piece: object) -> str:
    """The text of the reasoning in a delta, empty where there is none; some vendors send objects."""
    return _first(piece, REASONING_FIELDS)


def signature_of(piece: object) -> str:
    """The signature of the reasoning in a delta, empty where there is none."""
    return _first(piece, SIGNATURE_FIELDS)


def _first(piece: object, names: Sequence[str]) -> str:
    found = (getattr(piece, name) for name in names)
    return next((value for value in found if isinstance(value, str) and value), "")


# --- events -------------------------------------------------------------------------------------------------------


class Function(Struct, gc=False):
    """A piece of a called function."""

    name: str | None = None
    arguments: str | None = None


class CallPiece(Struct, gc=False):
    """A piece of one tool call."""

    index: int | None = None
    id: str | None = None
    function: Function | None = None


class ChoiceDelta(Struct, gc=False):
    """`delta`: what a chunk adds to a choice."""

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
    def has_reasoning(self) -> bool:
        """Whether it may hold reasoning or a signature."""
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
    def has_more(self) -> bool:
        """Whether it holds anything but text and reasoning."""
        return bool(self.tool_calls or self.refusal or self.annotations or self.copilot_annotations)


class Choice(Struct, gc=False):
    """A choice of a chunk; Claude's may lack the index."""

    index: int | None = None
    finish_reason: str | None = None
    delta: ChoiceDelta | None = None
    message: Any = None


class Chunk(Struct, gc=False):
    """A chunk, or an error."""

    model: str | None = None
    choices: list[Choice] | None = None
    usage: TokenCounts | None = None
    copilot_usage: CopilotUsage | None = None
    error: Any = None

    @property
    def is_plain(self) -> bool:
        """Whether it is no error and reports no usage."""
        return self.usage is None and self.copilot_usage is None and self.error is None


_CHUNK = msgspec.json.Decoder(Chunk)


TEXTS = frozenset({"content", "refusal", "arguments", *REASONING_FIELDS})
"""Fields whose text comes in pieces."""


def decode_chunk(data: bytes, pairs: SurrogatePairs | None = None) -> Chunk:
    """The chunk in an event's data; lone surrogates stay in texts that come in pieces. Fails where it is no chunk."""
    try:
        return _CHUNK.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return _decode_leniently(data, pairs or SurrogatePairs(frozenset()))


def _decode_leniently(data: bytes, pairs: SurrogatePairs) -> Chunk:
    """The same for lone surrogates, which the fast decoder refuses."""
    try:
        return msgspec.convert(pairs.read(data), Chunk)
    except (ValueError, RecursionError) as error:
        raise unreadable_event(error) from error


# --- sets of choice numbers ------------------------------------------------------------------------------------------


Numbers = set[int] | frozenset[int]
"""The numbers of choices. No set is made where there is choice 0 or none, as in nearly all answers."""

NO_NUMBERS = frozenset[int]()
_FIRST = frozenset({0})


def with_number(numbers: Numbers, one: int) -> Numbers:
    """The numbers with one more. The set that was given must not be used again."""
    if not numbers and one == 0:
        return _FIRST
    if isinstance(numbers, frozenset):
        numbers = {*numbers}
    numbers.add(one)
    return numbers


def without_number(numbers: Numbers, one: int) -> Numbers:
    """The numbers without one. The set that was given must not be used again."""
    if isinstance(numbers, set):
        numbers.discard(one)
        return numbers
    return NO_NUMBERS if one in numbers else numbers  # a frozen one has one number at most
