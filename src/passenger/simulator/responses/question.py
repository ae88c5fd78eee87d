"""A `/responses` body read as a question."""

import json
from collections.abc import Iterator
from itertools import takewhile
from typing import Any

from passenger.simulator.caching import Prefix, prefixes
from passenger.simulator.question import IMAGE_TOKENS, MESSAGE_TOKENS, Body, Question, tokens
from passenger.simulator.responses.items import CALLS, images_in, items_of, parts_of, text_of, tools_of, user_texts
from passenger.simulator.responses.tools import is_search
from passenger.simulator.typed import typed

CALLABLE = {"function", "custom"}
OUTPUTS = set(CALLS.values())


def question_of(body: Body) -> Question:
    """The question that a valid body asks."""
    items, tools = items_of(body), schemas_of(body)
    form = (body.get("text") or {}).get("format") or {}
    choice = body.get("tool_choice")
    return Question(
        said=typed(user_texts(body)),
        messages=sum(item["type"] == "message" for item in items),
        images=len(images_in(items)),
        tools=tools,
        offered=len(body.get("tools") or ()),
        callable=choice != "none",
        demanded=_demanded(choice, list(tools)),
        parallel=body.get("parallel_tool_calls") is not False,
        results=_results(items),
        schema=form.get("schema") if form.get("type") == "json_schema" else None,
        json=form.get("type") == "json_object",
        limit=body.get("max_output_tokens"),
        thinks=(body.get("reasoning") or {}).get("effort", "medium" if body.get("reasoning") else "none") != "none",
        searches=any(map(is_search, body.get("tools") or ())) and choice != "none",
        must_search=_must_search(choice, body),
        prompt_tokens=prompt_tokens(body),
    )


def _must_search(choice: Any, body: Body) -> bool:  # Any: the JSON edge
    """Whether the choice is a search, or any tool where there is nothing but a search."""
    kinds = body.get("tools") or []
    if choice == "required":
        return bool(kinds) and all(map(is_search, kinds))
    return isinstance(choice, dict) and is_search(choice) and any(map(is_search, kinds))


def schemas_of(body: Body) -> dict[str, Any]:
    """The schemas of the tools that can be called by name; None for one that takes free text."""
    found = {}
    for tool, _ in tools_of(body):
        if tool.get("type") in CALLABLE:
            schema = tool.get("parameters") or {"type": "object"}
            found[str(tool.get("name"))] = None if tool["type"] == "custom" else schema
    return found


def prompt_tokens(body: Body) -> int:
    """A prompt's length: instructions, tools, and each item."""
    return sum(size for _, size, _ in _units(body))


def prefixes_of(body: Body) -> list[Prefix]:
    """The prefixes of a prompt, item by item; each is kept, as no marker is needed here."""
    return prefixes(_units(body), "")


def _units(body: Body) -> Iterator[tuple[Any, int, object]]:
    tools, instructions = body.get("tools"), body.get("instructions") or ""
    yield tools, tokens(json.dumps(tools)) if tools else 0, {}
    yield instructions, tokens(instructions), {}
    for item in items_of(body):
        yield item, _size(item), {}


def _size(item: Body) -> int:
    if item["type"] == "message":
        return MESSAGE_TOKENS + _parts_size(item.get("content"))
    if item["type"] in OUTPUTS:
        return _parts_size(item.get("output"))
    return tokens(json.dumps({key: value for key, value in item.items() if key not in {"encrypted_content", "id"}}))


def _parts_size(content: object) -> int:
    images = sum(part.get("type") in {"input_image", "input_file"} for part in parts_of(content))
    return tokens(text_of(content)) + IMAGE_TOKENS * images


def _results(items: list[Body]) -> str:
    """The outputs of tools that end the conversation."""
    last = list(takewhile(lambda item: item["type"] in OUTPUTS, reversed(items)))
    return " | ".join(text_of(item.get("output")) for item in reversed(last))


def _demanded(choice: Any, offered: list[str]) -> str | None:  # Any: the JSON edge
    match choice:
        case "required" if offered:
            return offered[0]
        case {"type": "function" | "custom", "name": str(name)} if name in offered:
            return name
        case {"type": "allowed_tools", "mode": "required", "tools": [{"name": str(name)}, *_]} if name in offered:
            return name
    return None
