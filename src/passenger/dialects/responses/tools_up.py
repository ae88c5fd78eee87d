"""The tools of a prompt as the API takes them, namespaces and free text natively; it hides names that it refuses."""

from collections.abc import Iterable

from passenger.chat import JSON, Tool, ToolChoice
from passenger.dialects.responses.tools_in import NO_ARGUMENTS
from passenger.toolnames import flat


class Names:
    """The names of one request's tools, both ways."""

    def __init__(self, tools: Iterable[Tool]) -> None:
        self._tools = {(_space(tool.namespace), flat(tool.name)): tool for tool in tools}
        self._homes: dict[str, str | None] = {}
        for space, name in self._tools:
            self._homes[name] = None if space is None else self._homes.get(name, space)

    def sent(self, name: str, namespace: str | None) -> tuple[str, str | None]:
        """The name and the namespace to send."""
        short = flat(name)
        return short, self._home(short) if namespace is None else _space(namespace)

    def meant(self, name: str, namespace: str | None) -> Tool:
        """The tool that upstream means; one that is not offered where it makes a name up."""
        space = self._home(name) if namespace is None else namespace
        return self._tools.get((space, name)) or Tool(name, namespace=namespace)

    def _home(self, short: str) -> str | None:
        """The namespace of a tool where it was left out; none where a tool of no namespace has the name."""
        return self._homes.get(short)


def _space(namespace: str | None) -> str | None:
    return None if namespace is None else flat(namespace)


def write_tools(tools: Iterable[Tool]) -> list[JSON]:
    """The tools, those of a namespace together where its first one stands."""
    written: list[JSON] = []
    spaces: dict[str, list[JSON]] = {}
    for tool in tools:
        if tool.namespace is None:
            written.append(_tool(tool))
            continue
        if tool.namespace not in spaces:
            spaces[tool.namespace] = []
            name = flat(tool.namespace)
            space = {"type": "namespace", "name": name, "description": name, "tools": spaces[tool.namespace]}
            written.append(space)
        spaces[tool.namespace].append(_tool(tool))
    return written


def _tool(tool: Tool) -> JSON:
    described = {"description": tool.description} if tool.description is not None else {}
    if tool.custom:
        return {"type": "custom", "name": flat(tool.name), **described, "format": _form(tool)}
    shape = {"type": "function", "name": flat(tool.name), **described}
    # Said even where nobody asked: the API takes silence for true, and changes the schema.
    return {**shape, "parameters": tool.schema or NO_ARGUMENTS, "strict": bool(tool.strict)}


def _form(tool: Tool) -> JSON:
    if tool.grammar is None:
        return {"type": "text"}
    return {"type": "grammar", "syntax": tool.grammar.syntax, "definition": tool.grammar.definition}


def write_choice(choice: ToolChoice, tools: Iterable[Tool]) -> JSON | str:
    """The choice among them."""
    custom = {tool.name for tool in tools if tool.custom}
    named = [{"type": "custom" if name in custom else "function", "name": flat(name)} for name in choice.names]
    if not named or choice.mode == "none":
        return choice.mode
    if choice.mode == "required" and len(named) == 1:
        return named[0]
    return {"type": "allowed_tools", "mode": choice.mode, "tools": named}
