import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from passenger.chat import signatures
from passenger.chat.events import AnswerIdentity
from passenger.chat.prompt import Ask, Initiator, Signature
from passenger.dialects.openai.chat import kept_signatures, quirks
from passenger.dialects.openai.chat.relay import StreamRelay, only_words, read_chunk
from passenger.jsontext.raw_object import RawObject

IDENTITY = AnswerIdentity("0", 1)


def asking(*, stream: bool = True, wants_usage: bool = False) -> Ask:
    return Ask("m", stream, Initiator.USER, wants_usage=wants_usage)


def encoded(document: object) -> bytes:
    return json.dumps(document).encode()


def chunk_of(data: bytes) -> Any:
    chunk = read_chunk(data)
    assert chunk is not None
    return chunk


# --- unwrap_signatures ---------------------------------------------------------------------------------------------


def test_a_signature_that_is_not_of_our_making_keeps_the_request_as_it_is() -> None:
    raw = rb'{"messages": [{ "role":"assistant", "reasoning_opaque":"\ud800" }] }'
    body = RawObject(raw)
    assert quirks.unwrap_signatures(body, replace(asking(), has_signatures=True)) == ()
    assert body.encode() is raw


def test_a_signature_is_taken_back_beside_lone_surrogates() -> None:
    ours = signatures.wrap(Signature("completions/google", "sealed"))
    body = RawObject(b'{"messages":[{"role":"assistant","content":"\\ud800","reasoning_opaque":"%b"}]}' % ours.encode())
    assert quirks.unwrap_signatures(body, replace(asking(), has_signatures=True)) == ()
    assert body.encode() == rb'{"messages":[{"role":"assistant","content":"\ud800","reasoning_opaque":"sealed"}]}'


# --- ask_for_usage, withhold_usage -------------------------------------------------------------------------------


def test_usage_is_asked_for_where_the_client_did_not() -> None:
    body = RawObject(b'{"stream":true,"stream_options":{"other":1}}')
    quirks.ask_for_usage(body, asking())
    assert json.loads(body.encode())["stream_options"] == {"other": 1, "include_usage": True}


@pytest.mark.parametrize("ask", [asking(wants_usage=True), asking(stream=False)])
def test_a_request_that_needs_no_usage_asked_keeps_its_bytes(ask: Ask) -> None:
    raw = b'{ "stream": true }'
    body = RawObject(raw)
    quirks.ask_for_usage(body, ask)
    assert body.encode() is raw


def test_only_the_event_that_we_asked_for_is_withheld() -> None:
    ours = b'{"choices":[],"usage":{"prompt_tokens":1}}'
    filters = b'{"choices":[],"prompt_filter_results":[]}'
    foreign = b'{"usage":{"prompt_tokens":1}}'
    assert quirks.withhold_usage(chunk_of(ours), ours) is None
    assert quirks.withhold_usage(chunk_of(filters), filters) is filters
    assert quirks.withhold_usage(chunk_of(foreign), foreign) is foreign


def test_usage_beside_an_answer_is_taken_out_of_it() -> None:
    geminis = b'{"choices":[{"index":0,"delta":{"content":"\\ud83d"}}],"usage":{"prompt_tokens":0},"model":"m"}'
    kept = b'{"choices":[{"index":0,"delta":{"content":"\\ud83d"}}],"model":"m"}'
    plain = b'{"choices":[{"index":0,"delta":{}}],"usage":null}'
    assert quirks.withhold_usage(chunk_of(geminis), geminis) == kept
    assert quirks.withhold_usage(chunk_of(plain), plain) is plain


def test_a_client_that_asked_for_usage_gets_it() -> None:
    assert quirks.withhold_usage in quirks.fixes_for(asking())
    assert quirks.withhold_usage not in quirks.fixes_for(asking(wants_usage=True))


# --- name_the_object ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("data", [b'{"choices":[],"id":"a"}', b'{"object":"","choices":[]}', b' { "choices" : [] } '])
def test_a_chunk_without_an_object_is_given_one(data: bytes) -> None:
    named = json.loads(quirks.name_the_object(chunk_of(data), data))
    assert named == {**json.loads(data), "object": "chat.completion.chunk"}


@pytest.mark.parametrize(
    "data", [b'{"object":"chat.completion.chunk","choices":[]}', b'{"error":{"message":"x"}}', b'{"copilot_x":[]}']
)
def test_a_chunk_with_an_object_and_what_is_no_chunk_keep_their_bytes(data: bytes) -> None:
    assert quirks.name_the_object(chunk_of(data), data) is data


# --- CallNumbering -----------------------------------------------------------------------------------------------


