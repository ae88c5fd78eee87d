"""How a request asks Claude to think: the form that the model takes, and what is left out with it.

Both dialects in which Copilot serves Claude need it. The model's entry in the catalogue says what it takes:
`adaptive_thinking`, `min_thinking_budget`, `max_thinking_budget`, `reasoning_effort`.
https://platform.claude.com/docs/en/build-with-claude/extended-thinking
https://platform.claude.com/docs/en/build-with-claude/adaptive-thinking
https://platform.claude.com/docs/en/build-with-claude/effort
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from passenger.chat import reasoning
from passenger.chat.capabilities import Capabilities
from passenger.chat.prompt import JSON, ReasoningConfig
from passenger.jsontext.paths import Path, leave_out, put_in, text_at
from passenger.jsontext.raw_object import RawObject

KIND: Path = ("thinking", "type")
MESSAGES_EFFORT: Path = ("output_config", "effort")

INTERLEAVED = "interleaved-thinking-2025-05-14"
"""The beta that lets a model with a budget think between tool calls."""

DEFAULT_LIMIT = 4096
"""The limit of an answer, in tokens, where neither the request nor the catalogue sets one."""
_THINKING = frozenset({"thinking", "redacted_thinking"})
_LEAST_TOP_P = 0.95


@dataclass(frozen=True, slots=True)
class Thinking:
    """The fields and headers that make a request think; `dropped` names what of the wish is lost."""

    thinking: JSON | None = None
    effort: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    dropped: tuple[str, ...] = ()


OFF = Thinking()
GIVEN_UP = Thinking(dropped=("reasoning",))


def form(
    wanted: ReasoningConfig, capabilities: Capabilities, limit: int, *, tools: bool, without_thinking: bool
) -> Thinking:
    """Put a wish to think into the form that the model takes: an effort where it adapts, else a budget below the limit.

    A history `without_thinking` (see `lacks_thinking`) goes with an effort only. What means the same in the other form
    is not named as lost.
    """
    if capabilities.adaptive:
        effort, lost = _effort(wanted, capabilities)
        return Thinking(_with_display({"type": "adaptive"}, wanted), effort, dropped=lost)
    tokens = reasoning.budget(wanted, limit, capabilities) if capabilities.max_budget is not None else None
    if tokens is None or without_thinking:
        return GIVEN_UP
    effort, lost = _effort(wanted, capabilities) if capabilities.efforts else (None, ())
    if wanted.budget is not None and 0 <= wanted.budget != tokens:
        lost = (*lost, "reasoning.budget")
    headers = {"anthropic-beta": INTERLEAVED} if tools else {}
    return Thinking(_with_display({"type": "enabled", "budget_tokens": tokens}, wanted), effort, headers, lost)


def unsampled(temperature: float | None, top_p: float | None, top_k: int | None) -> Iterator[str]:
    """Yield the names of the sampling fields that Anthropic refuses beside thinking (2026-11)."""
    if temperature is not None and temperature != 1:
        yield "temperature"
    if top_p is not None and top_p < _LEAST_TOP_P:
        yield "top_p"
    if top_k is not None:
        yield "top_k"


def lacks_thinking(turns: Sequence[Any]) -> bool:
    """Whether the model's last turn calls tools without the thinking that led there.

    Anthropic refuses that while thinking is `enabled`.
    """
    said = (turn for turn in reversed(turns) if isinstance(turn, dict) and turn.get("role") == "assistant")
    content = next(said, {}).get("content")
    kinds = [block.get("type") for block in content if isinstance(block, dict)] if isinstance(content, list) else []
    return "tool_use" in kinds and kinds[0] not in _THINKING


def _effort(wanted: ReasoningConfig, capabilities: Capabilities) -> tuple[str | None, tuple[str, ...]]:
    """The nearest effort that the model lists, and the name of what is lost by that."""
    word = reasoning.effort(wanted, capabilities.efforts) if capabilities.efforts else None
    return word, (reasoning.field_name(wanted),) if reasoning.is_lost(wanted, word) else ()


def _with_display(thinking: JSON, wanted: ReasoningConfig) -> JSON:
    if wanted.show is None:
        return thinking
    return {**thinking, "display": "summarized" if wanted.show else "omitted"}


# --- a request that is relayed -----------------------------------------------------------------------------------


def is_wrong(kind: str | None, capabilities: Capabilities) -> bool:
    """Whether the catalogue says that a model does not take this form, and does take the other.

    It does not say which of the models that list both take one alone: their refusal does.
    """
    if kind == "enabled":
        return capabilities.adaptive and capabilities.max_budget is None
    return kind == "adaptive" and not capabilities.adaptive and capabilities.max_budget is not None


def reform(body: RawObject, capabilities: Capabilities, effort: Path = MESSAGES_EFFORT) -> tuple[list[str], list[str]]:
    """Rewrite a wish to think in the one form that such a model takes; without room for that, remove it.

    Returns the names of what is lost, and the betas that the request needs now.
    """
    thinking = body.inside("thinking") or RawObject(b"{}")
    wanted = ReasoningConfig(text_at(body, effort), _whole(thinking.get("budget_tokens")))
    made = form(
        wanted,
        capabilities,
        _limit(body),
        tools=bool(body.get("tools")),
        without_thinking=_lacks_thinking(body, capabilities),
    )
    if made.thinking is None:
        body.drop("thinking")
        return ["thinking"], []
    thinking.drop("budget_tokens")
    for name, value in made.thinking.items():
        thinking.set(name, value)
    body.put_object("thinking", thinking)
    if made.effort is not None:
        put_in(body, effort, made.effort)
    elif wanted.effort is not None:
        leave_out(body, effort)
    names = {"reasoning.effort": ".".join(effort), "reasoning.budget": "thinking.budget_tokens"}
    return [names.get(name, name) for name in made.dropped], [*filter(None, [made.headers.get("anthropic-beta")])]


def fit_effort(body: RawObject, capabilities: Capabilities, path: Path = MESSAGES_EFFORT) -> list[str]:
    """Clamp the effort to those that the model lists, and leave it out of a message where it lists none (2026-11).

    The nearest in the order of `reasoning.EFFORTS` is taken, of two the lesser. A word that is none of these stays, for
    Copilot to refuse.
    """
    said = text_at(body, path)
    if said is None or not capabilities.vendor or said in capabilities.efforts:
        return []
    if not capabilities.efforts and path == MESSAGES_EFFORT:
        leave_out(body, path)
        return [".".join(path)]
    word = reasoning.effort(ReasoningConfig(said), capabilities.efforts)
    if word is None or word == said:
        return []
    put_in(body, path, word)
    return [".".join(path)]


def _limit(body: RawObject) -> int:
    limits = (_whole(body.get(name)) for name in ("max_tokens", "max_completion_tokens"))
    return next((limit for limit in limits if limit is not None), DEFAULT_LIMIT)


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _lacks_thinking(body: RawObject, capabilities: Capabilities) -> bool:
    """Whether the history rules a budget out; it is decoded only where that matters."""
    messages = None if capabilities.adaptive else body.get("messages")
    return isinstance(messages, list) and lacks_thinking(messages)
