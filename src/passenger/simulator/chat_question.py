"""A `/chat/completions` body read as a question."""

import json
from collections.abc import Iterator
from typing import Any

from passenger.simulator.caching import Prefix, prefixes
from passenger.simulator.catalogue import Model
from passenger.simulator.question import IMAGE_TOKENS, MESSAGE_TOKENS, Body, Question, tokens
from passenger.simulator.typed import typed

MARKER = "copilot_cache_control"


def question_of(body: Body, model: Model) -> Question:
    """The question that a valid chat body asks."""
    tools = {tool["function"]["name"]: tool["function"] for tool in body.get("tools") or () if "function" in tool}
    form = body.get("response_format")
    stops = body.get("stop") or ()
    return Question(
        said=typed(user_texts(body)),
        messages=len(body["messages"]),
        images=sum(images_in(message.get("content")) for message in body["messages"]),
        tools={name: tool.get("parameters", {"type": "object"}) for name, tool in tools.items()},
        offered=len(body.get("tools") or ()),
        callable=body.get("tool_choice") != "none",
        demanded=_demanded(body.get("tool_choice"), list(tools)),
        parallel=body.get("parallel_tool_calls") is not False,
        results=_tool_results(body["messages"]),
        schema=_schema(form),
        json=isinstance(form, dict) and form.get("type") == "json_object",
        stops=(stops,) if isinstance(stops, str) else tuple(stops),
        limit=body.get("max_completion_tokens") or body.get("max_tokens"),
        thinks=_thinks(body, model),
        count=int(body.get("n") or 1) if model.vendor == "azure" else 1,
        prompt_tokens=prompt_tokens(body),
    )


def prompt_tokens(body: Body) -> int:
    """A prompt's length: its texts, three tokens a message, its tools, and a fixed price an image."""
    return sum(_message_tokens(message) for message in body["messages"]) + _tools_tokens(body)


def prefixes_of(body: Body, *, marked: bool) -> list[Prefix]:
    """The prefixes of a prompt that a cache may know: the tools, then each message; all of them unless `marked`.

    With `marked` there are none where nothing is, and a mark on a part or a tool counts for all its message or tools.
    """
    units = [body.get("tools") or [], *body["messages"]]
    marks = [next(_marks(unit), None) if marked else {} for unit in units]
    if not any(mark is not None for mark in marks):
        return []
    sizes = [_tools_tokens(body), *map(_message_tokens, body["messages"])]
    return prefixes([(_plain(unit), size, mark) for unit, size, mark in zip(units, sizes, marks, strict=True)], MARKER)


def _marks(unit: object) -> Iterator[object]:
    """The marks of a message and its parts, or of the tools."""
    if isinstance(unit, dict):
        yield from (unit[name] for name in (MARKER,) if isinstance(unit.get(name), dict))
        yield from _marks(unit.get("content"))
    for inner in unit if isinstance(unit, list) else ():
        yield from _marks(inner)


def _plain(value: Any) -> Any:
    """The same without any mark."""
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    return (
        {name: _plain(inner) for name, inner in value.items() if name != MARKER} if isinstance(value, dict) else value
    )


def last_user_text(body: object) -> str:
    """The text of the last message a user wrote; empty when there is none."""
    return next(user_texts(body), "")


def user_texts(body: object) -> Iterator[str]:
    """The text of each message a user wrote, the last one first."""
    messages = body.get("messages") if isinstance(body, dict) else None
    for message in reversed(messages if isinstance(messages, list) else []):
        if isinstance(message, dict) and message.get("role") == "user":
            yield text_of(message.get("content"))


def text_of(content: object) -> str:
    """The text of a message's content, which is a string or a list of parts."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    return "\n".join(str(part.get("text", "")) for part in content if isinstance(part, dict) and "text" in part)


def images_in(content: object) -> int:
    """How many images a message's content has."""
    if not isinstance(content, list):
        return 0
    return sum(1 for part in content if isinstance(part, dict) and part.get("type") == "image_url")


def _message_tokens(message: Body) -> int:
    text, images = text_of(message.get("content")), images_in(message.get("content"))
    calls = message.get("tool_calls")
    return MESSAGE_TOKENS + tokens(text) + IMAGE_TOKENS * images + (tokens(json.dumps(calls)) if calls else 0)


def _tools_tokens(body: Body) -> int:
    return tokens(json.dumps(_plain(body["tools"]))) if body.get("tools") else 0


def _tool_results(messages: list[Body]) -> str:
    """The tool results that end the conversation."""
    results: list[str] = []
    for message in reversed(messages):
        if message.get("role") not in {"tool", "function"}:
            break
        results.insert(0, text_of(message.get("content")))
    return " | ".join(results)


def _demanded(choice: object, offered: list[str]) -> str | None:
    match choice:
        case "required" if offered:
            return offered[0]
        case {"function": {"name": str(name)}} if name in offered:
            return name
    return None


def _schema(form: object) -> Any:  # Any: a JSON schema
    match form:
        case {"type": "json_schema", "json_schema": {"schema": schema}}:
            return schema
        case _:
            return None


def _thinks(body: Body, model: Model) -> bool:
    effort = body.get("reasoning_effort")
    asked = effort not in {None, "none"} or body.get("thinking_budget") or body.get("thinking")
    return model.vendor != "azure" and bool(asked)
