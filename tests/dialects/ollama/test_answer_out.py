import json
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ollama import ChatResponse, GenerateResponse

from passenger.chat.events import Answer, Delta, Event, Finish, PartStart, PartStop, Reason, Start, Usage, unfold
from passenger.chat.prompt import Prompt, Reasoning, ReasoningConfig, Refusal, Signature, Text, ToolCall
from passenger.dialects import Inbound
from passenger.errors import Failure, Kind
from tests.dialects.ollama.asking import CHAT, CHAT_LOAD, GENERATE, GENERATE_LOAD, STAMP, WHEN, chat_prompt, request

PROMPT = Prompt("gpt-4o:latest", ())
USED = Usage(100, 20, cached=60, reasoning=5)
ENDED = {
    "done": True,
    "done_reason": "stop",
    "total_duration": 0,
    "load_duration": 0,
    "prompt_eval_count": 100,
    "prompt_eval_duration": 0,
    "eval_count": 20,
    "eval_duration": 0,
}
HEAD = {"model": "gpt-4o:latest", "created_at": WHEN}
GOING = {"done": False}
CALL = {"id": "call_x", "function": {"index": 0, "name": "f", "arguments": {"n": 1}}}
ANSWER = Answer("gpt-4o-2026", (Reasoning("hm"), Text("Look:"), ToolCall("call_x", "f", '{"n": 1}')), Reason.TOOL, USED)


def lines(api: Inbound, events: Iterable[Event], prompt: Prompt = PROMPT) -> Iterator[dict[str, Any]]:
    writer, framing = api.writer(prompt, STAMP), api.framing(None)  # type: ignore[arg-type]  # it asks nothing
    for event in events:
        for message in writer.send(event):
            raw = framing.frame(message)
            assert raw.count(b"\n") == 1
            yield json.loads(raw)


def whole(api: Inbound, answer: Answer, prompt: Prompt = PROMPT) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(api.write_answer(prompt, answer, STAMP))
    return document


# --- what comes down ---------------------------------------------------------------------------------------------


def test_a_streamed_chat_has_a_message_with_a_role_in_every_line() -> None:
    said = {"role": "assistant", "content": ""}
    assert list(lines(CHAT, unfold(ANSWER))) == [
        HEAD | {"message": said | {"thinking": "hm"}} | GOING,
        HEAD | {"message": said | {"content": "Look:"}} | GOING,
        HEAD | {"message": said | {"tool_calls": [CALL]}} | GOING,
        HEAD | {"message": said} | ENDED,
    ]


def test_a_streamed_text_has_a_response_in_every_line() -> None:
    assert list(lines(GENERATE, unfold(ANSWER))) == [
        HEAD | {"response": "", "thinking": "hm"} | GOING,
        HEAD | {"response": "Look:"} | GOING,
        HEAD | {"response": "", "tool_calls": [CALL]} | GOING,
        HEAD | {"response": ""} | ENDED,
    ]


def test_a_whole_answer_is_one_object() -> None:
    rest = {"thinking": "hm", "tool_calls": [CALL]}
    assert whole(CHAT, ANSWER) == HEAD | {"message": {"role": "assistant", "content": "Look:", **rest}} | ENDED
    assert whole(GENERATE, ANSWER) == HEAD | {"response": "Look:", **rest} | ENDED


def test_parallel_calls_are_counted() -> None:
    answer = Answer("m", tuple(ToolCall(f"call_{name}", name, "") for name in "ab"), Reason.TOOL)
    called = [call for line in lines(CHAT, unfold(answer)) for call in line["message"].get("tool_calls", ())]
    assert called == whole(CHAT, answer)["message"]["tool_calls"]
    assert [(call["function"]["index"], call["function"]["name"]) for call in called] == [(0, "a"), (1, "b")]


def test_a_calls_arguments_come_whole_and_on_one_line_however_they_came() -> None:
    pieces = [Delta(piece) for piece in '{\n  "n": 12345678901234567890123, "a": [1]\n}']
    events: list[Event] = [Start("m"), PartStart("call", "call_x", "f"), *pieces, PartStop(), Finish(Reason.TOOL)]
    called, _ = lines(CHAT, events)
    assert called["message"]["tool_calls"][0]["function"]["arguments"] == {"n": 12345678901234567890123, "a": [1]}


def test_a_custom_tools_text_is_its_input() -> None:
    answer = Answer("m", (ToolCall("call_x", "patch", "*** Begin", custom=True),), Reason.TOOL)
    function = whole(CHAT, answer)["message"]["tool_calls"][0]["function"]
    assert function == {"index": 0, "name": "patch", "arguments": {"input": "*** Begin"}}


