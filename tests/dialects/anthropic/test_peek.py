import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passenger.chat import signatures
from passenger.chat.capabilities import Capabilities
from passenger.chat.prompt import Ask, Initiator, Signature
from passenger.dialects import Request
from passenger.dialects.anthropic.peek import (
    BREAKPOINT,
    CACHE_SCOPE,
    EAGER_STREAMING,
    EMPTY_TEXT,
    FOREIGN_SIGNATURE,
    SEARCHED,
    SERVER_TOOL,
    SYSTEM_MESSAGE,
    peek,
)
from passenger.dialects.anthropic.relay import prepare
from passenger.errors import Failure, Kind
from passenger.jsontext.raw_object import RawObject

USER: dict[str, object] = {"role": "user", "content": "go"}
ASSISTANT: dict[str, object] = {
    "role": "assistant",
    "content": [{"type": "tool_use", "id": "a", "name": "f", "input": {}}],
}
SYSTEM: dict[str, object] = {"role": "system", "content": "<system-reminder>x</system-reminder>"}
RESULT: dict[str, object] = {"type": "tool_result", "tool_use_id": "a", "content": "42"}
REMINDER: dict[str, object] = {"type": "text", "text": "<system-reminder>be\nbrief</system-reminder>\n"}
WORDS: dict[str, object] = {"type": "text", "text": "<system-reminder>x</system-reminder> and now go on"}
IMAGE: dict[str, object] = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AA=="}}


def ask(headers: dict[str, str] | None = None, **fields: object) -> Ask:
    body = {"model": "claude-opus-5", "messages": [USER], "max_tokens": 5, **fields}
    return peek(Request(json.dumps(body).encode(), headers=headers or {}))


def user(*blocks: dict[str, object]) -> dict[str, object]:
    return {"role": "user", "content": list(blocks)}


@pytest.mark.parametrize(
    ("messages", "initiator"),
    [
        ([USER], Initiator.USER),
        ([user(IMAGE)], Initiator.USER),
        ([USER, ASSISTANT, user(RESULT)], Initiator.AGENT),
        ([USER, ASSISTANT, user(RESULT, REMINDER)], Initiator.AGENT),
        ([USER, ASSISTANT, user(RESULT), user(REMINDER, REMINDER)], Initiator.AGENT),
        ([USER, ASSISTANT, user(RESULT), SYSTEM], Initiator.AGENT),
        ([USER, ASSISTANT, user(RESULT, WORDS)], Initiator.USER),
        ([USER, ASSISTANT, user(RESULT), USER], Initiator.USER),
        ([USER, ASSISTANT, user(RESULT), USER, SYSTEM], Initiator.USER),
        ([USER, ASSISTANT, user(REMINDER)], Initiator.USER),
        ([user(REMINDER)], Initiator.USER),
        ([{"role": "user", "content": "<system-reminder>x</system-reminder>"}], Initiator.USER),
        ([USER, ASSISTANT], Initiator.AGENT),
        ([SYSTEM], Initiator.AGENT),
        ([user()], Initiator.AGENT),
    ],
)
def test_the_initiator_is_a_person_only_where_the_last_turn_has_ones_own_words(
    messages: list[dict[str, object]], initiator: Initiator
) -> None:
    assert ask(messages=messages).initiator is initiator


def test_many_reminders_before_words_are_read_at_once() -> None:
    text = "<system-reminder>x</system-reminder>\n" * 2000 + "go"
    began = time.process_time()
    assert ask(messages=[user(RESULT, {"type": "text", "text": text})]).initiator is Initiator.USER
    assert time.process_time() - began < 1


@pytest.mark.parametrize(
    "block",
    [
        IMAGE,
        {"type": "tool_result", "tool_use_id": "a", "content": [{"type": "text", "text": "see"}, IMAGE]},
        {"type": "document", "source": {"type": "content", "content": [IMAGE]}},
    ],
)
def test_an_image_anywhere_is_vision(block: dict[str, object]) -> None:
    assert ask(messages=[user(block), ASSISTANT, USER]).vision
    assert not ask().vision


