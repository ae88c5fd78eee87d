"""The response object of every kind of model, relayed and translated, whole and in each event of a stream."""

from typing import Any

import pytest
from openai.types.responses import Response, ResponseUsage

from tests.server.bench import Answer, Bench

MODELS = ("gpt-5.5", "claude-opus-5", "gemini-3-pro-preview", "gpt-4o")

REQUIRED = {
    *("id", "object", "created_at", "completed_at", "status", "incomplete_details", "model", "previous_response_id"),
    *("instructions", "output", "error", "tools", "tool_choice", "truncation", "parallel_tool_calls", "text", "top_p"),
    *("presence_penalty", "frequency_penalty", "top_logprobs", "temperature", "reasoning", "user", "usage"),
    *("max_output_tokens", "max_tool_calls", "store", "background", "service_tier", "metadata", "safety_identifier"),
    "prompt_cache_key",
}
"""What the Open Responses specification demands (`ResponseResource`, 2026-07)."""

NUMBERS = ("presence_penalty", "frequency_penalty", "top_logprobs", "temperature", "top_p", "created_at")
USAGE: dict[str, Any] = {
    "input_tokens": int,
    "input_tokens_details": {"cached_tokens": int, "cache_write_tokens": int},
    "output_tokens": int,
    "output_tokens_details": {"reasoning_tokens": int},
    "total_tokens": int,
}
TOOLS = [{"type": "function", "name": "look", "parameters": {"type": "object", "properties": {}}}]
ASKED: dict[str, dict[str, Any]] = {
    "words": {"input": "hello"},
    "a call": {"input": "hi [[call look {}]]", "tools": TOOLS},
    "a thought": {"input": "hi [[think]]", "reasoning": {"effort": "low", "summary": "auto"}},
    "a cut": {"input": "hi [[size 4000]]", "max_output_tokens": 16},
}


async def ask(one: Bench, model: str, asked: str, *, stream: bool) -> Answer:
    return await one.send("POST", "/v1/responses", json={"model": model, "stream": stream, **ASKED[asked]})


def check(response: dict[str, Any]) -> None:
    """Hold one object against the specification and the official SDK's own model."""
    assert REQUIRED - set(response) == set()
    assert {name: type(response[name]) for name in NUMBERS if not isinstance(response[name], int | float)} == {}
    # Copilot tells what its tools used in fewer counts than OpenAI; no field of the object depends on it.
    Response.model_validate({name: value for name, value in response.items() if name != "tool_usage"})
    if response["usage"] is not None:
        check_usage(response["usage"], USAGE)
        ResponseUsage.model_validate(response["usage"])


def check_usage(usage: dict[str, Any], shape: dict[str, Any]) -> None:
    for name, kind in shape.items():
        if isinstance(kind, dict):
            check_usage(usage[name], kind)
        else:
            assert type(usage[name]) is kind


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("asked", ASKED)
@pytest.mark.parametrize("model", MODELS)
async def test_a_whole_answer_has_every_required_field(shared: Bench, model: str, asked: str) -> None:
    answer = await ask(shared, model, asked, stream=False)
    assert answer.status == 200, answer.body
    assert answer.json()["usage"] is not None
    check(answer.json())


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("asked", ASKED)
@pytest.mark.parametrize("model", MODELS)
async def test_so_has_the_one_in_each_event_of_a_stream(shared: Bench, model: str, asked: str) -> None:
    answer = await ask(shared, model, asked, stream=True)
    told = [chunk["response"] for chunk in answer.chunks if "response" in chunk]
    assert len(told) == 3
    for response in told:
        check(response)
    assert told[-1]["usage"] is not None


def test_nothing_that_the_sdk_requires_is_left_to_chance() -> None:
    required = {name for name, field in Response.model_fields.items() if field.is_required()}
    assert required <= REQUIRED