def call(index: int | None, call_id: str | None = None, **function: str) -> dict[str, object]:
    return {"index": index, **({"id": call_id} if call_id else {}), "function": function}


def renumbered(*deltas: list[dict[str, object]]) -> list[list[int]]:
    number = quirks.CallNumbering()
    seen = []
    for calls in deltas:
        data = encoded({"choices": [{"index": 0, "delta": {"tool_calls": calls}}]})
        event = json.loads(number(chunk_of(data), data))
        seen.append([c["index"] for c in event["choices"][0]["delta"]["tool_calls"]])
    return seen


def test_claudes_parallel_calls_that_all_say_zero_are_told_apart_by_id() -> None:
    assert renumbered(
        [call(0, "A", name="f")],
        [call(0, arguments="")],
        [call(0, arguments="{}")],
        [call(0, "B", name="f")],
        [call(0, arguments="{}")],
        [call(0, "C", name="g")],
        [call(0, "C", arguments="{}")],
    ) == [[0], [0], [0], [1], [1], [2], [2]]


def test_proper_indices_keep_their_bytes() -> None:
    number = quirks.CallNumbering()
    for calls in ([call(0, "a")], [call(0)], [call(1, "b")], [call(1)], [call(2, "c"), call(3, "d")]):
        data = encoded({"choices": [{"index": 0, "delta": {"tool_calls": calls}}]})
        assert number(chunk_of(data), data) is data


def test_interleaved_calls_with_proper_indices_stay_as_they_are() -> None:
    assert renumbered([call(0, "a")], [call(1, "b")], [call(0)], [call(1)]) == [[0], [1], [0], [1]]


def test_a_missing_index_is_given() -> None:
    assert renumbered([call(None, "a")], [call(None)], [call(None, "b")]) == [[0], [0], [1]]


def test_events_without_tool_calls_are_nobodys_business() -> None:
    data = b'{"choices":[{"index":0,"delta":{"content":"x"}}]}'
    assert quirks.CallNumbering()(chunk_of(data), data) is data


@pytest.mark.proves("F38")
def test_a_chunk_with_half_a_character_is_named_and_numbered_too() -> None:
    data = b'{"object":null,"choices":[{"index":0,"delta":{"content":"\\ud83d"},"finish_reason":"stop"}]}'
    assert json.loads(quirks.name_the_object(chunk_of(data), data))["object"] == "chat.completion.chunk"


# --- what no fix has a say in --------------------------------------------------------------------------------------

CALLS = st.lists(st.fixed_dictionaries({"index": st.integers(0, 1)}, optional={"id": st.sampled_from(["a", "b"])}))
DELTAS = st.none() | st.fixed_dictionaries(
    {},
    optional={
        "content": st.sampled_from(["word", "", None, '"usage":{}']),
        "tool_calls": CALLS | st.none(),
        "reasoning_text": st.sampled_from(["hm", None]),
        "reasoning_opaque": st.sampled_from(["seal", None]),
    },
)
CHOICES = st.fixed_dictionaries(
    {"delta": DELTAS}, optional={"index": st.integers(0, 1), "finish_reason": st.sampled_from(["stop", "", None])}
)
EVENTS = st.fixed_dictionaries(
    {},
    optional={
        "object": st.sampled_from(["chat.completion.chunk", "", None]),
        "choices": st.none() | st.lists(CHOICES, max_size=2),
        "usage": st.sampled_from([None, {}, {"prompt_tokens": 1}]),
        "copilot_usage": st.sampled_from([None, {"total_nano_aiu": 5}]),
        "error": st.sampled_from([None, {"message": "no"}]),
    },
)


@given(st.lists(EVENTS, max_size=5), st.booleans())
def test_an_event_of_words_alone_is_changed_by_no_other_fix_and_noted_by_none(
    said: list[dict[str, Any]], asks: bool
) -> None:
    relay, watch = StreamRelay(), kept_signatures.SignatureWatch("google")

    def noted() -> tuple[object, ...]:
        return relay.usage, {*relay.open}, {*relay.finished}, list(watch.answers())

    fixes = quirks.fixes_for(Ask("m", stream=True, initiator=Initiator.USER, tools=True, wants_usage=asks))
    for data in [json.dumps(one).encode() for one in said]:
        chunk = read_chunk(data)
        assert chunk is not None
        before = noted()
        alone = (choice := only_words(chunk)) is not None and choice.index in relay.open
        relay.follow(chunk)
        watch(chunk, data)
        kept = [fix(chunk, data) for fix in fixes if fix not in quirks.FIXES_OF_WORDS]
        if alone:
            assert chunk.error is None
            assert all(one is data for one in kept)
            assert noted() == before
