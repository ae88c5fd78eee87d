"""Which models give several answers to one request by themselves.

Copilot passes `n` of Chat Completions on; OpenAI's own models heed it, Claude and Gemini give one answer whatever it is
(2026-11).
"""

from passenger.chat import Ask
from passenger.copilot.models import Model

_HEEDING = frozenset({"openai"})
"""Vendors whose models heed `n`."""


def must_fan_out(ask: Ask, model: Model | None) -> bool:
    """Whether a request asks for another number of answers than the model gives to one call; of one that nothing is
    known of it is believed."""
    return ask.choices != 1 and model is not None and model.able.vendor not in _HEEDING
