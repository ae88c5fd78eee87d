"""Tool names as Copilot's APIs take them: a namespace is put into the name, and a long name is shortened.

The result depends on the name alone, so that history reads the same each turn and prompt caches survive.
"""

import hashlib
import re
from collections.abc import Iterable

from passenger.chat.prompt import Tool

LIMIT = 64
"""Characters that every API takes: OpenAI's limit; Anthropic's is 128."""

_FOREIGN = re.compile(r"[^a-zA-Z0-9_-]")


def flatten(name: str, namespace: str | None = None, limit: int = LIMIT) -> str:
    """The name to send: at most `limit` letters, digits, `_` and `-`."""
    full = f"{namespace}__{name}" if namespace else name
    safe = _FOREIGN.sub("_", full)
    if safe == full and len(full) <= limit:
        return full
    digest = hashlib.sha256(full.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{safe[: limit - 9]}_{digest}"


class ToolNames:
    """The names of one request's tools, both ways."""

    def __init__(self, tools: Iterable[Tool], limit: int = LIMIT) -> None:
        self._limit = limit
        self._tools = {flatten(tool.name, tool.namespace, limit): tool for tool in tools}
        self._spaces: dict[str, str | None] = {}
        for tool in self._tools.values():
            if tool.namespace is None:
                self._spaces[tool.name] = None
            self._spaces.setdefault(tool.name, tool.namespace)

    def encode(self, name: str, namespace: str | None = None) -> str:
        """The name as it goes up. A namespace that the caller left out is found by the tool's name."""
        if namespace is None:
            namespace = self._spaces.get(name)
        return flatten(name, namespace, self._limit)

    def decode(self, name: str) -> Tool:
        """The tool that upstream means; one of no namespace where it makes a name up."""
        return self._tools.get(name) or Tool(name)
