"""OpenAI Chat Completions, as clients and as Copilot speak it.

Facts: the OpenAI API reference ("Create chat completion", "Streaming", "Error codes") and, for what Copilot
leaves out or adds, `docs/dialects/completions.md`.
"""

from collections.abc import Mapping

from passenger.chat import Abilities, Prompt, Stamp
from passenger.dialects import Request
from passenger.dialects.completions import answer_in, answer_out
from passenger.dialects.completions.answer_out import write_answer, write_choices
from passenger.dialects.completions.failures import write_break, write_failure
from passenger.dialects.completions.peeking import peek
from passenger.dialects.completions.prompt_in import read_prompt
from passenger.dialects.completions.prompt_out import limit_field, write_prompt
from passenger.dialects.completions.relaying import (
    Chunk,
    ChunkChoice,
    Fix,
    StreamRelay,
    read_chunk,
    read_usage,
)
from passenger.framing import SSE, Framing

__all__ = [
    "CARRIES_SEALS",
    "FAILS_IN_STREAM",
    "FIELDS",
    "NAME",
    "PATH",
    "Chunk",
    "ChunkChoice",
    "Fix",
    "StreamRelay",
    "choices_writer",
    "framing",
    "keep_alive",
    "limit_field",
    "peek",
    "read_chunk",
    "read_prompt",
    "read_usage",
    "reader",
    "write_answer",
    "write_break",
    "write_choices",
    "write_failure",
    "write_prompt",
    "writer",
]

NAME = "completions"
PATH = "/chat/completions"
CARRIES_SEALS = False
"""Few clients send `reasoning_opaque` back; for the others it is kept here."""

FAILS_IN_STREAM = frozenset[str]()
FIELDS: Mapping[str, str] = {
    "limit": "max_completion_tokens",
    "reasoning": "reasoning_effort",
    "reasoning.effort": "reasoning_effort",
    "reasoning.budget": "thinking_budget",
    "reasoning.show": "reasoning.summary",
    "seal": "messages.reasoning_opaque",
    "thought": "messages.reasoning_text",
    "schema": "response_format",
    "parallel": "parallel_tool_calls",
    "cache_key": "prompt_cache_key",
    "choices": "n",
    "document": "messages",
}


def framing(request: Request) -> Framing:
    """Server-sent events without names."""
    return SSE


def keep_alive(begun: bool) -> bytes:
    """A comment."""
    return b": keep-alive\n\n"


def writer(prompt: Prompt, stamp: Stamp) -> answer_out.Writer:
    """Writes a streamed answer."""
    return answer_out.Writer(prompt, stamp)


def choices_writer(prompt: Prompt, stamp: Stamp) -> answer_out.ChoicesWriter:
    """Writes several streamed answers."""
    return answer_out.ChoicesWriter(prompt, stamp)


def reader(prompt: Prompt, able: Abilities) -> answer_in.Reader:
    """Reads the streamed answer to a prompt."""
    return answer_in.Reader(prompt, able)
