"""Reads the last step of an agent: the calls of tools that a request ends with, and their results.

Every dialect is read by its own marks: `tool_calls` and the role `tool` of Chat Completions and Ollama, items
`function_call` and `function_call_output` of Responses, blocks `tool_use` and `tool_result` of Messages, parts
`functionCall` and `functionResponse` of Gemini. Ids are left out, as each call has another one.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from passenger.jsontext.array_ends import from_the_end, from_the_start
from passenger.jsontext.raw_object import Fields

_ARRAYS = ("messages", "input", "contents")
_INSTRUCTIONS = ("system", "instructions", "systemInstruction", "system_instruction", "prompt")

_BEGINNING = 8
"""Messages among which the first of a person is looked for."""

_BREAKPOINT = re.compile(rb',?\s*"cache_control"\s*:\s*\{[^{}]*\}')
"""Within a text, quotes have a backslash before them."""

_ITEM = msgspec.json.Decoder(dict[str, Any])


def read_step(fields: Fields) -> bytes:
    """The calls and the results that a request ends with, as JSON without ids; empty where it ends with no result."""
    results, calls = list[Any](), list[Any]()
    for _, _, item in from_the_end(_array(fields), _ITEM):
        if not calls and (found := [*_results(item)]):
            results.append(found)
        elif results and (called := [*_calls(item)]):
            calls.append(called)
        elif not (calls and item.get("type") == "reasoning"):
            break
    return msgspec.json.encode([calls, results]) if results else b""


def read_opening(fields: Fields) -> list[bytes]:
    """How a conversation begins: the instructions, and the messages up to the first of a person.

    Cache breakpoints are left out, which clients move on with each turn.
    """
    return [_BREAKPOINT.sub(b"", piece) for piece in _opening(fields)]


def _opening(fields: Fields) -> list[bytes]:
    found = [bytes(fields[name]) for name in _INSTRUCTIONS if name in fields]
    array = _array(fields)
    if not array:
        return [*found, bytes(fields.get("input", b""))]
    for number, (start, stop, item) in enumerate(from_the_start(array, _ITEM)):
        found.append(array[start:stop])
        if item.get("role") == "user" or number == _BEGINNING:
            break
    return found


def _array(fields: Fields) -> bytes:
    """The messages of a request, empty where there is no array of them."""
    for name in _ARRAYS:
        if name in fields and (array := bytes(fields[name])).startswith(b"["):
            return array
    return b""


def _results(item: Mapping[str, Any]) -> Iterator[Any]:
    kind = item.get("type")
    if item.get("role") == "tool":
        yield item.get("content")
    elif isinstance(kind, str) and kind.endswith("_call_output"):
        yield item.get("output")
    for block in _blocks(item, "content"):
        if block.get("type") == "tool_result":
            yield block.get("content"), block.get("is_error", False)
    for part in _blocks(item, "parts"):
        if isinstance(answer := part.get("functionResponse") or part.get("function_response"), dict):
            yield answer.get("name"), answer.get("response")


def _calls(item: Mapping[str, Any]) -> Iterator[Any]:
    kind = item.get("type")
    if isinstance(kind, str) and kind.endswith("_call"):
        yield kind, item.get("name"), item.get("arguments"), item.get("input"), item.get("action")
    for call in _blocks(item, "tool_calls"):
        yield call.get("function"), call.get("custom")
    for block in _blocks(item, "content"):
        if block.get("type") == "tool_use":
            yield block.get("name"), block.get("input")
    for part in _blocks(item, "parts"):
        if isinstance(asked := part.get("functionCall") or part.get("function_call"), dict):
            yield asked.get("name"), asked.get("args")


def _blocks(item: Mapping[str, Any], name: str) -> Iterator[Mapping[str, Any]]:
    """The objects of an array in an item."""
    blocks = item.get(name)
    if isinstance(blocks, list):
        yield from (block for block in blocks if isinstance(block, dict))
