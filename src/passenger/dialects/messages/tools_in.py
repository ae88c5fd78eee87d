"""Tools and the choice among them, of a client; it hides which tools only Anthropic's servers can run."""

from dataclasses import dataclass

from passenger.chat import Tool, ToolChoice
from passenger.decoding import JSON, expect, invalid, optional, required
from passenger.dialects.messages.blocks_in import Blocks

_KEPT = frozenset({"type", "name", "description", "input_schema", "strict", "cache_control"})
_ANY: JSON = {"type": "object", "properties": {}}
_SHOWN = 80
"""Characters of a tool's name that a message repeats."""


@dataclass(frozen=True, slots=True)
class Offer:
    """The tools that are offered, and how they are to be used."""

    tools: tuple[Tool, ...] = ()
    choice: ToolChoice | None = None
    parallel: bool | None = None


def read_tools(body: JSON, blocks: Blocks) -> Offer:
    """What a request offers.

    Raises:
        Failure: the model could do nothing without a tool that only Anthropic can run.
    """
    entries = [expect(entry, dict, f"tools.{i}") for i, entry in enumerate(optional(body, "tools", list) or ())]
    choice = optional(body, "tool_choice", dict) or {}
    mode = _mode(choice)
    custom = [(index, entry) for index, entry in enumerate(entries) if _is_custom(entry, choice, blocks)]
    tools = [_tool(entry, f"tools.{index}.", blocks) for index, entry in custom]
    if entries and not tools:
        name = str(entries[0].get("name") or entries[0].get("type"))[:_SHOWN]
        raise invalid(f"tools: only Anthropic can run {name!r}, and no other tool is offered", "tools")
    if mode is not None and mode.mode == "required" and not tools:
        raise invalid("tool_choice demands a tool, and there is none", "tool_choice")
    if mode is not None and not {tool.name for tool in tools}.issuperset(mode.names):
        raise invalid(f"tool_choice names {mode.names[0]!r}, which is not among the tools", "tool_choice")
    parallel = False if optional(choice, "disable_parallel_tool_use", bool, "tool_choice.") else None
    return Offer(tuple(tools), mode if tools else None, parallel)


def _is_custom(entry: JSON, choice: JSON, blocks: Blocks) -> bool:
    """Whether the client itself describes the tool; the others are Anthropic's own, and left out by name."""
    kind, name = entry.get("type"), entry.get("name")
    if kind is None or kind == "custom":
        return True
    if choice.get("type") == "tool" and choice.get("name") == name:
        raise invalid(f"tool_choice demands {name!r}, which only Anthropic can run", "tool_choice")
    blocks.dropped.append(f"tools[{name or kind}]")
    return False


def _tool(entry: JSON, place: str, blocks: Blocks) -> Tool:
    blocks.dropped += [f"tools.{name}" for name, value in entry.items() if name not in _KEPT and value]
    schema = optional(entry, "input_schema", dict, place)
    return Tool(
        required(entry, "name", str, place),
        optional(entry, "description", str, place),
        _ANY if schema is None else schema,
        optional(entry, "strict", bool, place),
        cache=blocks.marked(entry, place),
    )


def _mode(choice: JSON) -> ToolChoice | None:
    match choice:
        case {"type": "auto"}:
            return ToolChoice("auto")
        case {"type": "any"}:
            return ToolChoice("required")
        case {"type": "tool", "name": str(name)}:
            return ToolChoice("required", (name,))
        case {"type": "none"}:
            return ToolChoice("none")
        case {"type": _}:
            raise invalid("tool_choice must be auto, any, none, or a tool with its name", "tool_choice")
        case _:
            return None
