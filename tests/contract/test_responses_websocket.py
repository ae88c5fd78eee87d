"""`client.responses.connect()` of the official OpenAI SDK, with a model of each of Copilot's APIs."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio

from passenger.simulator import Simulator
from tests.contract.conftest import ONLY
from tests.contract.lazily import Lazy
from tests.proxy import Proxy

if TYPE_CHECKING:
    import openai
else:
    openai = Lazy("openai")

pytestmark = pytest.mark.asyncio(loop_scope="module")

TOOL: Any = {
    "type": "function",
    "name": "weather",
    "description": "It",
    "strict": False,
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}


@pytest_asyncio.fixture(loop_scope="module")
async def client(served: Proxy) -> AsyncIterator[openai.AsyncOpenAI]:
    async with openai.AsyncOpenAI(base_url=f"{served.url}/v1", api_key="anything", max_retries=0) as sdk:
        yield sdk


async def answer(connection: Any, **event: Any) -> Any:
    """The last event of an answer."""
    await connection.send({"type": "response.create", **event})
    while (got := await connection.recv()).type not in {"response.completed", "response.failed", "error"}:
        pass
    return got


@pytest.mark.parametrize("store", [True, False])
async def test_tool_turns_are_chained_over_one_socket(client: openai.AsyncOpenAI, only: str, store: bool) -> None:
    async with client.responses.connect(max_retries=0) as connection:
        call = '[[call weather {"city":"Oslo"}]]'
        first = await answer(connection, model=only, input=call, tools=[TOOL], store=store)
        made = next(item for item in first.response.output if item.type == "function_call")
        assert json.loads(made.arguments) == {"city": "Oslo"}
        output = [{"type": "function_call_output", "call_id": made.call_id, "output": "rain in Oslo"}]
        told: dict[str, Any] = {"previous_response_id": first.response.id, "tools": [TOOL], "store": store}
        second = await answer(connection, model=only, input=output, **told)
    assert second.type == "response.completed"
    assert "rain in Oslo" in second.response.output_text


async def test_two_lanes_are_told_apart(client: openai.AsyncOpenAI, only: str) -> None:
    async with client.responses.connect(max_retries=0) as connection:
        for lane in "left", "right":
            await connection.send(
                {"type": "response.create", "model": only, "input": f"I am {lane}", "stream_id": lane}
            )
        said = dict.fromkeys(("left", "right"), "")
        ended = set[str]()
        while len(ended) < 2:
            event: Any = await connection.recv()
            if event.type == "response.output_text.delta":
                said[event.stream_id] += event.delta
            elif event.type == "response.completed":
                ended.add(event.stream_id)
    assert all(f"I am {lane}" in text for lane, text in said.items())


async def test_a_warm_up_and_what_follows_it(client: openai.AsyncOpenAI, account: Simulator, only: str) -> None:
    async with client.responses.connect(max_retries=0) as connection:
        warm = await answer(connection, model=only, input="my name is Ada", generate=False)
        assert (warm.response.output, warm.response.usage.total_tokens) == ([], 0)
        follows = await answer(connection, model=only, input="hello", previous_response_id=warm.response.id)
    assert follows.type == "response.completed"
    assert b"my name is Ada" in account.requests[-1].body


async def test_steering_and_errors_are_told_in_the_sdks_types(client: openai.AsyncOpenAI) -> None:
    async with client.responses.connect(max_retries=0) as connection:
        await connection.response.steer(input="left", previous_response_id="resp_1")
        failed: Any = await connection.recv()
        assert (failed.type, failed.error.code) == ("response.steer.failed", "steering_not_supported")
        lost = await answer(connection, model=ONLY["responses"], input="x", previous_response_id="resp_nobody")
        assert (lost.type, lost.status, lost.error.code) == ("error", 400, "previous_response_not_found")
        assert (await answer(connection, model=ONLY["responses"], input="x")).type == "response.completed"
