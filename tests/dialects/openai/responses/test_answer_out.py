import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from passenger.chat import signatures
from passenger.chat.capabilities import Capabilities
from passenger.chat.events import (
    Answer,
    AnswerIdentity,
    AnswerPart,
    Delta,
    Event,
    Finish,
    PartStart,
    PartStop,
    Reason,
    Start,
    Usage,
    unfold,
)
from passenger.chat.prompt import Prompt, Reasoning, Refusal, Signature, Text, Tool, ToolCall
from passenger.dialects.framing import SSE, StreamMessage
from passenger.dialects.openai import responses
from passenger.errors import Failure, Kind
from tests.dialects.openai.responses.samples import WHOLE, events, messages, sample
from tests.folding import fold

STAMP = AnswerIdentity("0123456789abcdef" * 2, 1790000000)
PROMPT = Prompt("gpt-5.5", ())
ABLE = Capabilities(vendor="openai")
OWN = Signature("responses/openai", "own")
FOREIGN = Signature("messages/anthropic", "foreign", redacted=True)


def written(given: list[Event], prompt: Prompt = PROMPT) -> list[StreamMessage]:
    writer = responses.INBOUND.writer(prompt, STAMP)
    return [message for event in given for message in writer.send(event)]


def decoded(given: list[StreamMessage]) -> list[dict[str, Any]]:
    return [json.loads(message.data) for message in given]


def last_response(answer: Answer, prompt: Prompt = PROMPT) -> dict[str, Any]:
    response: dict[str, Any] = decoded(written(list(unfold(answer)), prompt))[-1]["response"]
    return response


# --- the reader inverts the writer -------------------------------------------------------------------------------

words = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
name = st.text("abcdefgh_-", min_size=1, max_size=12)
signature = st.builds(Signature, st.just("responses/openai"), st.text("ABCdef012+/=", min_size=1, max_size=20))
part = st.one_of(
    st.builds(Text, words),
    st.builds(Refusal, words),
    st.builds(Reasoning, words.filter(bool), st.none() | signature),
    st.builds(Reasoning, st.just(""), signature),
    st.builds(ToolCall, name, name, words, st.none() | name, st.booleans()),
)
usage = st.builds(Usage, st.integers(0, 10**9), st.integers(0, 10**9), st.integers(0, 99), st.integers(0, 99))


def reason_of(parts: tuple[AnswerPart, ...], reason: Reason) -> Reason:
    """Why it ended as far as the wire can say."""
    if reason in {Reason.LENGTH, Reason.FILTER}:
        return reason
    if any(isinstance(part, ToolCall) for part in parts):
        return Reason.TOOL
    return Reason.REFUSAL if any(isinstance(part, Refusal) for part in parts) else Reason.END


@st.composite
def answers(draw: st.DrawFn) -> Answer:
    parts = tuple(draw(st.lists(part, max_size=5)))
    return Answer(draw(name), parts, reason_of(parts, draw(st.sampled_from(Reason))), draw(usage))


def chopped(answer: Answer, size: int) -> list[Event]:
    """Its events, each piece of text no longer than that."""
    found: list[Event] = []
    for event in unfold(answer):
        if isinstance(event, Delta):
            found += [Delta(event.text[at : at + size]) for at in range(0, len(event.text), size)]
        else:
            found.append(event)
    return found


@given(answers(), st.integers(1, 8), st.integers(1, 64))
def test_the_reader_inverts_the_writer_at_every_chunking(answer: Answer, size: int, cut: int) -> None:
    stream = b"".join(SSE.frame(message) for message in written(chopped(answer, size)))
    assert fold(events(responses.OUTBOUND.reader(PROMPT, ABLE), messages(stream, cut))) == answer


@given(answers(), st.data())
def test_a_written_stream_that_is_cut_is_never_a_whole_answer(answer: Answer, data: st.DataObject) -> None:
    whole = written(list(unfold(answer)))
    cut = data.draw(st.integers(0, len(whole) - 1))
    with pytest.raises(Failure, match="before the answer was complete"):
        events(responses.OUTBOUND.reader(PROMPT, ABLE), whole[:cut])


@given(answers(), st.integers(1, 8))
def test_a_whole_answer_is_what_its_stream_ends_with(answer: Answer, size: int) -> None:
    whole = json.loads(responses.INBOUND.write_answer(PROMPT, answer, STAMP))
    assert whole == decoded(written(chopped(answer, size)))[-1]["response"]


