import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passenger.chat import signatures
from passenger.chat.events import (
    Answer,
    AnswerIdentity,
    AnswerPart,
    Citation,
    Reason,
    SearchCall,
    SearchDone,
    Usage,
    unfold,
)
from passenger.chat.prompt import Prompt, Reasoning, Refusal, Signature, Text, ToolCall
from passenger.chat.web_search import SearchResult
from passenger.dialects import Request
from passenger.dialects.framing import SSE
from passenger.dialects.openai import chat as completions
from passenger.errors import Failure, Kind

IDENTITY = AnswerIdentity("0123456789abcdef0123456789abcdef", 1_790_000_000)
SIGNATURE = Signature("responses/openai", "gAAAexample")
HEAD = {
    "id": f"chatcmpl-{IDENTITY.id}",
    "object": "chat.completion.chunk",
    "created": IDENTITY.created,
    "model": "vendor-model",
}
CALL = ToolCall("c1", "read", '{"path":"a"}')


def events(
    *parts: AnswerPart, reason: Reason = Reason.END, usage: Usage | None = None, wants_usage: bool = True
) -> list[dict[str, Any]]:
    """The events of an answer, `[DONE]` left out, which is always the last."""
    writer = completions.INBOUND.writer(Prompt("asked-model", (), wants_usage=wants_usage), IDENTITY)
    answer = Answer("vendor-model", parts, reason, usage)
    *messages, last = [message for event in unfold(answer) for message in writer.send(event)]
    assert (last.event, last.data) == ("", b"[DONE]")
    assert all(message.event == "" for message in messages)
    return [json.loads(message.data) for message in messages]


def deltas(*parts: AnswerPart) -> list[dict[str, Any]]:
    """What the parts become between the first event and the finish reason."""
    return [event["choices"][0]["delta"] for event in events(*parts, wants_usage=False)[1:-1]]


def whole(*parts: AnswerPart, reason: Reason = Reason.END, usage: Usage | None = None) -> dict[str, Any]:
    body = completions.INBOUND.write_answer(
        Prompt("asked-model", ()), Answer("vendor-model", parts, reason, usage), IDENTITY
    )
    found: dict[str, Any] = json.loads(body)
    return found


def message(*parts: AnswerPart) -> dict[str, Any]:
    found: dict[str, Any] = whole(*parts)["choices"][0]["message"]
    return found


# --- streamed ----------------------------------------------------------------------------------------------------


def test_every_event_has_all_that_clients_break_without() -> None:
    for event in events(Text("a"), CALL, usage=Usage(3, 2)):
        assert {name: event[name] for name in HEAD} == HEAD
        assert all({"index", "delta", "finish_reason"} <= choice.keys() for choice in event["choices"])


def test_the_first_event_says_who_speaks_and_the_last_but_usage_why_it_ends() -> None:
    first, text, last = events(Text("a"), wants_usage=False)
    assert first["choices"] == [{"index": 0, "delta": {"role": "assistant", "content": ""}, "finish_reason": None}]
    assert text["choices"] == [{"index": 0, "delta": {"content": "a"}, "finish_reason": None}]
    assert last["choices"] == [{"index": 0, "delta": {}, "finish_reason": "stop"}]


def test_the_model_is_the_clients_name_of_it_where_the_vendor_has_none() -> None:
    writer = completions.INBOUND.writer(Prompt("asked-model", ()), IDENTITY)
    (first,) = writer.send(next(unfold(Answer("", (), Reason.END))))
    assert json.loads(first.data)["model"] == "asked-model"


def test_words_are_told_in_the_field_of_their_kind() -> None:
    assert deltas(Reasoning("a"), Text("b"), Refusal("c")) == [
        {"reasoning_text": "a"},
        {"content": "b"},
        {"refusal": "c"},
    ]


def test_a_signature_goes_down_with_its_origin_so_that_it_finds_back() -> None:
    said = deltas(Reasoning("a", SIGNATURE), Reasoning("", SIGNATURE))
    assert said == [{"reasoning_text": "a"}, *[{"reasoning_opaque": signatures.wrap(SIGNATURE)}] * 2]
    assert signatures.unwrap(said[1]["reasoning_opaque"]) == SIGNATURE


