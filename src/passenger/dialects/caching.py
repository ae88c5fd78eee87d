"""When prompt-cache breakpoints pay that nobody asked for: Claude caches only what is marked, and bills the marking.

A write costs 1.25 times the input and a read a tenth, so that breakpoints pay from the second turn on.
https://docs.claude.com/en/docs/build-with-claude/prompt-caching
"""

import re
from collections.abc import Iterator

import msgspec

from passenger.chat import Abilities, Document, Image, Part, Prompt, ToolResult

MOST = 4
"""Breakpoints that Claude takes."""

TURNS = 2
"""Turns of the user, the last ones, that are worth a breakpoint each."""

BYTES_A_TOKEN = 3
"""A low estimate: a breakpoint on less than the minimum is ignored and costs nothing."""

_LEAST = (
    (re.compile(r"claude-(opus-4[.-][5-9]|opus-[5-9]|haiku-4[.-]5)"), 4096),
    (re.compile(r"claude-(sonnet-4[.-]6|haiku-3|3[.-]5-haiku)"), 2048),
)
_LEAST_OF_OTHERS = 1024


def least_cached(model: str) -> int:
    """Tokens that a prefix needs to be cached by this model of Claude's (Anthropic's table, 2026-11)."""
    return next((least for pattern, least in _LEAST if pattern.match(model)), _LEAST_OF_OTHERS)


def is_large(size: int, able: Abilities) -> bool:
    """Whether so many bytes of prompt may be enough for this model to cache; never where it takes no breakpoints."""
    return able.least_cached is not None and size >= able.least_cached * BYTES_A_TOKEN


def pays(prompt: Prompt, able: Abilities) -> bool:
    """Whether a second turn is likely, and the prompt large enough to be cached."""
    if able.least_cached is None or not (prompt.tools or any(turn.role == "assistant" for turn in prompt.messages)):
        return False
    size = 0
    for piece in _sizes(prompt):
        size += piece
        if is_large(size, able):
            return True
    return False


def _sizes(prompt: Prompt) -> Iterator[int]:
    """The bytes of a prompt, piece by piece, so that a large one is not read to its end."""
    for message in prompt.messages:
        yield from map(_size, message.parts)
    for tool in prompt.tools:
        yield len(tool.description or "") + len(msgspec.json.encode(tool.schema))


def _size(part: Part) -> int:
    match part:
        case Image() | Document():
            return len(part.data)
        case ToolResult():
            return sum(map(_size, part.content))
        case _:
            return len(getattr(part, "text", "")) + len(getattr(part, "arguments", ""))
