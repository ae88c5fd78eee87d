import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passenger import seals
from passenger.chat import (
    Abilities,
    Document,
    Image,
    Message,
    Part,
    Prompt,
    Refusal,
    Role,
    Seal,
    Text,
    Thought,
    Tool,
    ToolCall,
    ToolResult,
)
from passenger.dialects import Request, responses
from passenger.errors import Failure

ABLE = Abilities(vendor="openai")
IMAGE = Image("image/png", "AA==")
URL = "data:image/png;base64,AA=="


def items(*messages: Message, tools: tuple[Tool, ...] = ()) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = responses.write_prompt(Prompt("m", messages, tools=tools), ABLE).body["input"]
    return found


def item(role: Role, part: Part) -> dict[str, Any]:
    [found] = items(Message(role, (part,)))
    return found


@pytest.mark.parametrize("role", ["system", "user"])
def test_what_is_given_is_input(role: Role) -> None:
    assert item(role, Text("hi")) == {
        "type": "message",
        "role": role,
        "content": [{"type": "input_text", "text": "hi"}],
    }


def test_what_was_said_is_output() -> None:
    content = [{"type": "output_text", "text": "a"}, {"type": "refusal", "refusal": "b"}]
    [said] = items(Message("assistant", (Text("a"), Refusal("b"))))
    assert said == {"type": "message", "role": "assistant", "content": content}


def test_pictures_and_files_are_data_urls() -> None:
    [picture] = item("user", IMAGE)["content"]
    assert picture == {"type": "input_image", "image_url": URL, "detail": "auto"}
    [picture] = item("user", Image("image/png", "AA==", "low"))["content"]
    assert picture["detail"] == "low"
    [file] = item("user", Document("application/pdf", "AA=="))["content"]
    assert file == {
        "type": "input_file",
        "filename": "document.pdf",
        "file_data": "data:application/pdf;base64,AA==",
    }


def test_an_assistant_shows_no_pictures() -> None:
    with pytest.raises(Failure) as caught:
        item("assistant", IMAGE)
    assert caught.value.param == "messages"


