"""Tool names as an upstream accepts them, and back: a namespace is written into the name, a long name is shortened.

Pure functions of the name, so that prompt caches survive and history reads the same each turn.
"""

import hashlib
import re
from collections.abc import Iterable

from passenger.chat import Tool

LIMIT = 64
"""Characters that every upstream takes (OpenAI's cap; Anthropic's is 128)."""

_FOREIGN = re.compile(r"[^a-zA-Z0-9_-]")


def flat(name: str, namespace: str | None = None, limit: int = LIMIT) -> str:
    """The name to send: letters, digits, `_` and `-`, at most `limit` of them."""
    full = f"{namespace}__{name}" if namespace else name
    safe = _FOREIGN.sub("_", full)
    if safe == full and len(full) <= limit:
        return full
    digest = hashlib.sha256(full.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{safe[: limit - 9]}_{digest}"


class Names:
    """The names of one request's tools, both ways."""

    def __init__(self, tools: Iterable[Tool], limit: int = LIMIT) -> None:
        self._limit = limit
        self._tools = {flat(tool.name, tool.namespace, limit): tool for tool in tools}
        self._spaces: dict[str, str | None] = {}
        for tool in self._tools.values():
            self._spaces.setdefault(tool.name, tool.namespace)

    def sent(self, name: str, namespace: str | None = None) -> str:
        """The name as it goes up. A namespace that the caller left out is found by the tool's name."""
        if namespace is None:
            namespace = self._spaces.get(name)
        return flat(name, namespace, self._limit)

    def meant(self, sent: str) -> Tool:
        """The tool that upstream means; one of no namespace where it makes a name up."""
        return self._tools.get(sent) or Tool(sent)
