"""The official SDKs search the web with a model of each of Copilot's APIs, alone and beside other tools."""

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
    import anthropic
    import openai
    from google import genai
    from google.genai import types
else:
    anthropic = Lazy("anthropic")
    genai = Lazy("google.genai")
    openai = Lazy("openai")
    types = Lazy("google.genai.types")

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    # google-genai's own class; aiohttp would rather not be inherited from.
    pytest.mark.filterwarnings("ignore:Inheritance class AiohttpClientSession:DeprecationWarning"),
]

SEARCH: Any = {"type": "web_search_20250305", "name": "web_search", "max_uses": 3}
SCHEMA: Any = {"type": "object", "properties": {}}
LOOK: Any = {"name": "look", "input_schema": SCHEMA}
QUERY = "birds of Iceland"
BESIDE = f"[[call web_search {json.dumps({'query': QUERY})}]] [[search {QUERY}]] please"
"""Models of Messages and Chat Completions call a function, one of Responses searches by itself."""


@pytest_asyncio.fixture(loop_scope="module")
async def claude(served: Proxy) -> AsyncIterator[anthropic.AsyncAnthropic]:
    async with anthropic.AsyncAnthropic(base_url=served.url, api_key="anything", max_retries=0) as sdk:
        yield sdk


@pytest_asyncio.fixture(loop_scope="module")
async def gpt(served: Proxy) -> AsyncIterator[openai.AsyncOpenAI]:
    async with openai.AsyncOpenAI(base_url=f"{served.url}/v1", api_key="anything", max_retries=0) as sdk:
        yield sdk


def found(message: anthropic.types.Message) -> list[str]:
    """The addresses that the searches of a message found, each search before its result."""
    pages, called = list[str](), set[str]()
    for block in message.content:
        if block.type == "server_tool_use":
            assert block.input == {"query": QUERY}
            called.add(block.id)
        if block.type == "web_search_tool_result":
            assert block.tool_use_id in called
            assert isinstance(block.content, list)
            pages += [page.url for page in block.content]
            assert all(page.title for page in block.content)
    return pages


@pytest.mark.parametrize(("text", "tools"), [(QUERY, [SEARCH]), (BESIDE, [SEARCH, LOOK])], ids=["alone", "beside"])
async def test_anthropic(claude: anthropic.AsyncAnthropic, only: str, text: str, tools: list[Any]) -> None:
    history: Any = [{"role": "user", "content": text}]
    whole = await claude.messages.create(model=only, max_tokens=1000, messages=history, tools=tools)
    async with claude.messages.stream(model=only, max_tokens=1000, messages=history, tools=tools) as stream:
        message = await stream.get_final_message()
    for answer in (whole, message):
        assert found(answer)
        assert answer.stop_reason == "end_turn"
        assert answer.content[-1].type == "text"
        assert answer.usage.server_tool_use is not None
        assert answer.usage.server_tool_use.web_search_requests == 1
    history.append({"role": "assistant", "content": [block.model_dump(exclude_none=True) for block in message.content]})
    history.append({"role": "user", "content": "and in summer?"})
    again = await claude.messages.create(model=only, max_tokens=1000, messages=history, tools=[*tools, LOOK][:2])
    assert "and in summer?" in str(again.content)


@pytest.mark.parametrize("name", ["alone", "beside"])
async def test_openai_responses(gpt: openai.AsyncOpenAI, only: str, name: str) -> None:
    look: Any = {"type": "function", "name": "look", "parameters": SCHEMA, "strict": False}
    tools: Any = [{"type": "web_search"}, *([look] if name == "beside" else [])]
    # Alone, a GPT that is asked itself need not search: it is told to.
    text = BESIDE if name == "beside" else f"[[search {QUERY}]] please"
    first = await gpt.responses.create(model=only, input=text, tools=tools)
    async with gpt.responses.stream(model=only, input=text, tools=tools) as stream:
        streamed = await stream.get_final_response()
    for answer in (first, streamed):
        assert "web_search_call" in [item.type for item in answer.output]
        assert answer.output[-1].type == "message"
        assert answer.status == "completed"
    second = await gpt.responses.create(model=only, input="and then?", previous_response_id=first.id, tools=tools)
    assert second.status == "completed"


@pytest.mark.parametrize("model", [ONLY["messages"], ONLY["completions"]])
async def test_openai_chat(gpt: openai.AsyncOpenAI, model: str) -> None:
    said: Any = [{"role": "user", "content": QUERY}]
    whole = await gpt.chat.completions.create(model=model, messages=said, web_search_options={})
    (choice,) = whole.choices
    assert choice.message.annotations
    assert all(note.url_citation.url and note.url_citation.title for note in choice.message.annotations)
    stream = await gpt.chat.completions.create(model=model, messages=said, web_search_options={}, stream=True)
    text = [part.choices[0].delta.content or "" async for part in stream if part.choices]
    assert "".join(text) == choice.message.content


async def test_google(served: Proxy, only: str) -> None:
    options = types.HttpOptions(base_url=served.url, api_version="v1beta")
    sdk = genai.Client(api_key="anything", http_options=options)
    declared = types.FunctionDeclaration(name="look", parameters_json_schema=SCHEMA)
    search = types.Tool(google_search=types.GoogleSearch())
    beside = [search, types.Tool(function_declarations=[declared])]
    by_hand = types.AutomaticFunctionCallingConfig(disable=True)
    try:
        for text, tools in ((QUERY, [search]), (BESIDE, beside)):
            config = types.GenerateContentConfig(tools=[*tools], automatic_function_calling=by_hand)
            whole = await sdk.aio.models.generate_content(model=only, contents=text, config=config)
            stream = await sdk.aio.models.generate_content_stream(model=only, contents=text, config=config)
            told = [chunk.candidates[0].grounding_metadata async for chunk in stream if chunk.candidates]
            for grounding in (whole.candidates[0].grounding_metadata if whole.candidates else None, told[-1]):
                assert grounding is not None
                assert grounding.web_search_queries == [QUERY]
                pages = [chunk.web for chunk in grounding.grounding_chunks or []]
                assert pages
                assert all(page is not None and page.uri and page.title for page in pages)
    finally:
        await sdk.aio.aclose()
        sdk.close()
