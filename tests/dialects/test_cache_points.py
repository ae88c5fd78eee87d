import copy
import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from passenger.chat.cache_points import MOST
from passenger.chat.capabilities import Capabilities
from passenger.dialects import Request
from passenger.dialects import anthropic as messages
from passenger.dialects.cache_points import without_marks
from passenger.dialects.openai.chat import quirks as completions
from passenger.dialects.openai.chat.peek import peek as peek_chat
from passenger.jsontext.raw_object import RawObject

CLAUDE = Capabilities("anthropic", max_output=4096, least_cached=1024)
MARK = {"type": "ephemeral"}
LONG = "All the rules there are. " * 200
JSON = dict[str, Any]


def chat(*said: JSON, offered: int = 2, **fields: object) -> JSON:
    tools = [{"type": "function", "function": {"name": f"f{number}"}} for number in range(offered)]
    talk = [{"role": "system", "content": LONG}, *said]
    return {"model": "m", "messages": talk, **({"tools": tools} if tools else {}), **fields}


def anthropic(*said: JSON, offered: int = 2, **fields: object) -> JSON:
    tools = [{"name": f"f{number}", "input_schema": {"type": "object"}} for number in range(offered)]
    more = {"tools": tools} if tools else {}
    return {"model": "m", "max_tokens": 9, "system": LONG, "messages": list(said), **more, **fields}


def user(content: object) -> JSON:
    return {"role": "user", "content": content}


def assistant(content: object) -> JSON:
    return {"role": "assistant", "content": content}


def tool(content: object) -> JSON:
    return {"role": "tool", "tool_call_id": "c", "content": content}


def sent_chat(body: JSON, capabilities: Capabilities = CLAUDE, *, raw: bytes | None = None) -> JSON:
    data = raw or json.dumps({**body, "stream": False}).encode()
    edited = RawObject(data)
    completions.prepare(edited, peek_chat(Request(data)), capabilities)
    found: JSON = json.loads(edited.encode())
    return found


def sent_messages(body: JSON, capabilities: Capabilities = CLAUDE) -> JSON:
    data = json.dumps(body).encode()
    edited = RawObject(data)
    messages.OUTBOUND.prepare(edited, messages.INBOUND.peek(Request(data)), capabilities)
    found: JSON = json.loads(edited.encode())
    return found


def marked(value: object, path: str = "") -> list[str]:
    """The places of all breakpoints."""
    found: list[str] = []
    match value:
        case dict():
            names = [name for name in value if name.endswith("cache_control")]
            found += [path for name in names if value[name] is not None]
            for name, inner in value.items():
                found += [] if name in names else marked(inner, f"{path}.{name}")
        case list():
            for index, inner in enumerate(value):
                found += marked(inner, f"{path}[{index}]")
        case _:
            pass
    return found


def unmarked(value: Any) -> Any:
    """The same without breakpoints."""
    match value:
        case dict():
            return {name: unmarked(inner) for name, inner in value.items() if not name.endswith("cache_control")}
        case list():
            return [unmarked(inner) for inner in value]
        case _:
            return value


# --- where they are ----------------------------------------------------------------------------------------------


def test_a_chat_is_marked_at_the_last_tool_the_system_and_the_last_two_turns_of_the_user() -> None:
    talk = [user("a"), assistant("b"), user("c"), assistant(None), tool("d"), tool("e")]
    assert marked(sent_chat(chat(*talk))) == [".messages[0]", ".messages[3]", ".messages[6]", ".tools[1]"]


def test_a_request_to_messages_is_marked_there_too_and_its_texts_become_blocks() -> None:
    result = {"type": "tool_result", "tool_use_id": "c", "content": [{"type": "text", "text": "d"}]}
    sent = sent_messages(anthropic(user("a"), assistant("b"), user([result, {"type": "text", "text": "e"}])))
    places = [".system[0]", ".messages[0].content[0]", ".messages[2].content[1]", ".tools[1]"]
    assert marked(sent) == places
    assert sent["system"] == [{"type": "text", "text": LONG, "cache_control": MARK}]
    assert sent["messages"][0]["content"] == [{"type": "text", "text": "a", "cache_control": MARK}]


