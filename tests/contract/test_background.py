"""The official OpenAI SDK: responses in the background, followed again, and cancelled."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

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


@pytest_asyncio.fixture(loop_scope="module")
async def client(served: Proxy) -> AsyncIterator[openai.AsyncOpenAI]:
    async with openai.AsyncOpenAI(base_url=f"{served.url}/v1", api_key="anything", max_retries=0) as sdk:
        yield sdk


async def test_a_response_is_made_in_the_background(client: openai.AsyncOpenAI, only: str) -> None:
    queued = await client.responses.create(model=only, input="hello there", background=True)
    assert (queued.status, queued.background, queued.output) == ("queued", True, [])
    events = [event async for event in await client.responses.retrieve(queued.id, stream=True)]
    assert [event.sequence_number for event in events] == list(range(len(events)))
    assert events[-1].type == "response.completed"
    whole = await client.responses.retrieve(queued.id)
    assert whole.status == "completed"
    assert "hello there" in whole.output_text
    again = [event async for event in await client.responses.retrieve(queued.id, stream=True, starting_after=3)]
    assert again == events[4:]


async def test_a_stream_is_left_and_resumed(client: openai.AsyncOpenAI, only: str) -> None:
    stream = await client.responses.create(
        model=only, input="[[drip 0.05]] [[events 10]]", background=True, stream=True
    )
    name, last = "", -1
    async for event in stream:
        last = event.sequence_number
        if event.type == "response.created":
            name = event.response.id
        if event.type == "response.output_text.delta":
            break
    await stream.close()
    rest = [event async for event in await client.responses.retrieve(name, stream=True, starting_after=last)]
    assert rest[0].sequence_number == last + 1
    assert rest[-1].type == "response.completed"


async def test_a_response_is_cancelled(client: openai.AsyncOpenAI) -> None:
    running = await client.responses.create(model=ONLY["responses"], input="[[stall 6]] [[events 20]]", background=True)
    for _ in range(2):
        cancelled = await client.responses.cancel(running.id)
        assert (cancelled.id, cancelled.status) == (running.id, "cancelled")
    with pytest.raises(openai.NotFoundError):
        await client.responses.cancel("resp_none")
    plain = await client.responses.create(model=ONLY["responses"], input="hello")
    with pytest.raises(openai.BadRequestError):
        await client.responses.cancel(plain.id)
