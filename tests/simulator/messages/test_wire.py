import itertools
import json
from typing import Any

import pytest

from tests.simulator.client import Client
from tests.simulator.grammar import message_blocks

ADD = {"name": "add", "input_schema": {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}}
NOW = {"name": "now", "input_schema": {"type": "object"}}
CALLS = '[[call add {"a": 1, "note": "a longer text, in pieces"}]] [[call now]]'


async def test_a_plain_answer_has_every_key_in_order(client: Client) -> None:
    body = (await client.messages("Hi")).json()
    assert list(body) == [
        "content", "copilot_usage", "id", "model", "role", "stop_details", "stop_reason", "stop_sequence", "type",
        "usage",
    ]  # fmt: skip
    text = 'Simulated claude-sonnet-4.6 here. You said: "Hi" (1 message).'
    assert body["content"] == [{"text": text, "type": "text"}]
    assert (body["model"], body["role"], body["type"]) == ("claude-sonnet-4-6", "assistant", "message")
    assert (body["stop_details"], body["stop_reason"], body["stop_sequence"]) == (None, "end_turn", None)
    assert body["id"].startswith("msg_01")
    assert list(body["usage"]) == [
        "cache_creation", "cache_creation_input_tokens", "cache_read_input_tokens", "inference_geo", "input_tokens",
        "output_tokens", "output_tokens_details",
    ]  # fmt: skip


async def test_a_stream_says_the_same_as_a_plain_answer(client: Client) -> None:
    plain = (await client.messages("Hi")).json()
    stream = await client.messages("Hi", stream=True)
    assert stream.headers["content-type"] == "text/event-stream"
    assert message_blocks(stream.named) == [plain["content"][0] | {"json": ""}]
    events = stream.events
    start, end = events[0]["message"], events[-2]
    assert (start["content"], start["stop_reason"], start["model"]) == ([], None, plain["model"])
    assert start["usage"]["output_tokens"] == 2
    assert "cache_creation" in start["usage"]
    assert start["usage"]["input_tokens"] == end["usage"]["input_tokens"] == plain["usage"]["input_tokens"]
    assert end["usage"]["output_tokens"] == plain["usage"]["output_tokens"]
    assert end["copilot_usage"] == plain["copilot_usage"]
    assert end["delta"] == {"stop_details": None, "stop_reason": "end_turn", "stop_sequence": None}
    assert events[-1] == {"type": "message_stop"}
    assert b"[DONE]" not in stream.body


async def test_calls_are_blocks_with_their_input_in_fragments(client: Client) -> None:
    plain = (await client.messages(CALLS, tools=[ADD, NOW])).json()
    assert plain["stop_reason"] == "tool_use"
    text, add, now = plain["content"]
    assert text["text"] == "Let me look."
    assert add["input"] == {"a": 1, "note": "a longer text, in pieces"}
    assert now == {"id": now["id"], "input": {}, "name": "now", "type": "tool_use"}
    assert add["id"].startswith("toolu_01")
    stream = await client.messages(CALLS, tools=[ADD, NOW], stream=True)
    blocks = message_blocks(stream.named)
    assert [(block["type"], block.get("input")) for block in blocks] == [
        ("text", None),
        ("tool_use", {}),
        ("tool_use", {}),
    ]
    assert json.loads(blocks[1]["json"]) == add["input"]
    assert blocks[2]["json"] == ""
    pieces = [e["delta"]["partial_json"] for e in stream.events if e.get("delta", {}).get("type") == "input_json_delta"]
    assert pieces[0] == ""
    assert all(len(piece) <= 20 for piece in pieces)
    assert len(pieces) > 4


@pytest.mark.parametrize(
    ("choice", "names"),
    [
        ({"type": "any"}, ["add"]),
        ({"type": "tool", "name": "now"}, ["now"]),
        ({"type": "none"}, []),
        ({"type": "auto", "disable_parallel_tool_use": True}, []),
    ],
)
async def test_a_demanded_call_is_made(client: Client, choice: dict[str, Any], names: list[str]) -> None:
    body = (await client.messages("Hi", tools=[ADD, NOW], tool_choice=choice)).json()
    assert [block["name"] for block in body["content"] if block["type"] == "tool_use"] == names


async def test_parallel_calls_can_be_forbidden(client: Client) -> None:
    choice = {"type": "auto", "disable_parallel_tool_use": True}
    body = (await client.messages(CALLS, tools=[ADD, NOW], tool_choice=choice)).json()
    assert [block.get("name") for block in body["content"]] == [None, "add"]


