"""The official Anthropic SDK with a model of each of Copilot's APIs."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio

from passenger.simulator import Simulator
from tests.contract.conftest import ONLY
from tests.contract.lazily import Lazy
from tests.proxy import Proxy

if TYPE_CHECKING:
    import anthropic
else:
    anthropic = Lazy("anthropic")

pytestmark = pytest.mark.asyncio(loop_scope="module")

SCHEMA: Any = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
TOOL: Any = {"name": "weather", "description": "It", "input_schema": SCHEMA}
BOTH = '[[call weather {"city":"Oslo"}]] [[call weather {"city":"Rome"}]]'
HELLO: Any = [{"role": "user", "content": "hello there"}]


@pytest_asyncio.fixture(loop_scope="module")
async def client(served: Proxy) -> AsyncIterator[anthropic.AsyncAnthropic]:
    async with anthropic.AsyncAnthropic(base_url=served.url, api_key="anything", max_retries=0) as sdk:
        yield sdk


def text_of(message: Any) -> str:
    return "".join(block.text for block in message.content if block.type == "text")


async def test_it_answers_whole_and_streamed(client: anthropic.AsyncAnthropic, only: str) -> None:
    answer = await client.messages.create(model=only, max_tokens=1000, system="Be kind.", messages=HELLO)
    assert "hello there" in text_of(answer)
    assert answer.stop_reason == "end_turn"
    assert answer.usage.output_tokens > 0
    async with client.messages.stream(model=only, max_tokens=1000, system="Be kind.", messages=HELLO) as stream:
        whole = await stream.get_final_message()
    assert text_of(whole) == text_of(answer)
    assert whole.usage.output_tokens == answer.usage.output_tokens


async def test_it_goes_two_rounds_with_parallel_tools(client: anthropic.AsyncAnthropic, only: str) -> None:
    history: Any = [{"role": "user", "content": BOTH}]
    async with client.messages.stream(model=only, max_tokens=1000, messages=history, tools=[TOOL]) as stream:
        first = await stream.get_final_message()
    assert first.stop_reason == "tool_use"
    calls = [block for block in first.content if block.type == "tool_use"]
    assert [call.input for call in calls] == [{"city": "Oslo"}, {"city": "Rome"}]
    history.append({"role": "assistant", "content": [block.model_dump(exclude_none=True) for block in first.content]})
    results = [{"type": "tool_result", "tool_use_id": call.id, "content": "rain"} for call in calls]
    history.append({"role": "user", "content": results})
    second = await client.messages.create(model=only, max_tokens=1000, messages=history, tools=[TOOL])
    assert "rain" in text_of(second)


async def test_reasoning_keeps_its_signatures_through_a_tool_round(client: anthropic.AsyncAnthropic, only: str) -> None:
    history: Any = [{"role": "user", "content": '[[think]] [[call weather {"city":"Oslo"}]]'}]
    asking: Any = {
        "model": only,
        "max_tokens": 4000,
        "tools": [TOOL],
        "thinking": {"type": "enabled", "budget_tokens": 1024},
    }
    first = await client.messages.create(messages=history, **asking)
    assert any(block.type in {"thinking", "redacted_thinking"} for block in first.content)
    history.append({"role": "assistant", "content": [block.model_dump(exclude_none=True) for block in first.content]})
    call = next(block for block in first.content if block.type == "tool_use")
    history.append({"role": "user", "content": [{"type": "tool_result", "tool_use_id": call.id, "content": "rain"}]})
    raw = await client.messages.with_raw_response.create(messages=history, **asking)
    assert "rain" in text_of(await raw.parse())
    assert "x-passenger-dropped" not in raw.headers


async def test_a_conversation_may_change_its_model(client: anthropic.AsyncAnthropic) -> None:
    history: Any = [{"role": "user", "content": "[[think]] hello"}]
    for model in (ONLY["messages"], ONLY["responses"], ONLY["completions"], ONLY["messages"]):
        answer = await client.messages.create(
            model=model, max_tokens=4000, messages=history, thinking={"type": "enabled", "budget_tokens": 1024}
        )
        assert text_of(answer)
        history.append({"role": "assistant", "content": [b.model_dump(exclude_none=True) for b in answer.content]})
        history.append({"role": "user", "content": "and on"})


async def test_it_stops_and_limits(client: anthropic.AsyncAnthropic, only: str) -> None:
    asked: Any = [{"role": "user", "content": "one two three four five six seven eight nine ten " * 4}]
    stopped = await client.messages.create(model=only, max_tokens=1000, messages=asked, stop_sequences=["three"])
    assert "three" not in text_of(stopped)
    short = await client.messages.create(model=only, max_tokens=16, messages=asked)
    assert short.stop_reason == "max_tokens"


async def test_tokens_are_counted_for_every_model(client: anthropic.AsyncAnthropic, only: str) -> None:
    short = await client.messages.count_tokens(model=only, messages=HELLO)
    long: Any = [{"role": "user", "content": "hello there " * 100}]
    assert 0 < short.input_tokens < (await client.messages.count_tokens(model=only, messages=long)).input_tokens


async def test_an_overflow_is_said_in_the_words_that_make_clients_compact(
    client: anthropic.AsyncAnthropic, only: str
) -> None:
    asked: Any = [{"role": "user", "content": "[[overflow]]"}]
    with pytest.raises(anthropic.BadRequestError, match="prompt is too long"):
        await client.messages.create(model=only, max_tokens=100, messages=asked)


async def test_threads_are_refused_so_that_the_sdk_resends_everything(
    client: anthropic.AsyncAnthropic, only: str
) -> None:
    with pytest.raises(anthropic.BadRequestError) as caught:
        await client.messages.create(
            model=only, max_tokens=100, messages=HELLO, extra_body={"thread": {"type": "create"}}
        )
    body: Any = caught.value.body
    assert body["error"]["details"] == {"error_code": "thread_unsupported_request", "unsupported": ["thread"]}


@pytest.mark.parametrize("fault", ["[[cut 3]]", "[[reset 2]]"])
async def test_a_broken_stream_never_looks_whole(client: anthropic.AsyncAnthropic, only: str, fault: str) -> None:
    asked: Any = [{"role": "user", "content": f"a b c d e f {fault}"}]
    with pytest.raises(anthropic.APIError):
        async with client.messages.stream(model=only, max_tokens=1000, messages=asked) as stream:
            await stream.get_final_message()


async def test_models_are_listed_in_anthropics_shape(client: anthropic.AsyncAnthropic, account: Simulator) -> None:
    found = [model.id async for model in client.models.list(limit=1000)]
    assert set(ONLY.values()) <= set(found)
    assert (await client.models.retrieve("claude-haiku-4-5")).id == "claude-haiku-4.5"
    with pytest.raises(anthropic.NotFoundError):
        await client.messages.create(model="no-such-model", max_tokens=10, messages=HELLO)
