"""Ollama's official SDK with a model of each of Copilot's APIs."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio

from tests.contract.conftest import ONLY
from tests.contract.lazily import Lazy
from tests.proxy import Proxy

if TYPE_CHECKING:
    import ollama
else:
    ollama = Lazy("ollama")

pytestmark = pytest.mark.asyncio(loop_scope="module")

SCHEMA: Any = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
TOOL: Any = {"type": "function", "function": {"name": "weather", "description": "It", "parameters": SCHEMA}}
BOTH = '[[call weather {"city":"Oslo"}]] [[call weather {"city":"Rome"}]]'
HELLO = [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "hello there"}]


@pytest_asyncio.fixture(loop_scope="module")
async def client(served: Proxy) -> AsyncIterator[ollama.AsyncClient]:
    async with ollama.AsyncClient(host=served.url) as sdk:
        yield sdk


async def test_it_answers_whole_and_streamed(client: ollama.AsyncClient, only: str) -> None:
    answer = await client.chat(model=only, messages=HELLO)
    assert "hello there" in (answer.message.content or "")
    assert (answer.done, answer.done_reason) == (True, "stop")
    assert (answer.eval_count or 0) > 0
    chunks = [chunk async for chunk in await client.chat(model=f"{only}:latest", messages=HELLO, stream=True)]
    assert "".join(chunk.message.content or "" for chunk in chunks) == answer.message.content
    assert chunks[-1].done


async def test_it_goes_two_rounds_with_parallel_tools(client: ollama.AsyncClient, only: str) -> None:
    history: list[Any] = [{"role": "user", "content": BOTH}]
    chunks = [chunk async for chunk in await client.chat(model=only, messages=history, tools=[TOOL], stream=True)]
    calls = [call for chunk in chunks for call in chunk.message.tool_calls or []]
    assert [dict(call.function.arguments) for call in calls] == [{"city": "Oslo"}, {"city": "Rome"}]
    history.append({"role": "assistant", "content": "", "tool_calls": [call.model_dump() for call in calls]})
    history += [{"role": "tool", "tool_name": "weather", "content": "rain"} for _ in calls]
    second = await client.chat(model=only, messages=history, tools=[TOOL])
    assert "rain" in (second.message.content or "")


async def test_it_generates_stops_limits_and_shapes(client: ollama.AsyncClient, only: str) -> None:
    asked = "one two three four five six seven eight nine ten " * 4
    told = await client.generate(model=only, prompt=asked, system="Be kind.")
    assert "one two" in (told.response or "")
    stopped = await client.generate(model=only, prompt=asked, options={"stop": ["three"]})
    assert "three" not in (stopped.response or "")
    short = await client.generate(model=only, prompt=asked, options={"num_predict": 16})
    assert short.done_reason == "length"
    shaped = await client.generate(model=only, prompt=asked, format=SCHEMA)
    assert "city" in json.loads(shaped.response or "")


async def test_models_are_listed_shown_and_pulled(client: ollama.AsyncClient) -> None:
    listed = [model.model for model in (await client.list()).models]
    assert set(ONLY.values()) <= set(listed)
    shown = await client.show(ONLY["responses"])
    assert {"completion", "tools"} <= set(shown.capabilities or [])
    assert any(key.endswith(".context_length") for key in shown.modelinfo or {})
    await client.chat(model=ONLY["responses"], messages=HELLO)
    assert (await client.ps()).models[0].model == ONLY["responses"]
    assert (await client.pull("gpt-4o")).status == "success"
    assert [part.status async for part in await client.pull("gpt-4o", stream=True)][-1] == "success"
    with pytest.raises(ollama.ResponseError) as caught:
        await client.show("no-such-model")
    assert caught.value.status_code == 404


async def test_embeddings_come_by_both_routes(client: ollama.AsyncClient) -> None:
    many = await client.embed(model="text-embedding-3-small", input=["hello", "world"])
    assert [len(found) for found in many.embeddings] == [1536, 1536]
    old = await client.embeddings(model="text-embedding-3-small", prompt="hello")
    assert list(old.embedding) == pytest.approx(list(many.embeddings[0]))


async def test_errors_and_broken_streams_raise(client: ollama.AsyncClient, only: str) -> None:
    with pytest.raises(ollama.ResponseError) as caught:
        await client.chat(model="no-such-model", messages=HELLO)
    assert caught.value.status_code == 404
    broken: list[Any] = [{"role": "user", "content": "a b c d e f [[cut 3]]"}]
    with pytest.raises(ollama.ResponseError):
        await whole(client, only, broken)


async def whole(client: ollama.AsyncClient, model: str, messages: list[Any]) -> list[ollama.ChatResponse]:
    return [chunk async for chunk in await client.chat(model=model, messages=messages, stream=True)]
