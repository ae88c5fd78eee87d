"""A chat request as a prompt; it hides where in a body each thing is said."""

from passenger.chat import Prompt, Reasoning, Schema
from passenger.decoding import JSON, decode, expect, invalid, number, optional, required, texts
from passenger.dialects import Request
from passenger.dialects.choices_in import read_choices
from passenger.dialects.completions.parts_in import Turns
from passenger.dialects.completions.tools_in import read_choice, read_tools

_READ = frozenset(
    {
        "model",
        "messages",
        "stream",
        "stream_options",
        "tools",
        "tool_choice",
        "function_call",
        "parallel_tool_calls",
        "max_tokens",
        "max_completion_tokens",
        "temperature",
        "top_p",
        "top_k",
        "stop",
        "seed",
        "presence_penalty",
        "frequency_penalty",
        "response_format",
        "reasoning_effort",
        "reasoning",
        "thinking_budget",
        "thinking",
        "verbosity",
        "user",
        "safety_identifier",
        "prompt_cache_key",
        "n",
    }
)
"""All that is carried. `functions` are too, but as `tools`: so they are named, since the calls come back as those."""

_HARMLESS: dict[str, object] = {"store": False, "logprobs": False, "modalities": ["text"], "service_tier": "auto"}
"""Fields that change nothing at this value."""

_THOUGHTS = {"reasoning": {"effort", "summary"}, "thinking": {"type", "budget_tokens"}}
"""What is read of the objects about thinking."""


def read_prompt(request: Request) -> Prompt:
    """The whole request.

    Raises:
        Failure: a field is of the wrong type, or no translation can carry it.
    """
    body, turns = decode(request.body), Turns()
    _refuse_what_cannot_be(body)
    options = optional(body, "stream_options", dict) or {}
    messages, tools = turns.read(required(body, "messages", list)), read_tools(body)
    return Prompt(
        model=required(body, "model", str),
        messages=messages,
        stream=optional(body, "stream", bool) or False,
        tools=tools,
        tool_choice=read_choice(body, tools),
        parallel=optional(body, "parallel_tool_calls", bool),
        limit=_limit(body),
        temperature=number(body, "temperature"),
        top_p=number(body, "top_p"),
        top_k=optional(body, "top_k", int),
        stop=_stop(body),
        seed=optional(body, "seed", int),
        presence_penalty=number(body, "presence_penalty"),
        frequency_penalty=number(body, "frequency_penalty"),
        schema=_schema(body),
        reasoning=_reasoning(body),
        verbosity=optional(body, "verbosity", str),
        user=optional(body, "user", str) or optional(body, "safety_identifier", str),
        cache_key=optional(body, "prompt_cache_key", str),
        choices=read_choices(body, "n"),
        wants_usage=optional(options, "include_usage", bool, "stream_options.") or False,
        dropped=tuple(dict.fromkeys((*_left_out(body), *turns.dropped))),
    )


def _refuse_what_cannot_be(body: JSON) -> None:
    if "audio" in (optional(body, "modalities", list) or ()) or body.get("audio"):
        raise invalid("modalities: audio cannot be carried to this model", "modalities")


def _left_out(body: JSON) -> list[str]:
    """The names of what says something and is not read."""
    names = [name for name, value in body.items() if name not in _READ and value != _HARMLESS.get(name)]
    inner = [
        f"{name}.{key}"
        for name, known in _THOUGHTS.items()
        for key in (optional(body, name, dict) or {})
        if key not in known
    ]
    return [*(name for name in names if body[name] not in (None, [], {})), *inner]


def _limit(body: JSON) -> int | None:
    for name in ("max_completion_tokens", "max_tokens"):
        limit = optional(body, name, int)
        if limit is not None and limit < 1:
            raise invalid(f"{name} must be at least 1", name)
        if limit is not None:
            return limit
    return None


def _stop(body: JSON) -> tuple[str, ...]:
    stop = body.get("stop")
    if stop is None:
        return ()
    return (stop,) if isinstance(stop, str) else texts(expect(stop, list, "stop"), "stop")


def _schema(body: JSON) -> Schema | None:
    wanted = optional(body, "response_format", dict)
    if not wanted:
        return None
    match wanted.get("type"):
        case "text":
            return None
        case "json_object":
            return Schema(None)
        case "json_schema":
            place = "response_format.json_schema."
            shape = required(wanted, "json_schema", dict, "response_format.")
            return Schema(
                optional(shape, "schema", dict, place) or {},
                optional(shape, "name", str, place) or "answer",
                optional(shape, "strict", bool, place),
                optional(shape, "description", str, place),
            )
        case kind:
            raise invalid(f"response_format.type: {kind!r} is not known", "response_format.type")


def _reasoning(body: JSON) -> Reasoning | None:
    """How much to think, said in OpenAI's words, in Copilot's or in Anthropic's."""
    thinking = optional(body, "thinking", dict) or {}
    nested = optional(body, "reasoning", dict) or {}
    effort = optional(body, "reasoning_effort", str) or optional(nested, "effort", str, "reasoning.")
    if thinking.get("type") == "disabled":
        return Reasoning(effort="none")
    budget = optional(body, "thinking_budget", int)
    if budget is None:
        budget = optional(thinking, "budget_tokens", int, "thinking.")
    show = True if optional(nested, "summary", str, "reasoning.") else None
    return Reasoning(effort, budget, show) if thinking or (effort, budget, show) != (None, None, None) else None
