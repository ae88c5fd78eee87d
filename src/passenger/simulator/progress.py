"""How much of an answer its first events hold, in output tokens.

A model thinks before it speaks: the thoughts count as they are shown, and whole with the first word or call.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from passenger.simulator.question import CHARACTERS_A_TOKEN
from passenger.simulator.reply import Event

Json = dict[str, Any]
Piece = tuple[object, str]
"""A part of an answer, and text that was added to it."""

THOUGHT = "thought"


def output_made(events: Sequence[Event], thinking: int) -> int:
    """The output tokens in some events of an answer in which so many tokens are thought."""
    lengths: Counter[object] = Counter()
    for part, text in _pieces(events):
        lengths[part] += len(text)
    thought = -(-lengths.pop(THOUGHT, 0) // CHARACTERS_A_TOKEN)
    said = sum(-(-length // CHARACTERS_A_TOKEN) for length in lengths.values())
    return said + thinking if said else min(thought, thinking)


def _pieces(events: Sequence[Event]) -> Iterator[Piece]:
    calls: Counter[int] = Counter()
    for event in events:
        found = msgspec.json.decode(event.data)
        if "choices" in found:
            yield from _of_chunk(found, calls)
        elif str(found.get("type")).startswith("response."):
            yield from _of_response(found)
        else:
            yield from _of_message(found)


def _of_chunk(chunk: Json, calls: Counter[int]) -> Iterator[Piece]:
    """The pieces of a chunk; `calls` counts those of each choice, since Claude's all say that they are the first."""
    for choice in chunk["choices"]:
        delta, index = choice.get("delta") or {}, choice.get("index", 0)
        yield THOUGHT, delta.get("reasoning_text") or delta.get("reasoning_content") or ""
        yield ("text", index), delta.get("content") or ""
        for call in delta.get("tool_calls") or ():
            function = call["function"]
            calls[index] += "name" in function
            yield ("call", index, calls[index]), function.get("name", "") + function.get("arguments", "")


def _of_response(event: Json) -> Iterator[Piece]:
    """The deltas, and the names of calls."""
    if event["type"] == "response.reasoning_summary_text.delta":
        yield THOUGHT, event["delta"]
    elif event["type"].endswith(".delta"):
        yield event["output_index"], event["delta"]
    elif event["type"] == "response.output_item.added":
        yield event["output_index"], event["item"].get("name", "")


def _of_message(event: Json) -> Iterator[Piece]:
    match event:
        case {"content_block": {"type": "tool_use", "name": name}, "index": index}:
            yield index, name
        case {"delta": {"type": "thinking_delta", "thinking": text}}:
            yield THOUGHT, text
        case {"delta": {"type": "text_delta", "text": text}, "index": index}:
            yield index, text
        case {"delta": {"type": "input_json_delta", "partial_json": text}, "index": index}:
            yield index, text
        case _:
            pass