def test_calls_are_numbered_and_begin_with_id_type_and_name() -> None:
    one, two = CALL, ToolCall("c2", "write", "{}")
    assert deltas(one, Text("and"), two) == [
        {"tool_calls": [{"index": 0, "id": "c1", "type": "function", "function": {"name": "read", "arguments": ""}}]},
        {"tool_calls": [{"index": 0, "function": {"arguments": '{"path":"a"}'}}]},
        {"content": "and"},
        {"tool_calls": [{"index": 1, "id": "c2", "type": "function", "function": {"name": "write", "arguments": ""}}]},
        {"tool_calls": [{"index": 1, "function": {"arguments": "{}"}}]},
    ]


@pytest.mark.parametrize("arguments", ["", '{"city": "Os', '{"city": oops}'])
def test_arguments_are_the_text_that_the_model_wrote(arguments: str) -> None:
    call = ToolCall("c1", "now", arguments)
    assert "".join(delta["tool_calls"][0]["function"]["arguments"] for delta in deltas(call)) == arguments
    assert message(call)["tool_calls"][0]["function"]["arguments"] == arguments


def test_a_call_of_a_custom_tool_has_its_text_as_input() -> None:
    call = ToolCall("c1", "exec", "raw", custom=True)
    assert deltas(call) == [
        {"tool_calls": [{"index": 0, "id": "c1", "type": "custom", "custom": {"name": "exec", "input": ""}}]},
        {"tool_calls": [{"index": 0, "custom": {"input": "raw"}}]},
    ]
    assert len(deltas(ToolCall("c1", "exec", "", custom=True))) == 1
    assert message(call)["tool_calls"] == [{"id": "c1", "type": "custom", "custom": {"name": "exec", "input": "raw"}}]


@pytest.mark.parametrize("usage", [None, Usage(31, 7, 4, 2, nano_credits=5, written=1)])
def test_usage_comes_in_an_event_of_its_own_to_those_who_want_it(usage: Usage | None) -> None:
    last = events(Text("a"), usage=usage)[-1]
    assert (last["choices"], last["usage"]) == ([], whole(usage=usage)["usage"])
    assert not any("usage" in event for event in events(Text("a"), usage=usage, wants_usage=False))


# --- whole -------------------------------------------------------------------------------------------------------


def test_a_whole_answer_has_all_that_clients_break_without() -> None:
    assert whole(Text("a"), usage=Usage(31, 7, 4, 2)) == {
        **HEAD,
        "object": "chat.completion",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": "a"},
                "finish_reason": "stop",
                "logprobs": None,
            }
        ],
        "usage": {
            "prompt_tokens": 31,
            "completion_tokens": 7,
            "total_tokens": 38,
            "prompt_tokens_details": {"cached_tokens": 4},
            "completion_tokens_details": {"reasoning_tokens": 2},
        },
    }


def test_parts_of_one_kind_are_joined_and_the_last_signature_is_kept() -> None:
    other = Signature("messages/anthropic", "CAISexample")
    said = message(Reasoning("a", SIGNATURE), Text("b"), Reasoning("c", other), CALL, Text("d"), Refusal("e"))
    assert said == {
        "role": "assistant",
        "content": "bd",
        "refusal": "e",
        "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "read", "arguments": CALL.arguments}}],
        "reasoning_text": "ac",
        "reasoning_opaque": signatures.wrap(other),
    }


@pytest.mark.parametrize(
    ("parts", "content"), [((), ""), ((Reasoning("a"),), ""), ((CALL,), None), ((Refusal("a"),), None)]
)
def test_the_content_is_null_only_where_something_else_stands_for_it(
    parts: tuple[AnswerPart, ...], content: str | None
) -> None:
    assert message(*parts)["content"] == content


