"""How much a client may put into a request, and get out of it, by what Copilot says of the model."""

from passenger.control.cards import ModelCard

PROMPT, OUTPUT = 100_000, 16_000
"""Tokens, where Copilot does not tell."""


def prompt_limit(card: ModelCard) -> int:
    """The tokens that a prompt may have: less than the context, which is what clients believe it to be."""
    return card.prompt or card.context or PROMPT


def output_limit(card: ModelCard) -> int:
    """The tokens that an answer may have."""
    return card.output or OUTPUT


def is_claude(card: ModelCard) -> bool:
    """Whether it is one of Anthropic's."""
    return card.id.startswith("claude")