@pytest.mark.parametrize("sample_name", WHOLE)
def test_a_recorded_stream_can_be_written_and_read_again(sample_name: str) -> None:
    first = events(responses.OUTBOUND.reader(PROMPT, ABLE), messages(sample(sample_name)))
    again = events(responses.OUTBOUND.reader(PROMPT, ABLE), written(first))
    assert fold(again).parts == fold(first).parts


# --- the sequence of events --------------------------------------------------------------------------------------

EVERYTHING = Answer(
    "gpt-5.5-2026-04-23",
    (
        Reasoning("Hm.", OWN),
        Text("Hello"),
        Refusal("No."),
        ToolCall("call_a", "weather", "{}", "sky"),
        ToolCall("call_b", "patch", "+a", custom=True),
    ),
    Reason.TOOL,
    Usage(10, 20, 5, 3),
)

SEQUENCE = """
response.created
response.in_progress
response.output_item.added 0 rs
response.reasoning_summary_part.added 0 rs
response.reasoning_summary_text.delta 0 rs
response.reasoning_summary_text.done 0 rs
response.reasoning_summary_part.done 0 rs
response.output_item.done 0 rs
response.output_item.added 1 msg
response.content_part.added 1 msg
response.output_text.delta 1 msg
response.output_text.done 1 msg
response.content_part.done 1 msg
response.output_item.done 1 msg
response.output_item.added 2 msg
response.content_part.added 2 msg
response.refusal.delta 2 msg
response.refusal.done 2 msg
response.content_part.done 2 msg
response.output_item.done 2 msg
response.output_item.added 3 fc
response.function_call_arguments.delta 3 fc
response.function_call_arguments.done 3 fc
response.output_item.done 3 fc
response.output_item.added 4 ctc
response.custom_tool_call_input.delta 4 ctc
response.custom_tool_call_input.done 4 ctc
response.output_item.done 4 ctc
response.completed
""".strip().splitlines()


def shown(event: dict[str, Any]) -> str:
    item = event.get("item_id") or event.get("item", {}).get("id") or ""
    return f"{event['type']} {event.get('output_index', '')} {item.partition('_')[0]}".strip()


def test_the_events_come_in_openai_s_order() -> None:
    assert [shown(event) for event in decoded(written(list(unfold(EVERYTHING))))] == SEQUENCE


def test_every_event_is_named_and_numbered() -> None:
    given = written(list(unfold(EVERYTHING)))
    assert [message.event for message in given] == [event["type"] for event in decoded(given)]
    assert [event["sequence_number"] for event in decoded(given)] == list(range(len(given)))


def test_ids_are_the_same_from_an_item_s_first_event_to_the_answer_s_end() -> None:
    given = decoded(written(list(unfold(EVERYTHING))))
    final = given[-1]["response"]
    assert {event["response"]["id"] for event in given if "response" in event} == {f"resp_{STAMP.id}"}
    for event in given:
        if "output_index" in event:
            item = event.get("item_id") or event["item"]["id"]
            assert item == final["output"][event["output_index"]]["id"]


def test_an_item_that_is_done_is_the_item_of_the_final_output() -> None:
    given = decoded(written(list(unfold(EVERYTHING))))
    done = [event["item"] for event in given if event["type"] == "response.output_item.done"]
    assert done == given[-1]["response"]["output"]


def test_the_final_output_has_what_the_sdks_read() -> None:
    thought, text, refusal, call, custom = last_response(EVERYTHING)["output"]
    assert thought["summary"] == [{"type": "summary_text", "text": "Hm."}]
    assert thought["encrypted_content"] == "own"
    assert text["content"] == [{"type": "output_text", "text": "Hello", "annotations": [], "logprobs": []}]
    assert (text["role"], text["status"]) == ("assistant", "completed")
    assert refusal["content"] == [{"type": "refusal", "refusal": "No."}]
    known = {"id": call["id"], "type": "function_call", "status": "completed", "call_id": "call_a"}
    assert call == {**known, "name": "weather", "namespace": "sky", "arguments": "{}"}
    assert (custom["type"], custom["input"], custom["name"]) == ("custom_tool_call", "+a", "patch")


def test_a_foreign_signature_is_wrapped_so_that_it_comes_back_as_it_was() -> None:
    answer = Answer("m", (Reasoning("", FOREIGN),), Reason.END)
    [item] = last_response(answer)["output"]
    assert item["summary"] == []
    assert signatures.unwrap(item["encrypted_content"], "responses") == FOREIGN


def test_reasoning_without_a_signature_has_none() -> None:
    [item] = last_response(Answer("m", (Reasoning("Hm."),), Reason.END))["output"]
    assert "encrypted_content" not in item


