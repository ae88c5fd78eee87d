"""Prompt-cache breakpoints; it hides that there may be four, and where they are set when nobody set any."""

from collections.abc import Iterator
from typing import Any

from passenger.dialects.caching import MOST, TURNS

JSON = dict[str, Any]

KEY = "cache_control"
"""What Copilot calls a breakpoint here."""


def mark(block: JSON, wanted: bool = True) -> JSON:
    """The block, with a breakpoint after it where one is wanted."""
    return {**block, KEY: {"type": "ephemeral"}} if wanted else block


def limit_breakpoints(body: JSON, *, pays: bool = True) -> None:
    """Keep the last four of the client's breakpoints, or set up to four where it set none and they pay."""
    marked = [block for block in _blocks(body) if KEY in block]
    for block in marked[:-MOST]:
        del block[KEY]
    if pays and not marked:
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
    for message in [message for message in body["messages"] if message["role"] == "user"][-TURNS:]:
        yield from message["content"][-1:]
