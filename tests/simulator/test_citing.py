from typing import Any

from passenger.simulator.citing import FLAT, NESTED, cited_blocks, cited_chunks


def test_the_first_chunk_that_says_something_is_annotated() -> None:
    deltas = [{"role": "assistant", "content": ""}, {"content": "a"}, {"content": "b"}]
    events: list[Any] = [{"choices": []}, *({"choices": [{"delta": delta}]} for delta in deltas)]
    told = [event["choices"][0]["delta"] for event in list(cited_chunks(events))[1:]]
    assert [delta.get("copilot_annotations") for delta in told] == [None, {"IPCodeCitations": [NESTED]}, None]


def test_the_first_piece_of_a_block_that_says_something_is_annotated() -> None:
    events: list[Any] = [
        {"type": "x"},
        {"delta": {"partial_json": ""}},
        {"delta": {"partial_json": "{"}},
        {"delta": {"text": "b"}},
    ]
    told = [event.get("copilot_annotations") for event in cited_blocks(events)]
    assert told == [None, None, {"IPCodeCitations": [FLAT]}, None]
