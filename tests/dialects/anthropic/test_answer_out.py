import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from passenger.chat import signatures
from passenger.chat.events import (
    Answer,
    AnswerIdentity,
    AnswerPart,
    Delta,
    PartStart,
    PartStop,
    Reason,
    Start,
    Usage,
    unfold,
)
from passenger.chat.prompt import Prompt, Reasoning, Refusal, Signature, Text, ToolCall
from passenger.dialects import Request
from passenger.dialects import anthropic as messages
from passenger.dialects.framing import SSE, StreamMessage
from passenger.errors import Failure, Kind
from tests.dialects.anthropic.samples import PROMPT, events_of
from tests.folding import fold

STAMP = AnswerIdentity("0123456789abcdef0123456789abcdef", 1700000000)
FOREIGN = Signature("responses/openai", "gAAAA")
OWN = Signature("messages/anthropic", "CAIS")


def streamed(answer: Answer) -> list[dict[str, Any]]:
    writer, found = messages.INBOUND.writer(PROMPT, STAMP), list[dict[str, Any]]()
    for event in unfold(answer):
        for message in writer.send(event):
            data = json.loads(message.data)
            assert message.event == data["type"]
            found.append(data)
    return found


def whole(answer: Answer) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(messages.INBOUND.write_answer(PROMPT, answer, STAMP))
    return document


ANSWER = Answer(
    "gpt-5",
    (Reasoning("hm", FOREIGN), Text("Look:"), ToolCall("call_1", "f", '{"n":1}')),
    Reason.TOOL,
    Usage(100, 20, cached=60, reasoning=5, written=10),
)


def test_a_streamed_answer_has_every_event_that_clients_demand() -> None:
    first, *events = streamed(ANSWER)
    assert first == {
        "type": "message_start",
        "message": {
            "id": "msg_0123456789abcdef0123456789abcdef",
            "type": "message",
            "role": "assistant",
            "model": "gpt-5",
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "stop_details": None,
            "usage": {
                "input_tokens": 0,
                "cache_creation_input_tokens": 0,
                "cache_read_input_tokens": 0,
                "output_tokens": 0,
                "output_tokens_details": {"thinking_tokens": 0},
            },
        },
    }
    signature = {"type": "signature_delta", "signature": signatures.wrap(FOREIGN)}
    assert events == [
        {
            "type": "content_block_start",
            "index": 0,
            "content_block": {"type": "thinking", "thinking": "", "signature": ""},
        },
        {"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": "hm"}},
        {"type": "content_block_delta", "index": 0, "delta": signature},
        {"type": "content_block_stop", "index": 0},
        {"type": "content_block_start", "index": 1, "content_block": {"type": "text", "text": ""}},
        {"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": "Look:"}},
        {"type": "content_block_stop", "index": 1},
        {
            "type": "content_block_start",
            "index": 2,
            "content_block": {"type": "tool_use", "id": "call_1", "name": "f", "input": {}},
        },
        {"type": "content_block_delta", "index": 2, "delta": {"type": "input_json_delta", "partial_json": '{"n":1}'}},
        {"type": "content_block_stop", "index": 2},
        {
            "type": "message_delta",
            "delta": {"stop_reason": "tool_use", "stop_sequence": None, "stop_details": None},
            "usage": {
                "input_tokens": 30,
                "cache_creation_input_tokens": 10,
                "cache_read_input_tokens": 60,
                "output_tokens": 20,
                "output_tokens_details": {"thinking_tokens": 5},
            },
        },
        {"type": "message_stop"},
    ]


def test_a_whole_answer_is_a_message() -> None:
    message = whole(ANSWER)
    assert (message["id"], message["type"], message["role"]) == (f"msg_{STAMP.id}", "message", "assistant")
    assert message["content"] == [
        {"type": "thinking", "thinking": "hm", "signature": signatures.wrap(FOREIGN)},
        {"type": "text", "text": "Look:"},
        {"type": "tool_use", "id": "call_1", "name": "f", "input": {"n": 1}},
    ]
    assert (message["stop_reason"], message["usage"]["input_tokens"]) == ("tool_use", 30)


def test_a_signature_is_carried_as_its_own_or_with_its_origin() -> None:
    parts = (Reasoning("a", OWN), Reasoning("", Signature("messages/anthropic", "Emw", redacted=True)), Reasoning("b"))
    answer = Answer("m", (*parts, Reasoning("", FOREIGN), Reasoning("")), Reason.END)
    unsigned = signatures.wrap(Signature("", ""))
    blocks = [
        {"type": "thinking", "thinking": "a", "signature": "CAIS"},
        {"type": "redacted_thinking", "data": "Emw"},
        {"type": "thinking", "thinking": "b", "signature": unsigned},
        {"type": "thinking", "thinking": "", "signature": signatures.wrap(FOREIGN)},
    ]
    assert whole(answer)["content"] == blocks
    starts = [event["content_block"]["type"] for event in streamed(answer) if event["type"] == "content_block_start"]
    assert starts == ["thinking", "redacted_thinking", "thinking", "thinking"]


