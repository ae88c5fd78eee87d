"""Tools as Anthropic takes them; it hides custom tools, grammars and the dialect's rules for schemas."""

from typing import Any

from passenger.chat import IN_WORDS, Prompt, Tool, ToolChoice
from passenger.dialects.messages.caching import mark
from passenger.errors import Failure, Kind
from passenger.toolnames import Names

JSON = dict[str, Any]

CUSTOM_SCHEMA: JSON = {"type": "object", "properties": {"input": {"type": "string"}}, "required": ["input"]}
"""What stands for the raw text of a custom tool."""


def write_tools(prompt: Prompt, names: Names, dropped: list[str]) -> JSON:
    """The fields `tools` and `tool_choice`, as far as the prompt asks for them."""
    tools, choice = _narrowed(prompt), prompt.tool_choice
    if not tools:
        if choice is not None and choice.mode == "required":
            raise Failure(Kind.INVALID, "a tool is demanded, and there is none of this name", param="tool_choice")
        return {}
    written: JSON = {"tools": [_tool(tool, names, dropped) for tool in tools]}
    if said := _choice(prompt, names):
        written["tool_choice"] = said
    return written


def forces(choice: ToolChoice | None) -> bool:
    """Whether a tool must be called."""
    return choice is not None and choice.mode == "required"


def _narrowed(prompt: Prompt) -> tuple[Tool, ...]:
    """The tools that may be called; all of them where one is forced by its name, which keeps the cache warm."""
    choice = prompt.tool_choice
    if choice is None or not choice.names:
        return prompt.tools
    names = frozenset(choice.names)
    allowed = tuple(tool for tool in prompt.tools if tool.name in names)
    return prompt.tools if allowed and _is_one(choice) else allowed


def _is_one(choice: ToolChoice) -> bool:
    return choice.mode == "required" and len(choice.names) == 1


def _choice(prompt: Prompt, names: Names) -> JSON | None:
    """The choice. One for a summary stays as it was: another would empty the cache of the whole conversation.

    Facts: Anthropic's "Prompt caching" ("What invalidates the cache"). The request itself says that no tool is to be
    called.
    """
    choice = ToolChoice("auto") if prompt.compacts else prompt.tool_choice or ToolChoice("auto")
    if choice.mode == "none":
        return {"type": "none"}
    if _is_one(choice):
        said: JSON = {"type": "tool", "name": names.sent(choice.names[0])}
    else:
        said = {"type": "any" if choice.mode == "required" else "auto"}
    if prompt.parallel is False:
        return {**said, "disable_parallel_tool_use": True}
    return said if prompt.tool_choice is not None else None


def _tool(tool: Tool, names: Names, dropped: list[str]) -> JSON:
    written: JSON = {"name": names.sent(tool.name, tool.namespace)}
    if description := _description(tool, dropped):
        written["description"] = description
    if tool.strict:
        dropped.append("tools.strict")
    written["input_schema"] = CUSTOM_SCHEMA if tool.custom else _arguments(tool.schema)
    return mark(written, tool.cache)


def _description(tool: Tool, dropped: list[str]) -> str:
    """Its words; the grammar of a custom tool, which nobody enforces here, is told in them."""
    text = tool.description or ""
    if tool.grammar is None:
        return text
    dropped.append(f"tools[{tool.name}].format{IN_WORDS}")
    rule = f"`input` must match this {tool.grammar.syntax} grammar:\n{tool.grammar.definition}"
    return f"{text}\n\n{rule}" if text else rule


def _arguments(schema: JSON | None) -> JSON:
    return {"type": "object", **without_dialect(schema or {"properties": {}})}


def without_dialect(schema: JSON) -> JSON:
    """A schema without the name of its own dialect, which Anthropic does not take."""
    return {name: value for name, value in schema.items() if name != "$schema"}
