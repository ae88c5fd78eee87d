"""Conversations over HTTP, and responses that go on with them."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from tests.server.api.test_stored_responses import MODELS, RESPONSES, create, created, get, text_of, texts_up
from tests.server.bench import Answer, Bench, bench

pytestmark = pytest.mark.asyncio(loop_scope="module")

CONVERSATIONS = "/v1/conversations"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def own(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Bench]:
    async with bench(tmp_path_factory.mktemp("conversations")) as one:
        yield one


async def post(one: Bench, path: str, **fields: Any) -> Answer:
    return await one.send("POST", path, json=fields)


async def begun(one: Bench, *texts: str) -> str:
    items = [{"role": "user", "content": text} for text in texts]
    answer = await post(one, CONVERSATIONS, items=items, metadata={"topic": "x"})
    assert answer.status == 200, answer.body
    name: str = answer.json()["id"]
    return name


async def test_a_conversation_is_made_changed_and_deleted(own: Bench) -> None:
    made = (await post(own, CONVERSATIONS, metadata={"topic": "x"})).json()
    assert made["id"].startswith("conv_")
    assert made == {**made, "object": "conversation", "metadata": {"topic": "x"}}
    path = f"{CONVERSATIONS}/{made['id']}"
    assert (await get(own, path)).json() == made
    changed = (await post(own, path, metadata={"topic": "y"})).json()
    assert changed == {**made, "metadata": {"topic": "y"}}
    assert (await get(own, path)).json() == changed
    assert (await get(own, path, "DELETE")).json() == {
        "id": made["id"],
        "object": "conversation.deleted",
        "deleted": True,
    }
    for method in ("GET", "DELETE"):
        lost = await get(own, path, method)
        assert (lost.status, lost.error["message"]) == (404, f"Conversation with id '{made['id']}' not found.")


async def test_its_items_are_added_listed_and_removed(own: Bench) -> None:
    name = await begun(own, "one")
    path = f"{CONVERSATIONS}/{name}/items"
    added = (await post(own, path, items=[{"role": "user", "content": "two"}])).json()
    assert (added["object"], len(added["data"]), added["has_more"]) == ("list", 1, False)
    listed = (await get(own, f"{path}?order=asc")).json()["data"]
    assert [item["content"][0]["text"] for item in listed] == ["one", "two"]
    assert (await get(own, f"{path}/{listed[0]['id']}")).json() == listed[0]
    assert (await get(own, f"{path}/{listed[0]['id']}", "DELETE")).json()["id"] == name
    assert (await get(own, f"{path}/{listed[0]['id']}", "DELETE")).status == 404
    assert (await get(own, f"{path}/{listed[0]['id']}")).status == 404
    assert (await get(own, path)).json()["data"] == listed[1:]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("model", MODELS)
async def test_a_response_goes_on_with_it_and_adds_to_it(own: Bench, model: str, stream: bool) -> None:
    name = await begun(own, "zero")
    first = await created(own, "one", model=model, stream=stream, conversation=name)
    assert first["conversation"] == {"id": name}
    second = await created(own, "two", model=model, stream=stream, conversation={"id": name})
    assert texts_up(own) == ["zero", "one", text_of(first), "two"]
    listed = (await get(own, f"{CONVERSATIONS}/{name}/items?order=asc")).json()["data"]
    told = [item["content"][0]["text"] for item in listed if item["type"] == "message"]
    assert told == ["zero", "one", text_of(first), "two", text_of(second)]
    await created(own, "three", model=model, previous_response_id=second["id"])
    assert texts_up(own) == ["zero", "one", text_of(first), "two", text_of(second), "three"]


async def test_a_response_that_is_not_stored_is_in_the_conversation_all_the_same(own: Bench) -> None:
    name = await begun(own)
    told = await created(own, "one", conversation=name, store=False)
    assert (await get(own, f"{RESPONSES}/{told['id']}")).status == 404
    await created(own, "two", conversation=name)
    assert texts_up(own) == ["one", text_of(told), "two"]


async def test_two_at_once_do_not_mix(own: Bench) -> None:
    name = await begun(own)
    slow = asyncio.create_task(create(own, "[[delay 5]] one", conversation=name))
    await own.upstream("/responses", len(own.sim.seen("/responses")) + 1)
    answer = await create(own, "two", conversation=name)
    assert (answer.status, answer.error["code"]) == (409, "conversation_locked")
    assert (await slow).status == 200
    assert (await create(own, "two", conversation=name)).status == 200


async def texts_of(one: Bench, name: str) -> list[str]:
    """The texts of a conversation's messages, the oldest first."""
    listed = (await get(one, f"{CONVERSATIONS}/{name}/items?order=asc")).json()["data"]
    return [item["content"][0]["text"] for item in listed if item["type"] == "message"]


async def test_items_that_are_added_and_removed_during_a_turn_change_nothing_else(own: Bench) -> None:
    name = await begun(own, "zero", "half")
    path = f"{CONVERSATIONS}/{name}/items"
    first = (await get(own, f"{path}?order=asc")).json()["first_id"]
    turn = asyncio.create_task(created(own, "[[delay 2]] one", conversation=name))
    await own.upstream("/responses", len(own.sim.seen("/responses")) + 1)
    for text in ("added", "more"):
        await post(own, path, items=[{"role": "user", "content": text}])
    await get(own, f"{path}/{first}", "DELETE")
    told = await turn
    assert await texts_of(own, name) == ["half", "added", "more", "[[delay 2]] one", text_of(told)]


