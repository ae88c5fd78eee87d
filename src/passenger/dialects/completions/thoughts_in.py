"""What the vendors behind Copilot's chat call a thought and its seal: a table, for each has names of its own."""

from collections.abc import Sequence

WORDS: Sequence[str] = ("reasoning_text", "cot_summary", "reasoning_content", "reasoning", "thinking")
"""Copilot's own for Claude and Gemini, Azure's, xAI's and DeepSeek's, Fireworks', Anthropic's (2026-11).

One thought may stand under two names; the first counts.
"""

SEALS: Sequence[str] = ("reasoning_opaque", "signature")
"""Copilot's own, and Anthropic's."""


def words_of(piece: object) -> str:
    """The words of a thought in one piece of an answer; what is no text (some vendors send objects) is none."""
    return _first(piece, WORDS)


def seal_of(piece: object) -> str:
    """The seal of a thought, where the piece has one."""
    return _first(piece, SEALS)


def _first(piece: object, names: Sequence[str]) -> str:
    found = (getattr(piece, name) for name in names)
    return next((value for value in found if isinstance(value, str) and value), "")
