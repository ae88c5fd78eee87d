import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passenger import seals
from passenger.body import Body
from passenger.chat import Abilities, Ask, Initiator, Seal
from passenger.copilot.quirks.messages import prepare
from passenger.dialects import Request
from passenger.dialects.messages import look, peek
from passenger.errors import Failure

MARK = {"cache_control": {"type": "ephemeral"}}
SCOPED = {"cache_control": {"type": "ephemeral", "scope": "global"}}
WRAPPED = seals.wrap(Seal("responses/openai", "gAAAA"))


def text(words: str, **fields: Any) -> dict[str, Any]:
    return {"type": "text", "text": words, **fields}


def shown(*blocks: Any, role: str = "user", **fields: Any) -> object:
    body = {"model": "m", "messages": [{"role": role, "content": [*blocks]}], **fields}
    return look.look_at(json.dumps(body).encode()).shows


@pytest.mark.parametrize(
    ("block", "shows"),
    [
        (text("a"), set()),
        (text('"cache_control"'), set()),
        (text(""), {look.EMPTY_TEXT}),
        (text("a", **MARK), {look.BREAKPOINT}),
        (text("a", cache_control=None), set()),
        (text("a", **SCOPED), {look.BREAKPOINT, look.CACHE_SCOPE}),
        ({"type": "thinking", "thinking": "", "signature": "CAIS"}, set()),
        ({"type": "thinking", "thinking": "x", "signature": ""}, {look.STRANGE_SEAL}),
        ({"type": "thinking", "thinking": "x", "signature": WRAPPED}, {look.STRANGE_SEAL}),
        ({"type": "redacted_thinking", "data": WRAPPED}, {look.STRANGE_SEAL}),
        ({"type": "redacted_thinking", "data": "CAIS"}, set()),
        ({"type": "tool_result", "content": [text("")]}, {look.EMPTY_TEXT}),
        ({"type": "tool_result", "content": [text("a", **SCOPED)]}, {look.BREAKPOINT, look.CACHE_SCOPE}),
        ({"type": "tool_result", "content": [{"type": "search_result", "content": [text("")]}]}, {look.EMPTY_TEXT}),
        ({"type": "tool_result", "content": "a"}, set()),
        ({"type": "web_search_tool_result", "content": {"type": "web_search_tool_result_error"}}, set()),
    ],
)
def test_a_look_shows_what_may_have_to_be_changed(block: Any, shows: set[str]) -> None:
    assert shown(block) == shows


def test_the_first_letters_of_a_seal_may_be_written_as_escapes() -> None:
    block = json.dumps({"type": "thinking", "thinking": "x", "signature": WRAPPED}).replace(
        WRAPPED, f"\\u{ord(WRAPPED[0]):04x}{WRAPPED[1:]}"
    )
    raw = b'{"model":"m","messages":[{"role":"assistant","content":[%b]}]}' % block.encode()
    assert look.look_at(raw).shows == frozenset({look.STRANGE_SEAL})


@pytest.mark.parametrize(
    ("fields", "shows"),
    [
        ({"system": "a"}, set()),
        ({"system": [text("a", **MARK)]}, {look.BREAKPOINT}),
        ({"system": [text("")]}, {look.EMPTY_TEXT}),
        ({"tools": [{"name": "f"}, {"name": "g", "type": "custom"}]}, set()),
        ({"tools": [{"name": "f", **MARK}]}, {look.BREAKPOINT}),
        ({"tools": [{"name": "f", "eager_input_streaming": False}]}, {look.EAGER_STREAMING}),
        ({"tools": [{"name": "s", "type": "web_search_20250305"}]}, {look.SERVER_TOOL}),
        ({"role": "developer"}, {look.SYSTEM_MESSAGE}),
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

SEALS = st.sampled_from(["", "CAIS", WRAPPED])
MARKS = st.sampled_from([{"type": "ephemeral"}, {"type": "ephemeral", "scope": "global"}, None])
LEAF = st.fixed_dictionaries(
    {"type": st.sampled_from(["text", "thinking", "redacted_thinking", "image", "document"])},
    optional={"text": st.sampled_from(["", "a", '"']), "signature": SEALS, "data": SEALS, "cache_control": MARKS},
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
    body = Body(raw)
    try:
        headers, dropped = prepare(body, ask, Abilities("anthropic", 64000))
    except Failure as failure:
        return failure.message
    return headers, dropped, body.encode()
