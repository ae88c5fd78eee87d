"""The official OpenAI SDK, on Chat Completions and on Responses, with a model of each of Copilot's APIs."""

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
    import openai
else:
    openai = Lazy("openai")

pytestmark = pytest.mark.asyncio(loop_scope="module")

SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
CHAT_TOOL: Any = {"type": "function", "function": {"name": "weather", "description": "It", "parameters": SCHEMA}}
TOOL: Any = {"type": "function", "name": "weather", "description": "It", "parameters": SCHEMA, "strict": False}
CALL = '[[call weather {"city":"Oslo"}]]'
BOTH = CALL + ' [[call weather {"city":"Rome"}]]'


@pytest_asyncio.fixture(loop_scope="module")
async def client(served: Proxy) -> AsyncIterator[openai.AsyncOpenAI]:
    async with openai.AsyncOpenAI(base_url=f"{served.url}/v1", api_key="anything", max_retries=0) as sdk:
        yield sdk


# --- Chat Completions --------------------------------------------------------------------------------------------


async def test_chat_answers_whole_and_streamed(client: openai.AsyncOpenAI, only: str) -> None:
    messages: Any = [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "hello there"}]
    answer = await client.chat.completions.create(model=only, messages=messages)
    assert "hello there" in (answer.choices[0].message.content or "")
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage is not None
    assert answer.usage.prompt_tokens > 0
    async with client.chat.completions.stream(
        model=only, messages=messages, stream_options={"include_usage": True}
    ) as stream:
        whole = await stream.get_final_completion()
    assert whole.choices[0].message.content == answer.choices[0].message.content
    assert whole.usage is not None
    assert whole.usage.completion_tokens == answer.usage.completion_tokens


async def test_chat_goes_two_rounds_with_parallel_tools(client: openai.AsyncOpenAI, only: str) -> None:
    history: Any = [{"role": "user", "content": BOTH}]
    async with client.chat.completions.stream(model=only, messages=history, tools=[CHAT_TOOL]) as stream:
        first = (await stream.get_final_completion()).choices[0]
    assert first.finish_reason == "tool_calls"
    assert first.message.tool_calls is not None
    assert [json.loads(call.function.arguments)["city"] for call in first.message.tool_calls] == ["Oslo", "Rome"]
    history.append(first.message.model_dump(exclude_none=True, exclude={"parsed": True}))
    history += [{"role": "tool", "tool_call_id": call.id, "content": "rain"} for call in first.message.tool_calls]
    second = await client.chat.completions.create(model=only, messages=history, tools=[CHAT_TOOL])
    assert "rain" in (second.choices[0].message.content or "")
    assert second.choices[0].finish_reason == "stop"


async def test_chat_stops_limits_and_shapes(client: openai.AsyncOpenAI, only: str) -> None:
    asked: Any = [{"role": "user", "content": "one two three four five six seven eight nine ten " * 4}]
    stopped = await client.chat.completions.create(model=only, messages=asked, stop=["three"])
    assert "three" not in (stopped.choices[0].message.content or "")
    assert stopped.choices[0].finish_reason == "stop"
    short = await client.chat.completions.create(model=only, messages=asked, max_completion_tokens=16)
    assert short.choices[0].finish_reason == "length"
    shape: Any = {"type": "json_schema", "json_schema": {"name": "city", "schema": SCHEMA}}
    shaped = await client.chat.completions.create(model=only, messages=asked, response_format=shape)
    assert "city" in json.loads(shaped.choices[0].message.content or "")


async def test_chat_says_what_it_was_asked_wrongly(client: openai.AsyncOpenAI, only: str) -> None:
    with pytest.raises(openai.BadRequestError):
        await client.chat.completions.create(model=only, messages=[])
    with pytest.raises(openai.BadRequestError) as caught:
        await client.chat.completions.create(model=only, messages=[{"role": "user", "content": "[[overflow]]"}])
    assert caught.value.code == "context_length_exceeded"


