"""Converts how much to reason between OpenAI's efforts and Anthropic's and Google's budgets of tokens."""

from passenger.chat.capabilities import Capabilities
from passenger.chat.prompt import ReasoningConfig

EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
"""From least to most."""

_BUDGETS = {"none": 0, "minimal": 1024, "low": 2048, "medium": 8192, "high": 16384, "xhigh": 32768, "max": 65536}

FLOOR = 1024
"""The least budget that Anthropic takes: https://docs.anthropic.com/en/docs/build-with-claude/extended-thinking."""


def effort(reasoning: ReasoningConfig, offered: tuple[str, ...] = ()) -> str | None:
    """The offered effort that is nearest, the lesser of two; None where the model decides.

    `none` is never taken for another effort, because the client wants some reasoning.
    """
    word = reasoning.effort or _word(reasoning.budget)
    if word is None or not offered or word in offered:
        return word
    if word not in EFFORTS:
        return None
    place = EFFORTS.index(word)
    known = [name for name in offered if name in EFFORTS[1:]]
    return min(known, key=lambda name: (abs(EFFORTS.index(name) - place), EFFORTS.index(name)), default=None)


def field_name(reasoning: ReasoningConfig) -> str:
    """The hub's name of the setting that a client used."""
    if reasoning.effort is not None:
        return "reasoning.effort"
    return "reasoning" if reasoning.budget is None else "reasoning.budget"


def is_lost(reasoning: ReasoningConfig, word: str | None) -> bool:
    """Whether this effort differs from what was asked: another one, or reasoning where none was wanted."""
    if reasoning.effort is not None:
        return word != reasoning.effort
    return reasoning.off and word not in {None, "none"}


def _word(budget: int | None) -> str | None:
    if budget is None or budget < 0:
        return None
    return next((word for word, tokens in _BUDGETS.items() if budget <= tokens), "max")


def budget(reasoning: ReasoningConfig, limit: int, capabilities: Capabilities) -> int | None:
    """The budget in tokens, within the model's bounds and below the answer's limit; None where there is no room."""
    wanted = reasoning.budget if reasoning.budget is not None else _BUDGETS.get(reasoning.effort or "medium", 8192)
    if wanted == 0:
        return None
    if wanted < 0:
        wanted = _BUDGETS["medium"]
    least = max(FLOOR, capabilities.min_budget or 0)
    most = min(capabilities.max_budget or limit - 1, limit - 1)
    return max(least, min(wanted, most)) if most >= least else None
