import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from passenger.chat import signatures
from passenger.chat.capabilities import Capabilities
from passenger.chat.events import AnswerIdentity, Usage
from passenger.chat.prompt import Ask, Initiator, Signature
from passenger.dialects.anthropic import OUTBOUND
from passenger.dialects.anthropic.betas import MID_SYSTEM
from passenger.dialects.anthropic.relay import StreamRelay
from passenger.errors import Failure
from passenger.jsontext.raw_object import RawObject

ABLE = Capabilities("anthropic", 64000)
ADAPTS = Capabilities("anthropic", 64000, 1024, 32000, adaptive=True, efforts=("low", "medium", "high", "max"))
STAMP = AnswerIdentity("0" * 32, 0)
USER: dict[str, Any] = {"role": "user", "content": "go"}
F: dict[str, Any] = {"name": "f", "input_schema": {"type": "object"}}
SEARCH: dict[str, Any] = {"type": "web_search_20250305", "name": "web_search"}
OWN, FOREIGN = Signature("messages/anthropic", "CAIS"), Signature("responses/openai", "gAAAA")


def asking(*betas: str) -> Ask:
    return Ask("claude-opus-5", stream=True, initiator=Initiator.USER, betas=betas)


def prepared(
    betas: Any = (), capabilities: Capabilities | None = None, **fields: Any
) -> tuple[dict[str, Any], str | None, tuple[str, ...]]:
    """The body as it goes up, its betas and what was left out."""
    body = RawObject(json.dumps({"model": "m", "max_tokens": 5, "messages": [USER], **fields}).encode())
    headers, dropped = OUTBOUND.prepare(body, asking(*betas), capabilities or ABLE)
    return json.loads(body.encode()), headers.get("anthropic-beta"), dropped


def content(*blocks: Any, role: str = "user") -> list[dict[str, Any]]:
    return [{"role": role, "content": list(blocks)}, USER]


def text(words: str, **fields: Any) -> dict[str, Any]:
    return {"type": "text", "text": words, **fields}


# --- an ordinary request -----------------------------------------------------------------------------------------

ORDINARY = {
    "model": "m",
    "max_tokens": 5,
    "system": [text('"scope"', cache_control={"type": "ephemeral", "ttl": "1h"})],
    "tools": [
        {**F, "input_schema": {"type": "object", "properties": {"scope": {}, "speed": {}, "text": {"default": ""}}}}
    ],
    "messages": content({"type": "thinking", "thinking": "", "signature": "CAIS"}, text("a"), role="assistant"),
}


def test_an_ordinary_request_keeps_its_bytes() -> None:
    raw = json.dumps(ORDINARY, indent=1).encode()
    body = RawObject(raw)
    assert OUTBOUND.prepare(body, asking(), ABLE) == ({}, ())
    assert body.encode() is raw


def test_a_request_that_is_out_of_the_ordinary_keeps_its_bytes_too() -> None:
    raw = b'{"model":"m","max_tokens":5,"messages":[{"role":"user","content":[5,"\\ud800",{"type":7}]}],"tools":9}'
    body = RawObject(raw)
    assert OUTBOUND.prepare(body, asking(), ABLE) == ({}, ())
    assert body.encode() is raw


def test_a_change_keeps_every_other_value_to_the_digit() -> None:
    raw = (
        b'{"model":"m","max_tokens":5,"temperature":0.10,"messages":[{"role":"user","content":[{"type":"text","text":""},'
        b'{"type":"text","text":"\\ud800","\\udc00":1e400,"n":1.50,"big":' + b"9" * 4000 + b"}]}]}"
    )
    body = RawObject(raw)
    OUTBOUND.prepare(body, asking(), ABLE)
    sent = body.encode()
    assert b'"temperature":0.10' in sent
    assert b'[{"type":"text","text":"\\ud800","\\udc00":1e400,"n":1.50,"big":' + b"9" * 4000 + b"}]" in sent


KEYS = st.text(max_size=5) | st.sampled_from(("content", "type", "role"))
LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
SMALL = LEAVES | st.lists(LEAVES, max_size=2) | st.dictionaries(KEYS, LEAVES, max_size=3)
JSON = SMALL | st.lists(SMALL, max_size=2) | st.dictionaries(KEYS, SMALL, max_size=3)


@given(JSON, JSON, JSON)
def test_what_is_not_to_be_changed_never_is(message: Any, tool: Any, system: Any) -> None:
    document = {"model": "m", "max_tokens": 5, "messages": [message, USER], "tools": [tool], "system": system}
    raw = json.dumps(document).encode()
    body = RawObject(raw)
    OUTBOUND.prepare(body, asking(), ABLE)
    assert json.loads(body.encode()) == document


# --- one fix each ------------------------------------------------------------------------------------------------


