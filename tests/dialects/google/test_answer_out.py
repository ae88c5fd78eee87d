"""Answers as Google's clients read them; google-genai's own types are the judges."""

import json
from typing import Any

import pytest
from google.genai import types
from hypothesis import given
from hypothesis import strategies as st

from passenger.chat.events import Answer, AnswerIdentity, AnswerPart, Reason, Usage, unfold
from passenger.chat.prompt import Message, Prompt, Reasoning, ReasoningConfig, Refusal, Signature, Text, ToolCall
from passenger.dialects import google as gemini
from passenger.errors import Failure, Kind
from tests.dialects.google.asking import USER, prompt, request

STAMP = AnswerIdentity("0" * 32, 1_700_000_000)
SHOWING = Prompt("m", (), reasoning=ReasoningConfig(show=True))
USAGE = Usage(input=10, output=7, cached=4, reasoning=3)


def whole(*parts: AnswerPart, reason: Reason = Reason.END, asked: Prompt = SHOWING) -> Any:
    return json.loads(gemini.INBOUND.write_answer(asked, Answer("v", parts, reason, USAGE), STAMP))


def pieces(*parts: AnswerPart, reason: Reason = Reason.END, asked: Prompt = SHOWING) -> list[Any]:
    writer = gemini.INBOUND.writer(asked, STAMP)
    events = unfold(Answer("v", parts, reason, USAGE))
    return [json.loads(message.data) for event in events for message in writer.send(event)]


def test_an_answer_is_what_googles_own_sdk_reads() -> None:
    answer = whole(Reasoning("plan"), Text("hi"), ToolCall("c", "f", '{"a": 1}'))
    read = types.GenerateContentResponse.model_validate(answer)
    assert (read.model_version, read.response_id) == ("m", STAMP.id)  # as it was asked for
    assert read.candidates is not None
    assert read.candidates[0].finish_reason is types.FinishReason.STOP
    assert read.text == "hi"
    assert read.function_calls is not None
    assert [(call.id, call.name, call.args) for call in read.function_calls] == [("c", "f", {"a": 1})]
    used = read.usage_metadata
    assert used is not None
    assert (used.prompt_token_count, used.candidates_token_count, used.thoughts_token_count) == (10, 4, 3)
    assert (used.cached_content_token_count, used.total_token_count) == (4, 17)


@pytest.mark.parametrize(
    ("reason", "word"),
    [
        (Reason.END, "STOP"),
        (Reason.STOP, "STOP"),
        (Reason.TOOL, "STOP"),
        (Reason.LENGTH, "MAX_TOKENS"),
        (Reason.FILTER, "SAFETY"),
        (Reason.REFUSAL, "SAFETY"),
    ],
)
def test_why_it_stopped(reason: Reason, word: str) -> None:
    assert whole(Text("a"), reason=reason)["candidates"][0]["finishReason"] == word


def test_each_piece_is_an_answer_and_the_last_has_all_that_clients_read() -> None:
    first, second, last = pieces(Text("a"), Refusal("b"))
    assert [piece["candidates"][0]["content"]["parts"] for piece in (first, second)] == [
        [{"text": "a"}],
        [{"text": "b"}],
    ]
    assert "usageMetadata" not in first
    assert last["candidates"][0]["finishReason"] == "STOP"
    assert last["candidates"][0]["content"] == {"role": "model", "parts": [{"text": ""}]}
    assert last["usageMetadata"]["totalTokenCount"] == 17
    for piece in (first, second, last):
        types.GenerateContentResponse.model_validate(piece)


def test_thoughts_are_shown_only_where_they_were_asked_for() -> None:
    thought = {"text": "plan", "thought": True}
    assert whole(Reasoning("plan"), Text("a"))["candidates"][0]["content"]["parts"] == [thought, {"text": "a"}]
    for asked in (Prompt("m", ()), Prompt("m", (), reasoning=ReasoningConfig("high", show=False))):
        assert whole(Reasoning("plan"), Text("a"), asked=asked)["candidates"][0]["content"]["parts"] == [{"text": "a"}]


def candidates(*parts: AnswerPart, reason: Reason) -> list[Any]:
    """The last candidate, whole and streamed, each with all parts."""
    streamed = [piece["candidates"][0] for piece in pieces(*parts, reason=reason)]
    said = [part for candidate in streamed for part in candidate["content"]["parts"]]
    last = streamed[-1] | {"content": {"role": "model", "parts": said}}
    return [whole(*parts, reason=reason)["candidates"][0], last]


