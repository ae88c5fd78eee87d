from typing import Any

import pytest

from passenger.chat import (
    Abilities,
    Document,
    Image,
    Message,
    Part,
    Refusal,
    Role,
    Seal,
    Text,
    Thought,
    Tool,
    ToolCall,
    ToolResult,
)
from passenger.dialects.completions.messages_out import SEE_BELOW, Messages
from passenger.errors import Failure, Kind
from passenger.toolnames import Names

JSON = dict[str, Any]
GOOGLE = Abilities("google")
PNG = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}
CACHE = {"copilot_cache_control": {"type": "ephemeral"}}


def write(role: Role, *parts: Part, tools: tuple[Tool, ...] = (), able: Abilities = GOOGLE) -> list[JSON]:
    return list(Messages(able, Names(tools), []).write(Message(role, parts)))


def text(words: str) -> JSON:
    return {"type": "text", "text": words}


def call(call_id: str = "c1", name: str = "f", arguments: str = "{}") -> JSON:
    return {"id": call_id, "type": "function", "function": {"name": name, "arguments": arguments}}


def refused(role: Role, *parts: Part) -> Failure:
    with pytest.raises(Failure) as caught:
        write(role, *parts)
    assert caught.value.kind is Kind.INVALID
    return caught.value


# --- content -----------------------------------------------------------------------------------------------------

ROLES: list[Role] = ["system", "user", "assistant"]


@pytest.mark.parametrize("role", ROLES)
def test_one_text_is_a_string_and_several_are_parts(role: Role) -> None:
    assert write(role, Text("a")) == [{"role": role, "content": "a"}]
    assert write(role, Text("a"), Text("b")) == [{"role": role, "content": [text("a"), text("b")]}]


@pytest.mark.parametrize("role", ROLES)
def test_a_turn_without_words_is_no_message(role: Role) -> None:
    assert write(role) == write(role, Text(""), Text("", cache=True)) == []
    assert write(role, Text(""), Text("a")) == [{"role": role, "content": "a"}]


def test_a_picture_is_a_data_url_with_its_detail() -> None:
    low = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA==", "detail": "low"}}
    shown = (Text("see"), Image("image/png", "AA=="), Image("image/png", "AA==", "low"))
    assert write("user", *shown) == [{"role": "user", "content": [text("see"), PNG, low]}]


def test_a_refusal_of_the_model_was_its_words() -> None:
    assert write("assistant", Refusal("no")) == [{"role": "assistant", "content": [text("no")]}]


def test_a_document_is_refused() -> None:
    failure = refused("user", Text("see"), Document("application/pdf", "AA=="))
    assert failure.param == "document"
    assert "takes no documents (application/pdf)" in failure.message
    assert refused("user", ToolResult("c1", (Document("application/pdf", "AA=="),))).param == "document"


@pytest.mark.parametrize(
    ("role", "part"),
    [
        ("assistant", Image("image/png", "AA==")),
        ("assistant", Document("application/pdf", "AA==")),
        ("assistant", ToolResult("c1", ())),
        ("user", ToolCall("c1", "f", "{}")),
        ("user", Thought("hm")),
        ("system", ToolResult("c1", ())),
    ],
)
def test_a_part_of_another_role_is_refused(role: Role, part: Part) -> None:
    assert refused(role, Text("a"), part).param == "messages"


# --- breakpoints -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ROLES)
def test_a_breakpoint_after_the_last_part_is_the_messages(role: Role) -> None:
    assert write(role, Text("a", cache=True)) == [{"role": role, "content": "a", **CACHE}]
    assert write(role, Text("a", cache=True), Text("b")) == [
        {"role": role, "content": [{**text("a"), **CACHE}, text("b")]}
    ]


def test_a_breakpoint_after_a_picture_a_call_or_a_result_is_the_messages_too() -> None:
    assert write("user", Text("a"), Image("image/png", "AA==", cache=True)) == [
        {"role": "user", "content": [text("a"), PNG], **CACHE}
    ]
    assert write("assistant", Text("a", cache=True), ToolCall("c1", "f", "{}", cache=True)) == [
        {"role": "assistant", "content": [{**text("a"), **CACHE}], "tool_calls": [call()], **CACHE}
    ]
    cached = [{"role": "tool", "tool_call_id": "c1", "content": "a", **CACHE}]
    assert write("user", ToolResult("c1", (Text("a"),), cache=True)) == cached
    assert write("user", ToolResult("c1", (Text("a", cache=True),))) == cached


# --- calls and results -------------------------------------------------------------------------------------------