def test_fill_in_limit() -> None:
    raw = b'{"model":"m","messages":[{"role":"user","content":"\\"max_tokens\\""}]}'
    for capabilities, limit in ((ABLE, 64000), (Capabilities(), 4096)):
        body = RawObject(raw)
        assert OUTBOUND.prepare(body, asking(), capabilities) == ({}, ())
        assert json.loads(body.encode())["max_tokens"] == limit


def test_fill_in_limit_of_a_request_that_is_out_of_the_ordinary() -> None:
    body = RawObject(b'{"model":"m","messages":[{"role":"user","content":"\\ud800"}]}')
    OUTBOUND.prepare(body, asking(), ABLE)
    assert body.encode() == b'{"model":"m","messages":[{"role":"user","content":"\\ud800"}],"max_tokens":64000}'


def test_accepted_betas() -> None:
    _, betas, dropped = prepared(("claude-code-20250219", "output-128k-2025-02-19", "tool-search-tool-2025-11-19"))
    assert betas == "claude-code-20250219,tool-search-tool-2025-11-19"
    assert dropped == ("anthropic-beta: output-128k-2025-02-19",)
    assert prepared(("odd",))[1:] == (None, ("anthropic-beta: odd",))


@pytest.mark.parametrize("name", ["cache_control", "inference_geo", "speed"])
def test_leave_out_fields(name: str) -> None:
    fields: Any = {name: {"type": "ephemeral"}}
    body, _, dropped = prepared(**fields)
    assert name not in body
    assert dropped == (name,)


def test_strip_cache_scope() -> None:
    marker = {"cache_control": {"type": "ephemeral", "ttl": "1h", "scope": "global"}}
    result = {"type": "tool_result", "tool_use_id": "a", "content": [text("b", **marker)]}
    body, _, dropped = prepared(
        system=[text("a", **marker)], tools=[{**F, **marker}], messages=content(result, text("c", **marker))
    )
    kept = {"cache_control": {"type": "ephemeral", "ttl": "1h"}}
    assert body["system"] == [text("a", **kept)]
    assert body["tools"] == [{**F, **kept}]
    assert body["messages"][0]["content"] == [{**result, "content": [text("b", **kept)]}, text("c", **kept)]
    assert dropped == ("cache_control.scope",)


def test_strip_eager_streaming() -> None:
    body, _, dropped = prepared(tools=[{**F, "eager_input_streaming": True}])
    assert body["tools"] == [F]
    assert dropped == ("tools.eager_input_streaming",)


@pytest.mark.parametrize("kind", ["web_search_20250305", "web_fetch_20250910", "code_execution_20250825"])
def test_leave_out_server_tools(kind: str) -> None:
    body, _, dropped = prepared(tools=[{"type": kind, "name": "x"}, F], tool_choice={"type": "any"})
    assert body["tools"] == [F]
    assert dropped == ("tools[x]",)


@pytest.mark.parametrize(
    "fields", [{"tools": [SEARCH]}, {"tools": [SEARCH, F], "tool_choice": {"type": "tool", "name": "web_search"}}]
)
def test_leave_out_server_tools_never_leaves_nothing(fields: dict[str, Any]) -> None:
    with pytest.raises(Failure, match="web_search") as caught:
        prepared(**fields)
    assert caught.value.param == "tools"


def test_a_server_tool_whose_name_is_no_string_is_named_by_its_type() -> None:
    assert prepared(tools=[{**SEARCH, "name": 1}, F])[2] == ("tools[web_search_20250305]",)
    with pytest.raises(Failure, match="'web_search_20250305'"):
        prepared(tools=[{**SEARCH, "name": {"a": 1.5}}])


def test_tools_that_the_client_runs_stay() -> None:
    tools = [{"type": "bash_20250124", "name": "bash"}, {"type": "tool_search_tool_regex_20251119", "name": "s"}, F]
    assert prepared(tools=tools)[0]["tools"] == tools


