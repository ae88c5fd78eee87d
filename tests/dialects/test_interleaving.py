"""Parts that upstream interleaves cost no more each, however many of them are open."""

import gc
import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from passenger.chat.capabilities import Capabilities
from passenger.chat.prompt import Prompt
from passenger.dialects import Reader
from passenger.dialects import anthropic as messages
from passenger.dialects.framing import StreamMessage
from passenger.dialects.openai import chat as completions
from passenger.dialects.openai import responses
from tests.growth import MOST, compared

PROMPT = Prompt("m", ())


def message(event: dict[str, Any]) -> StreamMessage:
    return StreamMessage("", json.dumps(event).encode())


def blocks(count: int) -> Iterator[StreamMessage]:
    for index in range(count):
        block = {"type": "text", "text": "a"}
        yield message({"type": "content_block_start", "index": index, "content_block": block})
    for index in range(count):
        yield message({"type": "content_block_stop", "index": index})


def items(count: int) -> Iterator[StreamMessage]:
    for index in range(count, 0, -1):
        yield message({"type": "response.output_text.delta", "output_index": index, "delta": "a"})
    for index in range(count, 0, -1):
        item = {"type": "message", "content": [{"type": "output_text", "text": "a"}]}
        yield message({"type": "response.output_item.done", "output_index": index, "item": item})


def calls(count: int) -> Iterator[StreamMessage]:
    for index in range(count):
        yield message(piece(index, {"id": f"c{index}", "function": {"name": "f"}}))
    for _ in range(count):
        yield message(piece(count - 1, {"function": {"arguments": "a"}}))


def piece(index: int, call: dict[str, Any]) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": {"tool_calls": [{"index": index, **call}]}}]}


CASES: dict[str, tuple[Callable[[int], Iterator[StreamMessage]], Callable[[], Reader]]] = {
    "messages": (blocks, lambda: messages.OUTBOUND.reader(PROMPT, Capabilities("anthropic"))),
    "responses": (items, lambda: responses.OUTBOUND.reader(PROMPT, Capabilities("openai"))),
    "completions": (calls, lambda: completions.OUTBOUND.reader(PROMPT, Capabilities("openai"))),
}


def cost(reader: Reader, stream: list[StreamMessage]) -> float:
    """The CPU time of reading it, without the collector, which others have filled."""
    gc.disable()
    try:
        began = time.process_time()
        for one in stream:
            list(reader.read(one))
        return time.process_time() - began
    finally:
        gc.enable()


@pytest.mark.proves("promise 8", "F39")
@pytest.mark.parametrize("name", CASES)
def test_many_open_parts_are_read_in_linear_time(name: str) -> None:
    events, reader = CASES[name]
    small, large = list(events(4_900)), list(events(9_800))

    def once() -> float:
        return cost(reader(), small)

    def twice() -> float:
        return cost(reader(), large)

    assert any(compared(once(), once, twice) <= MOST for _ in range(3))
