"""How a request to Claude thinks: in the form that the model takes, with what does not go with thinking left out.

Facts: Anthropic's guides ("Extended thinking", "Adaptive thinking", "Effort").
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from passenger import reasoning
from passenger.chat import Abilities, Prompt, Reasoning
from passenger.dialects.messages.tools_out import forces

JSON = dict[str, Any]

INTERLEAVED = "interleaved-thinking-2025-05-14"
_THOUGHTS = frozenset({"thinking", "redacted_thinking"})
_LEAST_TOP_P = 0.95


@dataclass(frozen=True, slots=True)
class Thinking:
    """The fields and headers that make a request think; `dropped` says what is left out of the wish."""

    thinking: JSON | None = None
    effort: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    dropped: tuple[str, ...] = ()


OFF = Thinking()
_GIVEN_UP = Thinking(dropped=("reasoning",))


def think(prompt: Prompt, able: Abilities, limit: int, turns: Sequence[JSON]) -> Thinking:
    """How the answer to a prompt of these turns is thought about, within a limit of tokens."""
    wanted = prompt.reasoning
    if wanted is None or wanted.off:
        return OFF
    if forces(prompt.tool_choice):
        return _GIVEN_UP
    return form(wanted, able, limit, tools=bool(prompt.tools), thoughtless=lacks_thoughts(turns))


def form(wanted: Reasoning, able: Abilities, limit: int, *, tools: bool, thoughtless: bool) -> Thinking:
    """A wish in the form that the model takes: an effort where it adapts, else a budget below the limit.

    A history that is `thoughtless` goes with an effort only. What means the same in the other form is not named.
    """
    if able.adaptive:
        effort, lost = _effort(wanted, able)
        return Thinking(_shown({"type": "adaptive"}, wanted), effort, dropped=lost)
    tokens = reasoning.budget(wanted, limit, able) if able.max_budget is not None else None
    if tokens is None or thoughtless:
        return _GIVEN_UP
    effort, lost = _effort(wanted, able) if able.efforts else (None, ())
    if wanted.budget is not None and 0 <= wanted.budget != tokens:
        lost = (*lost, "reasoning.budget")
    headers = {"anthropic-beta": INTERLEAVED} if tools else {}
    return Thinking(_shown({"type": "enabled", "budget_tokens": tokens}, wanted), effort, headers, lost)


def unsampled(temperature: float | None, top_p: float | None, top_k: int | None) -> Iterator[str]:
    """The names of what does not go with thinking, whose place Anthropic leaves to thinking or refuses (2026-11)."""
    if temperature is not None and temperature != 1:
        yield "temperature"
    if top_p is not None and top_p < _LEAST_TOP_P:
        yield "top_p"
    if top_k is not None:
        yield "top_k"


def lacks_thoughts(turns: Sequence[Any]) -> bool:
    """Whether tools were called in the last turn of the model without the thoughts that led there.

    Anthropic refuses that while thinking is `enabled`.
    """
    said = (turn for turn in reversed(turns) if isinstance(turn, dict) and turn.get("role") == "assistant")
    content = next(said, {}).get("content")
    kinds = [block.get("type") for block in content if isinstance(block, dict)] if isinstance(content, list) else []
    return "tool_use" in kinds and kinds[0] not in _THOUGHTS


def _effort(wanted: Reasoning, able: Abilities) -> tuple[str | None, tuple[str, ...]]:
    """The word for it that the model offers, and what is lost by that."""
    word = reasoning.effort(wanted, able.efforts) if able.efforts else None
    return word, (reasoning.measure(wanted),) if reasoning.is_lost(wanted, word) else ()


def _shown(thinking: JSON, wanted: Reasoning) -> JSON:
    if wanted.show is None:
        return thinking
    return {**thinking, "display": "summarized" if wanted.show else "omitted"}