async def test_old_completions_answer_whole_and_streamed(client: openai.AsyncOpenAI, only: str) -> None:
    answer = await client.completions.create(model=only, prompt="hello there", max_tokens=100)
    assert "hello there" in answer.choices[0].text
    text = ""
    async for chunk in await client.completions.create(model=only, prompt="hello there", stream=True, max_tokens=100):
        text += chunk.choices[0].text if chunk.choices else ""
    assert text == answer.choices[0].text


# --- Responses ---------------------------------------------------------------------------------------------------


async def test_responses_answer_whole_and_streamed(client: openai.AsyncOpenAI, only: str) -> None:
    answer = await client.responses.create(model=only, instructions="Be kind.", input="hello there")
    assert "hello there" in answer.output_text
    assert answer.status == "completed"
    assert answer.usage is not None
    async with client.responses.stream(model=only, instructions="Be kind.", input="hello there") as stream:
        whole = await stream.get_final_response()
    assert whole.output_text == answer.output_text
    assert whole.id.startswith("resp_")
    assert whole.usage is not None
    assert whole.usage.output_tokens == answer.usage.output_tokens


async def test_responses_go_two_rounds_with_parallel_tools(client: openai.AsyncOpenAI, only: str) -> None:
    history: Any = [{"role": "user", "content": BOTH}]
    async with client.responses.stream(model=only, input=history, tools=[TOOL]) as stream:
        first = await stream.get_final_response()
    calls = [item for item in first.output if item.type == "function_call"]
    assert [json.loads(call.arguments)["city"] for call in calls] == ["Oslo", "Rome"]
    history += [item.model_dump(exclude_none=True, exclude={"parsed_arguments": True}) for item in first.output]
    history += [{"type": "function_call_output", "call_id": call.call_id, "output": "rain"} for call in calls]
    second = await client.responses.create(model=only, input=history, tools=[TOOL])
    assert "rain" in second.output_text


async def test_responses_limit_and_shape(client: openai.AsyncOpenAI, only: str) -> None:
    asked = "one two three four five six seven eight nine ten " * 4
    short = await client.responses.create(model=only, input=asked, max_output_tokens=16)
    assert (short.status, short.incomplete_details and short.incomplete_details.reason) == (
        "incomplete",
        "max_output_tokens",
    )
    shape: Any = {"format": {"type": "json_schema", "name": "city", "schema": SCHEMA}}
    shaped = await client.responses.create(model=only, input=asked, text=shape)
    assert "city" in json.loads(shaped.output_text)


async def test_responses_refuse_state_by_name(client: openai.AsyncOpenAI, only: str) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        await client.responses.create(model=only, input="x", previous_response_id="resp_1")
    assert caught.value.param == "previous_response_id"


@pytest.mark.parametrize("fault", ["[[cut 3]]", "[[reset 2]]", "[[stall 0]] [[cut 2]]"])
async def test_a_broken_stream_never_looks_whole(client: openai.AsyncOpenAI, only: str, fault: str) -> None:
    text = f"a b c d e f {fault}"
    with pytest.raises(openai.APIError):
        async for _ in await client.chat.completions.create(
            model=only, messages=[{"role": "user", "content": text}], stream=True
        ):
            pass
    ended = None
    try:
        async for event in await client.responses.create(model=only, input=text, stream=True):
            ended = event.type
    except openai.APIError:
        ended = "error"
    assert ended in {"error", "response.failed"}


async def test_embeddings_come_in_every_form(client: openai.AsyncOpenAI, served: Proxy) -> None:
    model = "text-embedding-3-small"
    one = await client.embeddings.create(model=model, input="hello")
    many = await client.embeddings.create(model=model, input=["hello", "world"], encoding_format="float")
    tokens = await client.embeddings.create(model=model, input=[[15339], [14957]], dimensions=64)
    assert one.data[0].embedding == pytest.approx(many.data[0].embedding, abs=1e-6)
    assert [len(item.embedding) for item in tokens.data] == [64, 64]
    assert many.model
    with pytest.raises(openai.BadRequestError):
        await client.embeddings.create(model=model, input=[[99_999_999]])


async def test_each_of_copilots_apis_has_a_model_of_its_own() -> None:
    assert len(set(ONLY.values())) == 3
