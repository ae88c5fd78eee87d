"""The official OpenAI SDK, with what is kept between requests: responses, their items, and conversations."""

from __future__ import annotations

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
TOOL: Any = {"type": "function", "name": "weather", "description": "It", "parameters": SCHEMA, "strict": False}
CALL = '[[think]] [[call weather {"city":"Oslo"}]]'


@pytest_asyncio.fixture(loop_scope="module")
async def client(served: Proxy) -> AsyncIterator[openai.AsyncOpenAI]:
    async with openai.AsyncOpenAI(base_url=f"{served.url}/v1", api_key="anything", max_retries=0) as sdk:
        yield sdk


def texts_of(item: Any) -> list[str]:
    """The texts of an item of a list, if it is a message."""
    return [part.text for part in item.content] if item.type == "message" else []


# --- responses -------------------------------------------------------------------------------------------------------


async def test_a_response_is_retrieved_as_it_was_created_and_deleted(client: openai.AsyncOpenAI, only: str) -> None:
    told = await client.responses.create(
        model=only, input="hello there", instructions="be kind", metadata={"topic": "x"}
    )
    found = await client.responses.retrieve(told.id)
    assert found == told
    assert (found.metadata, found.instructions, found.previous_response_id) == ({"topic": "x"}, "be kind", None)
    assert "hello there" in found.output_text
    await client.responses.delete(told.id)
    with pytest.raises(openai.NotFoundError, match="not found"):
        await client.responses.retrieve(told.id)
    with pytest.raises(openai.NotFoundError):
        await client.responses.delete(told.id)
    with pytest.raises(openai.BadRequestError) as refused:
        await client.responses.create(model=only, input="two", previous_response_id=told.id)
    assert (refused.value.code, refused.value.param) == ("previous_response_not_found", "previous_response_id")


async def test_a_streamed_response_is_there_when_its_last_event_is(client: openai.AsyncOpenAI, only: str) -> None:
    async for event in await client.responses.create(model=only, input="hello there", stream=True):
        if event.type == "response.completed":
            found = await client.responses.retrieve(event.response.id)
            assert found.output == event.response.output
            assert found.output_text == event.response.output_text
    assert found.status == "completed"


async def test_a_chain_moves_through_all_models(client: openai.AsyncOpenAI) -> None:
    previous, said = None, list[str]()
    for turn, model in enumerate([*ONLY.values(), *ONLY.values()]):
        told = await client.responses.create(model=model, input=f"turn {turn}", previous_response_id=previous)
        assert told.previous_response_id == previous
        said += [f"turn {turn}", told.output_text]
        assert f"({2 * turn + 1} message" in told.output_text
        previous = told.id
    assert previous is not None
    items = [item async for item in client.responses.input_items.list(previous, order="asc", limit=2)]
    assert [text for item in items for text in texts_of(item)] == said[:-1]


async def test_input_items_are_paged(client: openai.AsyncOpenAI) -> None:
    history: Any = [{"role": "user", "content": f"number {number}"} for number in range(25)]
    told = await client.responses.create(model=ONLY["responses"], input=history)
    page = await client.responses.input_items.list(told.id)
    assert (len(page.data), page.has_more) == (20, True)
    newest = [item async for item in client.responses.input_items.list(told.id)]
    oldest = [item async for item in client.responses.input_items.list(told.id, order="asc", limit=7)]
    assert [item.id for item in newest] == [item.id for item in reversed(oldest)]
    assert [texts_of(item) for item in oldest] == [[one["content"]] for one in history]
    with pytest.raises(openai.BadRequestError):
        await client.responses.input_items.list(told.id, limit=101)


async def test_a_tool_loop_follows_the_response_before_it(client: openai.AsyncOpenAI, only: str) -> None:
    first = await client.responses.create(model=only, input=CALL, tools=[TOOL])
    (call,) = (item for item in first.output if item.type == "function_call")
    result: Any = {"type": "function_call_output", "call_id": call.call_id, "output": "rain in Oslo"}
    second = await client.responses.create(model=only, input=[result], tools=[TOOL], previous_response_id=first.id)
    assert "rain in Oslo" in second.output_text
    listed = [item.type async for item in client.responses.input_items.list(second.id, order="asc")]
    assert listed[0] == "message"
    assert listed[-2:] == ["function_call", "function_call_output"]


async def test_a_tool_loop_refers_to_its_items(client: openai.AsyncOpenAI, only: str) -> None:
    first = await client.responses.create(model=only, input=CALL, tools=[TOOL])
    (call,) = (item for item in first.output if item.type == "function_call")
    asked: Any = [
        {"role": "user", "content": CALL},
        *({"type": "item_reference", "id": item.id} for item in first.output),
        {"type": "function_call_output", "call_id": call.call_id, "output": "rain in Oslo"},
    ]
    second = await client.responses.create(model=only, input=asked, tools=[TOOL])
    assert "rain in Oslo" in second.output_text
    lost: Any = [{"type": "item_reference", "id": "msg_none"}]
    with pytest.raises(openai.NotFoundError, match="Item with id 'msg_none' not found"):
        await client.responses.create(model=only, input=lost)


