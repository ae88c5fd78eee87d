"""A good body of each surface, with each of its parts left out or replaced by what does not belong there."""

import copy
from collections.abc import Iterator
from typing import Any

import pytest

from tests.simulator.client import Client

Path = tuple[Any, ...]

JUNK: list[Any] = [None, True, 0, -1, 3.5, 10**30, "", "x", [], {}, [None], [[]], {"type": []}, {"type": "x"}]
GONE = object()

CLAUDE: dict[str, Any] = {
    "model": "claude-sonnet-4.6",
    "system": [{"type": "text", "text": "x", "cache_control": {"type": "ephemeral", "ttl": "1h"}}],
    "tools": [{"name": "t", "input_schema": {"type": "object"}, "type": "custom", "defer_loading": False}],
    "tool_choice": {"type": "auto", "disable_parallel_tool_use": True},
    "thinking": {"type": "adaptive", "display": "omitted"},
    "output_config": {
        "effort": "low",
        "format": {
            "type": "json_schema",
            "schema": {
                "type": "object",
                "additionalProperties": False,
                "properties": {
                    "a": {"type": "array", "minItems": 1, "items": {"type": "string", "format": "date"}},
                    "b": {"anyOf": [{"type": ["integer", "null"]}, {"$ref": "#/$defs/c"}]},
                },
                "required": ["a"],
                "$defs": {"c": {"enum": ["d"]}},
            },
        },
    },
    "messages": [
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "[[think]]"},
                {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AA=="}},
            ],
        },
        {"role": "assistant", "content": [{"type": "tool_use", "id": "1", "name": "t", "input": {}}]},
        {
            "role": "user",
            "content": [{"type": "tool_result", "tool_use_id": "1", "content": [{"type": "text", "text": "r"}]}],
        },
    ],
}
BODIES: dict[str, dict[str, Any]] = {
    "/v1/messages": CLAUDE | {"max_tokens": 3000, "stream": True, "stop_sequences": ["x"], "temperature": 1},
    "/v1/messages/count_tokens": CLAUDE,
    "/responses": {
        "model": "gpt-5.5",
        "input": [
            {
                "role": "user",
                "content": [
                    {"type": "input_text", "text": "[[think]]"},
                    {"type": "input_image", "image_url": "data:image/png;base64,AA=="},
                ],
            },
            {"type": "reasoning", "summary": [], "encrypted_content": None, "id": "rs_1"},
            {"type": "function_call", "call_id": "c", "name": "t", "arguments": "{}", "id": "fc_1"},
            {"type": "function_call_output", "call_id": "c", "output": [{"type": "input_text", "text": "r"}]},
            {"type": "additional_tools", "tools": [{"type": "namespace", "name": "n", "tools": []}]},
        ],
        "tools": [{"type": "function", "name": "t", "parameters": {"type": "object"}}, {"type": "web_search"}],
        "tool_choice": {"type": "allowed_tools", "mode": "required", "tools": [{"type": "function", "name": "t"}]},
        "reasoning": {"effort": "low", "summary": "auto"},
        "text": {"format": {"type": "json_schema", "name": "n", "schema": {"type": "object"}}, "verbosity": "low"},
        "include": ["reasoning.encrypted_content"],
        "max_output_tokens": 100,
        "stream": True,
    },
    "/embeddings": {"model": "text-embedding-3-small", "input": ["a", "b"], "dimensions": 3},
    "/chat/completions": {
        "model": "gpt-4o",
        "messages": [{"role": "user", "content": [{"type": "text", "text": "[[think]]"}]}],
        "tools": [{"type": "function", "function": {"name": "t", "parameters": {"type": "object"}}}],
        "tool_choice": "required",
        "response_format": {"type": "json_schema", "json_schema": {"name": "n", "schema": {"type": "object"}}},
        "stop": ["x"],
    },
}


def places(value: object, at: Path = ()) -> Iterator[Path]:
    """The path of every value inside."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in inside:
        yield (*at, key)
        yield from places(inner, (*at, key))


def changed(body: dict[str, Any], path: Path, junk: object) -> dict[str, Any]:
    body = copy.deepcopy(body)
    holder: Any = body
    for key in path[:-1]:
        holder = holder[key]
    if junk is GONE:
        del holder[path[-1]]
    else:
        holder[path[-1]] = junk
    return body


@pytest.mark.parametrize("path", BODIES)
async def test_garbage_is_answered_or_refused_but_breaks_nothing(client: Client, path: str) -> None:
    body, headers = BODIES[path], {"Copilot-Vision-Request": "true"}
    assert (await client.post(path, body, headers)).status == 200
    for place in places(body):
        for junk in (GONE, *JUNK):
            answer = await client.post(path, changed(body, place, junk), headers)
            assert (answer.status, answer.end) in {(200, "complete"), (400, "complete")}, (place, junk)