def told(answer: Answer) -> list[tuple[str, list[Any], str]]:
    """The words, the names of the calls and the reason, whole and streamed."""
    found = []
    for came in ([whole(CHAT, answer)], list(lines(CHAT, unfold(answer)))):
        calls = [call["function"]["name"] for line in came for call in line["message"].get("tool_calls", ())]
        found.append(("".join(line["message"]["content"] for line in came), calls, came[-1]["done_reason"]))
    return found


def test_a_call_that_means_nothing_is_shown_as_what_the_model_wrote() -> None:
    calls = (Text("So: "), ToolCall("a", "f", '{"n": '), ToolCall("b", "g", "{}"))
    for said in told(Answer("m", calls, Reason.TOOL)):
        assert said == ('So: {"name": "f", "arguments": {"n": }', ["g"], "stop")


@pytest.mark.parametrize(("reason", "word"), [(Reason.LENGTH, "length"), (Reason.FILTER, "stop")])
def test_a_call_that_the_answer_was_cut_in_is_left_out(reason: Reason, word: str) -> None:
    for arguments, names in (('{"n": ', ["f"]), ("", ["f"]), ('{"n": 1}', ["f", "g"])):
        answer = Answer("m", (ToolCall("a", "f", "{}"), ToolCall("b", "g", arguments)), reason)
        assert told(answer) == [("", names, word)] * 2


@pytest.mark.parametrize("api", [CHAT, GENERATE], ids=lambda api: api.name)
def test_a_call_that_means_nothing_is_no_failure(api: Inbound) -> None:
    answer = Answer("m", (ToolCall("call_x", "f", '{"n": '),), Reason.LENGTH)
    assert list(lines(api, unfold(answer)))[-1]["done_reason"] == whole(api, answer)["done_reason"] == "length"


@pytest.mark.parametrize(
    ("reasoning", "shown"),
    [
        (None, True),
        (ReasoningConfig(show=True), True),
        (ReasoningConfig("low"), True),
        (ReasoningConfig("none"), False),
        (ReasoningConfig(show=False), False),
    ],
)
def test_reasoning_comes_down_unless_it_is_not_wanted(reasoning: ReasoningConfig | None, shown: bool) -> None:
    prompt = Prompt("m", (), reasoning=reasoning)
    assert any("thinking" in line["message"] for line in lines(CHAT, unfold(ANSWER), prompt)) is shown
    assert ("thinking" in whole(CHAT, ANSWER, prompt)["message"]) is shown


def test_a_signature_without_words_is_no_line() -> None:
    answer = Answer("m", (Reasoning("", Signature("messages/anthropic", "CAIS")), Text("hi")), Reason.END)
    assert len(list(lines(CHAT, unfold(answer)))) == 2
    assert "thinking" not in whole(CHAT, answer)["message"]


@pytest.mark.parametrize("reason", list(Reason))
def test_only_a_limit_is_another_reason_than_stop(reason: Reason) -> None:
    said = "length" if reason is Reason.LENGTH else "stop"
    answer = Answer("m", (Text("a"), Refusal("no")), reason)
    assert (whole(CHAT, answer)["done_reason"], whole(CHAT, answer)["message"]["content"]) == (said, "ano")
    *_, last = lines(CHAT, unfold(answer))
    assert (last["done_reason"], last["eval_count"], last["prompt_eval_count"]) == (said, 0, 0)


def test_a_broken_stream_ends_with_an_error_and_nothing_done() -> None:
    (message,) = CHAT.writer(PROMPT, STAMP).fail(Failure(Kind.UPSTREAM, "it broke"))
    assert json.loads(message.data) == {"error": "it broke"}


def test_lone_surrogates_become_the_replacement_character() -> None:
    answer = Answer(
        "m", (Reasoning("\ud800"), Text("\udfff"), ToolCall("\ud800", "\ud800", '{"a":"\\ud800"}')), Reason.TOOL
    )
    found = [line["message"] for line in lines(CHAT, unfold(answer), Prompt("\ud800", ()))]
    assert (found[0]["thinking"], found[1]["content"]) == ("\ufffd", "\ufffd")
    assert whole(CHAT, answer)["message"]["tool_calls"] == found[2]["tool_calls"]
    assert found[2]["tool_calls"][0]["function"]["arguments"] == {"a": "\ufffd"}


# --- laws --------------------------------------------------------------------------------------------------------