@pytest.mark.parametrize(
    ("body", "places"),
    [
        (chat(user("a")), [".messages[0]", ".messages[1]", ".tools[1]"]),
        (chat(user("a"), assistant("b"), user("c"), offered=0), [".messages[0]", ".messages[1]", ".messages[3]"]),
        (chat(user("a"), offered=0), []),
        (chat(assistant("a"), offered=0), [".messages[0]"]),
        (chat(user("a"), user("b"), user("c"), assistant("")), [".messages[0]", ".messages[3]", ".tools[1]"]),
        (chat({"role": "developer", "content": "x"}, user("a")), [".messages[0]", ".messages[2]", ".tools[1]"]),
        (chat(user([{"type": "text", "text": "a"}])), [".messages[0]", ".messages[1]", ".tools[1]"]),
        (chat(user("")), [".messages[0]", ".tools[1]"]),
    ],
)
def test_a_chat_with_less_has_fewer(body: JSON, places: list[str]) -> None:
    assert sorted(marked(sent_chat(body))) == sorted(places)


IMAGE = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AA=="}}
REASONING = {"type": "thinking", "thinking": "hm", "signature": "sig"}
DEFERRED = {"name": "late", "input_schema": {"type": "object"}, "defer_loading": True}
PLAIN = {"name": "soon", "input_schema": {"type": "object"}}


@pytest.mark.parametrize(
    ("body", "places"),
    [
        (anthropic(user("a"), offered=0), []),
        (anthropic(user([IMAGE])), [".system[0]", ".messages[0].content[0]", ".tools[1]"]),
        (anthropic(user([REASONING])), [".system[0]", ".tools[1]"]),
        (anthropic(user("a"), system=[{"type": "text", "text": LONG}, {"type": "text", "text": "b"}]),
         [".system[1]", ".messages[0].content[0]", ".tools[1]"]),
        (anthropic(user(LONG), system=None), [".messages[0].content[0]", ".tools[1]"]),
        (anthropic(user("a"), tools=[PLAIN, DEFERRED]),
         [".system[0]", ".messages[0].content[0]", ".tools[0]"]),
        (anthropic(user("a"), tools=[DEFERRED]), [".system[0]", ".messages[0].content[0]"]),
        (anthropic(user([{"type": "text", "text": "a", "cache_control": None}])),
         [".system[0]", ".messages[0].content[0]", ".tools[1]"]),
        (anthropic(user("a"), cache_control=MARK), [".system[0]", ".messages[0].content[0]", ".tools[1]"]),
    ],
)  # fmt: skip
def test_messages_are_marked_only_where_a_block_can_bear_it(body: JSON, places: list[str]) -> None:
    assert sorted(marked(sent_messages(body))) == sorted(places)


def test_keys_in_any_order_and_any_layout_will_do() -> None:
    body = chat(user("a"), assistant("b"), {"content": [{"text": "c", "type": "text"}], "role": "user"})
    body["messages"][1] = {"content": "a", "role": "user"}
    raw = json.dumps({**body, "stream": False}, indent=3).encode()
    assert marked(sent_chat(body, raw=raw)) == [".messages[0]", ".messages[1]", ".messages[3]", ".tools[1]"]


# --- where there are none ----------------------------------------------------------------------------------------

OWN: Mapping[str, JSON] = {
    "a message": chat({**user("a"), "copilot_cache_control": MARK}),
    "a part": chat(user([{"type": "text", "text": "a", "copilot_cache_control": MARK}])),
    "Anthropic's name": chat(user([{"type": "text", "text": "a", "cache_control": MARK}])),
    "a tool": chat(user("a"), tools=[{"type": "function", "copilot_cache_control": MARK}]),
    "the top": chat(user("a"), copilot_cache_control=MARK),
}


@pytest.mark.parametrize("body", OWN.values(), ids=OWN)
def test_a_chat_with_a_breakpoint_of_the_clients_own_keeps_its_bytes(body: JSON) -> None:
    raw = json.dumps({**body, "stream": False}).encode()
    edited = RawObject(raw)
    completions.prepare(edited, peek_chat(Request(raw)), CLAUDE)
    assert edited.encode() is raw