def test_blocks_of_every_known_shape_pass() -> None:
    blocks: list[dict[str, object]] = [
        {
            "type": "search_result",
            "source": "https://example.com",
            "title": "x",
            "content": [{"type": "text", "text": "y"}],
        },
        {"type": "web_search_tool_result", "tool_use_id": "a", "content": {"type": "web_search_tool_result_error"}},
        {"type": "yet to come", "anything": [1]},
    ]
    assert not ask(messages=[user(*blocks)]).vision


def test_the_facts_that_headers_need_are_read() -> None:
    assert ask(tools=[{"name": "f"}]).tools
    assert not ask(tools=[]).tools
    assert ask(stream=True).stream
    assert not ask(stream=None).stream
    assert ask().wants_usage


SEARCH = {"type": "web_search_20260209", "name": "web_search"}
FETCH = {"type": "web_fetch_20250910", "name": "web_fetch"}


@pytest.mark.parametrize(
    ("fields", "offered"),
    [
        ({}, None),
        ({"tools": [{"name": "web_search"}, FETCH]}, None),
        ({"tools": [SEARCH]}, "only"),
        ({"tools": [SEARCH, FETCH]}, "only"),
        ({"tools": [SEARCH, {"name": "f"}]}, "beside"),
        ({"tools": [SEARCH, {"name": "f"}], "tool_choice": {"type": "any"}}, "beside"),
        ({"tools": [SEARCH, {"name": "f"}], "tool_choice": {"type": "tool", "name": "f"}}, "beside"),
        ({"tools": [SEARCH, {"name": "f"}], "tool_choice": {"type": "tool", "name": "web_search"}}, "only"),
        ({"tools": [SEARCH, 5]}, "only"),
        ({"tools": [SEARCH, {"name": "\ud800"}]}, "beside"),
    ],
)
def test_a_search_is_offered_alone_or_beside_other_tools(fields: dict[str, Any], offered: str | None) -> None:
    assert ask(**fields).web_search == offered


@pytest.mark.parametrize(("kind", "thinks"), [("enabled", True), ("adaptive", True), ("disabled", False)])
def test_thinking_is_asked_for_where_it_is_not_disabled(kind: str, *, thinks: bool) -> None:
    assert ask(thinking={"type": kind}).wants_reasoning is thinks
    assert not ask().wants_reasoning


def test_betas_are_the_names_in_the_header_each_once() -> None:
    assert ask({"anthropic-beta": "a-1, b-2,,a-1 "}).betas == ("a-1", "b-2")
    assert ask().betas == ()


def test_a_limit_may_be_missing() -> None:
    assert peek(Request(b'{"model":"m","messages":[{"role":"user","content":"x"}]}')).model == "m"


@pytest.mark.parametrize("thread", [{"type": "create"}, "x", False])
def test_a_thread_is_refused_so_that_the_history_is_sent_instead(thread: object) -> None:
    with pytest.raises(Failure) as caught:
        ask(thread=thread)
    assert (caught.value.status, caught.value.code, caught.value.param) == (400, "thread_unsupported_request", "thread")
    assert ask(thread=None).model == "claude-opus-5"


@pytest.mark.parametrize(
    ("body", "param"),
    [
        (b"", None),
        (b"[]", None),
        (b'{"model":"m","messages":[],"max_tokens":NaN}', None),
        (b"\xff", None),
        (b"[" * 100_000, None),
        (b'{"messages":[{"role":"user"}]}', "model"),
        (b'{"model":"","messages":[{"role":"user"}]}', "model"),
        (b'{"model":1,"messages":[{"role":"user"}]}', "model"),
        (b'{"model":"m"}', "messages"),
        (b'{"model":"m","messages":[]}', "messages"),
        (b'{"model":"m","messages":[{}]}', "messages[0]"),
        (b'{"model":"m","messages":[{"role":"user","content":5}]}', "messages[0].content"),
        (b'{"model":"m","messages":[{"role":"user"}],"x":' + b"[" * 100_000, None),
        (b'{"model":"m","messages":[{"role":"user","content":"\\ud800"}],"x":' + b"[" * 100_000, None),
        (b'{"model":"m","messages":[{"role":"user"}],"stream":"yes"}', "stream"),
        (b'{"model":"m","messages":[{"role":"user","content":"\\ud800"}],"stream":"yes"}', "stream"),
    ],
)
def test_a_request_at_fault_is_refused_with_the_field_named(body: bytes, param: str | None) -> None:
    with pytest.raises(Failure) as caught:
        peek(Request(body))
    assert (caught.value.kind, caught.value.param) == (Kind.INVALID, param)


