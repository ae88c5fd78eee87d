"""The items of a `/responses` input, whatever form they come in."""

from collections.abc import Iterator
from typing import Any

from passenger.simulator.question import Body

CALLS = {"function_call": "function_call_output", "custom_tool_call": "custom_tool_call_output"}
"""Each call, and the item that answers it."""

TRIGGER = "compaction_trigger"


def items_of(body: Body) -> list[Body]:
    """The input as items, each with its type; a bare string is what a user says."""
    given = body.get("input")
    if isinstance(given, str):
        return [{"content": given, "role": "user", "type": "message"}]
    items = [item for item in given if isinstance(item, dict)] if isinstance(given, list) else []
    return [{"type": "message"} | item if "role" in item else item for item in items]


def asks_to_compact(body: Body) -> bool:
    """Whether nothing is wanted but the conversation so far in a sealed item."""
    return bool(items := items_of(body)) and items[-1].get("type") == TRIGGER


def parts_of(content: object) -> list[Body]:
    """The parts of a content or an output, which is a string or a list of them."""
    if isinstance(content, str):
        return [{"text": content, "type": "input_text"}]
    return [part for part in content if isinstance(part, dict)] if isinstance(content, list) else []


def text_of(content: object) -> str:
    """The text of a content's parts."""
    return "\n".join(str(part["text"]) for part in parts_of(content) if "text" in part)


def images_in(items: list[Body]) -> list[Body]:
    """Every image part, those in outputs of tools among them."""
    parts = [part for item in items for key in ("content", "output") for part in parts_of(item.get(key))]
    return [part for part in parts if part.get("type") == "input_image"]


def tools_of(body: Body) -> Iterator[tuple[Body, str]]:
    """Each tool with the namespace it is in (or ""): the request's, then those that `additional_tools` items add."""
    added = (item for item in items_of(body) if item.get("type") == "additional_tools")
    for tool in [tool for holder in (body, *added) for tool in _tools_in(holder)]:
        if tool.get("type") == "namespace":
            yield from ((inner, str(tool.get("name", ""))) for inner in _tools_in(tool))
        else:
            yield tool, ""


def _tools_in(holder: Body) -> list[Body]:
    tools = holder.get("tools")
    return [tool for tool in tools if isinstance(tool, dict)] if isinstance(tools, list) else []


def last_user_text(body: object) -> str:
    """The text of the last message a user wrote; empty when there is none, or when the input is none."""
    return next(user_texts(body), "")


def user_texts(body: Any) -> Iterator[str]:  # Any: the JSON edge
    """The text of each message a user wrote, the last one first."""
    items = items_of(body) if isinstance(body, dict) else []
    return (text_of(item.get("content")) for item in reversed(items) if item.get("role") == "user")
