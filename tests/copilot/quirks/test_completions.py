import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from passenger import seals
from passenger.body import Body
from passenger.chat import Ask, Initiator, Seal, Stamp
from passenger.copilot.quirks import completions as quirks
from passenger.copilot.quirks import kept_seals
from passenger.dialects.completions import Fix, read_chunk, read_usage
from passenger.dialects.completions.relaying import Tap, only_words

STAMP = Stamp("0", 1)


def asking(*, stream: bool = True, wants_usage: bool = False) -> Ask:
    return Ask("m", stream, Initiator.USER, wants_usage=wants_usage)


def encoded(document: object) -> bytes:
    return json.dumps(document).encode()


def chunk_of(data: bytes) -> Any:
    chunk = read_chunk(data)
    assert chunk is not None
    return chunk


# --- take_back_seals ---------------------------------------------------------------------------------------------


def test_a_seal_that_is_not_of_our_making_keeps_the_request_as_it_is() -> None:
    raw = rb'{"messages": [{ "role":"assistant", "reasoning_opaque":"\ud800" }] }'
    body = Body(raw)
    assert quirks.take_back_seals(body, replace(asking(), sealed=True)) == ()
    assert body.encode() is raw


def test_a_seal_is_taken_back_beside_lone_surrogates() -> None:
    ours = seals.wrap(Seal("completions/google", "sealed"))
    body = Body(b'{"messages":[{"role":"assistant","content":"\\ud800","reasoning_opaque":"%b"}]}' % ours.encode())
    assert quirks.take_back_seals(body, replace(asking(), sealed=True)) == ()
    assert body.encode() == rb'{"messages":[{"role":"assistant","content":"\ud800","reasoning_opaque":"sealed"}]}'


# --- ask_for_usage, withhold_usage -------------------------------------------------------------------------------


def test_usage_is_asked_for_where_the_client_did_not() -> None:
    body = Body(b'{"stream":true,"stream_options":{"other":1}}')
    quirks.ask_for_usage(body, asking())
    assert json.loads(body.encode())["stream_options"] == {"other": 1, "include_usage": True}


@pytest.mark.parametrize("ask", [asking(wants_usage=True), asking(stream=False)])
def test_a_request_that_needs_no_usage_asked_keeps_its_bytes(ask: Ask) -> None:
    raw = b'{ "stream": true }'
    body = Body(raw)
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
    assert quirks.withhold_usage in quirks.stream_fixes(asking())
    assert quirks.withhold_usage not in quirks.stream_fixes(asking(wants_usage=True))


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


# --- complete_answer ---------------------------------------------------------------------------------------------


def completed(answer: dict[str, Any]) -> dict[str, Any]:
    result: dict[str, Any] = json.loads(quirks.complete_answer(encoded(answer), model="asked", now=7))
    return result


AZURE = {
    "choices": [
        {"finish_reason": "stop", "index": 0, "message": {"content": "Hello.", "padding": "abc", "role": "assistant"}}
    ],
    "id": "chatcmpl-1",
    "model": "gpt-4o-2024-11-20",
    "usage": {"prompt_tokens": 1},
}

CLAUDE = {
    "choices": [
        {"finish_reason": "tool_calls", "message": {"content": "Both.", "role": "assistant", "reasoning_text": "hm"}},
        {"finish_reason": "tool_calls", "message": {"role": "assistant", "tool_calls": [{"id": "A", "function": {}}]}},
        {"finish_reason": "tool_calls", "message": {"role": "assistant", "tool_calls": [{"id": "B", "function": {}}]}},
    ],
    "created": 1761000000,
    "id": "msg_1",
    "model": "claude-sonnet-4.6",
}


def test_azures_answer_gets_object_and_created_and_loses_its_padding() -> None:
    answer = completed(AZURE)
    assert answer["object"] == "chat.completion"
    assert answer["created"] == 7
    assert answer["choices"][0]["message"] == {"content": "Hello.", "role": "assistant"}
    assert answer["usage"] == {"prompt_tokens": 1}


def test_claudes_split_choices_become_one_message_with_all_its_calls() -> None:
    answer = completed(CLAUDE)
    assert len(answer["choices"]) == 1
    choice = answer["choices"][0]
    assert (choice["index"], choice["finish_reason"]) == (0, "tool_calls")
    assert choice["message"]["content"] == "Both."
    assert choice["message"]["reasoning_text"] == "hm"
    assert [(c["id"], c["type"]) for c in choice["message"]["tool_calls"]] == [("A", "function"), ("B", "function")]
    assert answer["created"] == 1761000000


def test_real_choices_stay_apart() -> None:
    choices = [
        {"index": i, "message": {"role": "assistant", "content": str(i)}, "finish_reason": "stop"} for i in (0, 1)
    ]
    assert [c["message"]["content"] for c in completed({"choices": choices})["choices"]] == ["0", "1"]


def test_a_tool_call_without_text_has_a_null_content() -> None:
    answer = completed({"choices": [{"message": {"role": "assistant", "tool_calls": [{"id": "A"}]}}]})
    assert answer["choices"][0]["message"]["content"] is None


def test_an_answer_without_a_choice_has_an_empty_one() -> None:
    answer = completed({"choices": [], "id": "x"})
    assert answer["choices"][0]["message"] == {"role": "assistant", "content": ""}
    assert answer["choices"][0]["finish_reason"] == "length"


def test_a_valid_answer_keeps_its_bytes() -> None:
    raw = quirks.complete_answer(encoded(AZURE), model="m", now=1)
    assert quirks.complete_answer(raw, model="other", now=2) is raw


