import json
from base64 import b64decode, b64encode
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from passenger.chat import signatures
from passenger.chat.capabilities import Capabilities
from passenger.chat.events import AnswerIdentity, Delta, Event, Finish, PartStart, PartStop, Reason, Start, Usage
from passenger.chat.prompt import Ask, Initiator, Message, Prompt, Signature, Text, ToolChoice
from passenger.dialects.framing import read_sse, write_sse
from passenger.dialects.openai import responses
from passenger.dialects.openai.responses import quirks
from passenger.dialects.openai.responses.compaction import (
    ITEMS,
    REQUEST,
    TRIGGER,
    UNREADABLE,
    compacts_itself,
    is_refused,
    since_compaction,
    to_response_request,
    unwrap_summary,
    wrap_summary,
    write_compacted,
)
from passenger.errors import Failure, Kind
from passenger.jsontext.raw_object import RawObject
from tests.dialects.openai.responses.asking import prompt, refusal, request

USER: dict[str, Any] = {"role": "user", "content": "hi"}
ASKED = {"type": TRIGGER}
TOOL = {"type": "function", "name": "f"}
STAMP = AnswerIdentity("0123456789abcdef" * 2, 1790000000)


# --- the seal ----------------------------------------------------------------------------------------------------


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_what_was_wrapped_is_unwrapped_again(summary: str) -> None:
    assert (unwrap_summary(wrap_summary(summary)) or "").endswith(summary)


@given(st.data())
def test_a_summary_that_was_cut_or_changed_is_noticed(data: st.DataObject) -> None:
    plain = b64decode(wrap_summary("The user wants a heron."))
    at = data.draw(st.integers(len(signatures.MARK), len(plain) - 1))
    cut, changed = plain[:at], plain[:at] + bytes([plain[at] ^ 1]) + plain[at + 1 :]
    for broken in (b64encode(cut).decode(), b64encode(changed).decode()):
        with pytest.raises(ValueError, match="broken"):
            unwrap_summary(broken)


def test_a_wrapped_signature_is_no_conversation() -> None:
    with pytest.raises(ValueError, match="broken"):
        unwrap_summary(signatures.wrap(Signature("messages/anthropic", "signature")))


@pytest.mark.parametrize("foreign", ["", "gAAAAABo", "{}", "\ud800"])
def test_a_foreign_one_is_not_ours(foreign: str) -> None:
    assert unwrap_summary(foreign) is None


# --- asked -------------------------------------------------------------------------------------------------------


def test_a_trigger_becomes_a_request_for_a_summary_in_plain_text_without_calls() -> None:
    shape = {"format": {"type": "json_schema", "name": "n", "schema": {}}}
    asked = prompt(input=[USER, ASKED], tools=[TOOL], tool_choice="required", text=shape)
    assert asked.messages == (Message("user", (Text("hi"),)), Message("user", (Text(REQUEST),)))
    assert (asked.compacts, asked.tool_choice, asked.schema) == (True, ToolChoice("none"), None)
    assert [tool.name for tool in asked.tools] == ["f"]


def test_without_tools_there_is_no_choice_and_hosted_ones_are_no_hindrance() -> None:
    asked = prompt(input=[USER, ASKED], tools=[{"type": "web_search"}])
    assert (asked.tools, asked.tool_choice, asked.dropped) == ((), None, ("tools[web_search]",))


def test_only_a_last_trigger_is_one() -> None:
    assert refusal(input=[ASKED, USER]).param == "input[0].type"
    assert not prompt(input=[USER]).compacts
    assert not responses.INBOUND.peek(request(input=[ASKED, USER])).compacts


def test_a_trigger_is_an_agents() -> None:
    ask = responses.INBOUND.peek(request(input=[USER, ASKED]))
    assert (ask.compacts, ask.initiator) == (True, "agent")


# --- given back --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", sorted(ITEMS))
def test_what_was_compacted_here_is_a_message_of_the_user(kind: str) -> None:
    read = prompt(input=[USER, {"type": kind, "encrypted_content": wrap_summary("wants a heron")}])
    assert [message.role for message in read.messages] == ["user", "user"]
    assert "wants a heron" in str(read.messages[1])
    assert read.dropped == ()


