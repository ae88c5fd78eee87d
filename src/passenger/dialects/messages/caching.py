"""Prompt-cache breakpoints of a request; it hides that there may be four, and where they pay when nobody set any."""

from collections.abc import Iterator
from typing import Any

JSON = dict[str, Any]

MOST = 4
"""Breakpoints that Anthropic takes."""

_KEY = "cache_control"
_USERS = 2


def mark(block: JSON, wanted: bool = True) -> JSON:
    """The block, with a breakpoint after it where one is wanted."""
    return {**block, _KEY: {"type": "ephemeral"}} if wanted else block


def limit_breakpoints(body: JSON) -> None:
    """Keep the last four of the client's breakpoints, or set up to four where it set none."""
    marked = [block for block in _blocks(body) if _KEY in block]
    for block in marked[:-MOST]:
        del block[_KEY]
    if not marked:
        for block in _worthwhile(body):
            block.update(mark({}))


def _blocks(body: JSON) -> Iterator[JSON]:
    """All that may bear a breakpoint, in the order of the cache: tools, system, messages."""
    yield from body.get("tools", ())
    yield from body.get("system", ())
    for message in body["messages"]:
        yield from message["content"]


def _worthwhile(body: JSON) -> Iterator[JSON]:
    """What stays the same from turn to turn: the tools, the system's words, and the last two turns of the user."""
    yield from body.get("tools", ())[-1:]
    yield from body.get("system", ())[-1:]
    for message in [message for message in body["messages"] if message["role"] == "user"][-_USERS:]:
        yield from message["content"][-1:]
