"""`passenger keys revoke --now` ends what runs with a key, in whatever way it runs, and nothing of another key."""

import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from passenger.team.key_format import shown_form
from passenger.team.keys import revoke_key
from tests.proxy import eventually
from tests.server.bench import Wire, asking
from tests.server.test_team_keys import Team, team_of
from tests.server.test_team_limits import limit
from tests.server.test_workers import TWO
from tests.server.websocket.test_connection import answer, create, hear, say, socket

pytestmark = pytest.mark.asyncio(loop_scope="module")

ENDLESS = "[[stall 2]]"


@contextlib.asynccontextmanager
async def begun(tmp_path: Path, *arguments: str, config: str = "") -> AsyncIterator[tuple[Team, str, str]]:
    """A team, and two keys of alice."""
    async with team_of(tmp_path, *arguments, config=config) as team:
        await team.begin()
        yield team, team.key(), team.key()


def cut(team: Team, key: str) -> None:
    team.change(lambda database, by: revoke_key(database, by, shown_form(key), cut=True))


async def post(team: Team, key: str, path: str, body: object, head: str = "") -> Wire:
    data = json.dumps(body).encode()
    return await team.own.dial(
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {key}\r\n{head}Content-Length: {len(data)}\r\n\r\n".encode()
        + data
    )


async def test_streams_of_all_workers(tmp_path: Path) -> None:
    async with begun(tmp_path, *TWO) as (team, key, other):
        keys = [key] * 8 + [other]
        wires = [
            await team.own.open(asking(ENDLESS, stream=True), head=f"Authorization: Bearer {one}\r\n") for one in keys
        ]
        for wire in wires:
            await wire.until(b"data:")
        cut(team, key)
        for wire in wires[:-1]:
            assert b"key_revoked" in await wire.until(b"0\r\n\r\n")
        await eventually(lambda: team.own.sim.active == 1)
        cut(team, other)
        assert b"key_revoked" in await wires[-1].until(b"0\r\n\r\n")


async def test_a_turn_of_a_websocket(tmp_path: Path) -> None:
    async with begun(tmp_path) as (team, key, other):
        own = team.own
        headers = [{"Authorization": f"Bearer {one}"} for one in (key, other)]
        async with (
            socket(own, additional_headers=headers[0]) as made,
            socket(own, additional_headers=headers[1]) as two,
        ):
            await say(made, create(ENDLESS))
            assert (await hear(made))["type"] == "response.created"
            await say(made, create("waiting"))  # it waits on the lane of the first
            cut(team, key)
            events = [await hear(made)]
            while events[-1]["type"] not in {"response.failed", "error"}:
                events.append(await hear(made))
            assert "key_revoked" in json.dumps(events[-1])
            (refused,) = await answer(made)
            assert refused["status"] == 401
            assert (await answer(made, create("again", previous_response_id="resp_x")))[0]["status"] == 401
            assert (await answer(two, create("hello")))[-1]["type"] == "response.completed"


async def test_a_response_in_the_background(tmp_path: Path) -> None:
    async with begun(tmp_path) as (team, key, other):
        asked = {"model": "gpt-5.5", "input": ENDLESS, "background": True}
        sent = await team.own.send("POST", "/v1/responses", json=asked, headers={"x-api-key": key})
        await eventually(lambda: team.own.sim.active == 1)
        cut(team, key)
        name = f"/v1/responses/{sent.json()['id']}"
        events = await team.own.get(f"{name}?stream=true", {"x-api-key": other})  # ends with the response
        assert b"response.failed" in events.body
        told = await team.own.get(name, {"x-api-key": other})
        assert told.json()["status"] == "failed"


async def test_an_answer_that_is_finished_without_its_client(tmp_path: Path) -> None:
    async with begun(tmp_path, config="[state]\nfinish_dropped = true\n") as (team, key, _other):
        wire = await post(team, key, "/v1/responses", {"model": "gpt-5.5", "input": ENDLESS, "stream": True})
        await wire.until(b"response.in_progress")
        wire.abort()
        await eventually(lambda: team.own.sim.active == 1)
        cut(team, key)
        await eventually(lambda: team.own.sim.active == 0)
        await team.own.proxy.said("code=key_revoked")


async def test_a_request_that_waits_for_a_place(tmp_path: Path) -> None:
    async with begun(tmp_path) as (team, key, other):
        limit(team, concurrency=1)
        number = len(team.own.chats())
        held = await team.own.open(asking(ENDLESS, stream=True), head=f"Authorization: Bearer {other}\r\n")
        await held.until(b"data:")
        waiting = await team.own.open(asking(stream=False), head=f"Authorization: Bearer {key}\r\n")
        cut(team, key)
        head = await waiting.until(b"\r\n\r\n")
        assert b" 401 " in head
        cut(team, other)
        assert b"key_revoked" in await held.until(b"0\r\n\r\n")
        assert len(team.own.chats()) == number + 1
        assert (await team.chat(team.key())).status == 200  # no place was lost


@pytest.mark.parametrize("first", [True, False], ids=["who asked first", "who joined"])
async def test_one_of_those_who_share_a_call(tmp_path: Path, first: bool) -> None:
    async with begun(tmp_path) as (team, key, other):
        number = len(team.own.chats())
        keep = "Cache-Control: max-age=60\r\n"
        wires = []
        for one in (key, other) if first else (other, key):
            asked = asking(ENDLESS, stream=True)
            wires.append(await team.own.open(asked, head=f"Authorization: Bearer {one}\r\n{keep}"))
            await wires[-1].until(b"data:")
        cut(team, key)
        gone, stays = wires if first else wires[::-1]
        assert b"key_revoked" in await gone.until(b"0\r\n\r\n")
        assert (team.own.sim.active, len(team.own.chats())) == (1, number + 1)
        cut(team, other)
        assert b"key_revoked" in await stays.until(b"0\r\n\r\n")
        await eventually(lambda: team.own.sim.active == 0)
