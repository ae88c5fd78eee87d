"""The tools of a request and which of them may be called; it hides that older clients call them functions."""

from passenger.chat import Grammar, Tool, ToolChoice
from passenger.decoding import JSON, expect, invalid, optional, required
from passenger.dialects.completions.content_in import is_cached

_NO_ARGUMENTS: JSON = {"type": "object", "properties": {}}


def read_tools(body: JSON) -> tuple[Tool, ...]:
    """The tools.

    Raises:
        Failure: one is of a kind that only OpenAI runs, or cannot be understood.
    """
    tools = optional(body, "tools", list) or ()
    functions = optional(body, "functions", list) or ()
    return (
        *(_tool(expect(tool, dict, f"tools[{index}]"), f"tools[{index}]") for index, tool in enumerate(tools)),
        *(
            _function(expect(one, dict, f"functions[{index}]"), f"functions[{index}].", {})
            for index, one in enumerate(functions)
        ),
    )


def _tool(tool: JSON, place: str) -> Tool:
    match tool.get("type", "function"):
        case "function":
            return _function(required(tool, "function", dict, f"{place}."), f"{place}.function.", tool)
        case "custom":
            return _custom(required(tool, "custom", dict, f"{place}."), f"{place}.custom.", tool)
        case kind:
            raise invalid(f"{place}: {kind!r} tools cannot be carried to this model", f"{place}.type")


def _function(function: JSON, place: str, tool: JSON) -> Tool:
    return Tool(
        required(function, "name", str, place),
        optional(function, "description", str, place),
        optional(function, "parameters", dict, place) or _NO_ARGUMENTS,
        optional(function, "strict", bool, place),
        cache=is_cached(tool),
    )


def _custom(custom: JSON, place: str, tool: JSON) -> Tool:
    return Tool(
        required(custom, "name", str, place),
        optional(custom, "description", str, place),
        custom=True,
        grammar=_grammar(custom, place),
        cache=is_cached(tool),
    )


def _grammar(custom: JSON, place: str) -> Grammar | None:
    shape = optional(custom, "format", dict, place) or {}
    grammar = optional(shape, "grammar", dict, f"{place}format.")
    if grammar is None:
        return None
    inner = f"{place}format.grammar."
    return Grammar(required(grammar, "syntax", str, inner), required(grammar, "definition", str, inner))


# --- which may be called -----------------------------------------------------------------------------------------


def read_choice(body: JSON, tools: tuple[Tool, ...]) -> ToolChoice | None:
    """Whether and which tools must be called.

    Raises:
        Failure: it cannot be understood, or asks for a tool that is not there.
    """
    field = "tool_choice" if body.get("tool_choice") is not None else "function_call"
    choice = _choice(body.get(field), field)
    if choice is None:
        return None
    offered = {tool.name for tool in tools}
    if missing := [name for name in choice.names if name not in offered]:
        raise invalid(f"{field}: there is no tool {missing[0]!r}", field)
    if choice.mode == "required" and not tools:
        raise invalid(f"{field}: there are no tools to choose from", field)
    return choice


def _choice(choice: object, field: str) -> ToolChoice | None:
    match choice:
        case None:
            return None
        case "auto" | "none" | "required":
            return ToolChoice(choice)
        case {
            "type": "allowed_tools",
            "allowed_tools": {"mode": "auto" | "required" as mode, "tools": [_, *_] as some},
        }:
            return ToolChoice(mode, tuple(_name(tool, field) for tool in some))
        case {"type": "allowed_tools"}:
            raise invalid(f"{field}.allowed_tools must have a mode (auto, required) and tools", field)
        case dict():
            return ToolChoice("required", (_name(choice, field),))
        case _:
            raise invalid(f"{field} must be auto, none, required or name a tool", field)


def _name(choice: object, field: str) -> str:
    match choice:
        case {"function": {"name": str(name)}} | {"custom": {"name": str(name)}} | {"name": str(name)}:
            return name
        case _:
            raise invalid(f"{field} must name a tool", field)