@pytest.mark.proves("F38")
def test_a_whole_answer_with_half_a_character_is_passed_on() -> None:
    data = b'{"id":"x","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":'
    data += b'{"role":"assistant","content":"a\\ud83d"},"finish_reason":"stop"}],"usage":{"prompt_tokens":7}}'
    answer, usage = quirks.complete(data, "m", Stamp("0" * 32, 1))
    assert json.loads(answer) == json.loads(data)
    assert usage is not None
    assert usage.input == 7


@pytest.mark.proves("F38")
def test_a_whole_answer_with_half_a_character_is_completed() -> None:
    answer, _ = quirks.complete(b'{"choices":[{"message":{"content":"a\\ud83d"},"finish_reason":"stop"}]}', "m", STAMP)
    assert json.loads(answer)["choices"][0]["message"]["content"] == "a\ud83d"
    assert json.loads(answer)["object"] == "chat.completion"


@pytest.mark.parametrize("data", [b"<html>", b"[1]", b'{"choices":"\\ud83d"}', b'{"a":"\\ud83d"', b'"\\ud83d"'])
def test_what_is_no_answer_is_still_none(data: bytes) -> None:
    with pytest.raises(msgspec.MsgspecError):
        quirks.complete(data, "m", Stamp("0" * 32, 1))


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
def test_an_event_of_words_alone_is_one_that_no_fix_changes_or_notes(said: list[dict[str, Any]], asks: bool) -> None:
    tap, watch = Tap(), kept_seals.Watch("google")
    ask = Ask("m", stream=True, initiator=Initiator.USER, tools=True, wants_usage=asks)
    fixes: tuple[Fix, ...] = (watch, *quirks.stream_fixes(ask))
    for data in [json.dumps(one).encode() for one in said]:
        chunk = read_chunk(data)
        assert chunk is not None
        before = (tap.usage, tap.complete, [tap.is_open(index) for index in range(2)], list(watch.answers()))
        alone = (choice := only_words(chunk)) is not None and tap.is_open(choice.index)
        tap.read(chunk)
        kept = [fix(chunk, data) for fix in fixes]
        if alone:
            assert chunk.error is None
            assert all(one is data for one in kept)
            after = (tap.usage, tap.complete, [tap.is_open(index) for index in range(2)], list(watch.answers()))
            assert after == before


# --- whole answers, looked at once -----------------------------------------------------------------------------------

SOME = st.sampled_from(["x", "", None])
MESSAGE = st.fixed_dictionaries(
    {},
    optional={
        "role": st.sampled_from(["assistant", "", None]),
        "content": st.sampled_from(["hi", "\ud800", "\u00e9", "", None]),
        "padding": SOME,
        "tool_calls": st.none()
        | st.lists(
            st.fixed_dictionaries({"id": SOME}, optional={"type": st.sampled_from(["function", None])}), max_size=2
        ),
    },
)
CHOICE = st.fixed_dictionaries(
    {}, optional={"index": st.integers(0, 1), "message": MESSAGE, "finish_reason": st.sampled_from(["stop", None])}
)
GOOD: dict[str, Any] = {
    "id": "x",
    "object": "chat.completion",
    "created": 5,
    "model": "m",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "hi"}, "finish_reason": "stop"}],
}
ANSWER = st.fixed_dictionaries(
    {},
    optional={
        "id": SOME,
        "object": SOME,
        "created": st.sampled_from([5, 0, None]),
        "model": SOME,
        "choices": st.none() | st.lists(CHOICE, max_size=3),
        "usage": st.sampled_from([None, {"prompt_tokens": 3, "completion_tokens": 4}]),
        "copilot_usage": st.sampled_from([None, {"total_nano_aiu": 5}]),
    },
)


@given(ANSWER.map(lambda some: GOOD | some) | ANSWER)
def test_a_look_at_an_answer_completes_it_as_reading_it_does(answer: dict[str, Any]) -> None:
    data = encoded(answer)
    whole, usage = quirks.complete(data, "other", STAMP)
    slow = quirks.complete_answer(data, model="other", now=STAMP.created)
    assert (json.loads(whole), whole is data) == (json.loads(slow), slow is data)
    assert usage == read_usage(chunk_of(data))


@pytest.mark.parametrize(
    "change",
    [{}, {"object": None}, {"created": 0}, {"padding": "abc"}, {"index": None}, {"padding": "abc", "object": ""}],
)
def test_every_number_of_a_completed_answer_keeps_its_digits(change: dict[str, Any]) -> None:
    answer = GOOD | {name: value for name, value in change.items() if name in GOOD} | {"logprobs": {"a": 1.50}}
    message = answer["choices"][0]["message"] | {name: change[name] for name in ("padding",) if name in change}
    [choice] = [{name: one for name, one in answer["choices"][0].items() if name != "index" or "index" not in change}]
    data = encoded(answer | {"choices": [choice | {"message": message}]}).replace(b"1.5", b"1.50")
    whole, _ = quirks.complete(data, "m", Stamp("0" * 32, 1))
    assert b'"logprobs":{"a":1.50}' in whole.replace(b": ", b":")
    assert b"padding" not in whole
    assert json.loads(whole)["choices"] == GOOD["choices"]


@pytest.mark.parametrize("name", [r"p\u0061dding", r"\u0070adding"])
def test_padding_whose_name_is_escaped_is_not_taken_for_another(name: str) -> None:
    message = GOOD["choices"][0]["message"] | {"a name": "x"}
    answer = GOOD | {"choices": [GOOD["choices"][0] | {"message": message}], "padding": "x"}
    data = json.dumps(answer, separators=(",", ":")).replace("a name", name).encode()
    whole = json.loads(quirks.complete(data, "m", STAMP)[0])
    assert whole["padding"] == "x"
    assert "padding" not in whole["choices"][0]["message"]