def test_replay_searches() -> None:
    call = {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {"query": "rain"}}
    page = {"type": "web_search_result", "url": "https://a.example", "title": "A", "encrypted_content": "x"}
    found = {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": [page]}
    cited = {"type": "web_search_result_location", "url": page["url"], "encrypted_index": "y", "cited_text": "z"}
    own = {"type": "char_location", "document_index": 0}
    said = text("It rained.", citations=[cited, own])
    body, _, dropped = prepared(messages=[USER, *content(call, found, said, role="assistant")])
    _, asked, result, answered, _ = body["messages"]
    assert asked["content"] == [{"type": "tool_use", "id": "srvtoolu_1", "name": "web_search", "input": call["input"]}]
    assert result["role"] == "user"
    assert result["content"][0]["content"] == [text("A\nhttps://a.example")]
    assert answered["content"] == [text("It rained.", citations=[own])]
    assert dropped == ("citations",)


def test_leave_out_empty_texts() -> None:
    result = {"type": "tool_result", "tool_use_id": "a", "content": [text(""), text("b")]}
    said = [*content(text(""), result), {"role": "assistant", "content": [text("")]}, USER]
    body, _, dropped = prepared(system=[text(""), text("a")], messages=said)
    assert body["system"] == [text("a")]
    assert body["messages"] == [{"role": "user", "content": [{**result, "content": [text("b")]}]}, USER, USER]
    assert dropped == ()


def test_leave_out_empty_texts_leaves_the_last_message_where_it_is() -> None:
    body, _, _ = prepared(messages=[USER, {"role": "user", "content": [text("")]}])
    assert body["messages"] == [USER, {"role": "user", "content": []}]


def thinking(signature: str) -> dict[str, Any]:
    return {"type": "thinking", "thinking": "hm", "signature": signature}


def redacted(signature: str) -> dict[str, Any]:
    return {"type": "redacted_thinking", "data": signature}


def test_restore_signatures() -> None:
    ours = [thinking(signatures.wrap(OWN)), redacted(signatures.wrap(OWN)), thinking("native")]
    others = [
        thinking(signatures.wrap(FOREIGN)),
        redacted(signatures.wrap(FOREIGN)),
        thinking(signatures.wrap(Signature("", ""))),
        thinking(""),
    ]
    body, _, dropped = prepared(messages=content(*ours, *others, text("a"), role="assistant"))
    assert body["messages"][0]["content"] == [thinking("CAIS"), redacted("CAIS"), thinking("native"), text("a")]
    assert dropped == ("signature", "data", "thinking")


def test_restore_signatures_leaves_no_empty_message() -> None:
    body, _, _ = prepared(messages=content(thinking(signatures.wrap(FOREIGN)), role="assistant"))
    assert body["messages"] == [USER]


CALL = {"type": "tool_use", "id": "a", "name": "f", "input": {}}
BUDGET = {"type": "enabled", "budget_tokens": 1024}


@pytest.mark.parametrize(
    ("capabilities", "signature", "mode", "expected", "lost"),
    [
        (ABLE, FOREIGN, BUDGET, {"type": "disabled"}, ("signature", "thinking")),
        (ABLE, OWN, BUDGET, BUDGET, ()),
        (ABLE, FOREIGN, {"type": "adaptive"}, {"type": "adaptive"}, ("signature",)),
        (ADAPTS, FOREIGN, BUDGET, {"type": "adaptive"}, ("signature", "thinking.budget_tokens")),
    ],
)
def test_calls_that_have_lost_their_reasoning_turn_a_budget_off(
    capabilities: Capabilities,
    signature: Signature,
    mode: dict[str, Any],
    expected: dict[str, Any],
    lost: tuple[str, ...],
) -> None:
    said = content(thinking(signatures.wrap(signature)), CALL, role="assistant")
    body, _, dropped = prepared(capabilities=capabilities, messages=said, thinking=mode)
    assert body["thinking"] == expected
    assert dropped == lost


@pytest.mark.parametrize("role", ["system", "developer"])
def test_allow_system_messages(role: str) -> None:
    body, betas, dropped = prepared(("claude-code-20250219",), messages=[USER, {"role": role, "content": "mind"}])
    assert body["messages"][1] == {"role": "system", "content": "mind"}
    assert betas == "claude-code-20250219,mid-conversation-system-2026-04-07"
    assert dropped == ()
    assert prepared((MID_SYSTEM,), messages=[{"role": role, "content": "mind"}])[1] == MID_SYSTEM


def test_system_messages_as_they_should_be_keep_their_bytes() -> None:
    raw = b'{"model":"m", "max_tokens":5, "messages":[{"role":"system","content":"mind"}]}'
    body = RawObject(raw)
    assert OUTBOUND.prepare(body, asking(), ABLE)[0] == {"anthropic-beta": MID_SYSTEM}
    assert body.encode() is raw


# --- answers -----------------------------------------------------------------------------------------------------


def test_a_stream_is_passed_on_by_a_relay_of_its_own() -> None:
    first, second = OUTBOUND.relay(asking(), STAMP), OUTBOUND.relay(asking(), STAMP)
    assert isinstance(first, StreamRelay)
    assert first is not second


def test_a_whole_answer_keeps_its_bytes() -> None:
    data = b'{"content": [], "usage": {"input_tokens": 3, "output_tokens": 4}}'
    answer, usage = OUTBOUND.complete(data, "m", STAMP)
    assert answer is data
    assert usage == Usage(3, 4)
    with pytest.raises(msgspec.MsgspecError):
        OUTBOUND.complete(b"<html>", "m", STAMP)
