import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct

from passenger.chat.capabilities import Capabilities
from passenger.chat.events import Answer, AnswerIdentity, Usage
from passenger.chat.prompt import Ask, Initiator, Prompt
from passenger.dialects.copilot_usage import CopilotUsage
from passenger.dialects.framing import StreamMessage, write_sse
from passenger.dialects.openai import responses
from passenger.dialects.openai.responses import quirks
from passenger.dialects.openai.responses.relay import StreamRelay
from passenger.dialects.openai.responses.stream_events import (
    read_event,
    read_response,
    read_usage,
    refuse_untyped,
    salvage,
)
from passenger.errors import Failure
from tests.dialects.openai.responses.samples import answer, messages, sample


def test_a_lone_surrogate_in_an_event_becomes_a_replacement_character() -> None:
    event = read_event(rb'{"type":"response.output_text.delta","delta":"a\ud83d"}')
    assert event is not None
    assert event.delta == "a\ufffd"


@pytest.mark.parametrize(
    "data", [b"", b"[DONE]", b'{"type":"new","delta":{"a":"\\ud800"}}', b'{"type":"new","item":1}']
)
def test_what_says_nothing_of_the_answer_is_none(data: bytes) -> None:
    assert read_event(data) is None


@pytest.mark.proves("promise 6", "F41")
@pytest.mark.parametrize(
    "data",
    [
        b"[]",
        b"{",
        b"\xff",
        b'{"type":1}',
        b'{"delta":{"a":"\\ud800"}}',
        b'{"type":"response.output_text.delta","delta":"a","content_index":"0"}',
        b'{"type":"response.completed","response":"all"}',
        b"[" * 100_000,
    ],
)
def test_what_says_something_that_is_not_to_be_understood_is_a_failure(data: bytes) -> None:
    with pytest.raises(Failure) as caught:
        read_event(data)
    assert caught.value.code == "bad_event"


@pytest.mark.proves("promise 6", "F41")
@pytest.mark.parametrize("data", [b'{"delta":"a"}', b'{"item":{}}', b'{"response":{}}', b'{"part":{}}', b'{"text":""}'])
def test_what_does_not_say_what_it_is_is_a_failure(data: bytes) -> None:
    event = read_event(data)
    assert event is not None
    with pytest.raises(Failure, match="no type"):
        refuse_untyped(event)


def test_a_whole_answer_is_read_whatever_its_text() -> None:
    item = rb'{"type":"message","content":[{"type":"output_text","text":"\ud83d"}]}'
    response = read_response(rb'{"model":"m","output":[%b]}' % item)
    assert response.output is not None
    assert response.output[0].content is not None
    assert response.output[0].content[0].text == "\ufffd"


def test_what_is_no_answer_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError):
        read_response(b'{"output":1}')
    with pytest.raises(ValueError, match="malformed"):
        read_response(b"<html>")


def test_usage_has_its_details_where_they_are_said() -> None:
    usage = b'{"input_tokens":9,"input_tokens_details":{"cached_tokens":4,"cache_write_tokens":2},"output_tokens":3}'
    response = read_response(b'{"usage":%b,"output":[]}' % usage)
    assert read_usage(response, None) == Usage(9, 3, cached=4, written=2)
    assert read_usage(response, CopilotUsage(7)) == Usage(9, 3, cached=4, written=2, nano_credits=7)
    assert read_usage(None, CopilotUsage(7)) == Usage(nano_credits=7)
    assert read_usage(None, None) is None


# --- salvage ---------------------------------------------------------------------------------------------------------


class Part(Struct):
    text: str | None = None
    at: int = 0


class Whole(Struct):
    name: str = ""
    part: Part | None = None
    parts: list[Part] | None = None
    count: int | None = None
    free: Any = None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(Whole.__struct_fields__), inner),
    max_leaves=8,
)


@pytest.mark.parametrize(
    ("document", "read"),
    [
        ({"name": "a", "part": {"text": "b"}}, Whole("a", Part("b"))),
        ({"name": 1, "part": {"text": "b", "at": "c"}, "count": "d"}, Whole("", Part("b"))),
        (
            {"name": "a", "part": 7, "parts": [{"text": "b"}, 8, {"text": []}]},
            Whole("a", None, [Part("b"), Part(), Part()]),
        ),
        ({"name": "a", "parts": {"text": "b"}, "free": {"x": 1}, "count": 3}, Whole("a", count=3, free={"x": 1})),
    ],
)
def test_what_is_of_its_type_is_read_and_the_rest_passed_over(document: dict[str, Any], read: Whole) -> None:
    assert salvage(document, Whole) == read


@given(st.dictionaries(st.sampled_from(Whole.__struct_fields__), JSON))
def test_no_field_hides_another(document: dict[str, Any]) -> None:
    read = salvage(document, Whole)
    assert read.name == (document["name"] if isinstance(document.get("name"), str) else "")
    if isinstance(count := document.get("count"), int) and not isinstance(count, bool):
        assert read.count == count
    if isinstance(parts := document.get("parts"), list):
        assert len(read.parts) == len(parts)


@pytest.mark.parametrize("value", [None, 1, "x", []])
def test_what_is_no_object_is_nothing(value: object) -> None:
    assert salvage(value, Whole) is None


# --- odd -------------------------------------------------------------------------------------------------------------


STAMP = AnswerIdentity("0123456789abcdef" * 2, 1790000000)
ASK = Ask("gpt-5.5", stream=True, initiator=Initiator.USER)
PROMPT = Prompt("gpt-5.5", ())
ABLE = Capabilities(vendor="openai")
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
    told = [StreamMessage(event["type"], msgspec.json.encode(event)) for event in given]
    return answer(responses.OUTBOUND.reader(PROMPT, ABLE), told)


def relayed(given: list[dict[str, Any]]) -> StreamRelay:
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
