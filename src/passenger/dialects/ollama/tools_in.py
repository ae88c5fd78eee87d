"""Tools as clients of Ollama describe them."""

from passenger.chat import Tool
from passenger.decoding import JSON, expect, invalid, optional, required


def read_tools(body: JSON) -> tuple[Tool, ...]:
    """The tools of a request.

    Raises:
        Failure: one is not a function with a name.
    """
    tools = optional(body, "tools", list) or ()
    return tuple(_tool(expect(tool, dict, f"tools[{index}]"), f"tools[{index}].") for index, tool in enumerate(tools))


def _tool(tool: JSON, place: str) -> Tool:
    kind = optional(tool, "type", str, place) or "function"
    if kind != "function":
        raise invalid(f"{place}type: {kind!r} tools cannot be carried to this model", f"{place}type")
    function, inner = required(tool, "function", dict, place), f"{place}function."
    name = required(function, "name", str, inner)
    if not name:
        raise invalid(f"{inner}name must not be empty", f"{inner}name")
    schema = optional(function, "parameters", dict, inner) or {"type": "object", "properties": {}}
    return Tool(name, optional(function, "description", str, inner), schema)
