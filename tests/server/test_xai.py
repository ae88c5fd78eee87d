"""A model of xAI's, whose thoughts have a name of their own and are counted beside the completion."""

from typing import Any

import pytest

from tests.server.bench import Answer, Bench

pytestmark = pytest.mark.asyncio(loop_scope="module")

GROK = "grok-code-fast-1"
SAID = "hello [[think]]"
REASONING = "Reading the question"


async def ask(one: Bench, path: str, body: dict[str, Any]) -> Answer:
    one.sim.account.enabled.add(GROK)
    answer = await one.send("POST", path, json={"model": GROK, **body})
    assert answer.status == 200, answer.body
    return answer


async def counted(one: Bench, answer: Answer) -> tuple[int, int, int]:
    """The input, the output and the thoughts as Copilot counted them, and as our log does."""
    usage = {"input_tokens": 0} | (await upstream_usage(one))
    line = await one.line(answer)
    output = usage["completion_tokens"] + usage["completion_tokens_details"]["reasoning_tokens"]
    assert f"output={output} " in line
    return usage["prompt_tokens"], output, usage["completion_tokens_details"]["reasoning_tokens"]


async def upstream_usage(one: Bench) -> dict[str, Any]:
    sent = {"model": GROK, "messages": [{"role": "user", "content": SAID}]}
    usage: dict[str, Any] = (await one.direct(sent)).json()["usage"]
    assert usage["total_tokens"] > usage["prompt_tokens"] + usage["completion_tokens"]
    return usage


@pytest.mark.parametrize("stream", [False, True])
async def test_a_responses_client_hears_and_pays_for_its_reasoning(shared: Bench, stream: bool) -> None:
    answer = await ask(shared, "/v1/responses", {"input": SAID, "stream": stream})
    response = answer.chunks[-1]["response"] if stream else answer.json()
    read, output, reasoned = await counted(shared, answer)
    assert REASONING in response["output"][0]["summary"][0]["text"]
    assert response["usage"]["output_tokens"] == output
    assert response["usage"]["output_tokens_details"]["reasoning_tokens"] == reasoned
    assert response["usage"]["total_tokens"] == read + output


@pytest.mark.parametrize("stream", [False, True])
async def test_so_does_an_anthropic_client(shared: Bench, stream: bool) -> None:
    body = {"messages": [{"role": "user", "content": SAID}], "max_tokens": 100, "stream": stream}
    answer = await ask(shared, "/v1/messages", body)
    _, output, _ = await counted(shared, answer)
    assert REASONING in answer.body.decode()
    usage = next(one["usage"] for one in answer.chunks if one["type"] == "message_delta") if stream else None
    assert (usage or answer.json()["usage"])["output_tokens"] == output


@pytest.mark.parametrize("action", ["generateContent", "streamGenerateContent?alt=sse"])
async def test_so_does_a_gemini_client(shared: Bench, action: str) -> None:
    body = {"contents": [{"role": "user", "parts": [{"text": SAID}]}]}
    answer = await ask(shared, f"/v1beta/models/{GROK}:{action}", body)
    read, output, reasoned = await counted(shared, answer)
    usage = (answer.chunks[-1] if "alt=sse" in action else answer.json())["usageMetadata"]
    assert usage["totalTokenCount"] == read + output
    assert usage["candidatesTokenCount"] + usage["thoughtsTokenCount"] == output
    assert usage["thoughtsTokenCount"] == reasoned


@pytest.mark.parametrize("stream", [False, True])
async def test_a_chat_client_gets_every_byte_and_the_log_counts_the_reasoning(shared: Bench, stream: bool) -> None:
    body = {"messages": [{"role": "user", "content": SAID}], "stream": stream}
    answer = await ask(shared, "/v1/chat/completions", body)
    assert REASONING in answer.body.decode()
    await counted(shared, answer)