def test_a_call_that_means_nothing_is_malformed_as_google_says_it() -> None:
    good = {"id": "c", "name": "f", "args": {}}
    for candidate in candidates(ToolCall("c", "f", "{}"), ToolCall("d", "g", '{"a": '), reason=Reason.TOOL):
        assert candidate["finishReason"] == "MALFORMED_FUNCTION_CALL"
        assert candidate["finishMessage"] == 'Malformed function call: g({"a": )'
        calls = [part["functionCall"] for part in candidate["content"]["parts"] if "functionCall" in part]
        assert calls == [good]
    custom = whole(ToolCall("c", "f", "free text", custom=True))
    assert custom["candidates"][0]["content"]["parts"][0]["functionCall"]["args"] == {"input": "free text"}


@pytest.mark.parametrize(("reason", "said"), [(Reason.LENGTH, "MAX_TOKENS"), (Reason.FILTER, "SAFETY")])
@pytest.mark.parametrize(("arguments", "called"), [('{"a": ', 0), ("", 0), ('{"a": 1}', 1)])
def test_a_call_that_the_answer_was_cut_in_is_left_out(reason: Reason, said: str, arguments: str, called: int) -> None:
    for candidate in candidates(Text("a"), ToolCall("c", "f", arguments), reason=reason):
        assert candidate["finishReason"] == said
        assert sum("functionCall" in part for part in candidate["content"]["parts"]) == called
        assert "finishMessage" not in candidate


# --- what a client gives back ------------------------------------------------------------------------------------

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
SIGNATURES = st.builds(Signature, st.sampled_from(["messages/anthropic", "responses/openai"]), TEXTS, st.booleans())
CALLS = st.builds(ToolCall, TEXTS, TEXTS, st.dictionaries(TEXTS, st.integers(), max_size=3).map(json.dumps))
PARTS = st.lists(st.builds(Reasoning, TEXTS, SIGNATURES) | st.builds(Text, TEXTS) | CALLS, min_size=1, max_size=6)


def normal(parts: tuple[Any, ...]) -> list[Any]:
    """Arguments as values, for only those are kept."""
    return [(p.id, p.name, json.loads(p.arguments)) if isinstance(p, ToolCall) else p for p in parts]


@given(PARTS)
def test_reading_an_answer_back_gives_its_thoughts_signatures_words_and_calls(parts: list[AnswerPart]) -> None:
    content = whole(*parts)["candidates"][0]["content"]
    read = prompt(contents=[USER, content]).messages[1]
    assert isinstance(read, Message)
    assert normal(read.parts) == normal(tuple(parts))


@given(PARTS)
def test_the_signatures_come_back_where_thoughts_are_not_shown_and_the_sdk_has_encoded_them_anew(
    parts: list[AnswerPart],
) -> None:
    answer = types.GenerateContentResponse.model_validate(whole(*parts, asked=Prompt("m", ())))
    assert answer.candidates is not None
    content = answer.candidates[0].content
    assert content is not None
    read = prompt(contents=[USER, content.model_dump(mode="json", exclude_none=True)]).messages[1]
    signed = [part.signature for part in parts if isinstance(part, Reasoning)]
    assert [part.signature for part in read.parts if isinstance(part, Reasoning)] == signed


@given(PARTS, st.integers(0, 30))
def test_the_array_of_a_stream_is_one_json_document(parts: list[AnswerPart], cut: int) -> None:
    framing, writer = gemini.INBOUND.framing(request({})), gemini.INBOUND.writer(SHOWING, STAMP)
    events = list(unfold(Answer("v", tuple(parts), Reason.END, USAGE)))[:cut]
    messages = [message for event in events for message in writer.send(event)]
    messages += writer.fail(Failure(Kind.UPSTREAM, "broken"))
    body = framing.opening + framing.between.join(map(framing.frame, messages)) + framing.closing
    assert len(json.loads(body)) == len(messages)


def test_alt_says_how_a_stream_is_framed() -> None:
    assert gemini.INBOUND.framing(request({}, alt="sse")).content_type.startswith("text/event-stream")
    assert gemini.INBOUND.framing(request({})).content_type.startswith("application/json")
    assert gemini.INBOUND.keep_alive == (b"", b"")