@pytest.mark.parametrize(
    ("reason", "status", "why"),
    [
        (Reason.END, "completed", None),
        (Reason.STOP, "completed", None),
        (Reason.TOOL, "completed", None),
        (Reason.REFUSAL, "completed", None),
        (Reason.LENGTH, "incomplete", {"reason": "max_output_tokens"}),
        (Reason.FILTER, "incomplete", {"reason": "content_filter"}),
    ],
)
def test_the_status_says_how_the_answer_ended(reason: Reason, status: str, why: object) -> None:
    given = decoded(written(list(unfold(Answer("m", (Text("x"),), reason)))))
    assert given[-1]["type"] == f"response.{status}"
    assert (given[-1]["response"]["status"], given[-1]["response"]["incomplete_details"]) == (status, why)


def test_a_call_without_an_id_is_given_one() -> None:
    [call] = last_response(Answer("m", (ToolCall("", "f", "{}"),), Reason.TOOL))["output"]
    assert call["call_id"].startswith("call_")


def test_usage_is_there_even_where_nobody_said_it() -> None:
    assert last_response(Answer("m", (), Reason.END))["usage"]["total_tokens"] == 0
    assert last_response(EVERYTHING)["usage"] == {
        "input_tokens": 10,
        "input_tokens_details": {"cached_tokens": 5, "cache_write_tokens": 0},
        "output_tokens": 20,
        "output_tokens_details": {"reasoning_tokens": 3},
        "total_tokens": 30,
    }


def test_the_model_is_the_one_that_was_asked_for_where_upstream_names_none() -> None:
    assert last_response(Answer("", (), Reason.END))["model"] == "gpt-5.5"
    assert last_response(EVERYTHING)["model"] == "gpt-5.5-2026-04-23"


def test_an_event_out_of_place_is_a_mistake_of_ours() -> None:
    with pytest.raises(ValueError, match="out of place"):
        written([Start("m"), Delta("x")])


# --- failures ----------------------------------------------------------------------------------------------------

FAILURE = Failure(Kind.INVALID, "too long", code="context_length_exceeded")


def failed(failure: Failure, *before: Event) -> list[dict[str, Any]]:
    writer = responses.INBOUND.writer(PROMPT, STAMP)
    for event in before:
        list(writer.send(event))
    given = list(writer.fail(failure))
    assert all(msgspec.json.decode(message.data)["type"] == message.event for message in given)
    return decoded(given)


def test_a_failure_is_said_by_an_error_and_by_a_failed_response() -> None:
    error, response = failed(FAILURE, Start("m"), PartStart("text"), Delta("Half"))
    assert (error["type"], error["code"], error["message"]) == ("error", "context_length_exceeded", "too long")
    assert error["error"]["message"] == "too long"
    assert response["type"] == "response.failed"
    assert response["response"]["status"] == "failed"
    assert response["response"]["error"] == {"code": "context_length_exceeded", "message": "too long"}
    assert (error["sequence_number"], response["sequence_number"]) == (5, 6)


def test_a_failure_before_the_answer_began_begins_it_first() -> None:
    kinds = [event["type"] for event in failed(FAILURE)]
    assert kinds == ["response.created", "response.in_progress", "error", "response.failed"]


def test_a_failed_stream_is_no_whole_answer() -> None:
    writer = responses.INBOUND.writer(PROMPT, STAMP)
    given = [*writer.send(Start("m")), *writer.fail(FAILURE)]
    with pytest.raises(Failure, match="too long"):
        events(responses.OUTBOUND.reader(PROMPT, ABLE), given)


def test_a_failed_response_keeps_the_items_that_were_whole() -> None:
    before = (Start("m"), PartStart("text"), Delta("x"), PartStop(), PartStart("text"))
    assert len(failed(FAILURE, *before)[-1]["response"]["output"]) == 1


def test_tools_are_repeated_as_they_were_offered() -> None:
    prompt = Prompt("m", (), tools=(Tool("f", schema={"type": "object"}), Tool("g", namespace="n", custom=True)))
    whole = json.loads(responses.INBOUND.write_answer(prompt, Answer("m", (), Reason.END), STAMP))
    assert [tool["type"] for tool in whole["tools"]] == ["function", "namespace"]
    assert whole["tools"][1]["tools"][0]["type"] == "custom"


def test_finish_without_a_start_still_is_valid_json() -> None:
    assert decoded(written([Start(), Finish(Reason.END)]))[-1]["response"]["output"] == []
