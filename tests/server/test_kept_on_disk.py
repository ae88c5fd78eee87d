"""Conversations on disk, through servers that are stopped, killed and started again."""

import signal
import sqlite3
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from passenger.simulator import Simulator
from tests.server.bench import Answer, Bench, bench

DISK = '[state]\nkeep = "disk"\n'
RESPONSES = "/v1/responses"


def state_files(home: Path) -> list[Path]:
    return sorted(home.rglob("state.sqlite*"))


async def create(one: Bench, text: str, **fields: Any) -> Answer:
    return await one.send("POST", RESPONSES, json={"model": "gpt-5.5", "input": text, **fields})


async def created(one: Bench, text: str, **fields: Any) -> str:
    answer = await create(one, text, **fields)
    assert answer.status == 200, answer.body
    return str(answer.json()["id"])


def written(home: Path) -> Iterator[bytes]:
    """What is in the file, as it lies there and unpacked."""
    for path in state_files(home):
        yield path.read_bytes()
    (path,) = home.rglob("state.sqlite")
    database = sqlite3.connect(path)
    for table in ("response", "item", "log"):
        for (data,) in database.execute(f"SELECT data FROM {table}"):
            yield zlib.decompress(data)
    database.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
async def test_a_conversation_goes_on_after_a_restart(tmp_path: Path, number: int) -> None:
    async with Simulator() as simulator:
        async with bench(tmp_path, config=DISK, simulator=simulator) as one:
            first = await created(one, "My name is Ada.")
            second = await created(one, "I like tea.", previous_response_id=first)
            one.proxy.signal(number)
            await one.proxy.ended()
        async with bench(tmp_path, config=DISK, simulator=simulator) as one:
            assert (await one.get(f"{RESPONSES}/{first}")).status == 200
            await created(one, "What is my name?", previous_response_id=second)
            sent = str(one.sim.requests[-1].json()["input"])
            assert sent.index("Ada") < sent.index("tea") < sent.index("What is my name?")


async def test_what_is_not_to_be_stored_is_nowhere(tmp_path: Path) -> None:
    async with bench(tmp_path, config=DISK) as one:
        await created(one, "the canary that is kept")
        hidden = await created(one, "the bird that is hidden", store=False)
        deleted = await created(one, "the fish that is deleted")
        assert (await one.send("DELETE", f"{RESPONSES}/{deleted}")).status == 200
    found = b"".join(written(one.proxy.home))
    assert b"the canary that is kept" in found
    for one_that_is_not in (b"the bird that is hidden", hidden.encode(), b"the fish that is deleted", deleted.encode()):
        assert one_that_is_not not in found


async def test_nothing_is_on_disk_where_that_is_not_asked_for(tmp_path: Path) -> None:
    async with bench(tmp_path) as one:
        await created(one, "hello")
        assert state_files(one.proxy.home) == []


async def test_a_damaged_file_is_told_of_and_the_memory_goes_on(tmp_path: Path) -> None:
    async with Simulator() as simulator:
        async with bench(tmp_path, config=DISK, simulator=simulator) as one:
            await created(one, "hello")
        (path,) = state_files(one.proxy.home)
        path.write_bytes(b"no database" * 1000)
        async with bench(tmp_path, config=DISK, simulator=simulator) as one:
            report = (await one.get("/readyz")).json()
            assert report["status"] == "degraded"
            assert "is damaged" in report["degraded"]["state"]
            first = await created(one, "My name is Ada.")
            assert (await create(one, "What is my name?", previous_response_id=first)).status == 200
        (aside,) = state_files(one.proxy.home)
        assert aside.read_bytes().startswith(b"no database")


async def test_a_second_server_keeps_nothing_and_fails_no_answer(tmp_path: Path) -> None:
    async with Simulator() as simulator, bench(tmp_path, config=DISK, simulator=simulator) as one:
        await created(one, "hello")
        async with bench(tmp_path, config=DISK, simulator=simulator) as other:
            answer = await create(other, "hello")
            assert answer.status == 200
            assert answer.headers["x-passenger-stored"] == "no; the file is locked"
            assert (await other.get(f"{RESPONSES}/{answer.json()['id']}")).status == 404
