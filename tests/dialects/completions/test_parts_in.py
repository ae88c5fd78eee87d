from typing import Any

import pytest

from passenger import seals
from passenger.chat import Document, Image, Message, Refusal, Seal, Text, Thought, ToolCall, ToolResult
from passenger.dialects.completions.parts_in import Turns
from passenger.errors import Failure, Kind

JSON = dict[str, Any]

USER: JSON = {"role": "user", "content": "go"}
GO = Message("user", (Text("go"),))
CACHE = {"copilot_cache_control": {"type": "ephemeral"}}
PNG = "data:image/png;base64,AA=="


def call(call_id: str = "c1", name: str = "f", arguments: str | None = "{}") -> JSON:
    return {"id": call_id, "type": "function", "function": {"name": name, "arguments": arguments}}


def result(call_id: str = "c1", content: object = "42", **fields: object) -> JSON:
    return {"role": "tool", "tool_call_id": call_id, "content": content, **fields}


def said(**fields: object) -> JSON:
    return {"role": "assistant", **fields}


def read(*messages: object) -> tuple[Message, ...]:
    return Turns().read(list(messages))


def refused(*messages: object) -> Failure:
    with pytest.raises(Failure) as caught:
        read(*messages)
    assert caught.value.kind is Kind.INVALID
    return caught.value


# --- turns -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ["system", "developer"])
def test_system_and_developer_speak_as_the_system_wherever_they_stand(role: str) -> None:
    brief = {"role": role, "content": "be brief"}
    assert read(brief, USER, brief) == (
        Message("system", (Text("be brief"),)),
        GO,
        Message("system", (Text("be brief"),)),
    )


def test_results_come_first_in_the_users_turn_that_follows_them() -> None:
    turns = read(USER, said(tool_calls=[call("a"), call("b")]), result("a"), result("b", "43"), USER)
    assert turns[2:] == (Message("user", (ToolResult("a", (Text("42"),)), ToolResult("b", (Text("43"),)), Text("go"))),)


@pytest.mark.parametrize("after", [said(content="ok"), {"role": "system", "content": "ok"}])
def test_results_without_a_users_turn_are_one(after: JSON) -> None:
    results = Message("user", (ToolResult("c1", (Text("42"),)),))
    assert read(result())[-1:] == (results,)
    assert read(result(), after)[0] == results


def test_messages_that_say_nothing_vanish() -> None:
    assert read({"role": "system", "content": ""}, USER, said(content=None), {"role": "user"}) == (GO,)


@pytest.mark.parametrize("messages", [(), ({"role": "user", "content": ""},), (said(content=None, tool_calls=[]),)])
def test_something_must_be_said(messages: tuple[JSON, ...]) -> None:
    assert refused(*messages).param == "messages"


# --- the assistant's ---------------------------------------------------------------------------------------------


def test_an_assistants_parts_are_thought_words_refusal_and_calls() -> None:
    message = said(
        reasoning_text="hm", reasoning_opaque="native", content="a", refusal="no", tool_calls=[call(), call("c2", "g")]
    )
    (turn,) = read(message)
    assert turn.parts == (
        Thought("hm", Seal("completions", "native")),
        Text("a"),
        Refusal("no"),
        ToolCall("c1", "f", "{}"),
        ToolCall("c2", "g", "{}"),
    )


@pytest.mark.parametrize(
    ("fields", "thought"),
    [
        ({"reasoning_text": "hm"}, Thought("hm")),
        ({"reasoning_opaque": "x"}, Thought("", Seal("completions", "x"))),
        ({"reasoning_text": None, "reasoning_opaque": "x"}, Thought("", Seal("completions", "x"))),
    ],
)
def test_a_thought_may_lack_its_words_or_its_seal(fields: JSON, thought: Thought) -> None:
    assert read(said(**fields))[0].parts == (thought,)


def test_a_seal_of_another_dialect_keeps_its_origin() -> None:
    seal = Seal("messages/anthropic", "CAISexample", redacted=True)
    assert read(said(reasoning_opaque=seals.wrap(seal)))[0].parts == (Thought("", seal),)


def test_only_an_assistant_thinks_calls_and_refuses() -> None:
    assert read({**USER, "reasoning_text": "hm", "refusal": "no", "tool_calls": [call()]}) == (GO,)


def test_the_result_of_a_custom_tool_is_one_too() -> None:
    custom = {"id": "c2", "type": "custom", "custom": {"name": "exec", "input": "raw"}}
    results = read(said(tool_calls=[call(), custom]), result("c1"), result("c2"))[1].parts
    assert results == (ToolResult("c1", (Text("42"),)), ToolResult("c2", (Text("42"),), custom=True))


def test_a_call_may_lack_its_arguments_or_be_of_a_custom_tool() -> None:
    custom = {"id": "c2", "type": "custom", "custom": {"name": "exec", "input": "raw"}}
    bare = {"id": "c3", "type": "custom", "custom": {"name": "exec"}}
    assert read(said(tool_calls=[call(arguments=None), custom, bare]))[0].parts == (
        ToolCall("c1", "f", ""),
        ToolCall("c2", "exec", "raw", custom=True),
        ToolCall("c3", "exec", "", custom=True),
    )


