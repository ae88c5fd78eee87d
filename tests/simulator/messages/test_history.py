from typing import Any

import pytest

from passenger.simulator.messages.thoughts import sign
from tests.simulator.client import Client
from tests.simulator.messages.test_validation import vendor

TOOL = {"name": "t", "input_schema": {"type": "object"}}
USER: dict[str, Any] = {"role": "user", "content": "x"}
ADAPTIVE = {"type": "adaptive"}


def call(call_id: str) -> dict[str, Any]:
    return {"type": "tool_use", "id": call_id, "name": "t", "input": {}}


def result(call_id: str, content: object = "42") -> dict[str, Any]:
    return {"type": "tool_result", "tool_use_id": call_id, "content": content}


def said(*blocks: dict[str, Any]) -> dict[str, Any]:
    return {"role": "assistant", "content": list(blocks)}


def told(*blocks: dict[str, Any]) -> dict[str, Any]:
    return {"role": "user", "content": list(blocks)}


@pytest.mark.parametrize(
    ("messages", "message"),
    [
        (
            [USER, said({"type": "text", "text": "Well"})],
            "This model does not support assistant message prefill. The conversation must end with a user message.",
        ),
        ([told({"type": "text", "text": ""})], "messages: text content blocks must be non-empty"),
        (
            [USER, said(call("1")), told(result("1", [{"type": "text", "text": ""}]))],
            "messages: text content blocks must be non-empty",
        ),
        ([{"role": "user", "content": ""}], "messages.0: all messages must have non-empty content"),
        (
            [USER, said(call("toolu_1")), USER],
            (
                "messages.1: `tool_use` ids were found without `tool_result` blocks immediately after: toolu_1. Each "
                "`tool_use` block must have a corresponding `tool_result` block in the next message."
            ),
        ),
        (
            [USER, said(call("a"), call("b")), told(result("a"))],
            (
                "messages.1: `tool_use` ids were found without `tool_result` blocks immediately after: b. Each "
                "`tool_use` block must have a corresponding `tool_result` block in the next message."
            ),
        ),
        (
            [USER, said({"type": "text", "text": "x"}), told(result("toolu_1"))],
            (
                "messages.2.content.0: unexpected `tool_use_id` found in `tool_result` blocks: toolu_1. Each "
                "`tool_result` block must have a corresponding `tool_use` block in the previous message."
            ),
        ),
        (
            [USER, said({"type": "thinking", "thinking": "x", "signature": "foreign"}), USER],
            "messages.1.content.0: Invalid `signature` in `thinking` block",
        ),
        (
            [USER, said({"type": "redacted_thinking", "data": "foreign"}), USER],
            "messages.1.content.0: Invalid `data` in `redacted_thinking` block",
        ),
    ],
)
async def test_a_conversation_that_could_not_have_been_is_refused(
    client: Client, messages: list[Any], message: str
) -> None:
    assert vendor(await client.messages(messages=messages, tools=[TOOL])) == message


async def test_an_empty_text_of_the_system_is_refused(client: Client) -> None:
    system = [{"type": "text", "text": ""}]
    assert vendor(await client.messages(system=system)) == "system: text content blocks must be non-empty"


@pytest.mark.parametrize(
    "messages",
    [
        [USER, USER],
        [USER, said(call("1")), told(result("1"), {"type": "text", "text": "and"})],
        [USER, said(call("1"), call("1")), told(result("1"), result("1"))],
        [USER, said(call("1")), said(call("2")), told(result("1")), told(result("2"))],
        [USER, said({"type": "redacted_thinking", "data": sign("", "s")}), USER],
        [USER, said(call("1")), told(result("1", ""))],
    ],
)
async def test_odd_conversations_that_the_vendor_takes_are_taken(client: Client, messages: list[Any]) -> None:
    assert (await client.messages(messages=messages, tools=[TOOL])).status == 200


async def thought_and_call(client: Client, **more: Any) -> list[dict[str, Any]]:
    answer = await client.messages("[[call t]]", tools=[TOOL], **more)
    return list(answer.json()["content"])


@pytest.mark.parametrize("model", ["claude-sonnet-4.6", "claude-opus-5"])
async def test_a_thought_can_come_back_as_it_was(client: Client, model: str) -> None:
    blocks = await thought_and_call(client, model=model, thinking=ADAPTIVE)
    messages = [USER, said(*blocks), told(result(blocks[-1]["id"]))]
    assert (await client.messages(messages=messages, tools=[TOOL], model=model, thinking=ADAPTIVE)).status == 200


async def test_a_changed_thought_is_refused(client: Client) -> None:
    blocks = await thought_and_call(client, thinking=ADAPTIVE)
    blocks[0]["thinking"] += "!"
    messages = [USER, said(*blocks), told(result(blocks[-1]["id"]))]
    assert "cannot be modified" in vendor(await client.messages(messages=messages, tools=[TOOL]))


async def test_a_model_with_a_budget_must_see_its_thought_before_its_call(client: Client) -> None:
    budget = {"type": "enabled", "budget_tokens": 2000}
    blocks = await thought_and_call(client, thinking=budget)
    results = told(result(blocks[-1]["id"]))
    whole = await client.messages(messages=[USER, said(*blocks), results], tools=[TOOL], thinking=budget)
    assert whole.status == 200
    without = [USER, said(*blocks[1:]), results]
    refused = vendor(await client.messages(messages=without, tools=[TOOL], thinking=budget))
    assert refused.startswith(
        "messages.1.content.0.type: Expected `thinking` or `redacted_thinking`, but found `text`."
    )
    assert (await client.messages(messages=without, tools=[TOOL])).status == 200


async def test_a_call_before_the_systems_last_word_needs_its_result_too(client: Client) -> None:
    headers = {"anthropic-beta": "mid-conversation-system-2026-04-07"}
    messages = [USER, said(call("1")), {"role": "system", "content": "x"}]
    refused = vendor(await client.messages(messages=messages, tools=[TOOL], headers=headers))
    assert refused.startswith("messages.1: `tool_use` ids were found without `tool_result` blocks")
