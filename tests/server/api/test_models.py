"""The list of models, judged from outside: the account's own, in OpenAI's shape, asked for seldom."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from passenger.simulator import Fault
from tests.server.bench import Bench, bench

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_every_model_is_listed_once_in_openais_shape_with_copilots_own_fields_beside(shared: Bench) -> None:
    document = (await shared.get("/v1/models")).json()
    assert document["object"] == "list"
    listed = {model["id"]: model for model in document["data"]}
    assert len(listed) == len(document["data"])
    assert {"gpt-4o", "gpt-4.1", "claude-sonnet-4.5", "gemini-2.5-pro"} <= set(listed)
    for model in listed.values():
        assert model["object"] == "model"
        assert isinstance(model["created"], int)
        assert model["owned_by"]
        assert model["capabilities"]["type"]
    assert listed["gpt-4o"]["created"] == 1732060800
    assert listed["claude-sonnet-4.5"]["owned_by"] == "anthropic"


LISTS = [
    # path, headers, where its models are, what names one; whether it embeds, whether it only completes
    ("/v1/models", {}, ("data", "id"), (True, True)),
    ("/v1/models", {"anthropic-version": "2023-06-01"}, ("data", "id"), (False, False)),
    ("/v1beta/models", {}, ("models", "baseModelId"), (True, False)),
    ("/api/tags", {}, ("models", "name"), (True, False)),
]


@pytest.mark.parametrize(("path", "headers", "place", "expected"), LISTS)
async def test_a_list_holds_what_its_clients_can_ask_or_tell_apart(
    shared: Bench, path: str, headers: dict[str, str], place: tuple[str, str], expected: tuple[bool, bool]
) -> None:
    models, name = place
    listed = {model[name] for model in (await shared.get(path, headers)).json()[models]}
    assert {"gpt-4o", "claude-opus-5", "gemini-2.5-pro"} <= listed
    assert ("text-embedding-3-small" in listed, "gpt-41-copilot" in listed) == expected


async def test_the_order_is_copilots_and_always_the_same(shared: Bench) -> None:
    first, second = await shared.get("/v1/models"), await shared.get("/models")
    assert first.body == second.body
    assert first.headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    ("name", "meant"),
    [("gpt-4o", "gpt-4o"), ("GPT-4O", "gpt-4o"), ("claude-sonnet-4-5-20250929", "claude-sonnet-4.5")],
)
async def test_one_model_is_shown_by_any_of_its_names(shared: Bench, name: str, meant: str) -> None:
    for prefix in ("/v1", ""):
        model = (await shared.get(f"{prefix}/models/{name}")).json()
        assert (model["id"], model["object"]) == (meant, "model")


@pytest.mark.parametrize("name", ["gpt-4oo", "openai/gpt-4o", "claude-sonnet-9", "%F0%9F%98%80", "a%2Fb"])
async def test_an_unknown_model_is_a_404_in_openais_shape(shared: Bench, name: str) -> None:
    answer = await shared.get(f"/v1/models/{name}")
    assert answer.status == 404
    assert answer.error["code"] == "model_not_found"


async def test_the_nearest_models_are_named(shared: Bench) -> None:
    answer = await shared.get("/v1/models/claude-sonet-4.5")
    assert "claude-sonnet-4.5" in answer.error["message"]


async def test_a_cheaper_older_or_dearer_model_is_never_taken_instead(shared: Bench) -> None:
    for name in ("gpt-4.1-nano", "claude-haiku", "claude-opus-4", "gemini", "gpt-5"):
        assert (await shared.chat(model=name)).status == 404
    assert shared.chats() == []


async def test_the_list_is_fetched_once_for_all_who_ask(tmp_path: Path) -> None:
    async with bench(tmp_path, primed=False) as own:
        asked = [own.get("/v1/models") for _ in range(10)] + [own.chat(f"number {number}") for number in range(10)]
        assert {answer.status for answer in await asyncio.gather(*asked)} == {200}
        assert (await own.chat(model="no-such-model")).status == 404
        assert (await own.get("/v1/models/none-like-this")).status == 404
        assert len(own.sim.seen("/models")) == 1
        assert own.sim.exchanges == 1


async def test_without_a_list_requests_go_up_with_the_name_they_came_with(tmp_path: Path) -> None:
    async with bench(tmp_path, primed=False) as own:
        own.sim.inject(Fault(status=500), path="/models", times=None)
        raw = b'{"messages":[{"role":"user","content":"hi"}], "model" : "GPT-4o"}'
        await own.post(raw)
        assert own.chats()[0].body == raw
        assert (await own.chat()).status == 200
        listed = await own.get("/v1/models")
        assert listed.status == 500
        assert listed.error
        assert (await own.get("/v1/models/gpt-4o")).status == 500
        assert len(own.sim.seen("/models")) == 1
        report = await own.get("/readyz")
        assert report.status == 200
        assert report.json()["status"] == "degraded"
        assert list(report.json()["degraded"]) == ["models"]


async def test_a_name_of_the_users_own_is_used(tmp_path: Path) -> None:
    config = '[models.aliases]\n"my model" = "claude-sonnet-4.5"\n"gpt-4o" = "gpt-4.1"\n'
    async with bench(tmp_path, config=config) as own:
        answer = await own.chat(model="my model")
        assert answer.status == 200
        await own.chat(model="gpt-4o")
        assert [request.json()["model"] for request in own.chats()] == ["claude-sonnet-4.5", "gpt-4.1"]


@contextlib.asynccontextmanager
async def elsewhere(body: bytes) -> AsyncIterator[tuple[int, list[str]]]:
    """A server of somebody else's with a list of models, and the heads of the requests it got."""
    heads: list[str] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append((await reader.readuntil(b"\r\n\r\n")).decode())
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%b" % (len(body), body))
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1], heads


async def test_another_list_is_asked_for_where_the_settings_say_so(tmp_path: Path) -> None:
    async with elsewhere(b'[{"id":"gpt-4o","publisher":"OpenAI"}]') as (port, heads):
        config = f'copilot_models_url = "http://127.0.0.1:{port}/all"\n'  # goes on with the section [github]
        async with bench(tmp_path, config=config, primed=False) as own:
            document = (await own.get("/v1/models")).json()
            assert [(model["id"], model["owned_by"]) for model in document["data"]] == [("gpt-4o", "openai")]
            assert [head.partition("\r\n")[0] for head in heads] == ["GET /all HTTP/1.1"]
            assert own.sim.seen("/models") == []
