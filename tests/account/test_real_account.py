"""The real GitHub and Copilot, on your own login: costs credits, so it runs only when asked for by its marker."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from openai import AsyncOpenAI

from tests.proxy import STARTED, spawn

pytestmark = pytest.mark.account

QUESTION = "Answer with the one word PONG."


@pytest.fixture
async def client() -> AsyncIterator[AsyncOpenAI]:
    """An SDK on a proxy that uses the login of whoever runs the tests."""
    home = Path.home()
    kept = {name: os.environ[name] for name in ("COPILOT_GITHUB_TOKEN", "GH_TOKEN") if name in os.environ}
    process = await spawn(home, ["--port", "0"], kept)
    try:
        started = STARTED.search(await process.said("Passenger serves"))
        assert started
        async with AsyncOpenAI(base_url=f"{started[1]}/v1", api_key="anything", max_retries=0) as sdk:
            yield sdk
    finally:
        if process.process.returncode is None:
            process.signal(15)
        await process.ended()


async def test_the_account_has_models(client: AsyncOpenAI) -> None:
    assert [model.id async for model in client.models.list()]


@pytest.mark.parametrize("model", ["gpt-5-mini", "claude-haiku-4.5"])
async def test_a_model_answers(client: AsyncOpenAI, model: str) -> None:
    answer = await client.chat.completions.create(model=model, messages=[{"role": "user", "content": QUESTION}])
    assert "PONG" in (answer.choices[0].message.content or "")


@pytest.mark.parametrize("model", ["gpt-5-mini", "claude-haiku-4.5"])
async def test_a_stream_is_complete(client: AsyncOpenAI, model: str) -> None:
    async with client.chat.completions.stream(model=model, messages=[{"role": "user", "content": QUESTION}]) as stream:
        answer = await stream.get_final_completion()
    assert "PONG" in (answer.choices[0].message.content or "")
    assert answer.choices[0].finish_reason == "stop"
