"""Turns and their parts, as messages."""

import base64
from typing import Any

import pytest

from passenger.chat import signatures
from passenger.chat.prompt import Document, Image, Message, Reasoning, Signature, Text, ToolCall, ToolResult
from passenger.errors import Failure
from tests.dialects.google.asking import USER, parts, prompt, turns

SIGNATURE = Signature("messages/anthropic", "sealed~?>")
WRAPPED = signatures.wrap(SIGNATURE)
CALL: dict[str, Any] = {"functionCall": {"name": "f", "args": {"a": 1}}}
CALLED = ToolCall("call_0_0", "f", '{"a":1}')


def refused(*contents: dict[str, Any]) -> str | None:
    with pytest.raises(Failure) as caught:
        turns(*contents)
    return caught.value.param


# --- turns -------------------------------------------------------------------------------------------------------


def test_roles_are_the_hubs_and_empty_turns_are_left_out() -> None:
    given: list[dict[str, Any]] = [
        {"role": "system", "parts": [{"text": "s"}]},
        {"parts": [{"text": "u"}]},
        {"role": "model", "parts": [{"text": ""}]},
        {"role": "model", "parts": [{"text": "m"}]},
        {"role": "user", "parts": None},
    ]
    assert [(message.role, message.parts) for message in turns(*given)] == [
        ("system", (Text("s"),)),
        ("user", (Text("u"),)),
        ("assistant", (Text("m"),)),
    ]


@pytest.mark.parametrize(
    "instruction", ["be kind", {"parts": [{"text": "be kind"}]}, {"role": "x", "parts": [{"text": "be kind"}]}]
)
def test_the_system_instruction_comes_first(instruction: object) -> None:
    assert prompt(systemInstruction=instruction).messages == (
        Message("system", (Text("be kind"),)),
        Message("user", (Text("hi"),)),
    )


def test_what_is_no_conversation_is_refused() -> None:
    assert refused() == "contents"
    assert refused({"role": "user", "parts": []}) == "contents"
    assert refused({"role": "robot", "parts": [{"text": "x"}]}) == "contents[0].role"


# --- parts -------------------------------------------------------------------------------------------------------


def test_data_of_the_request_is_carried_in_the_usual_base64() -> None:
    odd = base64.urlsafe_b64encode(b"\xff\xfe\xfb\xef").decode().rstrip("=")
    assert parts({"inlineData": {"mimeType": "image/PNG", "data": odd}}) == (Image("image/png", "//777w=="),)
    pdf = {"mimeType": "application/pdf", "data": "AAAA", "displayName": "a.pdf"}
    assert parts({"inlineData": pdf}) == (Document("application/pdf", "AAAA", "a.pdf"),)
    assert parts({"inlineData": {"mimeType": "text/plain", "data": "aGk="}}) == (Text("hi"),)
    assert parts({"fileData": {"fileUri": "data:image/png;base64,AAAA"}}) == (Image("image/png", "AAAA"),)


@pytest.mark.parametrize(
    ("part", "param"),
    [
        ({"inlineData": {"mimeType": "audio/wav", "data": "AAAA"}}, "contents[0].parts[0].inlineData"),
        ({"inlineData": {"mimeType": "image/png", "data": "%"}}, "contents[0].parts[0].inlineData.data"),
        ({"inlineData": {"mimeType": "image/png"}}, "contents[0].parts[0].inlineData.data"),
        ({"fileData": {"fileUri": "https://example.com/a.png"}}, "contents[0].parts[0].fileData"),
        ({"functionCall": {"args": {}}}, "contents[0].parts[0].functionCall.name"),
        ({"functionCall": {"name": ""}}, "contents[0].parts[0].functionCall.name"),
        ({"toolCall": {"toolType": "X"}}, "contents[0].parts[0].toolCall"),
        ({"text": 5}, "contents[0].parts[0].text"),
        ({"inlineData": "AAAA"}, "contents[0].parts[0].inlineData"),
        ({"executableCode": "x"}, "contents[0].parts[0].executableCode"),
        ({"functionCall": {"name": "f", "args": [1]}}, "contents[0].parts[0].functionCall.args"),
        ({"functionResponse": {"name": "f", "response": {}}}, "contents[0].parts[0].functionResponse"),
    ],
)
def test_what_cannot_be_carried_is_refused_where_it_stands(part: dict[str, Any], param: str) -> None:
    assert refused({"role": "user", "parts": [part]}) == param


def test_a_part_that_says_nothing_is_left_out() -> None:
    about = {"thought": True, "partMetadata": {"a": 1}, "mediaResolution": {"level": "LOW"}}
    nothing: list[dict[str, Any]] = [{}, {"text": ""}, {"text": None}, {"functionCall": None}, about]
    assert parts(*nothing, {"text": "", "inlineData": {"mimeType": "image/png", "data": "AAAA"}}) == (
        Image("image/png", "AAAA"),
    )


def test_code_that_google_ran_stays_in_the_history_as_text() -> None:
    code = {"executableCode": {"language": "PYTHON", "code": "print(1)"}}
    assert parts(code, {"codeExecutionResult": {"outcome": "OUTCOME_OK", "output": "1"}}, role="model") == (
        Text("```python\nprint(1)\n```"),
        Text("1"),
    )


