"""Whether a request thinks, and how much; it hides which fields do not go with thinking."""

from collections.abc import Sequence
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
    if _conflicts(prompt):
        return _GIVEN_UP
    if able.adaptive:
        return _adaptive(wanted, able)
    tokens = reasoning.budget(wanted, limit, able) if able.max_budget is not None else None
    if tokens is None or _lacks_thoughts(turns):
        return _GIVEN_UP
    headers = {"anthropic-beta": INTERLEAVED} if prompt.tools else {}
    enabled = _shown({"type": "enabled", "budget_tokens": tokens}, wanted)
    return Thinking(enabled, _effort(wanted, able), headers)


def _conflicts(prompt: Prompt) -> bool:
    """Whether the prompt samples, or forces a tool, in a way that does not go with thinking (upstream's own 400s)."""
    cold = prompt.temperature is not None and prompt.temperature < 1
    narrow = prompt.top_p is not None and prompt.top_p < _LEAST_TOP_P
    return cold or narrow or bool(prompt.top_k) or forces(prompt.tool_choice)


def _adaptive(wanted: Reasoning, able: Abilities) -> Thinking:
    effort = _effort(wanted, able)
    lost = ("reasoning.effort",) if wanted.effort and effort is None else ()
    return Thinking(_shown({"type": "adaptive"}, wanted), effort, dropped=lost)


def _effort(wanted: Reasoning, able: Abilities) -> str | None:
    return reasoning.effort(wanted, able.efforts) if able.efforts else None


def _shown(thinking: JSON, wanted: Reasoning) -> JSON:
    if wanted.show is None:
        return thinking
    return {**thinking, "display": "summarized" if wanted.show else "omitted"}


def _lacks_thoughts(turns: Sequence[JSON]) -> bool:
    """Whether tools were called in the last turn of the model without the thoughts that led there.

    Anthropic refuses that while thinking is `enabled`.
    """
    last: list[JSON] = next((turn["content"] for turn in reversed(turns) if turn["role"] == "assistant"), [])
    calls = any(block["type"] == "tool_use" for block in last)
    return calls and last[0]["type"] not in _THOUGHTS