def test_each_older_call_gets_an_id_by_which_its_result_finds_it() -> None:
    older = said(content=None, function_call={"name": "f", "arguments": "{}"})
    answer = {"role": "function", "name": "f", "content": "42"}
    first, one, second, two = read(older, answer, older, answer)
    assert (first.parts, second.parts) == ((ToolCall("call_0", "f", "{}"),), (ToolCall("call_2", "f", "{}"),))
    assert (one.parts, two.parts) == ((ToolResult("call_0", (Text("42"),)),), (ToolResult("call_2", (Text("42"),)),))
    assert read(answer)[0].parts == (ToolResult("call_f", (Text("42"),)),)


# --- results -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "shown"),
    [
        (None, ()),
        ("", ()),
        ([{"type": "text", "text": "a"}, {"type": "text", "text": "b"}], (Text("a"), Text("b"))),
        ([{"type": "image_url", "image_url": {"url": PNG}}], (Image("image/png", "AA=="),)),
        (
            [{"type": "file", "file": {"file_data": "data:application/pdf;base64,AA=="}}],
            (Document("application/pdf", "AA=="),),
        ),
        ([{"type": "refusal", "refusal": "a"}], (Text("a"),)),
    ],
)
def test_a_result_holds_texts_pictures_and_files(content: object, shown: tuple[Any, ...]) -> None:
    assert read(result(content=content))[0].parts == (ToolResult("c1", shown),)


# --- breakpoints -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["copilot_cache_control", "cache_control"])
@pytest.mark.parametrize(
    ("message", "last"),
    [
        ({"role": "system", "content": "a"}, Text("a", cache=True)),
        ({"role": "user", "content": [{"type": "text", "text": "a"}]}, Text("a", cache=True)),
        (
            {"role": "user", "content": [{"type": "image_url", "image_url": {"url": PNG}}]},
            Image("image/png", "AA==", cache=True),
        ),
        (said(content="a", tool_calls=[call()]), ToolCall("c1", "f", "{}", cache=True)),
        (result(), ToolResult("c1", (Text("42"),), cache=True)),
    ],
)
def test_a_breakpoint_of_a_message_is_after_its_last_part(name: str, message: JSON, last: object) -> None:
    (turn,) = read({**message, name: {"type": "ephemeral"}})
    assert turn.parts[-1] == last
    assert not any(getattr(part, "cache", False) for part in turn.parts[:-1])


def test_a_breakpoint_of_a_part_is_after_that_part() -> None:
    first, second = {"type": "text", "text": "a", **CACHE}, {"type": "text", "text": "b"}
    assert read({"role": "user", "content": [first, second]})[0].parts == (Text("a", cache=True), Text("b"))
    assert read(result(content=[first, second]))[0].parts == (ToolResult("c1", (Text("a", cache=True), Text("b"))),)


def test_a_breakpoint_where_nothing_can_bear_it_is_none() -> None:
    assert read(USER, said(refusal="no", **CACHE), said(**CACHE))[1:] == (Message("assistant", (Refusal("no"),)),)


# --- what is left out --------------------------------------------------------------------------------------------


def test_what_is_not_read_of_a_message_is_named() -> None:
    turns = Turns()
    turns.read(
        [
            {**USER, "name": "Ada"},
            {**USER, "name": "Bob", "x": 1},
            said(content="a", reasoning_content="hm", name="", y=None, z=[]),
            said(content="a", annotations=[{}], provider_specific_fields={"a": 1}, id="m1"),
            result(name="f"),
            {"role": "function", "name": "f", "content": "42"},
        ]
    )
    assert list(dict.fromkeys(turns.dropped)) == ["messages.name", "messages.x", "messages.reasoning_content"]


# --- what is refused ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("message", "field"),
    [
        (5, ""),
        ({}, ".role"),
        ({"role": "narrator"}, ".role"),
        ({"role": ["user"]}, ".role"),
        ({"role": "user", "content": 5}, ".content"),
        ({"role": "user", "content": [{"type": "input_audio"}]}, ".content[0].type"),
        (said(audio={"id": "a"}), ".audio"),
        (said(refusal=5), ".refusal"),
        (said(reasoning_text=5), ".reasoning_text"),
        (said(reasoning_opaque=5), ".reasoning_opaque"),
        (said(tool_calls={}), ".tool_calls"),
        (said(tool_calls=[5]), ".tool_calls[0]"),
        (said(tool_calls=[{}]), ".tool_calls[0].id"),
        (said(tool_calls=[{"id": "a"}]), ".tool_calls[0].function"),
        (said(tool_calls=[{"id": "a", "function": {}}]), ".tool_calls[0].function.name"),
        (
            said(tool_calls=[{"id": "a", "function": {"name": "f", "arguments": {}}}]),
            ".tool_calls[0].function.arguments",
        ),
        (said(tool_calls=[{"id": "a", "custom": {"input": "x"}}]), ".tool_calls[0].custom.name"),
        (said(tool_calls=[{"id": "a", "custom": {"name": "f", "input": 5}}]), ".tool_calls[0].custom.input"),
        (said(function_call={"arguments": "{}"}), ".function_call.name"),
        (said(function_call={"name": "f", "arguments": 5}), ".function_call.arguments"),
        ({"role": "tool", "content": "42"}, ".tool_call_id"),
        (result(content=5), ".content"),
        ({"role": "function", "content": "42"}, ".name"),
    ],
)
def test_a_message_at_fault_is_refused_by_its_place(message: object, field: str) -> None:
    assert refused(USER, message).param == f"messages[1]{field}"
