"""Which models give one answer to a request, however many it asks for.

Copilot passes `n` of Chat Completions on; Claude and Gemini do not heed it (2026-11).
"""

from passenger.chat import Ask
from passenger.copilot.models import Model

_GIVING_ONE = frozenset({"anthropic", "google"})
"""Vendors whose models give one."""


def must_fan_out(ask: Ask, model: Model | None) -> bool:
    """Whether a request asks for another number of answers than the model gives to one call."""
    return ask.choices != 1 and model is not None and model.able.vendor in _GIVING_ONE
