"""The events of a `/responses` stream, in their order."""

from collections.abc import Iterable, Iterator
from itertools import islice

from passenger.simulator.calls import Call
from passenger.simulator.responses.shapes import (
    Json,
    Told,
    bill,
    call_item,
    compaction,
    message,
    output,
    part,
    reasoning,
    response,
    search,
)
from passenger.simulator.vendors.wanted import fragments

PADDING = "simulated-obfuscation"
FAILURE = {"code": "server_error", "message": "Simulated failure of the response."}


def events_of(told: Told, fail_after: int | None = None) -> Iterator[Json]:
    """Every event, numbered; after `fail_after` of them the response fails."""
    events: Iterable[Json] = _events(told)
    if fail_after is not None:
        failed = response(told, "failed", []) | {"error": FAILURE}
        events = [*islice(events, fail_after), {"response": failed, "type": "response.failed"}]
    for number, event in enumerate(events):
        yield event | {"sequence_number": number} | _padding(event, number)


def _events(told: Told) -> Iterator[Json]:
    for kind in ("created", "in_progress"):
        yield {"response": response(told, "in_progress", []), "type": f"response.{kind}"}
    yield from _compactions(told) if told.compacts else _items(told)
    ended = response(told, told.status, output(told))
    yield {"copilot_usage": bill(told), "response": ended, "type": f"response.{told.status}"}


def _compactions(told: Told) -> Iterator[Json]:
    for index in range(told.model.compactions):
        yield _added(compaction(told, index), index)
        yield _done(compaction(told, index), index)


def _items(told: Told) -> Iterator[Json]:
    index = 0
    if told.answer.thinking:
        yield from _reasoning(told, index)
        index += 1
    for query in told.answer.searches:
        yield from _search(told, index, query)
        index += 1
    choice = told.answer.choices[0]
    for number, call in enumerate(choice.calls):
        yield from _call(told, index, call, number)
        index += 1
    if not choice.calls:
        yield from _message(told, index)


def _reasoning(told: Told, index: int) -> Iterator[Json]:
    """A thought: its summary when one was asked for, else nothing between its beginning and its end."""
    yield _added(reasoning(told, index, finished=False), index)
    if told.summarizes:
        text, where = told.answer.thinking, {"output_index": index, "summary_index": 0}
        start = "response.reasoning_summary"
        yield where | _id(told, "rs", index) | {"part": _summary(""), "type": f"{start}_part.added"}
        half = len(text) // 2
        for piece in (text[:half], text[half:]):
            yield where | _id(told, "rs", index) | {"delta": piece, "type": f"{start}_text.delta"}
        yield where | _id(told, "rs", index) | {"text": text, "type": f"{start}_text.done"}
        yield where | _id(told, "rs", index) | {"part": _summary(text), "type": f"{start}_part.done"}
    yield _done(reasoning(told, index), index)


def _search(told: Told, index: int, query: str) -> Iterator[Json]:
    yield _added(search(told, index, query, "in_progress"), index)
    for state in ("in_progress", "searching", "completed"):
        yield _id(told, "ws", index) | {"output_index": index, "type": f"response.web_search_call.{state}"}
    yield _done(search(told, index, query, "completed"), index)


def _message(told: Told, index: int) -> Iterator[Json]:
    whole = part(told)
    where = {"content_index": 0, "output_index": index}
    empty = whole | ({"refusal": ""} if whole["type"] == "refusal" else {"annotations": [], "text": ""})
    yield _added(message(told, index, [], "in_progress"), index)
    yield where | _id(told, "msg", index) | {"part": empty, "type": "response.content_part.added"}
    for event in _refusal(told) if whole["type"] == "refusal" else _text(told, whole):
        yield where | _id(told, "msg", index) | event
    yield where | _id(told, "msg", index) | {"part": whole, "type": "response.content_part.done"}
    yield _done(message(told, index, [whole], told.status), index)


def _text(told: Told, whole: Json) -> Iterator[Json]:
    for piece in told.answer.choices[0].pieces:
        yield {"delta": piece, "logprobs": [], "type": "response.output_text.delta"}
    for number, annotation in enumerate(whole["annotations"]):
        added = {"annotation": annotation, "annotation_index": number}
        yield added | {"type": "response.output_text.annotation.added"}
    yield {"logprobs": [], "text": whole["text"], "type": "response.output_text.done"}


def _refusal(told: Told) -> Iterator[Json]:
    for piece in told.answer.choices[0].pieces:
        yield {"delta": piece, "type": "response.refusal.delta"}
    yield {"refusal": told.answer.choices[0].text, "type": "response.refusal.done"}


def _call(told: Told, index: int, call: Call, number: int) -> Iterator[Json]:
    whole = call_item(told, index, call, number)
    custom = whole["type"] == "custom_tool_call"
    start = "response.custom_tool_call_input" if custom else "response.function_call_arguments"
    kind, key = ("ctc", "input") if custom else ("fc", "arguments")
    yield _added(call_item(told, index, call, number, finished=False), index)
    for piece in fragments(call.arguments):
        yield _id(told, kind, index) | {"delta": piece, "output_index": index, "type": f"{start}.delta"}
    yield _id(told, kind, index) | {key: call.arguments, "output_index": index, "type": f"{start}.done"}
    yield _done(whole, index)


def _added(item: Json, index: int) -> Json:
    return {"item": item, "output_index": index, "type": "response.output_item.added"}


def _done(item: Json, index: int) -> Json:
    return {"item": item, "output_index": index, "type": "response.output_item.done"}


def _id(told: Told, kind: str, index: int) -> Json:
    return {"item_id": told.ids.of(kind, index)}


def _summary(text: str) -> Json:
    return {"text": text, "type": "summary_text"}


def _padding(event: Json, number: int) -> Json:
    """What the service adds to deltas so that their length tells nothing."""
    return {"obfuscation": PADDING[: 1 + 7 * number % len(PADDING)]} if event["type"].endswith(".delta") else {}
