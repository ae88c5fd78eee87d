"""The grammars of the streams: each walks the events once and says where they break it."""

from typing import Any

Events = list[tuple[str, Any]]

DELTAS = {
    "text": {"text_delta": "text"},
    "thinking": {"thinking_delta": "thinking", "signature_delta": "signature"},
    "tool_use": {"input_json_delta": "partial_json"},
}


def message_blocks(events: Events) -> list[dict[str, Any]]:
    """The blocks of a `/v1/messages` stream as its deltas make them, after the grammar was checked."""
    kept = [(name, event) for name, event in events if name not in {"ping", ""}]
    assert all(name == event["type"] for name, event in kept)
    names = [name for name, _ in kept]
    assert (names[0], *names[-2:]) == ("message_start", "message_delta", "message_stop")
    blocks: list[dict[str, Any]] = []
    is_open = False
    for name, event in kept[1:-2]:
        assert name.startswith("content_block_")
        if name == "content_block_start":
            assert not is_open
            assert event["index"] == len(blocks)
            blocks.append(event["content_block"] | {"json": ""})
        assert event["index"] == len(blocks) - 1
        is_open = name != "content_block_stop"
        if name == "content_block_delta":
            _add(blocks[-1], event["delta"])
    assert not is_open
    return blocks


def _add(block: dict[str, Any], delta: dict[str, Any]) -> None:
    key = DELTAS[block["type"]][delta["type"]]
    block["json" if key == "partial_json" else key] += delta[key]


def response_items(events: Events) -> list[dict[str, Any]]:
    """The items of a `/responses` stream as their last events have them, after the grammar was checked."""
    assert all(name == event["type"] for name, event in events)
    assert [event["sequence_number"] for _, event in events] == list(range(len(events)))
    names = [name for name, _ in events]
    assert names[:2] == ["response.created", "response.in_progress"]
    assert names[-1] in {"response.completed", "response.incomplete", "response.failed"}
    ids = [found for _, event in events for found in _ids(event)]
    assert len(set(ids)) == len(ids), "an id came twice"
    assert {len(one) for one in ids} == {400}
    items: list[dict[str, Any]] = []
    pieces: dict[str, str] = {}
    is_open = False
    for name, event in events[2:-1]:
        if name == "response.output_item.added":
            assert not is_open
            assert event["output_index"] == len(items)
            items.append(event["item"])
            pieces = {}
        assert event["output_index"] == len(items) - 1
        is_open = name != "response.output_item.done"
        _check_text(name, event, pieces)
        if name == "response.output_item.done":
            items[-1] = event["item"]
    assert not is_open
    return items


def _check_text(name: str, event: dict[str, Any], pieces: dict[str, str]) -> None:
    """What the deltas of a text make is what its `done` says; deltas are padded."""
    start, _, end = name.rpartition(".")
    if end == "delta":
        assert event["obfuscation"]
        pieces[start] = pieces.get(start, "") + event["delta"]
    elif end == "done" and start in pieces:
        assert pieces[start] in {event.get(key) for key in ("text", "arguments", "input", "refusal")}


def _ids(event: dict[str, Any]) -> list[str]:
    found = [event["item_id"]] if "item_id" in event else []
    found += [event["item"]["id"]] if "item" in event else []
    if "response" in event:
        found += [event["response"]["id"], *(item["id"] for item in event["response"]["output"])]
    return found
