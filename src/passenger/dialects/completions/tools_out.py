"""The tools of a prompt as functions, which are all that Copilot's `/chat/completions` has."""

from dataclasses import dataclass

from msgspec.structs import replace

from passenger.chat import IN_WORDS, JSON, Prompt, Tool, ToolChoice
from passenger.dialects.completions.caching import mark
from passenger.errors import Failure, Kind
from passenger.toolnames import Names

TOOLS = 128
"""Tools that Copilot takes."""


def write_tools(prompt: Prompt, names: Names, dropped: list[str]) -> JSON:
    """The fields about tools; `dropped` is told what is left out.

    Raises:
        Failure: there are more than Copilot takes, or one must be called and none may.
    """
    tools, choice = _narrowed(prompt)
    if len(tools) > TOOLS:
        message = f"Copilot takes at most {TOOLS} tools here, and there are {len(tools)}"
        raise Failure(Kind.INVALID, message, param="tools")
    if not tools:
        if choice is not None and choice.mode == "required":
            raise Failure(Kind.INVALID, "a tool must be called, and there is none that may", param="tool_choice")
        return {}
    writing = _Writing(names, dropped)
    found: JSON = {"tools": [writing.tool(tool) for tool in tools]}
    if choice is not None:
        found["tool_choice"] = writing.choice(choice)
    if prompt.parallel is not None:
        found["parallel_tool_calls"] = prompt.parallel
    return found


def _narrowed(prompt: Prompt) -> tuple[tuple[Tool, ...], ToolChoice | None]:
    """The tools that may be called at all: this API cannot name several of them."""
    choice = prompt.tool_choice
    if choice is None or not choice.names or _is_forced(choice):
        return prompt.tools, choice
    names = frozenset(choice.names)
    return tuple(tool for tool in prompt.tools if tool.name in names), replace(choice, names=())


def _is_forced(choice: ToolChoice) -> bool:
    return choice.mode == "required" and len(choice.names) == 1


@dataclass(frozen=True, slots=True)
class _Writing:
    names: Names
    dropped: list[str]

    def tool(self, tool: Tool) -> JSON:
        function: JSON = {"name": self.names.sent(tool.name, tool.namespace)}
        description, schema = self._of_custom(tool) if tool.custom else (tool.description, tool.schema)
        if description is not None:
            function["description"] = description
        function["parameters"] = schema or {"type": "object", "properties": {}}
        if tool.strict is not None:
            function["strict"] = tool.strict
        return mark({"type": "function", "function": function}, tool.cache)

    def _of_custom(self, tool: Tool) -> tuple[str | None, JSON]:
        """A tool that takes raw text, as one that takes an object with it; a grammar can only be asked for."""
        words = [tool.description or ""]
        if tool.grammar is not None:
            self.dropped.append(f"tools[{tool.name}].format{IN_WORDS}")
            words.append(f"The input must match this {tool.grammar.syntax} grammar:\n{tool.grammar.definition}")
        schema = {"type": "object", "properties": {"input": {"type": "string"}}, "required": ["input"]}
        return "\n\n".join(filter(None, words)) or None, schema

    def choice(self, choice: ToolChoice) -> object:
        if _is_forced(choice):
            return {"type": "function", "function": {"name": self.names.sent(choice.names[0])}}
        return choice.mode