@pytest.mark.parametrize("encrypted", ["gAAAAABo", None])
@pytest.mark.parametrize("kind", sorted(ITEMS))
def test_what_openai_has_encrypted_is_said_to_be_missing_and_named(kind: str, encrypted: str | None) -> None:
    read = prompt(input=[{"type": kind, "encrypted_content": encrypted}, USER])
    assert read.messages == (Message("user", (Text(UNREADABLE),)), Message("user", (Text("hi"),)))
    assert read.dropped == (f"input[{kind}]",)


@pytest.mark.parametrize("encrypted", [wrap_summary("x")[:-4], 7])
def test_a_broken_one_is_refused_by_its_place(encrypted: object) -> None:
    assert refusal(input=[USER, {"type": "compaction", "encrypted_content": encrypted}]).param == (
        "input[1].encrypted_content"
    )


# --- answered ----------------------------------------------------------------------------------------------------


def answered(*events: Event) -> list[dict[str, Any]]:
    writer = responses.INBOUND.writer(Prompt("m", (), compacts=True), STAMP)
    messages = [message for event in events for message in writer.send(event)]
    return [json.loads(message.data) for message in messages]


SAID = (
    Start("model-1"),
    PartStart("reasoning"),
    Delta("Hm."),
    PartStop(),
    PartStart("text"),
    Delta("The user "),
    Delta("wants"),
    PartStop(),
    PartStart("text"),
    Delta(" a heron."),
    PartStop(),
    PartStart("call", "call_1", "f"),
    Delta("{}"),
    PartStop(),
)


def test_the_words_of_the_answer_are_one_compaction_item() -> None:
    told = answered(*SAID, Finish(Reason.TOOL, Usage(7, 3)))
    assert [event["type"] for event in told] == [
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.output_item.done",
        "response.completed",
    ]
    assert [event["sequence_number"] for event in told] == [0, 1, 2, 3, 4]
    (item,) = told[-1]["response"]["output"]
    assert item == told[2]["item"] == told[3]["item"]
    assert (item["type"], item["id"][:4]) == ("compaction", "cmp_")
    assert (unwrap_summary(item["encrypted_content"]) or "").endswith("The user wants a heron.")
    assert told[-1]["response"]["usage"]["output_tokens"] == 3


def test_a_summary_that_was_cut_is_incomplete() -> None:
    assert answered(*SAID, Finish(Reason.LENGTH))[-1]["type"] == "response.incomplete"


def test_no_summary_is_a_failure_of_the_model() -> None:
    with pytest.raises(Failure) as caught:
        answered(Start("m"), PartStart("refusal"), Delta("No."), PartStop(), Finish(Reason.REFUSAL))
    assert (caught.value.kind, caught.value.code) == (Kind.UPSTREAM, "bad_answer")


# --- compact endpoint ------------------------------------------------------------------------------------------------


ASSISTANT: dict[str, Any] = {"role": "assistant", "content": "ho"}
TRIGGERED = {"type": "compaction_trigger"}
RESPONSE: dict[str, Any] = {
    "id": "resp_1",
    "object": "response",
    "created_at": 1,
    "usage": {"input_tokens": 1},
    "output": [{"type": "compaction", "id": "cmp_1", "encrypted_content": "x"}],
}


@pytest.mark.parametrize(
    ("given", "asked"),
    [
        ("hi", [{"type": "message", "role": "user", "content": "hi"}, TRIGGERED]),
        ([USER, ASSISTANT], [USER, ASSISTANT, TRIGGERED]),
        ([USER, TRIGGERED], [USER, TRIGGERED]),
        ([], [TRIGGERED]),
    ],
)
def test_it_is_asked_by_a_trigger(given: object, asked: list[Any]) -> None:
    question = json.loads(to_response_request(request(input=given, stream=True, instructions="x")).body)
    assert question == {"model": "gpt-5.5", "input": asked, "instructions": "x"}


@pytest.mark.parametrize("given", [None, 7, {}])
def test_an_input_that_is_none_is_refused(given: object) -> None:
    with pytest.raises(Failure) as caught:
        to_response_request(request(input=given))
    assert caught.value.param == "input"


