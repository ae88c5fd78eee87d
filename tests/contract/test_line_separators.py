"""Texts with characters that some readers of lines take for an end of line reach the official SDKs as they are."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.contract.conftest import ONLY
from tests.contract.lazily import Lazy
from tests.proxy import PATIENCE, Proxy

if TYPE_CHECKING:
    import anthropic
    import ollama
    import openai
    from google import genai
    from google.genai import types
else:
    anthropic = Lazy("anthropic")
    ollama = Lazy("ollama")
    openai = Lazy("openai")
    genai = Lazy("google.genai")
    types = Lazy("google.genai.types")

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    # google-genai's own class; aiohttp would rather not be inherited from.
    pytest.mark.filterwarnings("ignore:Inheritance class AiohttpClientSession:DeprecationWarning"),
]

NODE = Path(__file__).parent / "node"
SEPARATORS = "\x85\u2028\u2029\x0b\x0c\x1c\x1d\x1e"
"""What `str.splitlines` splits at, beside CR and LF."""

TEXT = " ".join(f"before{separator}after" for separator in SEPARATORS)


@pytest.mark.proves("F38")
async def test_ollama_in_python(served: Proxy, only: str) -> None:
    async with ollama.AsyncClient(host=served.url) as sdk:
        said = [{"role": "user", "content": TEXT}]
        chat = [chunk async for chunk in await sdk.chat(model=only, messages=said, stream=True)]
        told = [chunk async for chunk in await sdk.generate(model=only, prompt=TEXT, stream=True)]
        whole = await sdk.chat(model=only, messages=said)
    assert TEXT in "".join(chunk.message.content or "" for chunk in chat)
    assert TEXT in "".join(chunk.response or "" for chunk in told)
    assert TEXT in (whole.message.content or "")


@pytest.mark.proves("F38")
async def test_ollama_in_node(served: Proxy) -> None:
    command = [str(Path(sys.executable).parent / "node"), str(NODE / "lines.mjs"), served.url, TEXT, *ONLY.values()]
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    async with asyncio.timeout(PATIENCE):
        said, _ = await process.communicate()
    assert process.returncode == 0
    texts = json.loads(said)
    assert texts.keys() == set(ONLY.values())
    assert all(TEXT in text for text in texts.values())


@pytest.mark.proves("F38")
async def test_openai_in_python(served: Proxy, only: str) -> None:
    async with openai.AsyncOpenAI(base_url=f"{served.url}/v1", api_key="anything", max_retries=0) as sdk:
        stream = await sdk.chat.completions.create(
            model=only, messages=[{"role": "user", "content": TEXT}], stream=True
        )
        text = "".join([chunk.choices[0].delta.content or "" async for chunk in stream if chunk.choices])
        async with sdk.responses.stream(model=only, input=TEXT) as events:
            response = await events.get_final_response()
    assert TEXT in text
    assert TEXT in response.output_text


@pytest.mark.proves("F38")
async def test_anthropic_in_python(served: Proxy, only: str) -> None:
    said: Any = [{"role": "user", "content": TEXT}]
    async with anthropic.AsyncAnthropic(base_url=served.url, api_key="anything", max_retries=0) as sdk:
        stream = sdk.messages.stream(model=only, max_tokens=1000, messages=said)
        async with stream as events:
            text = await events.get_final_text()
    assert TEXT in text


@pytest.mark.proves("F38")
async def test_google_in_python(served: Proxy, only: str) -> None:
    sdk = genai.Client(api_key="anything", http_options=types.HttpOptions(base_url=served.url))

    def told() -> str:
        return "".join(chunk.text or "" for chunk in sdk.models.generate_content_stream(model=only, contents=TEXT))

    assert TEXT in await asyncio.to_thread(told)
    stream = await sdk.aio.models.generate_content_stream(model=only, contents=TEXT)
    assert TEXT in "".join([chunk.text or "" async for chunk in stream])
    await sdk.aio.aclose()
    sdk.close()
