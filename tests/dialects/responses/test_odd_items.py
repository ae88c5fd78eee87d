"""Items and fields of a shape that nobody knows hide no end, no usage and no other item's words."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from passenger.chat import Abilities, Ask, Initiator, Prompt, Stamp
from passenger.copilot.quirks import responses as quirks
from passenger.dialects import responses
from passenger.errors import Failure
from passenger.events import Answer
from passenger.framing import Message, write_sse
from tests.dialects.responses.samples import answer, messages, sample

STAMP = Stamp("0123456789abcdef" * 2, 1790000000)
ASK = Ask("gpt-5.5", stream=True, initiator=Initiator.USER)
PROMPT = Prompt("gpt-5.5", ())
ABLE = Abilities(vendor="openai")
TOLD = ["text", "reasoning", "tools", "refusal", "incomplete", "custom", "hosted"]
"""Recorded streams in which every item is told of by events of its own."""

JUNK: st.SearchStrategy[Any] = st.sampled_from([7, "odd", None, True, [], [1], {}, {"odd": {}}])
ODD: dict[str, Any] = {
    "type": "tool_search_call",
    "id": "tsc_1",
    "call_id": None,
    "arguments": {"query": "heron"},
    "content": 7,
    "summary": {"text": "x"},
}
"""An item of another shape in every field that is read of others."""

MEANT = {"type", "delta", "text", "refusal", "arguments", "input", "call_id", "name", "output_index", "content_index"}
"""The fields by which an answer is told; another type in one of them is not overlooked but refused."""


def events(name: str) -> list[dict[str, Any]]:
    return [json.loads(message.data) for message in messages(sample(name))]


def translated(given: list[dict[str, Any]]) -> Answer:
    told = [Message(event["type"], msgspec.json.encode(event)) for event in given]
    return answer(responses.reader(PROMPT, ABLE), told)


def relayed(given: list[dict[str, Any]]) -> quirks.StreamRelay:
    relay = quirks.relay(ASK, STAMP)
    for event in given:
        relay.event(write_sse(msgspec.json.encode(event), event["type"]))
    return relay


def with_odd_item(name: str) -> list[dict[str, Any]]:
    """The stream with one more item, told of before the end and in the end."""
    *before, end = events(name)
    index = len(end["response"]["output"])
    told = [{"type": f"response.output_item.{kind}", "output_index": index, "item": ODD} for kind in ("added", "done")]
    output = [ODD, *end["response"]["output"]] if name == "hosted" else [*end["response"]["output"], ODD]
    return [*before, *told, end | {"response": end["response"] | {"output": output}}]


@pytest.mark.proves("promise 6")
@pytest.mark.parametrize("name", TOLD)
def test_an_item_that_nobody_knows_changes_nothing(name: str) -> None:
    assert translated(with_odd_item(name)) == translated(events(name))
    assert relayed(with_odd_item(name)).usage == relayed(events(name)).usage
    assert relayed(with_odd_item(name)).done


@pytest.mark.parametrize("name", TOLD)
def test_a_whole_answer_with_it_is_passed_on_with_its_usage(name: str) -> None:
    end = with_odd_item(name)[-1]
    response = end["response"] | ({"copilot_usage": end["copilot_usage"]} if "copilot_usage" in end else {})
    body, usage = quirks.complete(json.dumps(response).encode(), "gpt-5.5", STAMP)
    assert usage == relayed(events(name)).usage
    item = next(one for one in json.loads(body)["output"] if one["type"] == ODD["type"])
    assert item | {"id": ""} == ODD | {"id": ""}


def places(value: Any, place: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Every place within a document."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [place, *(found for key, one in inner for found in places(one, (*place, key)))]


def changed(value: Any, place: tuple[str | int, ...], junk: Any) -> Any:
    if not place:
        return junk
    copy: Any = dict(value) if isinstance(value, dict) else list(value)
    copy[place[0]] = changed(value[place[0]], place[1:], junk)
    return copy


def may_be_odd(place: tuple[str | int, ...]) -> bool:
    """Whether a place is one that tells nothing of an answer's words, and no entry of the output itself."""
    return len(place) > 1 and not MEANT & set(place) and place[-2:-1] != ("output",) and place != ("response", "output")


def may_fail(place: tuple[str | int, ...]) -> bool:
    """Whether a place is one that says how the answer ended, or says it all again."""
    return place[0] == "response" and (place[1] in {"error", "status"} or "content" in place)


def attempted(given: list[dict[str, Any]]) -> Answer | Failure:
    try:
        return translated(given)
    except Failure as failure:
        return failure


@pytest.mark.proves("promise 6")
@given(st.data())
@pytest.mark.parametrize("name", TOLD)
def test_a_field_of_another_type_hides_no_end_and_no_words(name: str, data: st.DataObject) -> None:
    given = events(name)
    at = data.draw(st.integers(0, len(given) - 1))
    found = [place for place in places(given[at]) if may_be_odd(place) and place[0] in {"item", "response"}]
    if not found:
        return
    place = data.draw(st.sampled_from(found))
    given[at] = changed(given[at], place, data.draw(JUNK))
    relay = relayed(given)
    assert relay.done or relay.failure
    heard, meant = attempted(given), translated(events(name))
    if isinstance(heard, Failure):
        assert may_fail(place), place
        return
    words = [part.text for part in meant.parts if hasattr(part, "text")]
    assert [part.text for part in heard.parts if hasattr(part, "text")] == words
    if "usage" not in place:
        assert heard.usage == meant.usage == relay.usage
