import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passenger.chat import signatures
from passenger.chat.capabilities import Capabilities
from passenger.chat.prompt import Ask, Initiator, Signature
from passenger.dialects import Request
from passenger.dialects.openai import responses
from passenger.dialects.openai.responses.peek import ID, INTERNAL, SIGNATURE
from passenger.dialects.openai.responses.quirks import prepare
from passenger.errors import Failure, Kind
from passenger.jsontext.raw_object import RawObject

USER = {"role": "user", "content": "go"}
SYSTEM = {"type": "message", "role": "developer", "content": "be brief"}
ASSISTANT = {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "well"}]}
CALL = {"type": "function_call", "call_id": "a", "name": "f", "arguments": "{}"}
OUTPUT = {"type": "function_call_output", "call_id": "a", "output": "42"}
CUSTOM = {"type": "custom_tool_call_output", "call_id": "a", "output": "42"}
REMINDER = {"role": "user", "content": "<system-reminder>be brief</system-reminder>\n"}
REMINDER_PARTS = {
    "type": "message",
    "role": "user",
    "content": [{"type": "input_text", "text": "<system-reminder>\nx\n</system-reminder>"}],
}
MIXED = {"role": "user", "content": "<system-reminder>x</system-reminder> and now go on"}
IMAGE = {"type": "input_image", "image_url": "data:image/png;base64,AA=="}

WRAPPED = signatures.wrap(Signature("messages/anthropic", "CAIS"))


def ask(**fields: object) -> Ask:
    return responses.INBOUND.peek(Request(json.dumps({"model": "gpt-5.5", "input": "hi", **fields}).encode()))


SEARCH = {"type": "web_search_preview"}
FUNCTION = {"type": "function", "name": "f"}


@pytest.mark.parametrize(
    ("fields", "offered"),
    [
        ({}, None),
        ({"input": "web_search", "tools": [FUNCTION]}, None),
        ({"tools": [{**FUNCTION, "name": "web_search"}, None, "web_search"]}, None),
        ({"tools": [SEARCH]}, "only"),
        ({"tools": [SEARCH, {"type": "mcp"}]}, "only"),
        ({"tools": [SEARCH, FUNCTION]}, "beside"),
        ({"tools": [SEARCH, FUNCTION], "tool_choice": "required"}, "beside"),
        ({"tools": [SEARCH, {"type": "custom"}], "tool_choice": {"type": "web_search"}}, "only"),
    ],
)
def test_a_search_is_offered_alone_or_beside_other_tools(fields: dict[str, object], offered: str | None) -> None:
    assert ask(**fields).web_search == offered


def refused(body: bytes) -> Failure:
    with pytest.raises(Failure) as caught:
        responses.INBOUND.peek(Request(body))
    assert caught.value.kind is Kind.INVALID
    return caught.value


def refused_field(**fields: object) -> Failure:
    return refused(json.dumps({"model": "gpt-5.5", "input": "hi", **fields}).encode())


@pytest.mark.parametrize(
    ("items", "initiator"),
    [
        ([USER], Initiator.USER),
        ([SYSTEM, USER], Initiator.USER),
        ([USER, ASSISTANT, USER], Initiator.USER),
        ([USER, CALL, OUTPUT], Initiator.AGENT),
        ([USER, CALL, CUSTOM], Initiator.AGENT),
        ([USER, CALL, OUTPUT, REMINDER], Initiator.AGENT),
        ([USER, CALL, OUTPUT, REMINDER, REMINDER_PARTS], Initiator.AGENT),
        ([USER, CALL, OUTPUT, MIXED], Initiator.USER),
        ([USER, CALL, OUTPUT, USER], Initiator.USER),
        ([REMINDER], Initiator.USER),
        ([USER, ASSISTANT], Initiator.AGENT),
        ([USER, SYSTEM], Initiator.AGENT),
        ([], Initiator.USER),
    ],
)
def test_the_initiator_is_a_person_only_where_the_last_item_is_ones_own_words(
    items: list[dict[str, Any]], initiator: Initiator
) -> None:
    assert ask(input=items).initiator is initiator


