"""How much to think, from one vendor's measure to another's: OpenAI's words, Anthropic's and Google's tokens."""

from passenger.chat import Abilities, Reasoning

EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
"""From least to most."""

_BUDGETS = {"none": 0, "minimal": 1024, "low": 2048, "medium": 8192, "high": 16384, "xhigh": 32768, "max": 65536}

FLOOR = 1024
"""The least budget that Anthropic takes."""


def effort(reasoning: Reasoning, offered: tuple[str, ...] = ()) -> str | None:
    """The word for it, the nearest that the model offers, of two the lesser; None where it is the model's to choose.

    `none` stands for no other word: who wants a little thinking wants some.
    """
    word = reasoning.effort or _word(reasoning.budget)
    if word is None or not offered or word in offered:
        return word
    if word not in EFFORTS:
        return None
    place = EFFORTS.index(word)
    known = [name for name in offered if name in EFFORTS[1:]]
    return min(known, key=lambda name: (abs(EFFORTS.index(name) - place), EFFORTS.index(name)), default=None)


def measure(reasoning: Reasoning) -> str:
    """The hub's name of what a client said of how much to think."""
    if reasoning.effort is not None:
        return "reasoning.effort"
    return "reasoning" if reasoning.budget is None else "reasoning.budget"


def is_lost(reasoning: Reasoning, word: str | None) -> bool:
    """Whether this word for it is not what was meant: another effort, or thinking where none was wanted."""
    if reasoning.effort is not None:
        return word != reasoning.effort
    return reasoning.off and word not in {None, "none"}


def _word(budget: int | None) -> str | None:
    if budget is None or budget < 0:
        return None
    return next((word for word, tokens in _BUDGETS.items() if budget <= tokens), "max")


def budget(reasoning: Reasoning, limit: int, able: Abilities) -> int | None:
    """The tokens for it: within the model's bounds and below the answer's limit; None where there is no room."""
    wanted = reasoning.budget if reasoning.budget is not None else _BUDGETS.get(reasoning.effort or "medium", 8192)
    if wanted == 0:
        return None
    if wanted < 0:
        wanted = _BUDGETS["medium"]
    least = max(FLOOR, able.min_budget or 0)
    most = min(able.max_budget or limit - 1, limit - 1)
    return max(least, min(wanted, most)) if most >= least else None
