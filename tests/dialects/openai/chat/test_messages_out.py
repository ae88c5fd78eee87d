import base64
from typing import Any

import pytest

from passenger.chat.capabilities import Capabilities
from passenger.chat.prompt import (
    Document,
    Image,
    Message,
    Part,
    Reasoning,
    Refusal,
    Role,
    Signature,
    Text,
    Tool,
    ToolCall,
    ToolResult,
)
from passenger.chat.tool_names import ToolNames
from passenger.dialects.openai.chat.messages_out import SEE_BELOW, MessagesWriter, mark, write_document
from passenger.errors import Failure, Kind

JSON = dict[str, Any]
GOOGLE = Capabilities("google")
PNG = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}
CACHE = {"copilot_cache_control": {"type": "ephemeral"}}


def write(role: Role, *parts: Part, tools: tuple[Tool, ...] = (), capabilities: Capabilities = GOOGLE) -> list[JSON]:
    return list(MessagesWriter(capabilities, ToolNames(tools), []).write(Message(role, parts)))


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
        ("user", Reasoning("hm")),
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


def test_a_breakpoint_at_a_results_picture_is_the_results() -> None:
    image = Image("image/png", "AA==", cache=True)
    assert write("user", ToolResult("c1", (Text("a"), image))) == [
        {"role": "tool", "tool_call_id": "c1", "content": "a", **CACHE},
        {"role": "user", "content": [PNG]},
    ]


@pytest.mark.parametrize(("content", "words"), [((Text("boom"),), "Error: boom"), ((), "Error: ")])
def test_a_result_that_is_an_error_says_so(content: tuple[Text, ...], words: str) -> None:
    assert write("user", ToolResult("c1", content, error=True))[0]["content"] == words


# --- thoughts ----------------------------------------------------------------------------------------------------

OWN = Signature("completions/google", "own")
NATIVE = Signature("completions", "native")
OTHERS = [None, Signature("", "x"), Signature("completions/anthropic", "x"), Signature("messages/google", "x")]


def thought(*thoughts: Reasoning) -> tuple[list[JSON], list[str]]:
    dropped: list[str] = []
    parts: tuple[Part, ...] = (*thoughts, Text("a"))
    return list(MessagesWriter(GOOGLE, ToolNames(()), dropped).write(Message("assistant", parts))), dropped


@pytest.mark.parametrize("signature", [OWN, NATIVE])
def test_reasoning_goes_back_to_who_has_signed_it(signature: Signature) -> None:
    message = {"role": "assistant", "content": "a", "reasoning_opaque": signature.value}
    assert thought(Reasoning("hm", signature)) == ([message | {"reasoning_text": "hm"}], [])
    assert thought(Reasoning("", signature)) == ([message], [])


@pytest.mark.parametrize("signature", OTHERS)
def test_reasoning_that_this_vendor_has_not_signed_is_left_out_and_named(signature: Signature | None) -> None:
    named = ["messages.reasoning" if signature is None else "signature"]
    assert thought(Reasoning("hm", signature)) == ([{"role": "assistant", "content": "a"}], named)


def test_words_whose_signature_came_later_go_with_it() -> None:
    message = {"role": "assistant", "content": "a", "reasoning_text": "hm", "reasoning_opaque": "own"}
    assert thought(Reasoning("hm"), Reasoning("", OWN)) == ([message], [])


def test_of_several_signatures_the_last_is_sent_and_the_loss_is_named() -> None:
    message = {"role": "assistant", "content": "a", "reasoning_text": "onetwo", "reasoning_opaque": "native"}
    assert thought(Reasoning("one", OWN), Reasoning("two", NATIVE)) == ([message], ["signature"])
    foreign = Reasoning("x", Signature("messages/anthropic", "x"))
    assert thought(foreign, Reasoning("onetwo", NATIVE)) == ([message], ["signature"])


def test_a_turn_of_nothing_but_reasoning_is_a_message_only_for_who_has_it() -> None:
    assert write("assistant", Reasoning("hm", OWN)) == [
        {"role": "assistant", "content": "", "reasoning_text": "hm", "reasoning_opaque": "own"}
    ]
    assert write("assistant", Reasoning("hm", Signature("messages/anthropic", "x"))) == []


# --- documents ---------------------------------------------------------------------------------------------------


DATA = base64.b64encode("é\n".encode()).decode()


@pytest.mark.parametrize("media_type", ["text/plain", "text/markdown; charset=utf-8", "TEXT/csv", "application/json"])
def test_a_text_goes_up_as_text_with_its_name(media_type: str) -> None:
    assert write_document(Document(media_type, DATA, "a.txt")) == {"type": "text", "text": "a.txt:\n\né\n"}
    assert write_document(Document(media_type, DATA)) == {"type": "text", "text": "é\n"}


def test_a_breakpoint_stays_where_it_was() -> None:
    assert write_document(Document("text/plain", DATA, cache=True))["copilot_cache_control"] == {"type": "ephemeral"}


@pytest.mark.parametrize(
    ("media_type", "data", "words"),
    [
        ("application/pdf", "JVBERg==", "takes no documents (application/pdf)"),
        ("text/plain", "A", "not valid base64"),
        ("text/plain", "é", "not valid base64"),
    ],
)
def test_other_documents_are_refused(media_type: str, data: str, words: str) -> None:
    with pytest.raises(Failure) as caught:
        write_document(Document(media_type, data))
    assert caught.value.param == "document"
    assert words in caught.value.message


def test_a_mark_is_copilots() -> None:
    assert mark({"a": 1}) == {"a": 1, "copilot_cache_control": {"type": "ephemeral"}}
    assert mark({"a": 1}, wanted=False) == {"a": 1}
