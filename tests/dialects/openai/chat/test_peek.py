import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passenger.chat.prompt import Ask, Initiator
from passenger.dialects import Request
from passenger.dialects.openai import chat as completions
from passenger.errors import Failure, Kind


def ask(**fields: object) -> Ask:
    body = {"model": "gpt-4o", "messages": [{"role": "user", "content": "hi"}], **fields}
    return completions.INBOUND.peek(Request(json.dumps(body).encode()))


@pytest.mark.parametrize(
    ("fields", "offered"),
    [
        ({}, None),
        ({"web_search_options": None}, None),
        ({"web_search_options": {}}, "only"),
        ({"web_search_options": {}, "tools": [{"type": "function"}]}, "beside"),
    ],
)
def test_a_search_is_offered_alone_or_beside_tools(fields: dict[str, object], offered: str | None) -> None:
    assert ask(**fields).web_search == offered


def said(*messages: dict[str, object]) -> Initiator:
    return ask(messages=list(messages)).initiator


USER = {"role": "user", "content": "go"}
ASSISTANT: dict[str, object] = {"role": "assistant", "content": None, "tool_calls": []}
TOOL = {"role": "tool", "tool_call_id": "a", "content": "42"}
REMINDER = {
    "role": "user",
    "content": "<system-reminder>be brief</system-reminder>\n<system-reminder>x</system-reminder>",
}
REMINDER_PARTS = {"role": "user", "content": [{"type": "text", "text": "<system-reminder>\nx\n</system-reminder>"}]}
REMINDER_AND_WORDS = {"role": "user", "content": "<system-reminder>x</system-reminder> and now go on"}


@pytest.mark.parametrize(
    ("messages", "initiator"),
    [
        ([USER], Initiator.USER),
        ([{"role": "system", "content": "s"}, USER], Initiator.USER),
        ([USER, ASSISTANT, USER], Initiator.USER),
        ([USER, ASSISTANT, TOOL], Initiator.AGENT),
        ([USER, ASSISTANT, TOOL, TOOL], Initiator.AGENT),
        ([USER, ASSISTANT, TOOL, REMINDER], Initiator.AGENT),
        ([USER, ASSISTANT, TOOL, REMINDER, REMINDER_PARTS], Initiator.AGENT),
        ([USER, ASSISTANT, TOOL, REMINDER_AND_WORDS], Initiator.USER),
        ([USER, ASSISTANT, TOOL, USER], Initiator.USER),
        ([USER, ASSISTANT, TOOL, ASSISTANT, REMINDER], Initiator.USER),
        ([REMINDER], Initiator.USER),
        ([USER, ASSISTANT], Initiator.AGENT),
        ([{"role": "system", "content": "s"}], Initiator.AGENT),
        ([USER, {"role": "function", "name": "f", "content": "42"}], Initiator.AGENT),
    ],
)
def test_the_initiator_is_a_person_only_where_the_last_message_is_ones_own_words(
    messages: list[dict[str, object]], initiator: Initiator
) -> None:
    assert said(*messages) is initiator


IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}


@pytest.mark.parametrize("role", ["user", "tool", "assistant"])
def test_an_image_anywhere_is_vision(role: str) -> None:
    first = {"role": role, "content": [{"type": "text", "text": "see"}, IMAGE]}
    assert ask(messages=[first, ASSISTANT, USER]).vision
    assert not ask(messages=[USER]).vision


def test_the_facts_that_headers_need_are_read() -> None:
    assert ask(tools=[{"type": "function"}]).tools
    assert not ask(tools=[]).tools
    assert ask(reasoning_effort="low").wants_reasoning
    assert ask(stream=True).stream
    assert not ask().stream
    assert ask(stream_options={"include_usage": True}).wants_usage
    assert not ask(stream_options={"include_usage": False}).wants_usage
    assert not ask(stream_options=None).wants_usage


