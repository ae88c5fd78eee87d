from typing import Any

import pytest

from passenger.chat import signatures
from passenger.chat.prompt import (
    Document,
    Image,
    Message,
    Part,
    Reasoning,
    Refusal,
    Signature,
    Text,
    ToolCall,
    ToolResult,
)
from tests.dialects.openai.responses.asking import prompt, refusal


def turns(*items: dict[str, Any]) -> tuple[Message, ...]:
    return prompt(input=list(items)).messages


def parts(*items: dict[str, Any]) -> tuple[Part, ...]:
    [message] = turns(*items)
    return message.parts


USER = {"role": "user", "content": "hi"}
SAID = {"type": "message", "id": "msg_1", "status": "completed", "phase": "commentary", "role": "assistant"}
CALL = {"type": "function_call", "id": "fc_1", "call_id": "a", "name": "f", "arguments": '{"x":1}'}
OUTPUT = {"type": "function_call_output", "call_id": "a", "output": "42"}
RESULT = ToolResult("a", (Text("42"),))


@pytest.mark.parametrize("text", ["hi", ""])
def test_a_bare_text_is_what_a_user_says(text: str) -> None:
    assert prompt(input=text).messages == (Message("user", (Text(text),)),)


def test_instructions_come_first() -> None:
    assert prompt(instructions="Be brief.").messages[0] == Message("system", (Text("Be brief."),))


@pytest.mark.parametrize(
    ("role", "meant"),
    [("user", "user"), ("assistant", "assistant"), ("system", "system"), ("developer", "system")],
)
def test_a_message_needs_no_type_and_has_any_of_four_roles(role: str, meant: str) -> None:
    assert turns({"role": role, "content": "x"}) == (Message(meant, (Text("x"),)),)  # type: ignore[arg-type]  # a role


def test_what_an_assistant_says_in_several_items_is_one_turn() -> None:
    items = (
        {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "Hm."}]},
        {**SAID, "content": [{"type": "output_text", "text": "Let me look.", "annotations": []}]},
        CALL,
        {**CALL, "call_id": "b", "namespace": "ns"},
        OUTPUT,
        {**OUTPUT, "call_id": "b", "output": []},
        {**SAID, "content": [{"type": "refusal", "refusal": "No."}]},
        USER,
    )
    call = ToolCall("a", "f", '{"x":1}')
    assert turns(*items) == (
        Message(
            "assistant",
            (Reasoning("Hm."), Text("Let me look."), call, ToolCall("b", "f", '{"x":1}', "ns")),
        ),
        Message("user", (RESULT, ToolResult("b", ()))),
        Message("assistant", (Refusal("No."),)),
        Message("user", (Text("hi"),)),
    )


def test_two_messages_of_a_user_are_two_turns() -> None:
    assert turns(USER, USER) == (Message("user", (Text("hi"),)),) * 2


def test_a_custom_call_and_its_result_are_custom() -> None:
    call = {"type": "custom_tool_call", "call_id": "a", "name": "patch", "input": "+a"}
    result = {"type": "custom_tool_call_output", "call_id": "a", "output": "done"}
    assert turns(call, result) == (
        Message("assistant", (ToolCall("a", "patch", "+a", custom=True),)),
        Message("user", (ToolResult("a", (Text("done"),), custom=True),)),
    )


def test_a_tool_may_give_an_image_back() -> None:
    output = [{"type": "input_text", "text": "see"}, {"type": "input_image", "image_url": "data:image/png;base64,AA=="}]
    assert parts({**OUTPUT, "output": output}) == (ToolResult("a", (Text("see"), Image("image/png", "AA=="))),)


def test_a_tool_cannot_refuse() -> None:
    output = [{"type": "refusal", "refusal": "No."}]
    assert refusal(input=[{**OUTPUT, "output": output}]).param == "input[0].output"


# --- thoughts ----------------------------------------------------------------------------------------------------