@pytest.mark.parametrize("text", ["hi", ""])
def test_a_bare_text_is_a_person_s(text: str) -> None:
    assert ask(input=text).initiator is Initiator.USER


@pytest.mark.parametrize(
    "item",
    [
        {"role": "user", "content": [IMAGE]},
        {**OUTPUT, "output": [{"type": "input_text", "text": "see"}, IMAGE]},
        {"type": "computer_call_output", "output": {"type": "computer_screenshot", "image_url": "data:"}},
    ],
)
def test_an_image_is_seen_wherever_it_stands(item: dict[str, Any]) -> None:
    assert ask(input=[item]).vision
    assert not ask(input=[USER, OUTPUT]).vision


@pytest.mark.parametrize(
    ("item", "shows"),
    [
        (USER, set()),
        (OUTPUT, set()),
        ({**USER, "id": "msg_1"}, {ID}),
        ({**USER, "id": None}, {ID}),
        ({"type": "reasoning", "summary": [], "encrypted_content": "gAAAA"}, set()),
        ({"type": "reasoning", "summary": [], "encrypted_content": WRAPPED}, {SIGNATURE}),
        ({"type": "reasoning", "summary": [], "encrypted_content": "\u00e9"}, {SIGNATURE}),
        ({**USER, "internal_chat_message_metadata_passthrough": {}}, {INTERNAL}),
        ({"type": "function_call", "encrypted_function_args": ["a"]}, {INTERNAL}),
        ({"role": "user", "content": '"id":"x","encrypted_content"'}, set()),
    ],
)
def test_what_may_have_to_be_changed_of_an_item_is_shown(item: dict[str, Any], shows: set[str]) -> None:
    shown: object = ask(input=[item, USER]).signs
    assert shown == shows


SIGNATURES = st.sampled_from(
    ["gAAAA", WRAPPED, signatures.wrap(Signature("responses/openai", "gAAAB")), "", "\u00e9", None, 5]
)
ITEM = st.fixed_dictionaries(
    {"type": st.sampled_from(["message", "reasoning", "function_call"]), "role": st.just("user")},
    optional={
        "id": st.sampled_from(["msg_1", None]),
        "content": st.sampled_from(["a", '"id"', [{"type": "input_text", "text": "a"}]]),
        "encrypted_content": SIGNATURES,
        "encrypted_function_args": st.just([]),
        "internal_chat_message_metadata_passthrough": st.just({"turn": 1}),
    },
)


@given(st.lists(ITEM, max_size=4))
def test_what_is_shown_is_all_that_is_changed(items: list[dict[str, Any]]) -> None:
    raw = json.dumps({"model": "m", "input": items}).encode()
    asked, capabilities = responses.INBOUND.peek(Request(raw)), Capabilities("openai")
    first, second = RawObject(raw), RawObject(raw)
    everything = Ask("m", stream=False, initiator=Initiator.USER)
    assert prepare(first, asked, capabilities) == prepare(second, everything, capabilities)
    assert first.encode() == second.encode()


def test_the_facts_of_a_request_are_read() -> None:
    facts = Ask("gpt-5.5", stream=False, initiator=Initiator.USER, wants_usage=True, signs=frozenset())
    assert ask() == facts
    asked = ask(stream=True, tools=[{"type": "web_search"}], reasoning={"effort": "low"})
    assert (asked.stream, asked.tools, asked.wants_reasoning) == (True, True, True)
    assert ask(input=[{"type": "additional_tools", "tools": []}, USER]).tools
    assert not ask(tools=[], reasoning=None, stream=None).tools


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("background", True),
        ("conversation", "conv_1"),
        ("conversation", {"id": "conv_1"}),
        ("previous_response_id", "resp_1"),
        ("prompt", {"id": "pmpt_1"}),
    ],
)
def test_what_relies_on_something_kept_is_refused_by_name(field: str, value: object) -> None:
    assert refused_field(**{field: value}).param == field


