"""A Messages request as a prompt; it hides where in a body each thing is said."""

from collections.abc import Iterator

from passenger.chat import Message, Part, Prompt, Reasoning, Role, Schema, ToolResult
from passenger.decoding import (
    JSON,
    decode,
    expect,
    invalid,
    number,
    optional,
    required,
    texts,
)
from passenger.dialects import Request
from passenger.dialects.messages import blocks_in
from passenger.dialects.messages.blocks_in import Blocks
from passenger.dialects.messages.tools_in import read_tools

_READ = frozenset(
    {
        "max_tokens",
        "mcp_servers",
        "messages",
        "metadata",
        "model",
        "output_config",
        "output_format",
        "stop_sequences",
        "stream",
        "system",
        "temperature",
        "thinking",
        "thread",
        "tool_choice",
        "tools",
        "top_k",
        "top_p",
    }
)

_ROLES: dict[str, tuple[Role, frozenset[str]]] = {
    "user": ("user", blocks_in.USER),
    "assistant": ("assistant", blocks_in.ASSISTANT),
    "system": ("system", blocks_in.SYSTEM),
    "developer": ("system", blocks_in.SYSTEM),
}


def read_prompt(request: Request) -> Prompt:
    """The whole request.

    Raises:
        Failure: a field is of the wrong type, or no translation can carry it.
    """
    body, blocks = decode(request.body), Blocks()
    if optional(body, "mcp_servers", list):
        raise invalid("mcp_servers are Anthropic's alone; run them in your client", "mcp_servers")
    messages, offer = _messages(body, blocks), read_tools(body, blocks)
    schema, reasoning = _schema(body), _reasoning(body, blocks)
    return Prompt(
        model=required(body, "model", str),
        messages=messages,
        stream=optional(body, "stream", bool) or False,
        tools=offer.tools,
        tool_choice=offer.choice,
        parallel=offer.parallel,
        limit=_limit(body),
        temperature=number(body, "temperature"),
        top_p=number(body, "top_p"),
        top_k=optional(body, "top_k", int),
        stop=texts(optional(body, "stop_sequences", list) or (), "stop_sequences"),
        schema=schema,
        reasoning=reasoning,
        user=optional(optional(body, "metadata", dict) or {}, "user_id", str, "metadata."),
        dropped=tuple(dict.fromkeys((*_left_out(body), *blocks.dropped))),
    )


def _left_out(body: JSON) -> Iterator[str]:
    """What no other dialect has: `service_tier`, `context_management`, `container` and fields yet to come."""
    yield from (name for name, value in body.items() if name not in _READ and value is not None)
    yield from (f"metadata.{name}" for name in optional(body, "metadata", dict) or () if name != "user_id")
    config = optional(body, "output_config", dict) or {}
    yield from (f"output_config.{name}" for name in config if name not in {"effort", "format"})


def _limit(body: JSON) -> int | None:
    limit = optional(body, "max_tokens", int)
    if limit is not None and limit < 1:
        raise invalid("max_tokens must be at least 1", "max_tokens")
    return limit


# --- the conversation --------------------------------------------------------------------------------------------


def _messages(body: JSON, blocks: Blocks) -> tuple[Message, ...]:
    system = blocks.read(body.get("system"), "system", blocks_in.SYSTEM)
    first = [Message("system", system)] if system else []
    entries = required(body, "messages", list)
    turns = [_message(entry, f"messages.{index}", blocks) for index, entry in enumerate(entries)]
    kept = [turn for turn in turns if turn.parts]
    if not kept:
        raise invalid("messages must say something", "messages")
    if kept[-1].role == "assistant":
        message = "the last of the messages must not be the assistant's: no answer can be begun for this model"
        raise invalid(message, "messages")
    return (*first, *kept)


def _message(entry: object, place: str, blocks: Blocks) -> Message:
    shape = expect(entry, dict, place)
    role = required(shape, "role", str, f"{place}.")
    if role not in _ROLES:
        raise invalid(f"{place}.role must be user, assistant or system", f"{place}.role")
    meant, kinds = _ROLES[role]
    return Message(meant, _results_first(blocks.read(shape.get("content"), f"{place}.content", kinds)))


def _results_first(parts: tuple[Part, ...]) -> tuple[Part, ...]:
    return tuple(sorted(parts, key=lambda part: not isinstance(part, ToolResult)))


# --- what tunes --------------------------------------------------------------------------------------------------


def _reasoning(body: JSON, blocks: Blocks) -> Reasoning | None:
    effort = optional(optional(body, "output_config", dict) or {}, "effort", str, "output_config.")
    thinking = optional(body, "thinking", dict)
    if thinking is None:
        return Reasoning(effort) if effort else None
    show = _show(thinking)
    match thinking.get("type"):
        case "disabled":
            blocks.dropped += ["output_config.effort"] if effort else []
            return Reasoning("none")
        case "adaptive":
            return Reasoning(effort, show=show)
        case "enabled":
            return Reasoning(effort, required(thinking, "budget_tokens", int, "thinking."), show)
        case _:
            raise invalid("thinking.type must be enabled, adaptive or disabled", "thinking.type")


def _show(thinking: JSON) -> bool | None:
    display = optional(thinking, "display", str, "thinking.")
    return None if display is None else display != "omitted"


def _schema(body: JSON) -> Schema | None:
    """The shape of the answer; `output_format` is the older place for it."""
    for place, document in (("output_config.format", body.get("output_config")), ("output_format", body)):
        name = place.rpartition(".")[2]
        shape = optional(document, name, dict, place.removesuffix(name)) if isinstance(document, dict) else None
        if shape is None:
            continue
        if shape.get("type") != "json_schema":
            raise invalid(f"{place}.type must be json_schema", f"{place}.type")
        return Schema(required(shape, "schema", dict, f"{place}."))
    return None