OBJECTS = st.dictionaries(st.text(), st.none() | st.integers() | st.text() | st.lists(st.booleans()), max_size=3)
PARTS = st.one_of(
    st.builds(Text, st.text(min_size=1)),
    st.builds(Refusal, st.text(min_size=1)),
    st.builds(Reasoning, st.text()),
    st.builds(ToolCall, st.uuids().map(str), st.sampled_from(["read", "write"]), OBJECTS.map(json.dumps)),
)
ANSWERS = st.builds(
    Answer,
    st.just("vendor-model"),
    st.lists(PARTS, max_size=6).map(tuple),
    st.sampled_from(list(Reason)),
    st.builds(Usage, st.integers(0, 10**6), st.integers(0, 10**6)),
)


def cut(answer: Answer, size: int) -> Iterator[Event]:
    """The events of an answer whose words come in pieces of a size."""
    for event in unfold(answer):
        if isinstance(event, Delta):
            yield from (Delta(event.text[at : at + size]) for at in range(0, len(event.text), size))
        else:
            yield event


def read(found: list[dict[str, Any]]) -> tuple[str, str, list[Any], str, int, int]:
    """What a client makes of the lines of a chat, by Ollama's own types."""
    chunks = [ChatResponse(**line) for line in found]
    words = "".join(chunk.message.content or "" for chunk in chunks)
    thoughts = "".join(chunk.message.thinking or "" for chunk in chunks)
    calls = [(call.function.name, dict(call.function.arguments)) for c in chunks for call in c.message.tool_calls or ()]
    last = chunks[-1]
    assert [chunk.done for chunk in chunks] == [False] * (len(chunks) - 1) + [True]
    return words, thoughts, calls, last.done_reason or "", last.prompt_eval_count or 0, last.eval_count or 0


@given(ANSWERS, st.integers(1, 5))
def test_a_client_reads_what_the_model_has_said_however_it_came(answer: Answer, size: int) -> None:
    usage = answer.usage or Usage()
    expected = (
        "".join(part.text for part in answer.parts if isinstance(part, Text | Refusal)),
        "".join(part.text for part in answer.parts if isinstance(part, Reasoning)),
        [(call.name, json.loads(call.arguments)) for call in answer.calls],
        "length" if answer.reason is Reason.LENGTH else "stop",
        usage.input,
        usage.output,
    )
    assert read(list(lines(CHAT, cut(answer, size)))) == expected
    assert read([whole(CHAT, answer)]) == expected


@given(ANSWERS, st.integers(1, 5))
def test_ollamas_own_types_take_every_line_of_a_text(answer: Answer, size: int) -> None:
    words = "".join(part.text for part in answer.parts if isinstance(part, Text | Refusal))
    chunks = [GenerateResponse(**line) for line in lines(GENERATE, cut(answer, size))]
    assert "".join(chunk.response or "" for chunk in chunks) == words
    assert GenerateResponse(**whole(GENERATE, answer)).response == words


@given(ANSWERS)
def test_an_answer_that_is_sent_back_says_the_same(answer: Answer) -> None:
    message = whole(CHAT, answer)["message"]
    _, *turns = chat_prompt({"role": "user", "content": "go"}, message).messages
    parts = turns[0].parts if turns else ()
    calls = [part for part in parts if isinstance(part, ToolCall)]
    assert [(call.id, call.name, json.loads(call.arguments)) for call in calls] == [
        (call.id, call.name, json.loads(call.arguments)) for call in answer.calls
    ]
    assert "".join(part.text for part in parts if isinstance(part, Text)) == message["content"]
    assert "".join(part.text for part in parts if isinstance(part, Reasoning)) == message.get("thinking", "")


# --- loading -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kept", [None, "5m", -1, 300, "1h0m", "", "never", True, [], "0x"])
def test_loading_is_answered_at_once(kept: object) -> None:
    asked = request(model="gpt-4o:latest", keep_alive=kept)
    head = {"model": "gpt-4o:latest", "created_at": WHEN}
    loaded = {"done": True, "done_reason": "load"}
    said = json.loads(CHAT_LOAD.write(asked, STAMP))
    assert said == head | {"message": {"role": "assistant", "content": ""}} | loaded
    assert json.loads(GENERATE_LOAD.write(asked, STAMP)) == head | {"response": ""} | loaded


@pytest.mark.parametrize("kept", [0, 0.0, -0.0, "0", "0s", "0m0s", "-0", "+0.0h"])
def test_keeping_no_longer_unloads(kept: object) -> None:
    asked = request(model="m", keep_alive=kept)
    assert ChatResponse(**json.loads(CHAT_LOAD.write(asked, STAMP))).done_reason == "unload"
    assert GenerateResponse(**json.loads(GENERATE_LOAD.write(asked, STAMP))).done_reason == "unload"
