"""A `/v1/messages` body read as a question."""

import json
from collections.abc import Iterator
from typing import Any

from passenger.simulator.caching import Prefix, prefixes
from passenger.simulator.question import IMAGE_TOKENS, MESSAGE_TOKENS, Body, Question, tokens
from passenger.simulator.typed import typed

MARKER = "cache_control"


def question_of(body: Body) -> Question:
    """The question that a valid body asks."""
    tools = {tool["name"]: _schema(tool) for tool in body.get("tools") or () if _is_callable(tool)}
    choice = body.get("tool_choice") or {}
    return Question(
        said=typed(user_texts(body)),
        messages=len(body["messages"]),
        images=len(images_in(body)),
        tools=tools,
        offered=len(body.get("tools") or ()),
        callable=choice.get("type") != "none",
        demanded=_demanded(choice, list(tools)),
        parallel=not choice.get("disable_parallel_tool_use"),
        results=_results(body["messages"]),
        schema=((body.get("output_config") or {}).get("format") or {}).get("schema"),
        stops=tuple(body.get("stop_sequences") or ()),
        limit=body.get("max_tokens"),
        thinks=(body.get("thinking") or {}).get("type") in {"enabled", "adaptive"},
        prompt_tokens=prompt_tokens(body),
    )


def _is_callable(tool: Body) -> bool:
    """Whether the client runs a tool: its own, or one that the vendor defines."""
    return "input_schema" in tool or str(tool.get("type")).startswith(("bash_", "memory_", "text_editor_"))


def _schema(tool: Body) -> Any:  # Any: a JSON schema
    return tool.get("input_schema", {"type": "object"})


def blocks(content: object) -> list[Body]:
    """The blocks of a content, which is a string or a list of them."""
    if isinstance(content, str):
        return [{"text": content, "type": "text"}]
    return [block for block in content if isinstance(block, dict)] if isinstance(content, list) else []


def text_of(content: object) -> str:
    """The text of a content's text blocks."""
    return "\n".join(str(block.get("text", "")) for block in blocks(content) if block.get("type") == "text")


def last_user_text(body: object) -> str:
    """The text of the last message in which a user wrote some; empty when there is none."""
    return next(user_texts(body), "")


def user_texts(body: object) -> Iterator[str]:
    """The text of each message in which a user wrote some, the last one first."""
    messages = body.get("messages") if isinstance(body, dict) else None
    for message in reversed(messages if isinstance(messages, list) else []):
        if isinstance(message, dict) and message.get("role") == "user" and (text := text_of(message.get("content"))):
            yield text


def images_in(body: Body) -> list[Body]:
    """Every image block, those in tool results among them."""
    found = []
    for message in body["messages"]:
        for block in blocks(message.get("content")):
            found += [one for one in (block, *blocks(block.get("content"))) if one.get("type") == "image"]
    return found


def prompt_tokens(body: Body) -> int:
    """A prompt's length, which `count_tokens` answers and `usage` repeats."""
    return sum(size for _, size, _ in _units(body))


def prefixes_of(body: Body) -> list[Prefix]:
    """The prefixes of a prompt that a cache may know, block by block; empty when no block is marked."""
    units = list(_units(body))
    return prefixes(units, MARKER) if any(mark for _, _, mark in units) else []


def _units(body: Body) -> Iterator[tuple[Body, int, object]]:
    """Tools, then the system's blocks, then the messages': the order in which a prompt is cached."""
    for tool in body.get("tools") or ():
        yield tool, tokens(_json(tool)), tool.get(MARKER)
    for block in blocks(body.get("system")):
        yield block, _size(block), block.get(MARKER)
    for message in body["messages"]:
        role, said = {"role": message.get("role")}, blocks(message.get("content"))
        if not said:
            yield role, MESSAGE_TOKENS, None
        for index, block in enumerate(said):
            yield block | role, _size(block) + (0 if index else MESSAGE_TOKENS), block.get(MARKER)


def _size(block: Body) -> int:
    match block:
        case {"type": "text", "text": str(text)}:
            return tokens(text)
        case {"type": "thinking", "thinking": str(text)}:
            return tokens(text)
        case {"type": "image" | "document"}:
            return IMAGE_TOKENS
        case {"type": "tool_result", "content": content}:
            return sum(_size(inner) for inner in blocks(content))
        case _:
            return tokens(_json(block))


def _json(value: Body) -> str:
    return json.dumps({key: inner for key, inner in value.items() if key != MARKER})


def _results(messages: list[Body]) -> str:
    """What the tools said, when the conversation ends with it; what the system says after them is no turn."""
    turns = [message for message in messages if message.get("role") != "system"]
    found = [block for block in blocks(turns[-1].get("content")) if block.get("type") == "tool_result"] if turns else []
    return " | ".join(text_of(block.get("content")) for block in found)


def _demanded(choice: Any, offered: list[str]) -> str | None:  # Any: the JSON edge
    match choice:
        case {"type": "any"} if offered:
            return offered[0]
        case {"type": "tool", "name": str(name)} if name in offered:
            return name
    return None