def test_calls_stand_beside_the_words_or_alone() -> None:
    calls = (ToolCall("c1", "f", '{"a":1}'), ToolCall("c2", "g", ""))
    written = [call("c1", "f", '{"a":1}'), call("c2", "g", "{}")]
    assert write("assistant", *calls) == [{"role": "assistant", "content": None, "tool_calls": written}]
    assert write("assistant", Text("a"), *calls) == [{"role": "assistant", "content": "a", "tool_calls": written}]


def test_a_call_of_a_custom_tool_has_its_text_in_an_object() -> None:
    (message,) = write("assistant", ToolCall("c1", "exec", 'say "a"\n', custom=True))
    assert message["tool_calls"] == [call("c1", "exec", '{"input":"say \\"a\\"\\n"}')]


def test_names_are_sent_as_they_were_declared() -> None:
    tools = (Tool("read", namespace="fs"), Tool("x" * 80))
    spaced, found, long = (
        write("assistant", one, tools=tools)[0]["tool_calls"][0]["function"]["name"]
        for one in (ToolCall("c", "read", "", namespace="fs"), ToolCall("c", "read", ""), ToolCall("c", "x" * 80, ""))
    )
    assert spaced == found == "fs__read"
    assert (len(long), long[:10]) == (64, "x" * 10)


def test_results_come_before_what_the_user_says() -> None:
    assert write("user", ToolResult("c1", (Text("a"), Text("b"))), ToolResult("c2", ()), Text("go")) == [
        {"role": "tool", "tool_call_id": "c1", "content": "a\nb"},
        {"role": "tool", "tool_call_id": "c2", "content": ""},
        {"role": "user", "content": "go"},
    ]


def test_pictures_of_a_result_follow_in_the_users_message() -> None:
    image = Image("image/png", "AA==")
    assert write("user", ToolResult("c1", (Text("a"), image)), ToolResult("c2", (image,)), Text("go")) == [
        {"role": "tool", "tool_call_id": "c1", "content": "a"},
        {"role": "tool", "tool_call_id": "c2", "content": SEE_BELOW},
        {"role": "user", "content": [PNG, PNG, text("go")]},
    ]


@pytest.mark.parametrize(("content", "words"), [((Text("boom"),), "Error: boom"), ((), "Error: ")])
def test_a_result_that_is_an_error_says_so(content: tuple[Text, ...], words: str) -> None:
    assert write("user", ToolResult("c1", content, error=True))[0]["content"] == words


# --- thoughts ----------------------------------------------------------------------------------------------------

OWN = Seal("completions/google", "own")
NATIVE = Seal("completions", "native")
OTHERS = [None, Seal("", "x"), Seal("completions/anthropic", "x"), Seal("messages/google", "x")]


def thought(*thoughts: Thought) -> tuple[list[JSON], list[str]]:
    dropped: list[str] = []
    parts: tuple[Part, ...] = (*thoughts, Text("a"))
    return list(Messages(GOOGLE, Names(()), dropped).write(Message("assistant", parts))), dropped


@pytest.mark.parametrize("seal", [OWN, NATIVE])
def test_a_thought_goes_back_to_who_has_sealed_it(seal: Seal) -> None:
    message = {"role": "assistant", "content": "a", "reasoning_opaque": seal.value}
    assert thought(Thought("hm", seal)) == ([message | {"reasoning_text": "hm"}], [])
    assert thought(Thought("", seal)) == ([message], [])


@pytest.mark.parametrize("seal", OTHERS)
def test_a_thought_that_this_vendor_has_not_sealed_is_left_out_and_named(seal: Seal | None) -> None:
    named = ["thought" if seal is None else "seal"]
    assert thought(Thought("hm", seal)) == ([{"role": "assistant", "content": "a"}], named)


def test_words_whose_seal_came_later_go_with_it() -> None:
    message = {"role": "assistant", "content": "a", "reasoning_text": "hm", "reasoning_opaque": "own"}
    assert thought(Thought("hm"), Thought("", OWN)) == ([message], [])


def test_of_several_seals_the_last_is_sent_and_the_loss_is_named() -> None:
    message = {"role": "assistant", "content": "a", "reasoning_text": "onetwo", "reasoning_opaque": "native"}
    assert thought(Thought("one", OWN), Thought("two", NATIVE)) == ([message], ["seal"])
    foreign = Thought("x", Seal("messages/anthropic", "x"))
    assert thought(foreign, Thought("onetwo", NATIVE)) == ([message], ["seal"])


def test_a_turn_of_nothing_but_thoughts_is_a_message_only_for_who_has_them() -> None:
    assert write("assistant", Thought("hm", OWN)) == [
        {"role": "assistant", "content": "", "reasoning_text": "hm", "reasoning_opaque": "own"}
    ]
    assert write("assistant", Thought("hm", Seal("messages/anthropic", "x"))) == []
