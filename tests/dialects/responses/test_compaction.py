import json
from base64 import b64decode, b64encode
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passenger import seals
from passenger.chat import Message, Prompt, Seal, Stamp, Text, ToolChoice, Usage
from passenger.dialects import responses
from passenger.dialects.responses.compaction import ITEMS, REQUEST, TRIGGER, UNREADABLE, opened, seal
from passenger.errors import Failure, Kind
from passenger.events import Delta, Event, Finish, PartStart, PartStop, Reason, Start
from tests.dialects.responses.asking import prompt, refusal, request

USER: dict[str, Any] = {"role": "user", "content": "hi"}
ASKED = {"type": TRIGGER}
TOOL = {"type": "function", "name": "f"}
STAMP = Stamp("0123456789abcdef" * 2, 1790000000)


# --- the seal ----------------------------------------------------------------------------------------------------


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_what_was_sealed_is_opened_again(summary: str) -> None:
    assert (opened(seal(summary)) or "").endswith(summary)


@given(st.data())
def test_a_seal_that_was_cut_or_changed_is_noticed(data: st.DataObject) -> None:
    plain = b64decode(seal("The user wants a heron."))
    at = data.draw(st.integers(len(seals.MARK), len(plain) - 1))
    cut, changed = plain[:at], plain[:at] + bytes([plain[at] ^ 1]) + plain[at + 1 :]
    for broken in (b64encode(cut).decode(), b64encode(changed).decode()):
        with pytest.raises(ValueError, match="broken"):
            opened(broken)


def test_another_seal_of_ours_is_no_conversation() -> None:
    with pytest.raises(ValueError, match="broken"):
        opened(seals.wrap(Seal("messages/anthropic", "signature")))


@pytest.mark.parametrize("foreign", ["", "gAAAAABo", "{}", "\ud800"])
def test_a_foreign_one_is_not_ours(foreign: str) -> None:
    assert opened(foreign) is None


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
    assert not responses.peek(request(input=[ASKED, USER])).compacts


def test_a_trigger_is_an_agents() -> None:
    ask = responses.peek(request(input=[USER, ASKED]))
    assert (ask.compacts, ask.initiator) == (True, "agent")


# --- given back --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", sorted(ITEMS))
def test_what_was_compacted_here_is_a_message_of_the_user(kind: str) -> None:
    read = prompt(input=[USER, {"type": kind, "encrypted_content": seal("wants a heron")}])
    assert [message.role for message in read.messages] == ["user", "user"]
    assert "wants a heron" in str(read.messages[1])
    assert read.dropped == ()


@pytest.mark.parametrize("sealed", ["gAAAAABo", None])
@pytest.mark.parametrize("kind", sorted(ITEMS))
def test_what_openai_has_sealed_is_said_to_be_missing_and_named(kind: str, sealed: str | None) -> None:
    read = prompt(input=[{"type": kind, "encrypted_content": sealed}, USER])
    assert read.messages == (Message("user", (Text(UNREADABLE),)), Message("user", (Text("hi"),)))
    assert read.dropped == (f"input[{kind}]",)


@pytest.mark.parametrize("sealed", [seal("x")[:-4], 7])
def test_a_broken_one_is_refused_by_its_place(sealed: object) -> None:
    assert refusal(input=[USER, {"type": "compaction", "encrypted_content": sealed}]).param == (
        "input[1].encrypted_content"
    )


# --- answered ----------------------------------------------------------------------------------------------------


def answered(*events: Event) -> list[dict[str, Any]]:
    writer = responses.writer(Prompt("m", (), compacts=True), STAMP)
    messages = [message for event in events for message in writer.send(event)]
    return [json.loads(message.data) for message in messages]


SAID = (
    Start("model-1"),
    PartStart("thought"),
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


def test_the_words_of_the_answer_are_one_sealed_item() -> None:
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
    assert (opened(item["encrypted_content"]) or "").endswith("The user wants a heron.")
    assert told[-1]["response"]["usage"]["output_tokens"] == 3


def test_a_summary_that_was_cut_is_incomplete() -> None:
    assert answered(*SAID, Finish(Reason.LENGTH))[-1]["type"] == "response.incomplete"


def test_no_summary_is_a_failure_of_the_model() -> None:
    with pytest.raises(Failure) as caught:
        answered(Start("m"), PartStart("refusal"), Delta("No."), PartStop(), Finish(Reason.REFUSAL))
    assert (caught.value.kind, caught.value.code) == (Kind.UPSTREAM, "bad_answer")