async def test_an_item_is_added_by_its_reference(own: Bench) -> None:
    told = await created(own, "one")
    reference = {"type": "item_reference", "id": told["output"][0]["id"]}
    name = (await post(own, CONVERSATIONS, items=[reference])).json()["id"]
    await post(own, f"{CONVERSATIONS}/{name}/items", items=[reference])
    assert await texts_of(own, name) == [text_of(told)] * 2
    listed = (await get(own, f"{CONVERSATIONS}/{name}/items")).json()["data"]
    assert len({item["id"] for item in listed}) == 2
    await created(own, "two", conversation=name)
    assert texts_up(own) == [text_of(told), text_of(told), "two"]
    lost = await post(own, CONVERSATIONS, items=[{"type": "item_reference", "id": "msg_unknown"}])
    assert (lost.status, lost.error["message"]) == (404, "Item with id 'msg_unknown' not found.")


async def test_a_conversation_that_is_lost_is_not_found(own: Bench) -> None:
    answer = await create(own, "one", conversation="conv_unknown")
    assert (answer.status, answer.error["param"]) == (404, "conversation")
    for path in ("conv_unknown", "conv_unknown/items"):
        assert (await get(own, f"{CONVERSATIONS}/{path}")).status == 404
    assert (await post(own, f"{CONVERSATIONS}/conv_unknown", metadata={})).status == 404
    assert (await post(own, f"{CONVERSATIONS}/conv_unknown/items", items=[])).status == 404


@pytest.mark.parametrize(
    "fields",
    [
        {"items": [{"role": "user", "content": "x"}] * 21},
        {"items": {"role": "user"}},
        {"items": ["text"]},
        {"items": [{}]},
        {"items": [{"text": "x"}]},
        {"metadata": {"x": 1}},
        {"metadata": {"x" * 65: "y"}},
    ],
)
async def test_a_conversation_that_is_wrong_is_refused(own: Bench, fields: dict[str, Any]) -> None:
    answer = await post(own, CONVERSATIONS, **fields)
    assert answer.status == 400
    assert answer.error["type"] == "invalid_request_error"


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"nonsense", b"\xff"])
@pytest.mark.parametrize("path", ["", "/{name}", "/{name}/items"])
async def test_a_body_that_is_no_object_is_refused(own: Bench, body: bytes, path: str) -> None:
    url = CONVERSATIONS + path.format(name=await begun(own))
    answer = await own.send("POST", url, data=body, headers={"Content-Type": "application/json"})
    assert (answer.status, answer.error["type"]) == (400, "invalid_request_error")


# --- other routes that refer to what is kept -------------------------------------------------------------------------


@pytest.mark.parametrize("model", MODELS)
async def test_the_tokens_of_a_chain_are_counted(own: Bench, model: str) -> None:
    first = await created(own, "a rather long text " * 50, model=model)
    fields: dict[str, Any] = {"model": model, "input": "two"}
    alone = (await post(own, f"{RESPONSES}/input_tokens", **fields)).json()
    chained = (await post(own, f"{RESPONSES}/input_tokens", **fields, previous_response_id=first["id"])).json()
    assert alone["object"] == chained["object"] == "response.input_tokens"
    assert chained["input_tokens"] > alone["input_tokens"] + 100
    lost = await post(own, f"{RESPONSES}/input_tokens", **fields, previous_response_id="resp_unknown")
    assert lost.error["code"] == "previous_response_not_found"


@pytest.mark.parametrize("model", MODELS)
async def test_a_conversation_goes_on_after_it_was_compacted(own: Bench, model: str) -> None:
    name = await begun(own, "zero")
    first = await created(own, "one", model=model, conversation=name)
    trigger = {"type": "compaction_trigger"}
    for _ in range(2):
        compacted = await created(own, [trigger], model=model, conversation=name)
        assert [item["type"] for item in compacted["output"]] == ["compaction"]
        told = await created(own, "two", model=model, conversation=name)
        given = texts_up(own)
        assert (given[:2], given[-1]) == (["zero", "one"], "two")
        assert text_of(first) not in given
    await created(own, "three", model=model, previous_response_id=told["id"])
    assert texts_up(own)[-3:] == ["two", text_of(told), "three"]


@pytest.mark.parametrize("model", MODELS)
async def test_a_conversation_is_compacted_apart_from_it(own: Bench, model: str) -> None:
    name = await begun(own, "zero")
    answer = await post(own, f"{RESPONSES}/compact", model=model, conversation=name)
    assert answer.status == 200, answer.body
    assert ("compaction=emulated" in answer.headers["x-passenger-route"]) == (model != "gpt-5.5")
    assert [item["type"] for item in answer.json()["output"]] == ["message", "compaction"]
    assert await texts_of(own, name) == ["zero"]


@pytest.mark.parametrize("model", ["gpt-5.5", "claude-opus-4.6"])
async def test_a_chain_is_compacted_and_goes_on_with_any_model(own: Bench, model: str) -> None:
    first = await created(own, "one", model=model)
    answer = await post(own, f"{RESPONSES}/compact", model=model, input=[], previous_response_id=first["id"])
    assert answer.status == 200, answer.body
    compacted = answer.json()["output"]
    assert compacted[-1]["type"] == "compaction"
    other = "claude-opus-4.6" if model == "gpt-5.5" else "gpt-5.5"
    again = await created(own, [*compacted, {"role": "user", "content": "two"}], model=other)
    third = await created(own, "three", model=model, previous_response_id=again["id"])
    assert third["status"] == "completed"
    assert "two" in json.dumps(own.sim.requests[-1].json())
