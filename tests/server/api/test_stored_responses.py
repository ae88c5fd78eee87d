"""Stored responses over HTTP: chains, references, what is fetched and deleted, for models of every API."""

import json
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.server.bench import Answer, Bench, bench

pytestmark = pytest.mark.asyncio(loop_scope="module")

RESPONSES = "/v1/responses"
MODELS = ("gpt-5.5", "claude-opus-4.6", "gpt-4o", "gemini-2.5-pro")
"""One whose requests are relayed, and one translated to each other API."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def own(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Bench]:
    async with bench(tmp_path_factory.mktemp("stored")) as one:
        yield one


async def create(one: Bench, text: str | list[Any], **fields: Any) -> Answer:
    return await one.send("POST", RESPONSES, json={"model": "gpt-5.5", "input": text, **fields})


async def created(one: Bench, text: str | list[Any], **fields: Any) -> dict[str, Any]:
    answer = await create(one, text, **fields)
    assert answer.status == 200, answer.body
    if not fields.get("stream"):
        found: dict[str, Any] = answer.json()
        return found
    last = json.loads(answer.events[-1].partition(b"data: ")[2])
    assert last["type"] == "response.completed"
    response: dict[str, Any] = last["response"]
    return response


async def get(one: Bench, path: str, method: str = "GET") -> Answer:
    return await one.send(method, path)


def texts_up(one: Bench) -> list[str]:
    """The texts of the messages that Copilot was sent last, in order."""
    body = one.sim.requests[-1].json()
    if isinstance(body.get("input"), str):
        return [body["input"]]
    found = list[str]()
    for item in body.get("input") or body["messages"]:
        content = item.get("content") or ()
        parts = [{"text": content}] if isinstance(content, str) else content
        found += [part["text"] for part in parts if "text" in part]
    return found


def text_of(response: dict[str, Any]) -> str:
    return "".join(part["text"] for item in response["output"] if item["type"] == "message" for part in item["content"])


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("model", MODELS)
async def test_a_chain_is_what_the_model_is_given(own: Bench, model: str, stream: bool) -> None:
    first = await created(own, "one", model=model, stream=stream, instructions="be brief")
    second = await created(own, "two", model=model, stream=stream, previous_response_id=first["id"])
    fork = await created(own, "other", model=model, stream=stream, previous_response_id=first["id"])
    assert texts_up(own) == ["one", text_of(first), "other"]
    await created(own, "three", model=model, stream=stream, previous_response_id=second["id"])
    assert texts_up(own) == ["one", text_of(first), "two", text_of(second), "three"]
    assert (first["store"], first["previous_response_id"], first["instructions"]) == (True, None, "be brief")
    assert (fork["store"], fork["previous_response_id"], fork["instructions"]) == (True, first["id"], None)
    assert own.sim.requests[-1].json().get("store") in {False, None}
    assert "previous_response_id" not in own.sim.requests[-1].json()


@pytest.mark.parametrize("models", [("gpt-5.5", "claude-opus-4.6", "gpt-5.5"), ("gemini-2.5-pro", "gpt-5.5", "gpt-4o")])
async def test_a_chain_changes_its_model(own: Bench, models: Sequence[str]) -> None:
    previous, said = None, list[str]()
    for number, model in enumerate(models):
        answer = await created(own, f"turn {number}", model=model, previous_response_id=previous)
        said.append(f"turn {number}")
        assert texts_up(own) == said
        said.append(text_of(answer))
        previous = answer["id"]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("then", ["gpt-5.5", "claude-opus-4.6", "gemini-2.5-pro"])
@pytest.mark.parametrize("first", ["gpt-5.5", "claude-opus-4.6", "gemini-2.5-pro"])
async def test_a_chain_goes_on_after_it_was_compacted(own: Bench, first: str, then: str, stream: bool) -> None:
    one = await created(own, "one", model=first)
    compacted = await create(
        own, [{"type": "compaction_trigger"}], model=first, stream=stream, previous_response_id=one["id"]
    )
    assert ("compaction=emulated" in compacted.headers["x-passenger-route"]) == (first != "gpt-5.5")
    end = json.loads(compacted.events[-1].partition(b"data: ")[2])["response"] if stream else compacted.json()
    assert [item["type"] for item in end["output"]] == ["compaction"]
    two = await created(own, "two", model=then, previous_response_id=end["id"])
    given = texts_up(own)
    assert (given[0], given[-1]) == ("one", "two")
    assert text_of(one) not in given
    assert "compaction_trigger" not in json.dumps(own.sim.requests[-1].json())
    if first == then == "gpt-5.5":
        items = own.sim.requests[-1].json()["input"]
        assert items[1]["encrypted_content"] == end["output"][0]["encrypted_content"]
    else:
        assert any("hand" in text or "compacted" in text for text in given[1:-1])
    three = await created(own, "three", model=first, previous_response_id=two["id"])
    assert texts_up(own)[-3:] == ["two", text_of(two), "three"]
    listed = (await get(own, f"{RESPONSES}/{three['id']}/input_items?order=asc")).json()["data"]
    assert [item["type"] for item in listed if item["type"] not in {"message", "reasoning"}] == [
        "compaction_trigger",
        "compaction",
    ]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    "text", ["hello", "event: response.completed", "\nevent: response.created\n\nevent: response.x"]
)
async def test_a_response_is_fetched_as_it_was_told(own: Bench, stream: bool, text: str) -> None:
    told = await created(own, text, stream=stream, metadata={"topic": "null"})
    assert (await get(own, f"{RESPONSES}/{told['id']}")).json() == told
    assert told["metadata"] == {"topic": "null"}


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("said", ["event: response.completed", "x\nevent: response.failed\ndata: {}\n\n"])
async def test_an_answer_is_kept_whatever_its_text_is(own: Bench, said: str, model: str, stream: bool) -> None:
    told = await created(own, said, model=model, stream=stream)
    assert (await get(own, f"{RESPONSES}/{told['id']}")).json() == told


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("metadata", [{"a": "null"}, {"null": ""}, {}, None])
async def test_metadata_is_repeated_as_it_is(own: Bench, metadata: dict[str, str] | None, stream: bool) -> None:
    told = await created(own, "hello", stream=stream, metadata=metadata)
    assert told["metadata"] == (metadata or {})


@pytest.mark.parametrize("model", MODELS)
async def test_a_response_that_failed_is_fetched_and_not_followed(own: Bench, model: str) -> None:
    told = "fail 3" if model == "gpt-5.5" else "error 3"
    answer = await create(own, f"[[{told}]] [[events 20]]", model=model, stream=True)
    failed = json.loads(answer.events[-1].partition(b"data: ")[2])["response"]
    assert (await get(own, f"{RESPONSES}/{failed['id']}")).json() == failed
    assert (failed["status"], failed["store"]) == ("failed", True)
    refused = await create(own, "two", model=model, previous_response_id=failed["id"])
    assert refused.error["code"] == "previous_response_not_found"


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("fault", ["[[status 400]]", "[[code quota_exceeded]]"])
async def test_an_error_says_nothing_of_a_store(own: Bench, model: str, fault: str) -> None:
    answer = await create(own, fault, model=model)
    assert answer.status >= 400
    assert set(answer.error) == {"message", "type", "param", "code"}
    assert "x-passenger-stored" not in answer.headers


async def test_what_is_not_stored_is_not_found(own: Bench) -> None:
    told = await created(own, "hello", store=False)
    assert told["store"] is False
    assert (await get(own, f"{RESPONSES}/{told['id']}")).status == 404
    refused = await create(own, "more", previous_response_id=told["id"])
    assert refused.status == 400
    item = [{"type": "item_reference", "id": told["output"][0]["id"]}]
    assert (await create(own, item)).status == 404


async def test_a_chain_that_is_lost_has_one_text_whatever_the_reason(own: Bench) -> None:
    first = await created(own, "one")
    second = await created(own, "two", previous_response_id=first["id"])
    deleted = await get(own, f"{RESPONSES}/{first['id']}", "DELETE")
    assert deleted.json() == {"id": first["id"], "object": "response", "deleted": True}
    assert (await get(own, f"{RESPONSES}/{first['id']}", "DELETE")).status == 404
    for name in (first["id"], second["id"], "resp_unknown", "x" * 2000):
        before = len(own.sim.requests)
        answer = await create(own, "three", previous_response_id=name)
        assert answer.status == 400
        assert answer.error["code"] == "previous_response_not_found"
        assert answer.error["param"] == "previous_response_id"
        assert answer.error["message"].startswith(f"Previous response with id '{name[:1000]}")
        assert len(own.sim.requests) == before
    assert (await get(own, f"{RESPONSES}/{second['id']}")).status == 200


@pytest.mark.parametrize("model", MODELS)
async def test_a_tool_loop_refers_to_the_items_of_the_answer(own: Bench, model: str) -> None:
    tool = {"type": "function", "name": "look", "parameters": {"type": "object", "properties": {}}}
    asked = '[[call look {"a": 1}]] please'
    first = await created(own, asked, model=model, tools=[tool])
    (call,) = (item for item in first["output"] if item["type"] == "function_call")
    result = {"type": "function_call_output", "call_id": call["call_id"], "output": "seen"}
    references = [{"type": "item_reference", "id": item["id"]} for item in first["output"]]
    history = [{"role": "user", "content": asked}, *references, result]
    await created(own, history, model=model, tools=[tool])
    sent = json.dumps(own.sim.requests[-1].json())
    assert call["call_id"] in sent
    assert "seen" in sent
    assert "item_reference" not in sent


async def test_an_item_that_is_there_twice_is_listed_twice(own: Bench) -> None:
    first = await created(own, "one")
    again = {"type": "item_reference", "id": first["output"][0]["id"]}
    asked = [again, again, {"role": "user", "content": "two"}]
    second = await created(own, asked, previous_response_id=first["id"])
    said = ["one", *[text_of(first)] * 3, "two"]
    assert texts_up(own) == said
    path, seen, page = f"{RESPONSES}/{second['id']}/input_items?order=asc&limit=1", list[str](), ""
    for text in said:
        listed = (await get(own, path + page)).json()
        assert [part["text"] for item in listed["data"] for part in item["content"]] == [text]
        seen.append(listed["last_id"])
        page = f"&after={seen[-1]}"
    assert not listed["has_more"]
    assert len(set(seen)) == len(seen)


async def test_an_item_that_is_unknown_is_named(own: Bench) -> None:
    answer = await create(own, [{"type": "item_reference", "id": "msg_unknown"}])
    assert answer.status == 404
    assert answer.error["message"] == "Item with id 'msg_unknown' not found."


async def test_the_input_of_a_response_is_listed_with_that_of_its_chain(own: Bench) -> None:
    first = await created(own, "one")
    second = await created(own, [{"role": "user", "content": "two"}], previous_response_id=first["id"])
    listed = (await get(own, f"{RESPONSES}/{second['id']}/input_items?order=asc")).json()
    assert [item["role"] for item in listed["data"] if item["type"] == "message"] == ["user", "assistant", "user"]
    assert listed["data"][0]["content"] == [{"type": "input_text", "text": "one"}]
    assert listed["data"][-1]["content"] == [{"type": "input_text", "text": "two"}]
    assert listed["data"][-1]["id"].startswith("msg_")
    assert (listed["first_id"], listed["last_id"]) == (listed["data"][0]["id"], listed["data"][-1]["id"])
    assert not listed["has_more"]
    page = (await get(own, f"{RESPONSES}/{second['id']}/input_items?limit=1")).json()
    assert page["data"] == listed["data"][-1:]
    assert page["has_more"]
    rest = (await get(own, f"{RESPONSES}/{second['id']}/input_items?after={page['last_id']}")).json()
    assert rest["data"] == listed["data"][-2::-1]


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "limit=x", "order=up", "after=msg_unknown"])
async def test_a_list_says_what_is_wrong_with_its_parameters(own: Bench, query: str) -> None:
    told = await created(own, "one")
    answer = await get(own, f"{RESPONSES}/{told['id']}/input_items?{query}")
    assert answer.status in {400, 404}
    assert answer.error["param"] == query.partition("=")[0]


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"previous_response_id": "resp_1", "conversation": "conv_1"}, "previous_response_id"),
        ({"metadata": {str(number): "x" for number in range(17)}}, "metadata"),
        ({"metadata": {"x" * 65: ""}}, "metadata"),
        ({"metadata": {"x": "x" * 513}}, "metadata"),
        ({"input": 7}, "input"),
        ({"input": [7]}, None),
        ({"store": "yes"}, "store"),
        ({"previous_response_id": 7}, "previous_response_id"),
    ],
)
async def test_a_request_that_is_wrong_is_refused(own: Bench, fields: dict[str, Any], param: str | None) -> None:
    answer = await create(own, **{"text": "hello", **fields})
    assert answer.status == 400
    assert param is None or answer.error["param"] == param


@pytest.mark.parametrize("path", [RESPONSES, f"{RESPONSES}/compact", f"{RESPONSES}/input_tokens"])
@pytest.mark.parametrize(
    "body", [b"[]", b'""', b"nonsense", b"", b"7", b"null", b'{"input":', b"\xff", b'{"a":"\xff"}']
)
async def test_a_body_that_is_no_object_is_the_requests_own_fault(own: Bench, path: str, body: bytes) -> None:
    answer = await own.send("POST", path, data=body, headers={"content-type": "application/json"})
    assert answer.status == 400, answer.body
    assert answer.error["type"] == "invalid_request_error"


@pytest.mark.parametrize("model", MODELS[1:])  # relayed bytes are the client's own, and the simulator refuses these
async def test_half_a_character_is_kept_and_goes_on(own: Bench, model: str) -> None:
    body = b'{"model":"%b","input":[{"role":"user","content":"\\ud800 half"}]}' % model.encode()
    first = await own.send("POST", RESPONSES, data=body, headers={"content-type": "application/json"})
    assert first.status == 200, first.body
    listed = await get(own, f"{RESPONSES}/{first.json()['id']}/input_items")
    assert len(listed.json()["data"]) == 1
    await created(own, "two", model=model, previous_response_id=first.json()["id"])
    assert len(texts_up(own)) == 3


async def test_another_key_finds_nothing(tmp_path: Path) -> None:
    async with bench(tmp_path, env={"PASSENGER_API_KEYS": "key-of-anna,key-of-bert"}, primed=False) as own:
        mine, others = ({"Authorization": f"Bearer key-of-{name}"} for name in ("anna", "bert"))
        answer = await own.send("POST", RESPONSES, json={"model": "gpt-5.5", "input": "one"}, headers=mine)
        name = answer.json()["id"]
        body = {"model": "gpt-5.5", "input": "two", "previous_response_id": name}
        assert (await own.send("POST", RESPONSES, json=body, headers=mine)).status == 200
        assert (await own.send("POST", RESPONSES, json=body, headers=others)).error[
            "code"
        ] == "previous_response_not_found"
        for method in ("GET", "DELETE"):
            assert (await own.send(method, f"{RESPONSES}/{name}", headers=others)).status == 404


async def test_nothing_is_kept_where_the_settings_say_so(tmp_path: Path) -> None:
    async with bench(tmp_path, config='[state]\nkeep = "none"\n') as own:
        told = await created(own, "one")
        assert told["store"] is False
        refused = await create(own, "two", previous_response_id=told["id"])
        assert refused.error["code"] == "previous_response_not_found"
        assert "[state] keep" in refused.error["message"]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("model", MODELS)
async def test_what_could_not_be_kept_is_told(tmp_path: Path, model: str, stream: bool) -> None:
    async with bench(tmp_path, config="[state]\nlargest = 500\n") as own:
        told = await created(own, "x" * 1000, model=model, stream=stream)
        assert told["store"] is False
        assert (await get(own, f"{RESPONSES}/{told['id']}")).status == 404
        if not stream:
            answer = await create(own, "x" * 1000, model=model)
            assert answer.headers["x-passenger-stored"] == "no; too large"


async def test_a_chain_may_not_grow_beyond_the_limit_of_a_body(tmp_path: Path) -> None:
    async with bench(tmp_path, config="[limits]\nmax_body = 20000\n") as own:
        first = await created(own, "x" * 15_000)
        answer = await create(own, "x" * 15_000, previous_response_id=first["id"])
        assert answer.status == 413
        assert "[limits] max_body" in answer.error["message"]


async def test_a_chain_may_not_have_more_values_than_a_body(tmp_path: Path) -> None:
    async with bench(tmp_path, config="[limits]\nmax_values = 20000\n") as own:
        many = [{"role": "user", "content": [{"type": "input_text", "text": ""}] * 3500}]
        first = await created(own, many)
        answer = await create(own, many, previous_response_id=first["id"])
        assert (answer.status, answer.error["code"]) == (400, "too_many_values")
        assert "[limits] max_values" in answer.error["message"]


@pytest.mark.parametrize("path", [RESPONSES, f"{RESPONSES}/input_tokens"])
async def test_a_chain_counts_among_the_bodies_that_are_served(tmp_path: Path, path: str) -> None:
    async with bench(tmp_path, config="[limits]\nmax_body_memory = 300000\n") as own:
        first = await created(own, "x" * 200_000)
        second = await created(own, "y", previous_response_id=first["id"])
        answer = await own.send(
            "POST", path, json={"model": "gpt-5.5", "input": "z", "previous_response_id": second["id"]}
        )
        assert answer.status == 200
    async with bench(tmp_path, config="[limits]\nmax_body_memory = 300000\n") as own:
        third = await created(own, "x" * 150_000)
        fourth = await created(own, "x" * 100_000, previous_response_id=third["id"])
        body = {"model": "gpt-5.5", "input": "x" * 100_000, "previous_response_id": fourth["id"]}
        answer = await own.send("POST", path, json=body)
        assert (answer.status, answer.error["code"]) == (503, "overloaded")
        assert "[limits] max_body_memory" in answer.error["message"]


@pytest.mark.parametrize("keep", ["memory", "disk"])
@pytest.mark.parametrize("model", ["claude-opus-4.6", "gpt-4o"])
async def test_half_a_character_is_kept(tmp_path: Path, keep: str, model: str) -> None:
    async with bench(tmp_path, config=f'[state]\nkeep = "{keep}"\n') as own:
        for stream in (False, True):
            told = await created(own, "\ud800 one", model=model, stream=stream, instructions="\udc00")
            assert (await get(own, f"{RESPONSES}/{told['id']}")).json() == told
            listed = (await get(own, f"{RESPONSES}/{told['id']}/input_items")).json()
            assert listed["data"][0]["content"][0]["text"] == "\ud800 one"
            again = await created(own, "two", model=model, previous_response_id=told["id"])
            assert again["status"] == "completed"
            made = await created(own, "\ud800", model=model, background=True, instructions="\udc00")
            events = await get(own, f"{RESPONSES}/{made['id']}?stream=true")
            assert json.loads(events.events[-1].partition(b"data: ")[2])["type"] == "response.completed"
            answer = await own.send(
                "POST", "/v1/conversations", json={"items": [{"role": "user", "content": "\ud800"}]}
            )
            await created(own, "two", model=model, stream=stream, conversation=answer.json()["id"])
