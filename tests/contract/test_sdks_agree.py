"""The official OpenAI SDKs, Python and Node, judge a running server: what one says of an answer, the other must say."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import BaseModel

from passenger.simulator import Fault, Simulator
from tests.contract.lazily import Lazy
from tests.proxy import PATIENCE, Proxy

if TYPE_CHECKING:
    import openai
else:
    openai = Lazy("openai")

CHAT = "/chat/completions"
MODELS = ["gpt-4o", "claude-sonnet-4.5", "gemini-2.5-pro"]
WEATHER: Any = {
    "type": "function",
    "function": {
        "name": "weather",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}
PARALLEL = '[[call weather {"city":"Oslo"}]] [[call weather {"city":"Rome"}]]'
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
PIXEL = f"data:image/png;base64,{PNG}"
NODE = Path(__file__).parent / "node"


@pytest.fixture
async def client(proxy: Proxy) -> AsyncIterator[openai.AsyncOpenAI]:
    async with openai.AsyncOpenAI(base_url=f"{proxy.url}/v1", api_key="anything", max_retries=0) as sdk:
        yield sdk


def asking(text: str) -> Any:
    return [{"role": "user", "content": text}]


# --- Python ------------------------------------------------------------------------------------------------------


async def test_models_are_listed_and_found_under_kind_spellings(client: openai.AsyncOpenAI) -> None:
    ids = [model.id async for model in client.models.list()]
    assert set(MODELS) <= set(ids)
    assert len(ids) == len(set(ids))
    assert (await client.models.retrieve("Claude-Sonnet-4-5-20250929")).id == "claude-sonnet-4.5"
    with pytest.raises(openai.NotFoundError, match=r"claude-sonnet-4\.5"):
        await client.models.retrieve("claude-sonet-4.5")


async def test_every_vendor_answers_plain_and_streamed(client: openai.AsyncOpenAI) -> None:
    for model in MODELS:
        answer = await client.chat.completions.create(model=model, messages=asking("hello there"))
        text = answer.choices[0].message.content
        assert text is not None
        assert "hello there" in text
        assert answer.usage is not None
        async with client.chat.completions.stream(
            model=model, messages=asking("hello there"), stream_options={"include_usage": True}
        ) as stream:
            whole = await stream.get_final_completion()
        assert whole.choices[0].message.content == text
        assert whole.choices[0].finish_reason == "stop"
        assert whole.usage is not None
        assert whole.usage.completion_tokens == answer.usage.completion_tokens


async def test_tools_are_called_in_parallel_and_answered_in_a_second_round(client: openai.AsyncOpenAI) -> None:
    for model in MODELS:
        answer = await client.chat.completions.create(model=model, messages=asking(PARALLEL), tools=[WEATHER])
        async with client.chat.completions.stream(model=model, messages=asking(PARALLEL), tools=[WEATHER]) as stream:
            streamed = (await stream.get_final_completion()).choices[0].message.tool_calls
        calls = answer.choices[0].message.tool_calls
        assert calls is not None
        assert streamed is not None
        for found in (calls, streamed):
            cities = [json.loads(call.function.arguments)["city"] for call in found if call.type == "function"]
            assert cities == ["Oslo", "Rome"]
        assert len(answer.choices) == 1
        results: Any = [{"role": "tool", "tool_call_id": call.id, "content": f"rain {call.id}"} for call in calls]
        history: Any = [
            *asking("What is the weather?"),
            answer.choices[0].message.model_dump(exclude_none=True),
            *results,
        ]
        second = await client.chat.completions.create(model=model, messages=history, tools=[WEATHER])
        assert "rain" in (second.choices[0].message.content or "")


class City(BaseModel):
    name: str
    inhabitants: int


async def test_structured_output_is_parsed(client: openai.AsyncOpenAI) -> None:
    answer = await client.chat.completions.parse(model="gpt-4o", messages=asking("a city"), response_format=City)
    assert isinstance(answer.choices[0].message.parsed, City)


async def test_images_limits_stops_and_several_choices_work(client: openai.AsyncOpenAI, simulator: Simulator) -> None:
    parts: Any = [
        {
            "role": "user",
            "content": [{"type": "text", "text": "see"}, {"type": "image_url", "image_url": {"url": PIXEL}}],
        }
    ]
    assert (await client.chat.completions.create(model="gpt-4o", messages=parts)).choices[0].message.content
    assert simulator.seen(CHAT)[-1].header("copilot-vision-request") == "true"
    several = await client.chat.completions.create(model="gpt-4o", messages=asking("x"), n=3)
    assert [choice.index for choice in several.choices] == [0, 1, 2]
    short = await client.chat.completions.create(model="gpt-4o", messages=asking("x" * 100), max_tokens=2)
    assert short.choices[0].finish_reason == "length"
    stopped = await client.chat.completions.create(model="gpt-4o", messages=asking("one two"), stop="two")
    assert "two" not in (stopped.choices[0].message.content or "")


async def test_usage_comes_when_it_is_asked_for_and_only_then(client: openai.AsyncOpenAI) -> None:
    for wanted in (True, False):
        stream = await client.chat.completions.create(
            model="gpt-4o", messages=asking("x"), stream=True, stream_options={"include_usage": wanted}
        )
        usages = [chunk async for chunk in stream if chunk.usage is not None]
        assert len(usages) == int(wanted)


async def test_errors_arrive_as_the_sdks_own_exceptions(client: openai.AsyncOpenAI, simulator: Simulator) -> None:
    table: list[tuple[Fault, type[openai.APIStatusError], int]] = [
        (Fault(code="quota_exceeded"), openai.APIStatusError, 402),
        (Fault(code="rate_limited", headers={"retry-after": "7"}), openai.RateLimitError, 429),
        (Fault(status=403), openai.PermissionDeniedError, 403),
        (Fault(html=True), openai.InternalServerError, 502),
    ]
    for fault, kind, status in table:
        simulator.inject(fault)
        with pytest.raises(kind) as caught:
            await client.chat.completions.create(model="gpt-4o", messages=asking("x"))
        assert caught.value.status_code == status
        assert caught.value.request_id
        assert fault.code is None or str(caught.value.code).startswith(fault.code)
        assert status != 429 or caught.value.response.headers["retry-after"] == "7"
    simulator.inject(Fault(code="model_max_prompt_tokens_exceeded"))
    with pytest.raises(openai.BadRequestError) as too_long:
        await client.chat.completions.create(model="gpt-4o", messages=asking("x"))
    assert too_long.value.code == "context_length_exceeded"
    with pytest.raises(openai.NotFoundError, match="does not exist"):
        await client.chat.completions.create(model="no-such-model", messages=asking("x"))


async def test_a_stream_that_breaks_raises(client: openai.AsyncOpenAI, simulator: Simulator) -> None:
    for fault in (Fault(cut_after=3), Fault(end_after=3), Fault(reset_after=3), Fault(error_after=3)):
        simulator.inject(fault)
        stream = await client.chat.completions.create(model="gpt-4o", messages=asking("a b c d e"), stream=True)
        with pytest.raises(openai.APIError):
            async for _ in stream:
                pass


async def test_a_stream_that_is_closed_early_is_closed_upstream(
    client: openai.AsyncOpenAI, simulator: Simulator
) -> None:
    stream = await client.chat.completions.create(
        model="gpt-4o", messages=asking("[[events 200]] [[drip 0.05]]"), stream=True
    )
    await anext(aiter(stream))
    await stream.close()
    await simulator.closed(simulator.seen(CHAT)[-1])
    assert simulator.seen(CHAT)[-1].closed_early


# --- Node --------------------------------------------------------------------------------------------------------


async def node(script: str, proxy: Proxy) -> Any:
    """What a script of tests/contract/node says, as JSON on its last line."""
    process = await asyncio.create_subprocess_exec(
        str(Path(sys.executable).parent / "node"),
        str(NODE / script),
        f"{proxy.url}/v1",
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(2 * PATIENCE):
        said, complaint = await process.communicate()
    assert process.returncode == 0, complaint.decode()
    return json.loads(said.splitlines()[-1])


async def test_node_lists_models_and_gets_answers_of_every_vendor(proxy: Proxy) -> None:
    found = await node("chat.mjs", proxy)
    assert "gpt-4o" in found["models"]
    for model in MODELS:
        answer = found["answers"][model]
        assert "hello there" in answer["plain"]
        assert answer["streamed"] == answer["plain"]
        assert answer["finish"] == "stop"
        assert answer["tokens"] > 0


async def test_node_runs_tools_to_the_end(proxy: Proxy) -> None:
    found = await node("tools.mjs", proxy)
    for model in MODELS:
        assert found[model]["cities"] == ["Oslo", "Rome"]
        assert "rain" in found[model]["final"]


async def test_node_raises_its_own_error_classes(proxy: Proxy, simulator: Simulator) -> None:
    simulator.inject(Fault(code="rate_limited", headers={"retry-after": "7"}))
    simulator.inject(Fault(cut_after=3))
    found = await node("errors.mjs", proxy)
    assert found["limited"] == {"kind": "RateLimitError", "status": 429, "retryAfter": "7"}
    assert found["broken"]["kind"] == "APIError"
    assert found["unknown"] == {"kind": "NotFoundError", "status": 404, "code": "model_not_found"}
