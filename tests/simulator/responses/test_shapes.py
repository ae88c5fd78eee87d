from typing import Any

from tests.simulator.client import Client

KEYS = [
    "copilot_usage", "created_at", "id", "incomplete_details", "instructions", "max_output_tokens", "model", "object",
    "output", "output_text", "parallel_tool_calls", "previous_response_id", "prompt_cache_retention", "reasoning",
    "safety_identifier", "service_tier", "status", "temperature", "text", "tool_choice", "tool_usage", "tools", "top_p",
    "truncation", "usage",
]  # fmt: skip
ONLY_STREAMED = {
    "background", "completed_at", "error", "frequency_penalty", "max_tool_calls", "metadata", "moderation",
    "presence_penalty", "store", "top_logprobs", "user",
}  # fmt: skip
ADD: dict[str, Any] = {"type": "function", "name": "add", "parameters": {"type": "object"}}


async def test_a_plain_answer_has_every_key_in_order(client: Client) -> None:
    body = (await client.responses("Hi")).json()
    assert list(body) == KEYS
    assert (body["object"], body["model"], body["status"]) == ("response", "gpt-5.5-2026-04-23", "completed")
    assert body["output_text"] is None
    assert len(body["safety_identifier"]) == 64
    assert list(body["reasoning"]) == ["context", "effort", "summary"]
    assert body["usage"]["total_tokens"] == body["usage"]["input_tokens"] + body["usage"]["output_tokens"]


async def test_a_streamed_response_has_more_keys(client: Client) -> None:
    started = (await client.responses("Hi", stream=True)).events[0]["response"]
    assert set(started) == set(KEYS) - {"copilot_usage", "output_text"} | ONLY_STREAMED
    assert (started["status"], started["output"], started["usage"]) == ("in_progress", [], None)
    assert (started["store"], started["reasoning"]["mode"]) == (False, "standard")


async def test_the_request_is_echoed(client: Client) -> None:
    asked: dict[str, Any] = {
        "instructions": "Be brief",
        "max_output_tokens": 1000,
        "metadata": {"a": "b"},
        "parallel_tool_calls": False,
        "reasoning": {"effort": "high", "summary": "auto"},
        "temperature": 0.5,
        "text": {"verbosity": "low"},
        "tool_choice": "none",
        "tools": [ADD],
        "truncation": "auto",
        "user": "me",
    }
    answer = (await client.responses("Hi", stream=True, **asked)).events[0]["response"]
    same = asked.keys() - {"reasoning", "text", "tools"}
    assert {key: answer[key] for key in same} == {key: asked[key] for key in same}
    assert answer["text"] == {"format": {"type": "text"}, "verbosity": "low"}
    assert (answer["reasoning"]["effort"], answer["reasoning"]["summary"]) == ("high", "auto")
    assert answer["tools"] == [ADD | {"output_schema": None, "strict": True}]


async def test_items_of_a_plain_answer_are_finished(client: Client) -> None:
    body = (await client.responses("[[call add {}]] [[think]]", tools=[ADD])).json()
    thought, call = body["output"]
    assert list(thought) == ["content", "id", "summary", "type"]
    assert list(call) == ["arguments", "call_id", "id", "name", "status", "type"]
    assert call["status"] == "completed"
    ids = [body["id"], thought["id"], call["id"]]
    assert len(set(ids)) == 3
    assert {len(one) for one in ids} == {400}


async def test_a_plain_answer_can_be_incomplete(client: Client) -> None:
    body = (await client.responses("[[size 1000]]", max_output_tokens=16)).json()
    assert (body["status"], body["output"][0]["status"]) == ("incomplete", "incomplete")
    assert body["incomplete_details"] == {"reason": "max_output_tokens"}