def test_the_answer_is_what_the_user_said_and_the_compact_form() -> None:
    kept = {"role": "user", "type": "message", "id": "msg_9", "content": [{"type": "input_text", "text": "more"}]}
    answer = json.loads(write_compacted(request(input=[USER, ASSISTANT, kept]), json.dumps(RESPONSE).encode()))
    first, second, compact = answer.pop("output")
    assert answer == {"id": "resp_1", "object": "response.compaction", "created_at": 1, "usage": {"input_tokens": 1}}
    assert (first["content"], second["id"], second["content"]) == (
        [{"type": "input_text", "text": "hi"}],
        "msg_9",
        kept["content"],
    )
    assert compact == RESPONSE["output"][0]


def test_an_answer_that_compacts_nothing_is_a_failure() -> None:
    with pytest.raises(Failure) as caught:
        write_compacted(request(), json.dumps(RESPONSE | {"output": [ASSISTANT]}).encode())
    assert caught.value.code == "bad_answer"


def test_a_response_without_usage_is_compacted_without_it() -> None:
    answer, _ = quirks.complete(b'{"output": [{"type": "compaction", "encrypted_content": "x"}]}', "m", STAMP)
    written = json.loads(write_compacted(request(), answer))
    assert written["usage"] is None
    assert [one["type"] for one in written["output"]] == ["message", "compaction"]


# --- relayed ---------------------------------------------------------------------------------------------------------


ASK = Ask("gpt-5-mini", stream=True, initiator=Initiator.AGENT, compacts=True)
OPENAI = Capabilities(vendor="openai")
USER_ITEM = {"role": "user", "content": "hi"}


def item(number: int) -> dict[str, Any]:
    return {"type": "compaction", "id": "blob", "encrypted_content": f"sealed {number}"}


MESSAGE: dict[str, Any] = {"type": "message", "id": "blob", "role": "assistant", "content": []}


