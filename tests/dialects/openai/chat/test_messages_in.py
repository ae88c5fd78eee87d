import time
from typing import Any

import pytest

from passenger.chat import signatures
from passenger.chat.prompt import Document, Image, Message, Reasoning, Refusal, Signature, Text, ToolCall, ToolResult
from passenger.dialects.openai.chat.messages_in import ContentPart, MessagesReader, is_cached, read_content
from passenger.errors import Failure, Kind
from passenger.jsontext.node import JsonNode

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
    return MessagesReader().read(JsonNode({"messages": list(messages)}))


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


def test_an_assistants_parts_are_reasoning_words_refusal_and_calls() -> None:
    message = said(
        reasoning_text="hm", reasoning_opaque="native", content="a", refusal="no", tool_calls=[call(), call("c2", "g")]
    )
    (turn,) = read(message)
    assert turn.parts == (
        Reasoning("hm", Signature("completions", "native")),
        Text("a"),
        Refusal("no"),
        ToolCall("c1", "f", "{}"),
        ToolCall("c2", "g", "{}"),
    )


@pytest.mark.parametrize(
    ("fields", "thought"),
    [
        ({"reasoning_text": "hm"}, Reasoning("hm")),
        ({"reasoning_opaque": "x"}, Reasoning("", Signature("completions", "x"))),
        ({"reasoning_text": None, "reasoning_opaque": "x"}, Reasoning("", Signature("completions", "x"))),
    ],
)
def test_reasoning_may_lack_its_words_or_its_signature(fields: JSON, thought: Reasoning) -> None:
    assert read(said(**fields))[0].parts == (thought,)


def test_a_signature_of_another_dialect_keeps_its_origin() -> None:
    signature = Signature("messages/anthropic", "CAISexample", redacted=True)
    assert read(said(reasoning_opaque=signatures.wrap(signature)))[0].parts == (Reasoning("", signature),)


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
    turns = MessagesReader()
    turns.read(
        JsonNode(
            {
                "messages": [
                    {**USER, "name": "Ada"},
                    {**USER, "name": "Bob", "x": 1},
                    said(content="a", reasoning_content="hm", name="", y=None, z=[]),
                    said(content="a", annotations=[{}], provider_specific_fields={"a": 1}, id="m1"),
                    result(name="f"),
                    {"role": "function", "name": "f", "content": "42"},
                ]
            }
        )
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


# --- the content of a message ------------------------------------------------------------------------------------


PICTURE = "data:image/png;base64,iVBORw=="


def content(*parts: object) -> tuple[ContentPart, ...]:
    return tuple(read_content(JsonNode({"content": list(parts)}, "messages[0]"), "content"))


def refused_content(*parts: object) -> Failure:
    with pytest.raises(Failure) as caught:
        content(*parts)
    assert caught.value.kind is Kind.INVALID
    return caught.value


@pytest.mark.parametrize(
    ("content", "parts"),
    [(None, ()), ("", ()), ([], ()), ("a", (Text("a"),)), ([{"type": "text", "text": "a"}], (Text("a"),))],
)
def test_a_content_is_a_text_or_parts_or_nothing(content: object, parts: tuple[ContentPart, ...]) -> None:
    assert tuple(read_content(JsonNode({"c": content}), "c")) == parts


@pytest.mark.parametrize("kind", ["text", "input_text", "output_text"])
def test_texts_are_read_under_each_name_and_empty_ones_vanish(kind: str) -> None:
    assert content({"type": kind, "text": "a"}, {"type": kind, "text": ""}, {"type": kind, "text": "b"}) == (
        Text("a"),
        Text("b"),
    )


def test_a_refusal_is_one() -> None:
    assert content({"type": "refusal", "refusal": "no"}) == (Refusal("no"),)


@pytest.mark.parametrize("name", ["copilot_cache_control", "cache_control"])
def test_a_breakpoint_is_read_under_both_names(name: str) -> None:
    assert content({"type": "text", "text": "a", name: {"type": "ephemeral"}}) == (Text("a", cache=True),)
    assert not is_cached(JsonNode({name: None}))
    assert not is_cached(JsonNode({}))


# --- pictures ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("part", "image"),
    [
        ({"type": "image_url", "image_url": {"url": PICTURE}}, Image("image/png", "iVBORw==")),
        ({"type": "image_url", "image_url": {"url": PICTURE, "detail": "low"}}, Image("image/png", "iVBORw==", "low")),
        ({"type": "image_url", "image_url": PICTURE, "detail": "high"}, Image("image/png", "iVBORw==", "high")),
        ({"type": "input_image", "image_url": PICTURE}, Image("image/png", "iVBORw==")),
        ({"type": "image_url", "image_url": {"url": PICTURE}, **CACHE}, Image("image/png", "iVBORw==", cache=True)),
        (
            {"type": "image_url", "image_url": {"url": "DATA:Image/JPEG;name=a.jpg;charset=x;BASE64,\nAA=="}},
            Image("image/jpeg", "\nAA=="),
        ),
    ],
)
def test_a_picture_is_a_data_url(part: object, image: Image) -> None:
    assert content(part) == (image,)