SUMMARY = [{"type": "summary_text", "text": "One."}, {"type": "summary_text", "text": "Two."}]


def thought(**fields: object) -> tuple[Part, ...]:
    return parts(USER | {"role": "assistant"}, {"type": "reasoning", **fields})[1:]


def test_reasoning_has_the_texts_of_its_summary_and_its_signature() -> None:
    [one] = thought(id="rs_1", summary=SUMMARY, encrypted_content="sealed")
    assert one == Reasoning("One.\n\nTwo.", Signature("responses", "sealed"))


def test_a_wrapped_signature_is_unwrapped() -> None:
    signature = Signature("messages/anthropic", "signature", redacted=True)
    assert thought(summary=[], encrypted_content=signatures.wrap(signature)) == (Reasoning("", signature),)


def test_the_text_itself_is_taken_where_there_is_no_summary() -> None:
    content = [{"type": "reasoning_text", "text": "raw"}]
    assert thought(summary=[], content=content) == (Reasoning("raw"),)
    assert thought(summary=SUMMARY[:1], content=content) == (Reasoning("One."),)


def test_reasoning_of_nothing_is_none() -> None:
    assert thought(summary=[], encrypted_content=None) == ()


def test_a_signature_that_no_json_can_hold_is_made_harmless() -> None:
    made_up = signatures.wrap(Signature("responses/openai", "\ud800"))
    assert thought(summary=[], encrypted_content=made_up) == (Reasoning("", Signature("responses/openai", "?")),)


# --- what cannot be carried --------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["web_search_call", "file_search_call", "mcp_call", "tool_search_call"])
def test_what_openai_s_own_tools_did_is_left_out_by_name(kind: str) -> None:
    given = prompt(input=[USER, {"type": kind, "id": "x_1", "status": "completed", "action": {}}])
    assert given.messages == (Message("user", (Text("hi"),)),)
    assert given.dropped == (f"input[{kind}]",)


@pytest.mark.parametrize("kind", ["local_shell_call", "shell_call_output", "item_reference", "new_thing"])
def test_an_item_that_carries_meaning_is_refused_by_its_type(kind: str) -> None:
    failure = refusal(input=[USER, {"type": kind, "encrypted_content": "x"}])
    assert failure.param == "input[1].type"
    assert kind in failure.message


@pytest.mark.parametrize(
    ("item", "param"),
    [
        ({}, "input[0].type"),
        ({"type": 1}, "input[0].type"),
        ({"role": "tool", "content": "x"}, "input[0].role"),
        ({"type": "message", "content": "x"}, "input[0].role"),
        ({"role": "user"}, "input[0].content"),
        ({"role": "user", "content": 1}, "input[0].content"),
        ({"role": "user", "content": ["x"]}, "input[0].content[0]"),
        ({"role": "user", "content": [{"type": "input_text"}]}, "input[0].content[0].text"),
        ({"role": "user", "content": [{"type": "input_audio"}]}, "input[0].content[0].type"),
        ({"type": "function_call", "name": "f", "arguments": ""}, "input[0].call_id"),
        ({"type": "function_call", "call_id": "a", "arguments": ""}, "input[0].name"),
        ({"type": "function_call", "call_id": "a", "name": "f"}, "input[0].arguments"),
        ({"type": "custom_tool_call", "call_id": "a", "name": "f", "arguments": ""}, "input[0].input"),
        ({"type": "function_call_output", "call_id": "a"}, "input[0].output"),
        ({"type": "function_call_output", "call_id": "a", "output": {}}, "input[0].output"),
        ({"type": "reasoning", "summary": "x"}, "input[0].summary"),
        ({"type": "reasoning", "summary": [{}]}, "input[0].summary[0].text"),
        ({"type": "reasoning", "encrypted_content": 1}, "input[0].encrypted_content"),
    ],
)
def test_what_is_wrong_with_an_item_is_said_by_the_field_s_name(item: dict[str, Any], param: str) -> None:
    assert refusal(input=[item]).param == param


