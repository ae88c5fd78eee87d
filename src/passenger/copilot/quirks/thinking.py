"""Says a wish to think in the form that the model takes, where a request to Claude is relayed.

Facts: Anthropic's guides ("Extended thinking", "Adaptive thinking", "Effort"), and the model's own entry in the
catalogue: `adaptive_thinking`, `min_thinking_budget`, `max_thinking_budget`, `reasoning_effort`.
"""

from typing import Any

from passenger import reasoning
from passenger.body import Body
from passenger.chat import Abilities, Reasoning
from passenger.copilot.paths import MESSAGES_EFFORT, Path, leave_out, put_in, text_at
from passenger.dialects.messages import FIELDS
from passenger.dialects.messages.thinking_out import form, lacks_thoughts, unsampled

KIND: Path = ("thinking", "type")
CHOICE: Path = ("tool_choice", "type")

_ON = frozenset({"enabled", "adaptive"})
_FORCED = frozenset({"any", "tool"})
_SAMPLING = ("temperature", "top_p", "top_k")
_ROOM = 4096
"""Tokens of an answer whose limit is not said."""


def needs_settling(body: Body, able: Abilities) -> bool:
    """Whether there may be anything for `settle` to do; this is what nearly every request costs."""
    effort = text_at(body, MESSAGES_EFFORT) if "output_config" in body else None
    if effort is not None and able.vendor and effort not in able.efforts:
        return True
    kind = text_at(body, KIND) if "thinking" in body else None
    if kind not in _ON:
        return False
    return is_wrong(kind, able) or text_at(body, CHOICE) in _FORCED or bool(_unlike(body))


def _unlike(body: Body) -> list[str]:
    """The ways to sample that do not go with thinking."""
    if not any(name in body for name in _SAMPLING):
        return []
    return [*unsampled(*map(_number(body), _SAMPLING))]


def settle(body: Body, able: Abilities) -> tuple[tuple[str, ...], list[str]]:
    """Let a request think as the model can, and leave out what does not go with thinking (2026-11).

    Gives the names of what is lost, and the betas that the request needs now. What means the same is not named.
    """
    dropped, betas = list[str](), list[str]()
    if is_wrong(text_at(body, KIND), able):
        lost, betas = reform(body, able)
        dropped += lost
    if text_at(body, CHOICE) in _FORCED and text_at(body, KIND) in _ON:
        body.drop("thinking")
        dropped.append("thinking")
    dropped += fit_effort(body, able)
    if text_at(body, KIND) in _ON:
        for name in _unlike(body):
            body.drop(name)
            dropped.append(name)
    return tuple(dropped), betas


def is_wrong(kind: str | None, able: Abilities) -> bool:
    """Whether the catalogue says that a model does not take this form, and does take the other.

    It does not say which of the models that list both take one alone: their refusal does.
    """
    if kind == "enabled":
        return able.adaptive and able.max_budget is None
    return kind == "adaptive" and not able.adaptive and able.max_budget is not None


def reform(body: Body, able: Abilities, effort: Path = MESSAGES_EFFORT) -> tuple[list[str], list[str]]:
    """Say a wish to think in the one form that such a model takes; without room for that, do not think.

    Gives the names of what is lost, and the betas that the request needs now.
    """
    thinking = body.inside("thinking") or Body(b"{}")
    wanted = Reasoning(text_at(body, effort), _whole(thinking.get("budget_tokens")))
    made = form(wanted, able, _limit(body), tools=bool(body.get("tools")), thoughtless=_is_thoughtless(body, able))
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
    names = {"reasoning.effort": ".".join(effort), **FIELDS}
    return [names.get(name, name) for name in made.dropped], [*filter(None, [made.headers.get("anthropic-beta")])]


def fit_effort(body: Body, able: Abilities, path: Path = MESSAGES_EFFORT) -> list[str]:
    """Clamp the effort to those that the model lists, and leave it out of a message where it lists none (2026-11).

    The nearest in the order of `reasoning.EFFORTS` is taken, of two the lesser. A word that is none of these stays, for
    Copilot to refuse.
    """
    said = text_at(body, path)
    if said is None or not able.vendor or said in able.efforts:
        return []
    if not able.efforts and path == MESSAGES_EFFORT:
        leave_out(body, path)
        return [".".join(path)]
    word = reasoning.effort(Reasoning(said), able.efforts)
    if word is None or word == said:
        return []
    put_in(body, path, word)
    return [".".join(path)]


def _number(body: Body) -> Any:  # Any: the JSON edge
    def read(name: str) -> Any:
        value = body.get(name)
        return value if isinstance(value, int | float) and not isinstance(value, bool) else None

    return read


def _limit(body: Body) -> int:
    limits = (_whole(body.get(name)) for name in ("max_tokens", "max_completion_tokens"))
    return next((limit for limit in limits if limit is not None), _ROOM)


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _is_thoughtless(body: Body, able: Abilities) -> bool:
    """Whether the history keeps a budget from being given; it is looked at only where that matters."""
    messages = None if able.adaptive else body.get("messages")
    return isinstance(messages, list) and lacks_thoughts(messages)