@pytest.mark.parametrize(
    ("body", "param", "message"),
    [
        (b"", None, "not valid JSON"),
        (b"{", None, "not valid JSON"),
        (b"nonsense", None, "not valid JSON"),
        (b'{"model":"a","messages":[{"role":"user"}],"x":NaN}', None, "not valid JSON"),
        (b'{"model":"\xff","messages":[]}', None, "not valid JSON"),
        (b"[]", None, "object"),
        (b'{"messages":[{"role":"user","content":"x"}]}', "model", "model"),
        (b'{"model":"a"}', "messages", "messages"),
        (b'{"model":1,"messages":[]}', "model", "str"),
        (b'{"model":"","messages":[{"role":"user"}]}', "model", "empty"),
        (b'{"model":"a","messages":[]}', "messages", "empty"),
        (b'{"model":"a","messages":"hi"}', "messages", "array"),
        (b'{"model":"a","messages":[{"content":"x"}]}', "messages[0]", "role"),
        (b'{"model":"a","messages":[{"role":"user","content":5}]}', "messages[0].content", "int"),
        (b'{"model":"a","messages":[{"role":"user","content":{}}]}', "messages[0].content", "object"),
        (b'{"model":"a","messages":[{"role":"user","content":[5]}]}', "messages[0].content[0]", "int"),
        (b'{"model":"a","messages":[{"role":"a","content":[{"text":5}]}]}', "messages[0].content[0].text", "int"),
        (b'{"model":"a","messages":[{"role":"a","content":[{"type":5}]}]}', "messages[0].content[0].type", "int"),
        (b'{"model":"a","messages":[{"role":"user","content":"\\q"}]}', None, "not valid JSON"),
        (b'{"model":"a","messages":[{"role":"user","content":"a\nb"}]}', None, "not valid JSON"),
        (b'{"model":"a","messages":[{"role":"user"}],"stream":"yes"}', "stream", "bool"),
        (b'{"model":"a","messages":[{"role":"user"}],"tools":{}}', "tools", "array"),
        (b'{"model":"a","messages":' + b"[" * 100_000, "messages[0]", "array"),
        (b'{"model":"a","messages":[],"x":' + b'{"a":' * 100_000, None, "deep"),
    ],
)
def test_a_bad_request_is_refused_by_the_name_of_its_field(body: bytes, param: str | None, message: str) -> None:
    with pytest.raises(Failure, match=message) as caught:
        completions.INBOUND.peek(Request(body))
    assert caught.value.status == 400
    assert caught.value.param == param


@pytest.mark.parametrize(
    "body",
    [
        rb'{"model":"a","messages":[{"role":"user","content":"\ud800 alone"}]}',
        b'{"model":"a","messages":[{"role":"user","content":"x"}],"n":123456789012345678901234567890}',
        b'{"model":"a","messages":[{"role":"user","content":[{"type":"text","text":"x","cache":1}]}],"new_field":{}}',
        b'{"model":"a","messages":[{"role":"assistant","content":null},{"role":"user"}]}',
    ],
)
def test_what_json_allows_is_not_refused(body: bytes) -> None:
    assert completions.INBOUND.peek(Request(body)).model == "a"


@pytest.mark.parametrize("name", ["reasoning_effort", "thinking_budget", "thinking", "reasoning"])
@pytest.mark.parametrize("value", ["low", 5, {"type": "enabled"}, None])
def test_thinking_is_asked_for_by_any_of_its_names(name: str, value: object) -> None:
    assert ask(**{name: value}).wants_reasoning
    assert not ask().wants_reasoning


# --- a lone surrogate, which only the slow decoder takes -----------------------------------------------------------


@pytest.mark.parametrize(
    "fields",
    [
        {"tools": [{"type": "function"}, {"type": 5}]},
        {"reasoning_effort": "low"},
        {"thinking_budget": 5, "thinking": {"type": "enabled"}, "reasoning": None},
        {"seed": 10**30, "stream": True},
    ],
)
def test_the_facts_are_the_same_beside_a_lone_surrogate(fields: dict[str, object]) -> None:
    alone = [{"role": "user", "content": "\ud800"}]
    assert ask(messages=alone, **fields) == ask(messages=[USER], **fields)


def test_a_model_with_a_lone_surrogate_can_be_told_to_anybody() -> None:
    assert ask(model="a\ud800").model == "a\ufffd"


@pytest.mark.parametrize(
    ("fields", "param"), [({"tools": {}}, "tools"), ({"stream": "yes"}, "stream"), ({"messages": []}, "messages")]
)
def test_a_fault_is_named_beside_a_lone_surrogate_too(fields: dict[str, object], param: str) -> None:
    with pytest.raises(Failure) as caught:
        ask(user="\ud800", **fields)
    assert (caught.value.kind, caught.value.param) == (Kind.INVALID, param)