@pytest.mark.parametrize(
    ("reason", "finish"),
    [
        (Reason.END, "stop"),
        (Reason.STOP, "stop"),
        (Reason.REFUSAL, "stop"),
        (Reason.LENGTH, "length"),
        (Reason.TOOL, "tool_calls"),
        (Reason.FILTER, "content_filter"),
    ],
)
def test_why_it_stopped_is_said_in_openais_words(reason: Reason, finish: str) -> None:
    assert whole(reason=reason)["choices"][0]["finish_reason"] == finish
    assert events(reason=reason)[-2]["choices"][0]["finish_reason"] == finish


# --- around it ---------------------------------------------------------------------------------------------------


def test_a_stream_that_breaks_ends_with_the_error() -> None:
    failure = Failure(Kind.UPSTREAM, "it broke")
    assert list(completions.INBOUND.writer(Prompt("m", ()), IDENTITY).fail(failure)) == [
        completions.INBOUND.write_break(failure)
    ]


def test_messages_are_events_without_names_and_a_comment_keeps_alive() -> None:
    assert completions.INBOUND.framing(Request(b"{}")) is SSE
    assert {*completions.INBOUND.keep_alive} == {b": keep-alive\n\n"}


# --- the law -----------------------------------------------------------------------------------------------------

WORDS = st.text(min_size=1, max_size=8)
SIGNATURES = st.none() | st.builds(Signature, st.sampled_from(["responses/openai", "messages/anthropic"]), WORDS)
PARTS = st.one_of(
    st.builds(Text, WORDS),
    st.builds(Refusal, WORDS),
    st.builds(Reasoning, WORDS, SIGNATURES),
    st.builds(ToolCall, st.uuids().map(str), WORDS, st.sampled_from(["", '{"a":1}']), st.none() | WORDS, st.booleans()),
)
FIELDS = ("content", "refusal", "reasoning_text")


@given(st.lists(PARTS, max_size=6), st.sampled_from(Reason))
def test_a_stream_says_what_the_whole_answer_says(parts: list[AnswerPart], reason: Reason) -> None:
    said = whole(*parts, reason=reason)["choices"][0]
    streamed = [event["choices"][0] for event in events(*parts, reason=reason, wants_usage=False)]
    assert streamed[-1]["finish_reason"] == said["finish_reason"]
    told = [choice["delta"] for choice in streamed]
    for field in FIELDS:
        assert "".join(delta.get(field) or "" for delta in told) == (said["message"].get(field) or "")
    opaque = [delta["reasoning_opaque"] for delta in told if "reasoning_opaque" in delta]
    assert opaque[-1:] == [value for name, value in said["message"].items() if name == "reasoning_opaque"]
    assert list(gathered(told)) == said["message"].get("tool_calls", [])


def gathered(told: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The calls of a stream, as a client puts them together."""
    calls: list[dict[str, Any]] = []
    for piece in (piece for delta in told for piece in delta.get("tool_calls", ())):
        index = piece.pop("index")
        if index == len(calls):
            calls.append(piece)
            continue
        kind, key = ("custom", "input") if "custom" in piece else ("function", "arguments")
        calls[index][kind][key] += piece[kind][key]
    return calls


PAGES = (SearchResult("https://a.example", "A"), SearchResult("https://b.example", "B"))


def test_pages_that_a_search_found_are_annotations_once_each() -> None:
    parts = (SearchCall("1", "rain"), SearchDone("1", PAGES), Text("It rained."))
    cited = Citation(PAGES[0].url, "A", None, 3, 9)
    answer = Answer("vendor-model", parts, Reason.END, citations=((2, cited),))
    told = json.loads(completions.INBOUND.write_answer(Prompt("m", ()), answer, IDENTITY))["choices"][0]["message"]
    assert told["content"] == "It rained."
    places = [(one["url_citation"]["url"], one["url_citation"]["end_index"]) for one in told["annotations"]]
    assert places == [(PAGES[0].url, 9), (PAGES[1].url, 0)]
    writer = completions.INBOUND.writer(Prompt("m", ()), IDENTITY)
    messages = [message.data for event in unfold(answer) for message in writer.send(event)][:-1]
    chunks = [json.loads(data)["choices"] for data in messages]
    streamed = [one for choices in chunks for one in (choices[0]["delta"].get("annotations", ()) if choices else ())]
    assert streamed == [{**one, "index": index} for index, one in enumerate(told["annotations"])]
