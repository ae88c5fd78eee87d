from typing import Any

import pytest

from tests.simulator.client import Client

TOOL = {"name": "t", "input_schema": {"type": "object"}}
SCHEMA = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"], "additionalProperties": False}
BODIES: list[dict[str, Any]] = [
    {"messages": [{"role": "user", "content": "Hi"}]},
    {"messages": [{"role": "user", "content": "x" * 1000}], "system": "Be brief", "tools": [TOOL]},
    {
        "messages": [{"role": "user", "content": [{"type": "text", "text": "x" * 9000}]}],
        "system": [{"type": "text", "text": "y" * 9000, "cache_control": {"type": "ephemeral"}}],
    },
]


@pytest.mark.parametrize("body", BODIES, ids=["short", "tools", "cached"])
async def test_what_is_counted_is_what_usage_says(client: Client, body: dict[str, Any]) -> None:
    body = {"model": "claude-sonnet-4.6", "max_tokens": 100} | body
    counted = await client.count(body)
    for _ in range(2):
        usage = (await client.post("/v1/messages", body)).json()["usage"]
        parts = ("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")
        assert sum(usage[part] for part in parts) == counted


async def test_counting_is_no_premium_request_and_writes_no_cache(client: Client) -> None:
    body = {"model": "claude-opus-5", "max_tokens": 100} | BODIES[2]
    await client.count(body)
    answer = await client.post("/v1/messages", body)
    assert answer.json()["usage"]["cache_read_input_tokens"] == 0
    assert "totRem=300.0" in answer.headers["x-quota-snapshot-premium_interactions"]


@pytest.mark.parametrize(
    "more", [{"max_tokens": 5}, {"stream": False}, {"temperature": 1}, {"stop_sequences": ["x"]}, {"metadata": {}}]
)
async def test_what_only_an_answer_needs_cannot_be_counted(client: Client, more: dict[str, Any]) -> None:
    body = {"model": "claude-sonnet-4.6"} | BODIES[0] | more
    answer = await client.post("/v1/messages/count_tokens", body)
    assert answer.json()["error"]["message"] == f"{next(iter(more))}: Extra inputs are not permitted"


async def test_counting_refuses_what_messages_refuse(client: Client) -> None:
    tools = [{"type": "web_search_20250305", "name": "web_search"}]
    body = {"model": "claude-sonnet-4.6", "tools": tools} | BODIES[0]
    assert (await client.post("/v1/messages/count_tokens", body)).json()["error"]["code"] == "unsupported_value"


async def test_after_tool_results_it_tells_them(client: Client) -> None:
    called = (await client.messages("[[call t]]", tools=[TOOL])).json()["content"]
    image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AA=="}}
    result = {
        "type": "tool_result",
        "tool_use_id": called[1]["id"],
        "content": [{"type": "text", "text": "42"}, image],
    }
    messages = [
        {"role": "user", "content": "[[call t]]"},
        {"role": "assistant", "content": called},
        {"role": "user", "content": [result]},
    ]
    headers = {"Copilot-Vision-Request": "true"}
    answer = await client.messages(messages=messages, tools=[TOOL], headers=headers)
    assert answer.json()["content"] == [{"text": "The tool said: 42", "type": "text"}]


async def test_a_schema_is_satisfied(client: Client) -> None:
    config = {"format": {"type": "json_schema", "schema": SCHEMA}}
    assert (await client.messages(output_config=config)).json()["content"][0]["text"] == '{"n": 1}'


async def test_the_same_request_gets_the_same_answer(client: Client) -> None:
    for stream in (False, True):
        one, two = [await client.messages("Hi", thinking={"type": "adaptive"}, stream=stream) for _ in range(2)]
        assert one.body == two.body