@pytest.mark.parametrize(
    "body",
    [
        anthropic(user([{"type": "text", "text": "a", "cache_control": MARK}])),
        anthropic(user("a"), system=[{"type": "text", "text": LONG, "cache_control": MARK}]),
        anthropic(user("a"), tools=[{**PLAIN, "cache_control": MARK}]),
        anthropic(user([{"type": "tool_result", "tool_use_id": "c", "content": [
            {"type": "text", "text": "a", "cache_control": MARK}]}])),
    ],
)  # fmt: skip
def test_a_request_to_messages_with_one_gets_none_beside_it(body: JSON) -> None:
    assert sent_messages(copy.deepcopy(body)) == body


@pytest.mark.parametrize("capabilities", [Capabilities("openai"), replace(CLAUDE, least_cached=None)])
@pytest.mark.parametrize(("send", "body"), [(sent_chat, chat(user("a"))), (sent_messages, anthropic(user("a")))])
def test_no_other_vendor_gets_any_nor_claude_where_the_setting_says_so(
    send: Callable[..., JSON], body: JSON, capabilities: Capabilities
) -> None:
    assert marked(send(body, capabilities)) == []


@pytest.mark.parametrize(("send", "body"), [(sent_chat, chat(user("a"))), (sent_messages, anthropic(user("a")))])
def test_a_prompt_below_the_models_minimum_gets_none(send: Callable[..., JSON], body: JSON) -> None:
    assert marked(send(body, replace(CLAUDE, least_cached=4096))) == []


# --- the law -----------------------------------------------------------------------------------------------------

WORDS = st.sampled_from(("", "a", '"', "\\", "\u00e9\u2028", '},{"role":"user","content":"x"}', "[{"))
TURNS = st.lists(
    st.builds(
        lambda role, content, more: {"role": role, "content": content, **more},
        st.sampled_from(("user", "assistant")),
        WORDS | st.lists(st.builds(lambda text: {"type": "text", "text": text}, WORDS.filter(bool)), max_size=3),
        st.dictionaries(st.sampled_from(("x", "name")), WORDS | st.just([{"role": "user", "content": "x"}])),
    ),
    min_size=1,
    max_size=6,
)


def as_blocks(body: JSON) -> JSON:
    """A body of Messages with every string of a content as the block that it stands for."""

    def blocks(content: object) -> object:
        return [{"type": "text", "text": content}] if isinstance(content, str) and content else content

    turns = [{**turn, "content": blocks(turn["content"])} for turn in body["messages"]]
    return {**body, "system": blocks(body["system"]), "messages": turns}


@given(TURNS, st.integers(0, 3))
def test_without_its_breakpoints_a_chat_is_the_very_same(turns: list[JSON], tools: int) -> None:
    body = {**chat(*turns, offered=tools), "temperature": 0.1, "stream": False}
    sent = sent_chat(body)
    assert unmarked(sent) == body
    assert list(sent) == list(body)
    assert len(marked(sent)) <= MOST


@given(TURNS, st.integers(0, 3))
def test_without_its_breakpoints_a_request_to_messages_says_the_very_same(turns: list[JSON], tools: int) -> None:
    body = {**anthropic(*turns, offered=tools), "temperature": 0.1}
    sent = sent_messages(body)
    assert as_blocks(unmarked(sent)) == as_blocks(body)
    assert len(marked(sent)) <= MOST


@given(TURNS, st.integers(0, 3))
def test_what_was_sent_without_them_is_what_would_have_been_sent(turns: list[JSON], offered: int) -> None:
    for send, body in ((sent_chat, chat(*turns, offered=offered)), (sent_messages, anthropic(*turns, offered=offered))):
        asked = json.dumps(body).encode()
        sent = json.dumps(send(body), separators=(",", ":")).encode()
        plain = without_marks(sent, asked)
        assert json.loads(plain or sent) == unmarked(json.loads(sent))
        assert (plain is None) is (marked(json.loads(sent)) == [])


def test_the_clients_own_are_never_taken_out() -> None:
    own = json.dumps({"messages": [{**user("a"), "copilot_cache_control": MARK}]}, separators=(",", ":")).encode()
    assert without_marks(own, own) is None