def test_a_refusal_is_text_and_a_text_without_words_is_no_block() -> None:
    answer = Answer("m", (Text(""), Refusal("I won't.")), Reason.REFUSAL, sequence=None)
    assert whole(answer)["content"] == [{"type": "text", "text": "I won't."}]
    assert whole(answer)["stop_details"] == {"type": "refusal", "category": None, "explanation": None}
    assert [event.get("index") for event in streamed(answer)[1:-2]] == [0, 0, 0]


def test_arguments_that_are_no_object_are_wrapped_as_anthropic_has_it() -> None:
    calls = tuple(ToolCall("a", "f", text) for text in ('{"a', "[1]", ""))
    inputs = [block["input"] for block in whole(Answer("m", calls, Reason.TOOL))["content"]]
    assert inputs == [{"INVALID_JSON": '{"a'}, {"INVALID_JSON": "[1]"}, {}]


@pytest.mark.parametrize(("arguments", "given"), [('{"a": 1', {}), ("", {}), ('{"a": 1}', {"a": 1})])
@pytest.mark.parametrize("reason", [Reason.LENGTH, Reason.FILTER])
def test_of_a_call_that_was_cut_no_argument_is_made_up(arguments: str, given: object, reason: Reason) -> None:
    calls = (ToolCall("a", "f", "{}"), ToolCall("b", "g", arguments))
    answer = whole(Answer("m", calls, reason))
    assert [block["input"] for block in answer["content"]] == [{}, given]


def test_a_stop_sequence_is_told() -> None:
    assert whole(Answer("m", (), Reason.STOP, sequence="END"))["stop_sequence"] == "END"


def test_a_model_that_does_not_say_its_name_has_the_one_asked_for() -> None:
    assert whole(Answer("", (), Reason.END))["model"] == PROMPT.model


def test_a_lone_surrogate_goes_down_as_a_replacement() -> None:
    writer = messages.INBOUND.writer(PROMPT, STAMP)
    sent = [
        *writer.send(Start()),
        *writer.send(PartStart("text")),
        *writer.send(Delta("a\ud800")),
        *writer.send(PartStop()),
    ]
    assert json.loads(sent[2].data)["delta"]["text"] == "a\ufffd"


def test_a_break_is_an_error_and_nothing_follows() -> None:
    (message,) = messages.INBOUND.writer(PROMPT, STAMP).fail(Failure(Kind.UNAVAILABLE, "Overloaded", status=529))
    assert message == StreamMessage(
        "error", b'{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}'
    )


def test_signs_of_life_are_a_comment_before_the_answer_and_a_ping_in_it() -> None:
    assert messages.INBOUND.keep_alive[False] == b": keep-alive\n\n"
    assert messages.INBOUND.keep_alive[True] == b'event: ping\ndata: {"type": "ping"}\n\n'
    assert messages.INBOUND.framing(Request(b"")) is SSE


# --- the law -----------------------------------------------------------------------------------------------------

WORDS = st.text(min_size=1)
SIGNATURES = st.builds(Signature, st.just("messages/anthropic"), st.text("abcXYZ019+/=", min_size=1))
REDACTED = st.builds(Signature, st.just("messages/anthropic"), st.text("abc", min_size=1), redacted=st.just(value=True))
PARTS: st.SearchStrategy[AnswerPart] = st.one_of(
    st.builds(Text, WORDS),
    st.builds(Reasoning, st.text(), SIGNATURES),
    st.builds(Reasoning, st.just(""), REDACTED),
    st.builds(ToolCall, WORDS, WORDS, st.dictionaries(WORDS, st.integers()).map(json.dumps)),
)
COUNTS = st.integers(0, 10**6)
USAGES = st.tuples(COUNTS, COUNTS, COUNTS, COUNTS, COUNTS).map(
    lambda n: Usage(n[0] + n[2] + n[4], n[1], n[2], n[3], None, n[4])
)
REASONS = st.sampled_from([reason for reason in Reason if reason is not Reason.FILTER])
ANSWERS = st.builds(Answer, WORDS, st.lists(PARTS).map(tuple), REASONS, usage=USAGES, sequence=st.none() | WORDS)


@given(ANSWERS, st.integers(1, 200))
def test_the_reader_inverts_the_writer_at_every_chunk_size(answer: Answer, size: int) -> None:
    writer = messages.INBOUND.writer(Prompt("m", ()), STAMP)
    stream = b"".join(SSE.frame(message) for event in unfold(answer) for message in writer.send(event))
    assert fold(events_of(stream, size)) == understood(answer)


def understood(answer: Answer) -> Answer:
    """What is meant by it: a refusal right after a call has stopped the model there."""
    stopped = answer.reason is Reason.REFUSAL and isinstance((None, *answer.parts)[-1], ToolCall)
    return replace(answer, reason=Reason.FILTER) if stopped else answer