async def test_what_is_not_stored_cannot_be_referred_to(client: openai.AsyncOpenAI, only: str) -> None:
    told = await client.responses.create(model=only, input="hello there", store=False)
    with pytest.raises(openai.NotFoundError):
        await client.responses.retrieve(told.id)
    with pytest.raises(openai.BadRequestError):
        await client.responses.create(model=only, input="two", previous_response_id=told.id)


async def test_the_tokens_of_a_chain_are_counted(client: openai.AsyncOpenAI, only: str) -> None:
    told = await client.responses.create(model=only, input="hello there " * 100)
    alone = await client.responses.input_tokens.count(model=only, input="two")
    chained = await client.responses.input_tokens.count(model=only, input="two", previous_response_id=told.id)
    assert alone.object == "response.input_tokens"
    assert chained.input_tokens > alone.input_tokens + 100


async def test_a_chain_is_compacted_and_followed(client: openai.AsyncOpenAI, only: str) -> None:
    told = await client.responses.create(model=only, input="hello there")
    compacted = await client.responses.compact(model=only, previous_response_id=told.id)
    assert compacted.object == "response.compaction"
    assert compacted.output[-1].type == "compaction"
    history: Any = [
        *(item.to_dict(warnings=False) for item in compacted.output),
        {"role": "user", "content": "go"},
    ]
    for model in ONLY.values():
        again = await client.responses.create(model=model, input=history)
        after = await client.responses.create(model=only, input="on", previous_response_id=again.id)
        assert after.status == "completed"


# --- conversations ---------------------------------------------------------------------------------------------------


async def test_a_conversation_is_created_updated_and_deleted(client: openai.AsyncOpenAI) -> None:
    made = await client.conversations.create(metadata={"topic": "x"})
    assert made.object == "conversation"
    assert await client.conversations.retrieve(made.id) == made
    changed = await client.conversations.update(made.id, metadata={"topic": "y"})
    assert (changed.id, changed.metadata) == (made.id, {"topic": "y"})
    gone = await client.conversations.delete(made.id)
    assert (gone.id, gone.object, gone.deleted) == (made.id, "conversation.deleted", True)
    with pytest.raises(openai.NotFoundError):
        await client.conversations.retrieve(made.id)


async def test_the_items_of_a_conversation_are_created_listed_and_deleted(client: openai.AsyncOpenAI) -> None:
    items: Any = [{"type": "message", "role": "user", "content": f"number {number}"} for number in range(20)]
    made = await client.conversations.create(items=items)
    more = await client.conversations.items.create(made.id, items=items[:5])
    assert len(more.data) == 5
    listed = [item async for item in client.conversations.items.list(made.id, order="asc", limit=10)]
    assert [texts_of(item) for item in listed] == [[one["content"]] for one in (*items, *items[:5])]
    first = listed[0].id
    assert first is not None
    assert await client.conversations.items.retrieve(first, conversation_id=made.id) == listed[0]
    assert (await client.conversations.items.delete(first, conversation_id=made.id)).id == made.id
    with pytest.raises(openai.NotFoundError):
        await client.conversations.items.retrieve(first, conversation_id=made.id)
    with pytest.raises(openai.BadRequestError):
        await client.conversations.items.create(made.id, items=[*items, items[0]])


async def test_a_conversation_grows_by_what_is_said_in_it(client: openai.AsyncOpenAI, only: str) -> None:
    made = await client.conversations.create(items=[{"role": "user", "content": "zero", "type": "message"}])
    first = await client.responses.create(model=only, input=CALL, tools=[TOOL], conversation=made.id)
    assert first.conversation is not None
    assert first.conversation.id == made.id
    (call,) = (item for item in first.output if item.type == "function_call")
    result: Any = {"type": "function_call_output", "call_id": call.call_id, "output": "rain in Oslo"}
    async with client.responses.stream(model=only, input=[result], tools=[TOOL], conversation=made.id) as stream:
        second = await stream.get_final_response()
    assert "rain in Oslo" in second.output_text
    listed = [item async for item in client.conversations.items.list(made.id, order="asc")]
    kinds = [item.type for item in listed]
    answers = [[item.type for item in one.output] for one in (first, second)]
    assert kinds == ["message", "message", *answers[0], "function_call_output", *answers[1]]
    told = [item.to_dict(warnings=False)["id"] for item in (*first.output, *second.output)]
    kept = [item.to_dict(warnings=False)["id"] for item in listed]
    assert told == [*kept[2 : 2 + len(first.output)], *kept[3 + len(first.output) :]]
    with pytest.raises(openai.BadRequestError):
        await client.responses.create(model=only, input="x", conversation=made.id, previous_response_id=first.id)