def test_a_lone_surrogate_escape_is_no_fault() -> None:
    assert peek(Request(b'{"model":"m","messages":[{"role":"user","content":"\\ud800"}]}')).initiator is Initiator.USER


def test_a_lone_surrogate_escape_is_no_fault_beside_fields_that_are_kept_as_they_came() -> None:
    asked = ask(messages=[{"role": "user", "content": "\ud800"}], tools=[{"name": "f"}, 5], thread=None)
    assert asked.tools
    with pytest.raises(Failure) as caught:
        ask(messages=[{"role": "user", "content": "\ud800"}], thread={"type": "create"})
    assert caught.value.param == "thread"


# --- what a request shows --------------------------------------------------------------------------------------------


MARK = {"cache_control": {"type": "ephemeral"}}
SCOPED = {"cache_control": {"type": "ephemeral", "scope": "global"}}
WRAPPED = signatures.wrap(Signature("responses/openai", "gAAAA"))


def text(words: str, **fields: Any) -> dict[str, Any]:
    return {"type": "text", "text": words, **fields}


def shown(*blocks: Any, role: str = "user", **fields: Any) -> object:
    body = {"model": "m", "messages": [{"role": role, "content": [*blocks]}], **fields}
    return peek(Request(json.dumps(body).encode())).signs


@pytest.mark.parametrize(
    ("block", "shows"),
    [
        (text("a"), set()),
        (text('"cache_control"'), set()),
        (text(""), {EMPTY_TEXT}),
        (text("a", **MARK), {BREAKPOINT}),
        (text("a", cache_control=None), set()),
        (text("a", **SCOPED), {BREAKPOINT, CACHE_SCOPE}),
        ({"type": "thinking", "thinking": "", "signature": "CAIS"}, set()),
        ({"type": "thinking", "thinking": "x", "signature": ""}, {FOREIGN_SIGNATURE}),
        ({"type": "thinking", "thinking": "x", "signature": WRAPPED}, {FOREIGN_SIGNATURE}),
        ({"type": "redacted_thinking", "data": WRAPPED}, {FOREIGN_SIGNATURE}),
        ({"type": "redacted_thinking", "data": "CAIS"}, set()),
        ({"type": "tool_result", "content": [text("")]}, {EMPTY_TEXT}),
        ({"type": "tool_result", "content": [text("a", **SCOPED)]}, {BREAKPOINT, CACHE_SCOPE}),
        ({"type": "tool_result", "content": [{"type": "search_result", "content": [text("")]}]}, {EMPTY_TEXT}),
        ({"type": "tool_result", "content": "a"}, set()),
        ({"type": "web_search_tool_result", "content": {"type": "web_search_tool_result_error"}}, {SEARCHED}),
        ({"type": "server_tool_use", "id": "s", "name": "web_search", "input": {}}, {SEARCHED}),
        (text("a", citations=[{"type": "web_search_result_location"}]), {SEARCHED}),
    ],
)
def test_a_look_shows_what_may_have_to_be_changed(block: Any, shows: set[str]) -> None:
    assert shown(block) == shows


def test_the_first_letters_of_a_signature_may_be_written_as_escapes() -> None:
    block = json.dumps({"type": "thinking", "thinking": "x", "signature": WRAPPED}).replace(
        WRAPPED, f"\\u{ord(WRAPPED[0]):04x}{WRAPPED[1:]}"
    )
    raw = b'{"model":"m","messages":[{"role":"assistant","content":[%b]}]}' % block.encode()
    assert peek(Request(raw)).signs == frozenset({FOREIGN_SIGNATURE})


