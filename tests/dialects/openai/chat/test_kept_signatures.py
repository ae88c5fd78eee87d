import json
from typing import Any

import pytest

from passenger.chat.prompt import Reasoning, Signature, ToolCall
from passenger.dialects import MissingSignature
from passenger.dialects.openai.chat.kept_signatures import (
    SignatureWatch,
    find_missing,
    read_answers,
    restore,
)
from passenger.dialects.openai.chat.relay import read_chunk
from passenger.dialects.openai.chat.whole_answer import complete_answer
from passenger.jsontext.raw_object import RawObject

SIGNATURE = Signature("completions/google", "b3BhcXVl")
REASONING = Reasoning("hm", SIGNATURE)


def encoded(document: object) -> bytes:
    return json.dumps(document).encode()


def watched(*deltas: dict[str, Any], index: int = 0) -> SignatureWatch:
    watch = SignatureWatch("google")
    for delta in deltas:
        data = encoded({"choices": [{"index": index, "delta": delta}]})
        chunk = read_chunk(data)
        assert chunk is not None
        assert watch(chunk, data) is data
    return watch


def call(call_id: str | None, **more: object) -> dict[str, Any]:
    return {"tool_calls": [{"index": 0, "function": {"arguments": ""}, **({"id": call_id} if call_id else {}), **more}]}


# --- answers -----------------------------------------------------------------------------------------------------


def test_a_streams_reasoning_is_found_with_its_signature_and_the_calls_it_led_to() -> None:
    watch = watched(
        {"reasoning_text": "h", "content": None},
        {"reasoning_text": "m"},
        {"content": "Let me look."},
        {**call("a"), "reasoning_opaque": SIGNATURE.value},
        call(None),
        call("b"),
        call("b"),
    )
    assert list(watch.answers()) == [[REASONING, ToolCall("a", "", ""), ToolCall("b", "", "")]]


def test_a_signature_without_words_is_one_and_words_without_a_signature_are_none() -> None:
    assert list(watched({"reasoning_opaque": "s"}, call("a")).answers()) == [
        [Reasoning("", Signature("completions/google", "s")), ToolCall("a", "", "")]
    ]
    assert list(watched({"reasoning_text": "hm"}, call("a")).answers()) == [[ToolCall("a", "", "")]]


@pytest.mark.parametrize("odd", [None, 7, {"a": 1}, [], True])
def test_what_is_no_text_is_passed_over_and_the_rest_of_the_event_is_seen(odd: object) -> None:
    data = encoded({"choices": [{"delta": {"reasoning_text": odd, "reasoning_opaque": odd}, "finish_reason": "stop"}]})
    chunk = read_chunk(data)
    assert chunk is not None
    assert chunk.choices is not None
    assert chunk.choices[0].finish_reason == "stop"
    assert SignatureWatch("google")(chunk, data) is data


@pytest.mark.parametrize(
    "choices",
    [
        [
            {
                "message": {
                    "tool_calls": [{"id": "a"}, {"id": "b"}],
                    "reasoning_opaque": SIGNATURE.value,
                    "reasoning_text": "hm",
                }
            }
        ],
        [
            {"message": {"content": "x", "reasoning_opaque": SIGNATURE.value, "reasoning_text": "hm"}},
            {"message": {"tool_calls": [{"id": "a"}]}},
            {"message": {"tool_calls": [{"id": "b"}]}},
        ],
    ],
)
def test_a_whole_answers_reasoning_is_found_too_as_soon_as_it_is_one(choices: list[Any]) -> None:
    answer = complete_answer(encoded({"choices": choices}), model="m", now=1)
    assert list(read_answers(answer, "google")) == [[REASONING, ToolCall("a", "", ""), ToolCall("b", "", "")]]


@pytest.mark.parametrize(
    "answer", [b'{"choices":[]}', b'{"choices":7,"a":"\\"reasoning_opaque\\""}', b'{"choices":7,"reasoning_opaque":1}']
)
def test_an_answer_without_any_has_none(answer: bytes) -> None:
    assert list(read_answers(answer, "google")) == []


# --- requests ----------------------------------------------------------------------------------------------------

USER = {"role": "user", "content": "go"}
CALLED = {"role": "assistant", "content": None, "tool_calls": [{"id": "a", "type": "function"}, {"id": "b"}]}


def missing(messages: bytes) -> list[MissingSignature]:
    return find_missing(RawObject(b'{"messages":%b}' % messages))


def test_messages_with_calls_and_no_signature_lack_their_reasoning() -> None:
    said = [USER, CALLED, {**CALLED, "reasoning_opaque": "s"}, {"role": "assistant", "content": "x"}, CALLED]
    assert missing(encoded(said)) == [MissingSignature(1, ["a", "b"]), MissingSignature(4, ["a", "b"])]
    assert missing(encoded([{**CALLED, "reasoning_opaque": None}])) == [MissingSignature(0, ["a", "b"])]


@pytest.mark.parametrize("said", [b"[]", b"7", rb'[{"role":"\ud800"}]', b'[{"role":"assistant","tool_calls":7}]'])
def test_messages_that_cannot_be_read_fast_lack_nothing(said: bytes) -> None:
    assert missing(said) == []


def after(found: dict[int, tuple[Reasoning, ...]], said: list[Any], vendor: str = "google") -> Any:
    body = RawObject(encoded({"model": "m", "messages": said}))
    restore(body, found, vendor)
    return json.loads(body.encode())["messages"]


def test_reasoning_is_put_into_its_message_and_nothing_else_changes() -> None:
    assert after({1: (REASONING,)}, [USER, CALLED, USER]) == [
        USER,
        {**CALLED, "reasoning_text": "hm", "reasoning_opaque": SIGNATURE.value},
        USER,
    ]
    assert after({0: (Reasoning("", SIGNATURE),)}, [{**CALLED, "reasoning_text": "mine"}]) == [
        {**CALLED, "reasoning_opaque": SIGNATURE.value}
    ]


def test_what_another_vendor_or_dialect_has_signed_is_not() -> None:
    for origin in ("completions/anthropic", "messages/google", "responses/openai"):
        raw = encoded({"messages": [CALLED]})
        body = RawObject(raw)
        restore(body, {0: (Reasoning("hm", Signature(origin, "s")),)}, "google")
        assert body.encode() is raw
