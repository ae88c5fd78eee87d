import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from passenger.chat.events import AnswerIdentity
from passenger.dialects.openai.chat.relay import read_chunk, read_usage
from passenger.dialects.openai.chat.whole_answer import complete, complete_answer

IDENTITY = AnswerIdentity("0", 1)


def encoded(document: object) -> bytes:
    return json.dumps(document).encode()


def chunk_of(data: bytes) -> Any:
    chunk = read_chunk(data)
    assert chunk is not None
    return chunk


def completed(answer: dict[str, Any]) -> dict[str, Any]:
    result: dict[str, Any] = json.loads(complete_answer(encoded(answer), model="asked", now=7))
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


def test_a_choice_whose_message_is_null_has_an_empty_one() -> None:
    (choice,) = completed({"choices": [{"index": 0, "message": None, "finish_reason": "stop"}]})["choices"]
    assert choice["message"] == {"role": "assistant", "content": None}


def test_a_valid_answer_keeps_its_bytes() -> None:
    raw = complete_answer(encoded(AZURE), model="m", now=1)
    assert complete_answer(raw, model="other", now=2) is raw


@pytest.mark.proves("F38")
def test_a_whole_answer_with_half_a_character_is_passed_on() -> None:
    data = b'{"id":"x","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":'
    data += b'{"role":"assistant","content":"a\\ud83d"},"finish_reason":"stop"}],"usage":{"prompt_tokens":7}}'
    answer, usage = complete(data, "m", AnswerIdentity("0" * 32, 1))
    assert json.loads(answer) == json.loads(data)
    assert usage is not None
    assert usage.input == 7


@pytest.mark.proves("F38")
def test_a_whole_answer_with_half_a_character_is_completed() -> None:
    answer, _ = complete(b'{"choices":[{"message":{"content":"a\\ud83d"},"finish_reason":"stop"}]}', "m", IDENTITY)
    assert json.loads(answer)["choices"][0]["message"]["content"] == "a\ud83d"
    assert json.loads(answer)["object"] == "chat.completion"


@pytest.mark.parametrize("data", [b"<html>", b"[1]", b'{"choices":"\\ud83d"}', b'{"a":"\\ud83d"', b'"\\ud83d"'])
def test_what_is_no_answer_is_still_none(data: bytes) -> None:
    with pytest.raises(msgspec.MsgspecError):
        complete(data, "m", AnswerIdentity("0" * 32, 1))


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
    whole, usage = complete(data, "other", IDENTITY)
    slow = complete_answer(data, model="other", now=IDENTITY.created)
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
    whole, _ = complete(data, "m", AnswerIdentity("0" * 32, 1))
    assert b'"logprobs":{"a":1.50}' in whole.replace(b": ", b":")
    assert b"padding" not in whole
    assert json.loads(whole)["choices"] == GOOD["choices"]


@pytest.mark.parametrize("name", [r"p\u0061dding", r"\u0070adding"])
def test_padding_whose_name_is_escaped_is_not_taken_for_another(name: str) -> None:
    message = GOOD["choices"][0]["message"] | {"a name": "x"}
    answer = GOOD | {"choices": [GOOD["choices"][0] | {"message": message}], "padding": "x"}
    data = json.dumps(answer, separators=(",", ":")).replace("a name", name).encode()
    whole = json.loads(complete(data, "m", IDENTITY)[0])
    assert whole["padding"] == "x"
    assert "padding" not in whole["choices"][0]["message"]