# --- the law -----------------------------------------------------------------------------------------------------

NAMES = (
    "model messages role content type text stream stream_options include_usage tools reasoning_effort thinking_budget "
    "thinking reasoning image_url url"
)
WORDS = st.sampled_from(("user", "assistant", "system", "tool", "text", "image_url", "m", "\ud800"))
LEAVES = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), WORDS)
SMALL = LEAVES | st.lists(LEAVES, max_size=2) | st.dictionaries(st.sampled_from(NAMES.split()), LEAVES, max_size=3)
VALUES = SMALL | st.lists(SMALL, max_size=2) | st.dictionaries(st.sampled_from(NAMES.split()), SMALL, max_size=4)
TALK = st.lists(st.fixed_dictionaries({"role": WORDS}, optional={"content": VALUES}), max_size=3)


@given(
    st.dictionaries(st.sampled_from(NAMES.split()), VALUES, max_size=6)
    | st.fixed_dictionaries({"model": WORDS, "messages": TALK}, optional={"tools": VALUES, "stream": VALUES})
)
def test_whatever_comes_is_read_or_refused(body: dict[str, object]) -> None:
    try:
        assert completions.INBOUND.peek(Request(json.dumps(body).encode())).model
    except Failure as failure:
        assert failure.kind is Kind.INVALID  # noqa: PT017 - either outcome is right


PARTS = st.lists(
    st.fixed_dictionaries(
        {"type": st.sampled_from(["text", "image_url", "file"])},
        optional={"text": st.text() | st.none(), "cache_control": st.just({"type": "ephemeral"})},
    ),
    max_size=3,
)
MESSAGES = st.lists(
    st.fixed_dictionaries(
        {
            "role": st.sampled_from(["user", "assistant", "tool"]),
            "content": st.text('"[{\\n \u00e9') | st.none() | PARTS,
        },
        optional={"tool_calls": st.just([]), "reasoning_opaque": st.just("x"), "copilot_cache_control": st.just({})},
    ),
    min_size=1,
    max_size=5,
)


@given(MESSAGES, st.sampled_from([None, 1]))
def test_what_only_passes_hides_nothing(messages: list[dict[str, Any]], indent: int | None) -> None:
    body = {"model": "m", "messages": messages}
    asked = completions.INBOUND.peek(Request(json.dumps(body, indent=indent, ensure_ascii=False).encode()))
    parts = [part for message in messages if isinstance(message["content"], list) for part in message["content"]]
    marks = {name for held in (*messages, *parts) for name in held} & {"cache_control", "copilot_cache_control"}
    assert asked.vision is any(part["type"] == "image_url" for part in parts)
    assert asked.has_cache_points is bool(marks)
    assert asked.has_calls is any("tool_calls" in message for message in messages)
    assert asked.has_signatures is any("reasoning_opaque" in message for message in messages)


@given(st.binary())
def test_whatever_bytes_come_are_refused(body: bytes) -> None:
    with pytest.raises(Failure):
        completions.INBOUND.peek(Request(body))


@pytest.mark.parametrize(
    ("tools", "relays"),
    [
        ([{"type": "function", "function": {"name": "f"}}], True),
        ([{"type": "function"}, {"type": "custom", "custom": {"name": "exec"}}], False),
        ([{}], True),
        ([], True),
    ],
)
def test_a_tool_of_free_text_goes_up_in_translation_only(tools: list[object], *, relays: bool) -> None:
    assert ask(tools=tools).relayable is relays


@pytest.mark.parametrize("name", ["copilot_cache_control", "cache_control"])
def test_a_breakpoint_is_seen_on_messages_parts_and_tools(name: str) -> None:
    mark = {name: {"type": "ephemeral"}}
    assert ask(messages=[USER, {**USER, **mark}]).has_cache_points
    assert ask(
        messages=[{"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", **mark}]}]
    ).has_cache_points
    assert ask(tools=[{"type": "function"}, {"type": "function", **mark}]).has_cache_points
    assert not ask(tools=[{"type": "function", "function": {"description": name}}]).has_cache_points