@pytest.mark.parametrize("given", [None, 1, {}])
def test_an_input_that_is_none_is_refused(given: object) -> None:
    assert refusal(input=given).param == "input"


# --- Codex's own -------------------------------------------------------------------------------------------------


def test_what_another_agent_has_said_is_heard_and_what_is_encrypted_is_named() -> None:
    said = [{"type": "input_text", "text": "Done."}, {"type": "encrypted_content", "encrypted_content": "x"}]
    item = {"type": "agent_message", "author": "/root/a", "recipient": "/root", "content": said}
    given = prompt(input=[USER, item | {"content": said[:1]}])
    assert given.messages[1] == Message("user", (Text("Done."),))
    assert given.dropped == ()
    assert prompt(input=[USER, item]).dropped == ("input[agent_message].encrypted_content",)


def test_a_change_of_the_configuration_is_left_out_by_name() -> None:
    given = prompt(input=[USER, {"type": "configuration_update", "reasoning": {"effort": "high"}}])
    assert given.dropped == ("input[configuration_update]",)


# --- content ---------------------------------------------------------------------------------------------------------


def part(**fields: object) -> Part:
    [message] = prompt(input=[{"role": "user", "content": [fields]}]).messages
    [found] = message.parts
    return found


def wrong(**fields: object) -> str:
    param = refusal(input=[{"role": "user", "content": [fields]}]).param or ""
    return param.removeprefix("input[0].content[0].")


@pytest.mark.parametrize("kind", ["input_text", "output_text", "text"])
def test_words_have_any_of_three_types(kind: str) -> None:
    assert part(type=kind, text="hi") == Text("hi")


@pytest.mark.parametrize(
    ("url", "media_type", "data"),
    [
        ("data:image/png;base64,AA==", "image/png", "AA=="),
        ("DATA:image/JPEG;name=x;BASE64,AA==", "image/jpeg", "AA=="),
        ("data:text/plain,a%20b", "text/plain", "YSBi"),
        ("data:;base64,AA==", "application/octet-stream", "AA=="),
    ],
)
def test_a_data_url_is_taken_apart(url: str, media_type: str, data: str) -> None:
    assert part(type="input_image", image_url=url) == Image(media_type, data)


def test_an_image_keeps_its_detail() -> None:
    assert part(type="input_image", image_url="data:image/png;base64,AA==", detail="low") == Image(
        "image/png", "AA==", "low"
    )


@pytest.mark.parametrize("url", ["https://simulated.example/a.png", "file:///a.png"])
def test_an_image_from_elsewhere_is_refused(url: str) -> None:
    assert wrong(type="input_image", image_url=url) == "image_url"


def test_a_file_is_a_document() -> None:
    url = "data:application/pdf;base64,AA=="
    assert part(type="input_file", filename="a.pdf", file_data=url) == Document("application/pdf", "AA==", "a.pdf")
    assert part(type="input_file", file_data="AA==") == Document("application/pdf", "AA==")


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"type": "input_image", "file_id": "file_1"}, "file_id"),
        ({"type": "input_image"}, "image_url"),
        ({"type": "input_image", "image_url": "data:image/png"}, "image_url"),
        ({"type": "input_image", "image_url": {"url": "data:"}}, "image_url"),
        ({"type": "input_image", "image_url": "data:,", "detail": 1}, "detail"),
        ({"type": "input_file", "file_id": "file_1"}, "file_id"),
        ({"type": "input_file", "file_url": "https://simulated.example/a.pdf"}, "file_url"),
        ({"type": "input_file", "filename": "a.pdf"}, "file_data"),
        ({"type": "input_file", "filename": 1, "file_data": "AA=="}, "filename"),
    ],
)
def test_what_cannot_be_carried_is_named(fields: dict[str, Any], param: str) -> None:
    assert wrong(**fields) == param
