"""Google's official SDK with a model of each of Copilot's APIs, on `/v1` and on `/v1beta`."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio

from tests.contract.conftest import ONLY
from tests.contract.lazily import Lazy
from tests.proxy import Proxy

if TYPE_CHECKING:
    from google import genai
    from google.genai import errors, types
else:
    genai = Lazy("google.genai")
    errors = Lazy("google.genai.errors")
    types = Lazy("google.genai.types")

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    # google-genai's own class; aiohttp would rather not be inherited from.
    pytest.mark.filterwarnings("ignore:Inheritance class AiohttpClientSession:DeprecationWarning"),
]

SCHEMA: Any = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
CUT = "a b c d e f [[cut 3]]"
BOTH = '[[call weather {"city":"Oslo"}]] [[call weather {"city":"Rome"}]]'


def tools() -> Any:
    declared = types.FunctionDeclaration(name="weather", description="It", parameters_json_schema=SCHEMA)
    return [types.Tool(function_declarations=[declared])]


@pytest_asyncio.fixture(loop_scope="module", params=["v1", "v1beta"])
async def client(served: Proxy, request: pytest.FixtureRequest) -> AsyncIterator[genai.Client]:
    options = types.HttpOptions(base_url=served.url, api_version=request.param)
    sdk = genai.Client(api_key="anything", http_options=options)
    yield sdk
    await sdk.aio.aclose()
    sdk.close()


async def streamed(
    client: genai.Client, model: str, contents: Any, **config: Any
) -> list[types.GenerateContentResponse]:
    stream = await client.aio.models.generate_content_stream(
        model=model, contents=contents, config=types.GenerateContentConfig(**config)
    )
    return [chunk async for chunk in stream]


async def test_it_answers_whole_and_streamed(client: genai.Client, only: str) -> None:
    config = types.GenerateContentConfig(system_instruction="Be kind.")
    answer = await client.aio.models.generate_content(model=only, contents="hello there", config=config)
    assert "hello there" in (answer.text or "")
    assert answer.usage_metadata is not None
    assert (answer.usage_metadata.prompt_token_count or 0) > 0
    chunks = await streamed(client, only, "hello there", system_instruction="Be kind.")
    assert "".join(chunk.text or "" for chunk in chunks) == answer.text
    assert chunks[-1].candidates is not None
    assert chunks[-1].candidates[0].finish_reason == types.FinishReason.STOP
    assert chunks[-1].usage_metadata is not None


async def test_it_goes_two_rounds_with_parallel_tools(client: genai.Client, only: str) -> None:
    history: list[Any] = [types.Content(role="user", parts=[types.Part(text=BOTH)])]
    chunks = await streamed(client, only, history, tools=tools())
    parts = [part for chunk in chunks for part in (chunk.candidates or [])[0].content.parts or []]  # type: ignore[union-attr]  # each chunk has a content
    calls = [part.function_call for part in parts if part.function_call is not None]
    assert [call.args for call in calls] == [{"city": "Oslo"}, {"city": "Rome"}]
    history.append(types.Content(role="model", parts=parts))
    results = [types.Part.from_function_response(name="weather", response={"result": "rain"}) for _ in calls]
    history.append(types.Content(role="user", parts=results))
    config = types.GenerateContentConfig(tools=tools())
    second = await client.aio.models.generate_content(model=only, contents=history, config=config)
    assert "rain" in (second.text or "")


async def test_it_stops_limits_and_shapes(client: genai.Client, only: str) -> None:
    asked = "one two three four five six seven eight nine ten " * 4

    async def ask(**config: Any) -> types.GenerateContentResponse:
        return await client.aio.models.generate_content(
            model=only, contents=asked, config=types.GenerateContentConfig(**config)
        )

    assert "three" not in ((await ask(stop_sequences=["three"])).text or "")
    short = await ask(max_output_tokens=16)
    assert short.candidates is not None
    assert short.candidates[0].finish_reason == types.FinishReason.MAX_TOKENS
    shaped = await ask(response_mime_type="application/json", response_json_schema=SCHEMA)
    assert "city" in json.loads(shaped.text or "")


async def test_tokens_are_counted_for_every_model(client: genai.Client, only: str) -> None:
    short = await client.aio.models.count_tokens(model=only, contents="hello")
    long = await client.aio.models.count_tokens(model=only, contents="hello there " * 100)
    assert 0 < (short.total_tokens or 0) < (long.total_tokens or 0)


async def test_errors_are_googles(client: genai.Client, only: str) -> None:
    with pytest.raises(errors.ClientError) as caught:
        await client.aio.models.generate_content(model=only, contents="[[overflow]]")
    assert (caught.value.code, caught.value.status) == (400, "INVALID_ARGUMENT")
    with pytest.raises(errors.ClientError) as missing:
        await client.aio.models.generate_content(model="no-such-model", contents="x")
    assert missing.value.code == 404
    # Not asynchronous: there the SDK leaves the connection of a stream that broke to the garbage collector.
    with pytest.raises(errors.APIError):
        await asyncio.to_thread(lambda: list(client.models.generate_content_stream(model=only, contents=CUT)))


async def test_models_and_embeddings(client: genai.Client) -> None:
    names = [model.name async for model in await client.aio.models.list()]
    assert {f"models/{model}" for model in ONLY.values()} <= set(names)
    assert (await client.aio.models.get(model="gpt-5.5")).input_token_limit
    vectors = await client.aio.models.embed_content(model="text-embedding-3-small", contents=["hello", "world"])
    assert [len(found.values or []) for found in vectors.embeddings or []] == [1536, 1536]