def test_an_unknown_previous_response_is_said_as_openai_says_it() -> None:
    failure = refused_field(previous_response_id="resp_1")
    assert failure.code == "previous_response_not_found"


@pytest.mark.parametrize("item", [{"type": "item_reference", "id": "msg_1"}, {"id": "msg_1"}])
def test_a_reference_to_an_item_is_refused_by_its_place(item: dict[str, Any]) -> None:
    failure = refused_field(input=[USER, item])
    assert failure.param == "input[1]"
    assert "item_reference" in failure.message


def test_what_says_nothing_is_let_through() -> None:
    assert ask(background=False, conversation=None, previous_response_id=None, prompt=None).model == "gpt-5.5"


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"model": ""}, "model"),
        ({"model": 1}, "model"),
        ({"input": None}, "input"),
        ({"input": 1}, "input"),
        ({"input": ["x"]}, "input[0]"),
        ({"input": [{"role": 1}]}, "input[0].role"),
        ({"input": [{"id": 1}]}, "input[0].id"),
        ({"input": [{"role": "user", "content": 1}]}, "input[0].content"),
        ({"input": [USER, {"role": "user", "content": [1]}]}, "input[1].content[0]"),
        ({"input": [{"role": "user", "content": [{"text": 1}]}]}, "input[0].content[0].text"),
        ({"input": [{**OUTPUT, "output": 1}]}, "input[0].output"),
        ({"stream": "yes"}, "stream"),
        ({"tools": {}}, "tools"),
        ({"reasoning": "high"}, "reasoning"),
        ({"background": "no"}, "background"),
    ],
)
def test_a_field_of_the_wrong_type_is_named(fields: dict[str, object], param: str) -> None:
    assert refused_field(**fields).param == param


@pytest.mark.parametrize("missing", ["model", "input"])
def test_a_field_that_is_missing_is_named(missing: str) -> None:
    body = {name: "x" for name in ("model", "input") if name != missing}
    assert refused(json.dumps(body).encode()).param == missing


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b'{"model":NaN}', b"\xff", b'{"a":' * 5000 + b"1" + b"}" * 5000]
)
def test_what_is_no_json_object_is_refused(body: bytes) -> None:
    refused(body)


def test_lone_surrogates_are_let_through() -> None:
    body = rb'{"model":"gpt-5.5","input":[{"role":"user","content":"\ud800"}],"tools":[{"a":"\udfff"}]}'
    asked = responses.INBOUND.peek(Request(body))
    assert (asked.initiator, asked.tools) == (Initiator.USER, True)


def test_integers_of_any_size_are_let_through() -> None:
    assert responses.INBOUND.peek(Request(b'{"model":"m","input":"x","tools":[{"n":' + b"9" * 400 + b"}]}")).tools


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["type", "role", "content"]), inner),
    max_leaves=8,
)
fields = st.sampled_from(
    ["model", "input", "stream", "tools", "reasoning", "background", "conversation", "prompt", "instructions"]
)


@given(st.dictionaries(fields, json_values))
def test_no_json_raises_anything_but_a_failure_of_the_request(body: dict[str, Any]) -> None:
    kinds = set()
    try:
        responses.INBOUND.peek(Request(json.dumps(body).encode()))
    except Failure as failure:
        kinds.add(failure.kind)
    assert kinds <= {Kind.INVALID}


def test_a_lone_surrogate_escape_is_no_fault_beside_fields_that_are_kept_as_they_came() -> None:
    asked = ask(input="\ud800", tools=[{"type": "function"}, 5], reasoning={"effort": "low"})
    assert (asked.tools, asked.wants_reasoning) == (True, True)


@pytest.mark.parametrize("depth", range(100, 1500, 100))
def test_any_depth_is_read_or_refused_with_a_lone_surrogate_too(depth: int) -> None:
    body = b'{"model":"m","input":"\\ud800","tools":' + b"[" * depth + b"]" * depth + b"}"
    try:
        responses.INBOUND.peek(Request(body))
    except Failure as failure:
        assert failure.kind is Kind.INVALID  # noqa: PT017 - either outcome is right