@pytest.mark.parametrize("stream", [False, True])
async def test_arguments_that_are_no_json_are_passed_on(client: Client, stream: bool) -> None:
    answer = await client.messages("[[call now {broken]]", tools=[NOW], stream=stream)
    if stream:
        assert message_blocks(answer.named)[1]["json"] == "{broken"
    else:
        assert answer.json()["content"][1]["input"] == {"INVALID_JSON": "{broken"}


async def test_thoughts_come_first_with_their_seal(client: Client) -> None:
    plain = (await client.messages("Hi", thinking={"type": "adaptive"})).json()
    thought, text = plain["content"]
    assert (thought["type"], text["type"]) == ("thinking", "text")
    assert thought["thinking"].startswith("**")
    assert plain["usage"]["output_tokens_details"]["thinking_tokens"] > 0
    stream = await client.messages("Hi", thinking={"type": "adaptive"}, stream=True)
    blocks = message_blocks(stream.named)
    assert blocks[0]["thinking"] == thought["thinking"]
    assert len(blocks[0]["signature"]) > 100
    kinds = [event["delta"]["type"] for event in stream.events if "index" in event and "delta" in event]
    assert [kind for kind, _ in itertools.groupby(kinds)] == ["thinking_delta", "signature_delta", "text_delta"]


@pytest.mark.parametrize(
    ("model", "display", "shown"),
    [
        ("claude-sonnet-4.6", None, True),
        ("claude-sonnet-4.6", "omitted", False),
        ("claude-opus-5", None, False),
        ("claude-opus-5", "summarized", True),
    ],
)
async def test_thoughts_may_be_sealed_and_not_shown(client: Client, model: str, display: str, shown: bool) -> None:
    thinking = {"type": "adaptive"} | ({"display": display} if display else {})
    for stream in (False, True):
        answer = await client.messages("Hi", model=model, thinking=thinking, stream=stream)
        block = message_blocks(answer.named)[0] if stream else answer.json()["content"][0]
        assert bool(block["thinking"]) == shown
        assert block["signature"]


async def test_a_stop_sequence_is_named(client: Client) -> None:
    body = (await client.messages("Hi", stop_sequences=["zzz", "here"])).json()
    assert (body["stop_reason"], body["stop_sequence"]) == ("stop_sequence", "here")
    assert body["content"][0]["text"] == "Simulated claude-sonnet-4.6 "


async def test_a_limit_ends_the_text(client: Client) -> None:
    body = (await client.messages("Hi", max_tokens=2)).json()
    assert (body["stop_reason"], body["content"][0]["text"]) == ("max_tokens", "Simulate")


@pytest.mark.parametrize("stream", [False, True])
async def test_a_refusal_has_no_content_and_says_why(client: Client, stream: bool) -> None:
    answer = await client.messages("[[refuse]]", stream=stream)
    end = answer.events[-2]["delta"] if stream else answer.json()
    assert end["stop_reason"] == "refusal"
    assert end["stop_details"] == {
        "category": "cyber",
        "explanation": "This cannot be answered.",
        "type": "refusal",
    }
    assert (message_blocks(answer.named) if stream else answer.json()["content"]) == []


async def test_pings_come_when_they_are_ordered(client: Client) -> None:
    stream = await client.messages("Hi [[ping]]", stream=True)
    names = [name for name, _ in stream.named]
    assert (names[1], names[-3]) == ("ping", "ping")
    assert stream.events[1] == {"type": "ping"}
    message_blocks(stream.named)


async def test_bedrock_has_its_own_ids_metrics_and_done(client: Client) -> None:
    stream = await client.messages("Hi [[bedrock]]", stream=True)
    assert stream.events[0]["message"]["id"].startswith("msg_bdrk_01")
    assert set(stream.events[-2]["amazon-bedrock-invocationMetrics"]) == {
        "firstByteLatency", "inputTokenCount", "invocationLatency", "outputTokenCount"
    }  # fmt: skip
    assert stream.named[-1] == ("", "[DONE]")
    message_blocks(stream.named)


async def test_context_edits_are_named_when_their_beta_is_sent(client: Client) -> None:
    headers = {"anthropic-beta": "context-management-2025-06-27"}
    edits: dict[str, list[str]] = {"applied_edits": []}
    assert (await client.messages(headers=headers)).json()["context_management"] == edits
    assert (await client.messages(headers=headers, stream=True)).events[-2]["context_management"] == edits
    assert "context_management" not in (await client.messages()).json()