def test_calls_and_results_are_items_of_their_own_in_their_order() -> None:
    turn = Message("assistant", (Text("a"), ToolCall("c", "f", "{}"), Text("b"), ToolCall("d", "g", "+x", custom=True)))
    results = Message("user", (ToolResult("c", (Text("1"),)), ToolResult("d", (), custom=True), Text("go")))
    given_ = items(turn, results)
    assert [one["type"] for one in given_] == [
        "message",
        "function_call",
        "message",
        "custom_tool_call",
        "function_call_output",
        "custom_tool_call_output",
        "message",
    ]
    assert given_[1] == {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"}
    assert given_[3] == {"type": "custom_tool_call", "call_id": "d", "name": "g", "input": "+x"}
    assert given_[4] == {"type": "function_call_output", "call_id": "c", "output": "1"}


def test_no_item_has_an_id() -> None:
    turn = (Thought("t", Seal("responses/openai", "s")), Text("a"), ToolCall("c", "f", "{}"))
    assert not any("id" in one for one in items(Message("assistant", turn)))


def test_a_call_without_arguments_has_none() -> None:
    assert item("assistant", ToolCall("c", "f", ""))["arguments"] == "{}"


def test_a_call_has_the_namespace_of_its_tool() -> None:
    tools = (Tool("f", namespace="ns"),)
    for call in (ToolCall("c", "f", "{}"), ToolCall("c", "f", "{}", "ns")):
        [one] = items(Message("assistant", (call,)), tools=tools)
        assert (one["name"], one["namespace"]) == ("f", "ns")


@pytest.mark.parametrize(
    ("result", "output"),
    [
        (ToolResult("c", ()), ""),
        (ToolResult("c", (Text("1"),)), "1"),
        (ToolResult("c", (Text("1"),), error=True), "The tool failed: 1"),
        (ToolResult("c", (), error=True), "The tool failed:"),
        (
            ToolResult("c", (Text("1"), IMAGE)),
            [{"type": "input_text", "text": "1"}, {"type": "input_image", "image_url": URL, "detail": "auto"}],
        ),
        (
            ToolResult("c", (IMAGE,), error=True),
            [
                {"type": "input_text", "text": "The tool failed:"},
                {"type": "input_image", "image_url": URL, "detail": "auto"},
            ],
        ),
    ],
)
def test_a_result_is_a_text_where_it_is_one_and_says_where_the_tool_failed(result: ToolResult, output: object) -> None:
    assert item("user", result)["output"] == output


# --- thoughts ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("origin", ["responses/openai", "responses"])
def test_a_thought_goes_back_to_who_had_it(origin: str) -> None:
    assert item("assistant", Thought("Hm.", Seal(origin, "sealed"))) == {
        "type": "reasoning",
        "summary": [{"type": "summary_text", "text": "Hm."}],
        "encrypted_content": "sealed",
    }
    assert item("assistant", Thought("", Seal(origin, "sealed")))["summary"] == []


@pytest.mark.parametrize("seal", [None, Seal("responses/xai", "s"), Seal("messages/anthropic", "s"), Seal("", "s")])
def test_another_s_thought_is_left_out_by_name(seal: Seal | None) -> None:
    thought = Message("assistant", (Thought("Hm.", seal), Text("Hi"), Thought("Ah.", seal)))
    written = responses.write_prompt(Prompt("m", (thought,)), ABLE)
    assert written.dropped == ("thought" if seal is None else "seal",)
    assert [one["type"] for one in written.body["input"]] == ["message"]


# --- what was written is read again ------------------------------------------------------------------------------

words = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=10)
name = st.text("abc_-", min_size=1, max_size=8)
shown = st.one_of(
    st.builds(Text, words),
    st.builds(Image, st.just("image/png"), st.just("AA=="), st.sampled_from(["low", "high", "auto"])),
    st.builds(Document, st.just("application/pdf"), st.just("AA=="), words),
)
said = st.one_of(
    st.builds(Text, words),
    st.builds(Refusal, words),
    st.builds(Thought, words, st.builds(Seal, st.just("responses"), name)),
    st.builds(ToolCall, name, name, words, st.none() | name, st.booleans()),
)
result = st.builds(ToolResult, name, st.lists(shown, min_size=1, max_size=3).map(tuple), st.just(False), st.booleans())
turns = st.lists(
    st.one_of(
        st.builds(Message, st.just("system"), st.tuples(st.builds(Text, words))),
        st.builds(Message, st.just("user"), st.lists(shown, min_size=1, max_size=3).map(tuple)),
        st.builds(Message, st.just("user"), st.lists(result, min_size=1, max_size=3).map(tuple)),
        st.builds(Message, st.just("assistant"), st.lists(said, min_size=1, max_size=4).map(tuple)),
    ),
    max_size=5,
)


def joined(messages: list[Message]) -> tuple[Message, ...]:
    """The turns as the wire tells them apart: an assistant's that follow each other are one, and so are results."""
    found: list[Message] = []
    for message in messages:
        last = found[-1] if found else None
        one = last is not None and last.role == message.role == "assistant"
        results = (
            last is not None and isinstance(last.parts[-1], ToolResult) and isinstance(message.parts[0], ToolResult)
        )
        if last is not None and (one or results):
            found[-1] = Message(last.role, last.parts + message.parts)
        else:
            found.append(message)
    return tuple(found)


@given(turns)
def test_what_was_written_is_read_again(messages: list[Message]) -> None:
    body = responses.write_prompt(Prompt("m", tuple(messages)), ABLE).body
    again = responses.read_prompt(Request(json.dumps(body).encode()))
    assert again.messages == joined(messages)


def test_a_wrapped_seal_comes_back_to_who_made_it() -> None:
    wrapped = seals.wrap(Seal("responses/openai", "sealed"))
    body = {"model": "m", "input": [{"type": "reasoning", "summary": [], "encrypted_content": wrapped}]}
    prompt = responses.read_prompt(Request(json.dumps(body).encode()))
    assert items(*prompt.messages)[0]["encrypted_content"] == "sealed"