def stream(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    created = {"type": "response.created", "response": {"id": "blob", "output": []}}
    told = [
        {"type": f"response.output_item.{kind}", "output_index": index, "item": one}
        for index, one in enumerate(items)
        for kind in ("added", "done")
    ]
    ended = {"id": "blob", "output": items, "status": "completed"}
    return [created, *told, {"type": "response.completed", "response": ended}]


def relayed(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    relay = quirks.relay(ASK, STAMP)
    down = b"".join(relay.event(write_sse(msgspec.json.encode(event), event["type"])) for event in events)
    assert relay.done
    found = [read_sse(raw + b"\n\n") for raw in down.split(b"\n\n") if raw]
    told = [(message.event, json.loads(message.data)) for message in found if message]
    assert all(name == event["type"] for name, event in told)
    return [event for _, event in told]


@pytest.mark.parametrize("count", [1, 2, 3])
def test_of_several_compacted_conversations_the_last_one_goes_down_alone(count: int) -> None:
    items = [item(number) for number in range(count)]
    _, added, done, completed = relayed(stream(items))
    assert added["type"] == "response.output_item.added"
    assert added["item"] == done["item"] == completed["response"]["output"][0]
    assert (added["output_index"], done["output_index"]) == (0, 0)
    assert completed["response"]["output"][0]["encrypted_content"] == f"sealed {count - 1}"
    assert len(completed["response"]["output"]) == 1


def test_what_stands_between_them_holds_nothing_up() -> None:
    created, *told, completed = stream([item(0), item(1)])
    between = {"type": "response.in_progress_of_something", "n": 1}
    down = relayed([created, *told[:2], between, *told[2:], completed])
    assert [event["type"].rpartition(".")[2] for event in down] == [
        "created",
        "in_progress_of_something",
        "added",
        "done",
        "completed",
    ]


def test_other_items_pass_in_their_order() -> None:
    told = relayed(stream([item(0), MESSAGE, item(1)]))
    assert [event["item"]["type"] for event in told if "item" in event] == [
        *["compaction"] * 2,
        *["message"] * 2,
        *["compaction"] * 2,
    ]
    assert len(told[-1]["response"]["output"]) == 3


def test_a_whole_answer_keeps_the_last_one() -> None:
    body = {"output": [item(0), item(1)], "usage": {"input_tokens": 1}}
    answer, _ = quirks.complete(json.dumps(body).encode(), "gpt-5-mini", STAMP)
    assert [one["encrypted_content"] for one in json.loads(answer)["output"]] == ["sealed 1"]
    body = {"output": [item(0), MESSAGE]}
    answer, _ = quirks.complete(json.dumps(body).encode(), "gpt-5-mini", STAMP)
    assert len(json.loads(answer)["output"]) == 2


def prepared(*items: dict[str, Any]) -> list[dict[str, Any]]:
    body = RawObject(json.dumps({"model": "gpt-5.5", "input": items}).encode())
    quirks.prepare(body, ASK, OPENAI)
    given: list[dict[str, Any]] = body.get("input")
    return given


@pytest.mark.parametrize("kind", sorted(ITEMS))
def test_what_was_compacted_here_goes_up_as_a_message_whatever_the_client_calls_it(kind: str) -> None:
    first, second = prepared({"type": kind, "id": "cmp_1", "encrypted_content": wrap_summary("a heron")}, USER_ITEM)
    assert (first["type"], first["role"], set(first)) == ("message", "user", {"type", "role", "content"})
    assert first["content"][0]["text"].endswith("a heron")
    assert second == USER_ITEM


def test_what_openai_has_compacted_goes_up_as_it_is() -> None:
    assert prepared({"type": "compaction", "encrypted_content": "gAAA"}) == [
        {"type": "compaction", "encrypted_content": "gAAA"}
    ]


def test_a_broken_one_that_is_relayed_is_refused_by_its_place() -> None:
    with pytest.raises(Failure) as caught:
        prepared(USER_ITEM, {"type": "compaction", "encrypted_content": wrap_summary("a heron")[:-4]})
    assert (caught.value.kind, caught.value.param) == (Kind.INVALID, "input[1].encrypted_content")


@pytest.mark.parametrize(("vendor", "does"), [("openai", True), ("", True), ("xai", False), ("anthropic", False)])
def test_only_openais_models_compact_by_themselves(vendor: str, does: bool) -> None:
    assert compacts_itself(vendor) is does


def test_a_refusal_of_the_trigger_is_known_by_its_name() -> None:
    said = "Invalid value: 'compaction_trigger'. Supported values are: 'message'."
    assert is_refused(Failure(Kind.INVALID, said))
    assert not is_refused(Failure(Kind.INVALID, "too long"))
    assert not is_refused(Failure(Kind.UPSTREAM, said))


# --- kept histories ----------------------------------------------------------------------------------------------

SPOKEN, REPLIED = (
    b'{"role":"user","content":"u"}',
    b'{"type":"message","role":"assistant","content":"compaction_trigger"}',
)
CALL_ITEM, TRIGGER_ITEM = b'{"type":"function_call"}', b'{"id":"item_1","type":"compaction_trigger"}'
COMPACT_ITEM = b'{"type":"compaction","encrypted_content":"x"}'


@pytest.mark.parametrize(
    ("history", "given"),
    [
        ([], []),
        ([SPOKEN, REPLIED, CALL_ITEM], [SPOKEN, REPLIED, CALL_ITEM]),
        ([SPOKEN, COMPACT_ITEM, REPLIED], [SPOKEN, COMPACT_ITEM, REPLIED]),
        ([SPOKEN, REPLIED, TRIGGER_ITEM, COMPACT_ITEM], [SPOKEN, COMPACT_ITEM]),
        (
            [SPOKEN, REPLIED, CALL_ITEM, TRIGGER_ITEM, COMPACT_ITEM, SPOKEN, REPLIED],
            [SPOKEN, COMPACT_ITEM, SPOKEN, REPLIED],
        ),
        ([SPOKEN, REPLIED, TRIGGER_ITEM], [SPOKEN, REPLIED]),
        ([SPOKEN, REPLIED, TRIGGER_ITEM, REPLIED, TRIGGER_ITEM], [SPOKEN, REPLIED, REPLIED]),
        (
            [SPOKEN, TRIGGER_ITEM, COMPACT_ITEM, REPLIED, SPOKEN, TRIGGER_ITEM, COMPACT_ITEM],
            [SPOKEN, SPOKEN, COMPACT_ITEM],
        ),
        ([SPOKEN, TRIGGER_ITEM, COMPACT_ITEM, REPLIED, TRIGGER_ITEM, SPOKEN], [SPOKEN, COMPACT_ITEM, REPLIED, SPOKEN]),
    ],
)
def test_a_history_goes_on_from_where_it_was_compacted(history: list[bytes], given: list[bytes]) -> None:
    assert list(since_compaction(history)) == given
