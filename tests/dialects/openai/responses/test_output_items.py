import json
from collections.abc import Iterator

import pytest

from passenger.chat.events import PartStart, PartStop
from passenger.chat.prompt import Signature
from passenger.dialects.openai.responses.output_items import (
    CallItem,
    EventFields,
    ItemWriter,
    MessageItem,
    ReasoningItem,
)


def more(item: ItemWriter, *pieces: str) -> Iterator[EventFields]:
    for piece in pieces:
        if not item.pieces:
            yield from item.first()
        item.pieces.append(piece)
        yield item.delta.kind, json.loads(item.delta.write(0, piece).data)


def life(item: ItemWriter, *pieces: str, signature: Signature | None = None) -> list[str]:
    """The types of the events from first to last."""
    steps = [*item.begin(), *more(item, *pieces), *item.end(PartStop(signature))]
    return [kind.removeprefix("response.") for kind, _ in steps]


def test_reasoning_without_words_has_no_summary() -> None:
    item = ReasoningItem("rs_1", 0)
    assert life(item, signature=Signature("responses/openai", "s")) == ["output_item.added", "output_item.done"]
    assert item.item == {"id": "rs_1", "type": "reasoning", "summary": [], "encrypted_content": "s"}


def test_a_text_without_words_still_has_its_part() -> None:
    item = MessageItem("msg_1", 0, refusal=False)
    assert life(item) == [
        "output_item.added",
        "content_part.added",
        "output_text.done",
        "content_part.done",
        "output_item.done",
    ]
    assert item.item["content"][0]["text"] == ""


def test_a_call_repeats_its_name_when_its_arguments_are_whole() -> None:
    item = CallItem("fc_1", 0, PartStart("call", "c", "f"))
    steps = [*item.begin(), *more(item, '{"a":', "1}"), *item.end(PartStop())]
    kind, done = steps[-2]
    assert kind == "response.function_call_arguments.done"
    assert (done["name"], done["arguments"]) == ("f", '{"a":1}')


def test_an_item_is_in_progress_until_it_is_done() -> None:
    item = CallItem("ctc_1", 0, PartStart("call", "c", "f", custom=True))
    [(_, added)] = item.begin()
    assert added["item"]["status"] == "in_progress"
    assert life(item, "x")[-1] == "output_item.done"
    assert item.item["status"] == "completed"


WHERE = {"item_id": "x_1", "output_index": 2}


@pytest.mark.parametrize(
    ("item", "kind", "fields"),
    [
        (MessageItem("x_1", 2, refusal=False), "response.output_text.delta", {"content_index": 0, "logprobs": []}),
        (MessageItem("x_1", 2, refusal=True), "response.refusal.delta", {"content_index": 0}),
        (ReasoningItem("x_1", 2), "response.reasoning_summary_text.delta", {"summary_index": 0}),
        (CallItem("x_1", 2, PartStart("call", "c", "f")), "response.function_call_arguments.delta", {}),
        (CallItem("x_1", 2, PartStart("call", custom=True)), "response.custom_tool_call_input.delta", {}),
    ],
)
@pytest.mark.parametrize("piece", ['a "word"\n', "\u00e9\U0001f600", "", '"delta":'])
def test_one_more_piece_is_an_event_with_all_its_fields(
    item: ItemWriter, kind: str, fields: dict[str, object], piece: str
) -> None:
    message = item.delta.write(7, piece)
    assert message.event == kind
    assert json.loads(message.data) == {"type": kind, "sequence_number": 7, **WHERE, "delta": piece, **fields}