@pytest.mark.parametrize(
    ("fields", "shows"),
    [
        ({"system": "a"}, set()),
        ({"system": [text("a", **MARK)]}, {BREAKPOINT}),
        ({"system": [text("")]}, {EMPTY_TEXT}),
        ({"tools": [{"name": "f"}, {"name": "g", "type": "custom"}]}, set()),
        ({"tools": [{"name": "f", **MARK}]}, {BREAKPOINT}),
        ({"tools": [{"name": "f", "eager_input_streaming": False}]}, {EAGER_STREAMING}),
        ({"tools": [{"name": "s", "type": "web_search_20250305"}]}, {SERVER_TOOL}),
        ({"role": "developer"}, {SYSTEM_MESSAGE}),
    ],
)
def test_the_system_and_the_tools_are_looked_at(fields: dict[str, Any], shows: set[str]) -> None:
    assert shown(text("a"), **fields) == shows


DEEP: list[Any] = [text("a")]
for _ in range(4):
    DEEP = [{"type": "tool_result", "content": DEEP}]


@pytest.mark.parametrize(
    ("blocks", "fields"),
    [
        ([], {"tools": [{"name": "f"}, 5]}),
        ([], {"system": 5}),
        ([], {"system": [5]}),
        ([], {"system": [{"type": "text", "text": "a", "content": []}]}),
        (DEEP, {}),
        ([{"type": "tool_result", "content": [{"type": "x", "content": [5]}]}], {}),
    ],
)
def test_what_nobody_writes_shows_nothing_for_sure(blocks: list[Any], fields: dict[str, Any]) -> None:
    assert shown(*blocks, **fields) is None


@pytest.mark.parametrize(
    ("content", "param"),
    [
        ([5], "messages[0].content[0]"),
        ([{"type": 5}], "messages[0].content[0].type"),
        ([{"type": "text", "text": 5}], "messages[0].content[0].text"),
        ([{"type": "tool_result", "content": 5}], "messages[0].content[0].content"),
        ([{"type": "tool_result", "content": [5]}], "messages[0].content[0].content[0]"),
    ],
)
def test_a_block_at_fault_is_named(content: Any, param: str) -> None:
    with pytest.raises(Failure) as caught:
        shown(*content)
    assert caught.value.param == param


# --- the law -----------------------------------------------------------------------------------------------------

SIGNATURES = st.sampled_from(["", "CAIS", WRAPPED])
MARKS = st.sampled_from([{"type": "ephemeral"}, {"type": "ephemeral", "scope": "global"}, None])
LEAF = st.fixed_dictionaries(
    {"type": st.sampled_from(["text", "thinking", "redacted_thinking", "image", "document"])},
    optional={
        "text": st.sampled_from(["", "a", '"']),
        "signature": SIGNATURES,
        "data": SIGNATURES,
        "cache_control": MARKS,
    },
)
BLOCK = LEAF | st.fixed_dictionaries(
    {"type": st.just("tool_result"), "content": st.lists(LEAF, max_size=2) | st.sampled_from(["", "a", None])},
    optional={"cache_control": MARKS},
)
TOOL = st.fixed_dictionaries(
    {"name": st.sampled_from(["f", "g"])},
    optional={
        "type": st.sampled_from(["custom", "web_search_20250305"]),
        "eager_input_streaming": st.booleans(),
        "cache_control": MARKS,
    },
)
REQUEST = st.fixed_dictionaries(
    {
        "model": st.just("m"),
        "max_tokens": st.just(5),
        "messages": st.lists(
            st.fixed_dictionaries(
                {
                    "role": st.sampled_from(["user", "assistant", "system", "developer"]),
                    "content": st.just("a") | st.lists(BLOCK, min_size=1, max_size=3),
                }
            ),
            min_size=1,
            max_size=4,
        ),
    },
    optional={"system": st.just("a") | st.lists(LEAF, max_size=2), "tools": st.lists(TOOL, max_size=3)},
)


@given(REQUEST)
def test_what_is_shown_is_all_that_is_changed(fields: dict[str, Any]) -> None:
    raw = json.dumps(fields).encode()
    asked = peek(Request(raw))
    everything = Ask(asked.model, stream=asked.stream, initiator=Initiator.USER)
    assert _prepared(raw, asked) == _prepared(raw, everything)


def _prepared(raw: bytes, ask: Ask) -> tuple[object, object, bytes] | str:
    body = RawObject(raw)
    try:
        headers, dropped = prepare(body, ask, Capabilities("anthropic", 64000))
    except Failure as failure:
        return failure.message
    return headers, dropped, body.encode()
