import json
from typing import Any

import pytest

from passenger.body import Body
from passenger.chat import Seal, Thought, ToolCall
from passenger.copilot.quirks import completions
from passenger.copilot.quirks.kept_seals import Forgotten, Watch, forgotten, put_back, whole_answers
from passenger.dialects.completions import read_chunk

SEAL = Seal("completions/google", "b3BhcXVl")
THOUGHT = Thought("hm", SEAL)


def encoded(document: object) -> bytes:
    return json.dumps(document).encode()


def watched(*deltas: dict[str, Any], index: int = 0) -> Watch:
    watch = Watch("google")
    for delta in deltas:
        data = encoded({"choices": [{"index": index, "delta": delta}]})
        chunk = read_chunk(data)
        assert chunk is not None
        assert watch(chunk, data) is data
    return watch


def call(call_id: str | None, **more: object) -> dict[str, Any]:
    return {"tool_calls": [{"index": 0, "function": {"arguments": ""}, **({"id": call_id} if call_id else {}), **more}]}


# --- answers -----------------------------------------------------------------------------------------------------


def test_a_streams_thought_is_found_with_its_seal_and_the_calls_it_led_to() -> None:
    watch = watched(
        {"reasoning_text": "h", "content": None},
        {"reasoning_text": "m"},
        {"content": "Let me look."},
        {**call("a"), "reasoning_opaque": SEAL.value},
        call(None),
        call("b"),
        call("b"),
    )
    assert list(watch.answers()) == [[THOUGHT, ToolCall("a", "", ""), ToolCall("b", "", "")]]


def test_a_seal_without_words_is_one_and_words_without_a_seal_are_none() -> None:
    assert list(watched({"reasoning_opaque": "s"}, call("a")).answers()) == [
        [Thought("", Seal("completions/google", "s")), ToolCall("a", "", "")]
    ]
    assert list(watched({"reasoning_text": "hm"}, call("a")).answers()) == [[ToolCall("a", "", "")]]


@pytest.mark.parametrize("odd", [None, 7, {"a": 1}, [], True])
def test_what_is_no_text_is_passed_over_and_the_rest_of_the_event_is_seen(odd: object) -> None:
    data = encoded({"choices": [{"delta": {"reasoning_text": odd, "reasoning_opaque": odd}, "finish_reason": "stop"}]})
    chunk = read_chunk(data)
    assert chunk is not None
    assert chunk.choices is not None
    assert chunk.choices[0].finish_reason == "stop"
    assert Watch("google")(chunk, data) is data


@pytest.mark.parametrize(
    "choices",
    [
        [
            {
                "message": {
                    "tool_calls": [{"id": "a"}, {"id": "b"}],
                    "reasoning_opaque": SEAL.value,
                    "reasoning_text": "hm",
                }
            }
        ],
        [
            {"message": {"content": "x", "reasoning_opaque": SEAL.value, "reasoning_text": "hm"}},
            {"message": {"tool_calls": [{"id": "a"}]}},
            {"message": {"tool_calls": [{"id": "b"}]}},
        ],
    ],
)
def test_a_whole_answers_thought_is_found_too_as_soon_as_it_is_one(choices: list[Any]) -> None:
    answer = completions.complete_answer(encoded({"choices": choices}), model="m", now=1)
    assert list(whole_answers(answer, "google")) == [[THOUGHT, ToolCall("a", "", ""), ToolCall("b", "", "")]]


@pytest.mark.parametrize(
    "answer", [b'{"choices":[]}', b'{"choices":7,"a":"\\"reasoning_opaque\\""}', b'{"choices":7,"reasoning_opaque":1}']
)
def test_an_answer_without_any_has_none(answer: bytes) -> None:
    assert list(whole_answers(answer, "google")) == []


# --- requests ----------------------------------------------------------------------------------------------------

USER = {"role": "user", "content": "go"}
CALLED = {"role": "assistant", "content": None, "tool_calls": [{"id": "a", "type": "function"}, {"id": "b"}]}


def test_messages_with_calls_and_no_seal_lack_their_thoughts() -> None:
    said = [USER, CALLED, {**CALLED, "reasoning_opaque": "s"}, {"role": "assistant", "content": "x"}, CALLED]
    assert forgotten(encoded(said)) == [Forgotten(1, ["a", "b"]), Forgotten(4, ["a", "b"])]
    assert forgotten(encoded([{**CALLED, "reasoning_opaque": None}])) == [Forgotten(0, ["a", "b"])]


@pytest.mark.parametrize("said", [b"[]", b"7", rb'[{"role":"\ud800"}]', b'[{"role":"assistant","tool_calls":7}]'])
def test_messages_that_cannot_be_read_fast_lack_nothing(said: bytes) -> None:
    assert forgotten(said) == []


def after(found: dict[int, tuple[Thought, ...]], said: list[Any], vendor: str = "google") -> Any:
    body = Body(encoded({"model": "m", "messages": said}))
    put_back(body, found, vendor)
    return json.loads(body.encode())["messages"]


def test_the_thought_is_put_into_its_message_and_nothing_else_changes() -> None:
    assert after({1: (THOUGHT,)}, [USER, CALLED, USER]) == [
        USER,
        {**CALLED, "reasoning_text": "hm", "reasoning_opaque": SEAL.value},
        USER,
    ]
    assert after({0: (Thought("", SEAL),)}, [{**CALLED, "reasoning_text": "mine"}]) == [
        {**CALLED, "reasoning_opaque": SEAL.value}
    ]


def test_what_another_vendor_or_dialect_has_sealed_is_not() -> None:
    for origin in ("completions/anthropic", "messages/google", "responses/openai"):
        raw = encoded({"messages": [CALLED]})
        body = Body(raw)
        put_back(body, {0: (Thought("hm", Seal(origin, "s")),)}, "google")
        assert body.encode() is raw