# --- tools -------------------------------------------------------------------------------------------------------


def test_results_are_paired_by_id_then_by_name_then_by_order() -> None:
    def call(name: str, **rest: str) -> dict[str, Any]:
        return {"functionCall": {"name": name, "args": {}, **rest}}

    def result(**rest: Any) -> dict[str, Any]:
        return {"functionResponse": {"response": {"output": "ok"}, **rest}}

    given = turns(
        USER,
        {"role": "model", "parts": [call("f"), call("g"), call("g", id="own"), call("h")]},
        {"role": "user", "parts": [result(name="g", id="own"), result(name="g"), result(name="x"), result()]},
    )
    assert [part.id for part in given[1].parts if isinstance(part, ToolCall)] == [
        "call_1_0",
        "call_1_1",
        "own",
        "call_1_3",
    ]
    answered = [part.call_id for part in given[2].parts if isinstance(part, ToolResult)]
    assert answered == ["own", "call_1_1", "call_1_0", "call_1_3"]


def test_a_call_that_was_never_answered_gets_no_later_result() -> None:
    call: dict[str, Any] = {"role": "model", "parts": [CALL]}
    result: dict[str, Any] = {"role": "user", "parts": [{"functionResponse": {"name": "f", "response": {}}}]}
    given = turns(USER, call, USER, call, result)
    assert [part.call_id for part in given[4].parts if isinstance(part, ToolResult)] == ["call_3_0"]


def test_results_may_come_in_turns_of_their_own() -> None:
    def result(name: str) -> dict[str, Any]:
        return {"role": "user", "parts": [{"functionResponse": {"name": name, "response": {}}}]}

    calls = {"role": "model", "parts": [{"functionCall": {"name": name}} for name in "fgh"]}
    given = turns(calls, result("g"), USER, result("f"), result("h"))
    answered = [part.call_id for turn in given for part in turn.parts if isinstance(part, ToolResult)]
    assert answered == ["call_0_1", "call_0_0", "call_0_2"]


@pytest.mark.parametrize(
    ("response", "text", "failed"),
    [
        ({"output": "ok"}, "ok", False),
        ({"result": "ok"}, "ok", False),
        ({"error": "no"}, "no", True),
        ({"error": {"code": 1}}, '{"code":1}', True),
        ({"output": "ok", "more": 1}, '{"output":"ok","more":1}', False),
        ({"n": 12345678901234567890}, '{"n":12345678901234567890}', False),
        ("ok", "ok", False),
        (None, "", False),
    ],
)
def test_a_result_is_its_words_where_it_has_nothing_else(response: object, text: str, *, failed: bool) -> None:
    given = turns(
        {"role": "model", "parts": [CALL]}, {"parts": [{"functionResponse": {"name": "f", "response": response}}]}
    )
    assert given[1].parts == (ToolResult("call_0_0", (Text(text),), failed),)


def test_a_result_may_hold_pictures_and_comes_before_words() -> None:
    image = {"inlineData": {"mimeType": "image/png", "data": "AAAA"}}
    result = {"functionResponse": {"name": "f", "parts": [image]}}
    given = turns({"role": "model", "parts": [CALL]}, {"parts": [{"text": "and"}, result]})
    assert given[1].parts == (ToolResult("call_0_0", (Image("image/png", "AAAA"),)), Text("and"))


# --- thoughts ----------------------------------------------------------------------------------------------------


def test_a_signature_belongs_to_the_thought_before_its_part() -> None:
    shown = {"text": "plan", "thought": True}
    signed = {**CALL, "thoughtSignature": WRAPPED}
    assert parts(shown, signed, role="model") == (Reasoning("plan", SIGNATURE), CALLED)
    assert parts(signed, role="model") == (Reasoning("", SIGNATURE), CALLED)
    assert parts({**shown, "thoughtSignature": WRAPPED}, CALL, role="model") == (Reasoning("plan", SIGNATURE), CALLED)
    assert parts({"text": "", "thoughtSignature": WRAPPED}, role="model") == (Reasoning("", SIGNATURE),)
    assert parts({"text": "a", "thoughtSignature": WRAPPED}, role="model") == (Reasoning("", SIGNATURE), Text("a"))


def test_a_signature_survives_the_other_alphabet_and_lost_padding() -> None:
    changed = WRAPPED.replace("+", "-").replace("/", "_").rstrip("=")
    assert changed != WRAPPED
    assert parts({**CALL, "thought_signature": changed}, role="model") == (Reasoning("", SIGNATURE), CALLED)


def test_a_signature_of_googles_own_is_kept_as_such_and_a_dummy_is_none() -> None:
    assert parts({**CALL, "thoughtSignature": "Q2lR"}, role="model") == (
        Reasoning("", Signature("gemini", "Q2lR")),
        CALLED,
    )
    dummy = "skip_thought_signature_validator"
    for given in (dummy, base64.b64encode(dummy.encode()).decode()):
        assert parts({**CALL, "thoughtSignature": given}, role="model") == (CALLED,)