@pytest.mark.parametrize(
    "url", ["https://example.com/cat.png", "data:image/svg+xml,%3Csvg/%3E", "data:;base64,AA==", "AA==", ""]
)
def test_any_other_picture_is_refused_because_nothing_is_fetched(url: str) -> None:
    failure = refused_content({"type": "text", "text": "see"}, {"type": "image_url", "image_url": {"url": url}})
    assert failure.param == "messages[0].content[1].image_url.url"
    assert "only data URLs with base64 can be carried, nothing is fetched" in failure.message


def test_a_long_url_is_judged_at_once() -> None:
    began = time.process_time()
    refused_content({"type": "image_url", "image_url": {"url": "data:image/png" + ";a=b" * 100_000}})
    assert time.process_time() - began < 1


# --- files -------------------------------------------------------------------------------------------------------

PDF = "data:application/pdf;base64,JVBERi0="


@pytest.mark.parametrize(
    ("part", "document"),
    [
        ({"file": {"file_data": PDF}}, Document("application/pdf", "JVBERi0=")),
        ({"file": {"file_data": PDF, "filename": "a.pdf"}}, Document("application/pdf", "JVBERi0=", "a.pdf")),
        ({"file": {"file_data": PDF, "file_id": None}, **CACHE}, Document("application/pdf", "JVBERi0=", cache=True)),
    ],
)
def test_a_file_is_a_document(part: dict[str, object], document: Document) -> None:
    assert content({"type": "file", **part}) == (document,)


@pytest.mark.parametrize(
    ("file", "field"),
    [
        ({"file_id": "file-1", "file_data": PDF}, "file.file_id"),
        ({"file_data": "https://example.com/a.pdf"}, "file.file_data"),
        ({"file_data": "JVBERi0="}, "file.file_data"),
        ({}, "file.file_data"),
        ({"file_data": PDF, "filename": 5}, "file.filename"),
        (5, "file"),
    ],
)
def test_a_file_that_is_not_there_is_refused(file: object, field: str) -> None:
    assert refused_content({"type": "file", "file": file}).param == f"messages[0].content[0].{field}"


# --- what else may come ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("part", "field"),
    [
        ({"type": "input_audio", "input_audio": {"data": "AA=="}}, ".type"),
        ({"type": "video_url"}, ".type"),
        ({"text": "a"}, ".type"),
        ({"type": ["text"]}, ".type"),
        ({"type": "text"}, ".text"),
        ({"type": "text", "text": 5}, ".text"),
        ({"type": "refusal"}, ".refusal"),
        ({"type": "image_url"}, ".image_url"),
        ({"type": "image_url", "image_url": {}}, ".image_url.url"),
        ({"type": "image_url", "image_url": {"url": PICTURE, "detail": 5}}, ".image_url.detail"),
        ({"type": "file"}, ".file"),
        ("a", ""),
        (None, ""),
    ],
)
def test_a_part_that_cannot_be_carried_is_refused_by_its_place(part: object, field: str) -> None:
    assert refused_content(part).param == f"messages[0].content[0]{field}"


@pytest.mark.parametrize("content", [5, {}, True])
def test_a_content_of_another_type_is_refused(content: object) -> None:
    with pytest.raises(Failure) as caught:
        tuple(read_content(JsonNode({"content": content}, "messages[0]"), "content"))
    assert caught.value.param == "messages[0].content"
