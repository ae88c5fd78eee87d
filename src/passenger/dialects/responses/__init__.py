"""OpenAI Responses, as clients and as Copilot speak it.

Facts: the OpenAI API reference ("Responses", "Streaming events") and, for what Copilot leaves out or adds,
`docs/dialects/responses.md`.
"""

from collections.abc import Mapping

from passenger.chat import Abilities, Prompt, Stamp
from passenger.dialects import Reader, Request, Writer
from passenger.dialects.responses import reading, writing
from passenger.dialects.responses.failures import write_break, write_failure
from passenger.dialects.responses.peeking import peek
from passenger.dialects.responses.prompt_in import read_prompt
from passenger.dialects.responses.prompt_out import write_prompt
from passenger.dialects.responses.writing import write_answer
from passenger.framing import SSE, Framing

__all__ = [
    "CARRIES_SEALS",
    "FAILS_IN_STREAM",
    "FIELDS",
    "NAME",
    "PATH",
    "framing",
    "keep_alive",
    "peek",
    "read_prompt",
    "reader",
    "write_answer",
    "write_break",
    "write_failure",
    "write_prompt",
    "writer",
]

NAME = "responses"
PATH = "/responses"
CARRIES_SEALS = True
FAILS_IN_STREAM = frozenset({"context_length_exceeded"})
"""Codex compacts a conversation only for a `response.failed` of this code, not for a 400 (2026-11)."""

FIELDS: Mapping[str, str] = {
    "messages": "input",
    "limit": "max_output_tokens",
    "schema": "text.format",
    "verbosity": "text.verbosity",
    "cache_key": "prompt_cache_key",
    "reasoning.show": "reasoning.summary",
    "seal": "encrypted_content",
    "thought": "reasoning",
    "parallel": "parallel_tool_calls",
}
"""What clients call the hub's fields, where the names differ."""


def framing(request: Request) -> Framing:
    """Server-sent events with their names."""
    return SSE


def writer(prompt: Prompt, stamp: Stamp) -> Writer:
    """Writes a streamed answer."""
    return writing.writer(prompt, stamp)


def keep_alive(begun: bool) -> bytes:
    """A comment, which every reader of such streams skips."""
    return b": keep-alive\n\n"


def reader(prompt: Prompt, able: Abilities) -> Reader:
    """Reads the streamed answer to that prompt."""
    return reading.Reader(prompt, able.vendor)
