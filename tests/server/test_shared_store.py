"""Several workers keep conversations together: whichever is asked finds what another has kept."""

import asyncio
import contextlib
import os
import signal
from pathlib import Path

import aiohttp
import pytest

from passenger.server.process.store_process import NAME
from tests.proxy import PATIENCE, Proxy, eventually
from tests.server.bench import Answer, Bench, bench
from tests.server.test_hangs import IMPATIENT
from tests.server.test_workers import TWO, children, comm, workers

pytestmark = pytest.mark.asyncio(loop_scope="module")

RESPONSES = "/v1/responses"


def store_of(proxy: Proxy) -> int | None:
    """The process that has the store."""
    return next((pid for pid in children(proxy) if comm(pid) == NAME), None)


async def turn(own: Bench, text: str, previous: str | None = None) -> Answer:
    """One turn, on a connection of its own: the system gives it to any worker."""
    body = {"model": "gpt-5.5", "input": text, "previous_response_id": previous}
    return await own.send("POST", RESPONSES, json=body, headers={"Connection": "close"})


async def turn_at_last(own: Bench, text: str, previous: str) -> Answer:
    """A turn, once a new worker listens: nobody does for a moment after all have died."""
    async with asyncio.timeout(PATIENCE):
        while True:
            with contextlib.suppress(aiohttp.ClientConnectorError):
                return await turn(own, text, previous)
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("keep", ["memory", "disk"])
async def test_a_chain_goes_on_with_every_worker(tmp_path: Path, keep: str) -> None:
    async with bench(tmp_path, *TWO, config=f'[state]\nkeep = "{keep}"\n') as own:
        previous = None
        for number in range(30):
            answer = await turn(own, f"turn {number}", previous)
            assert answer.status == 200, answer.body
            previous = answer.json()["id"]
        assert len(own.sim.requests[-1].json()["input"]) == 59


async def test_two_turns_of_a_conversation_are_not_made_at_once_by_two_workers(tmp_path: Path) -> None:
    async with bench(tmp_path, *TWO) as own:
        name = (await own.send("POST", "/v1/conversations", json={})).json()["id"]

        async def say(text: str) -> Answer:
            body = {"model": "gpt-5.5", "input": text, "conversation": name}
            return await own.send("POST", RESPONSES, json=body, headers={"Connection": "close"})

        slow = asyncio.create_task(say("[[delay 30]] one"))
        await own.upstream("/responses")
        for _ in range(4):
            answer = await say("two")
            assert (answer.status, answer.error["code"]) == (409, "conversation_locked")
        slow.cancel()
        await eventually(lambda: own.sim.active == 0)
        for number in range(20):
            answer = await say(f"turn {number}")
            assert answer.status == 200, answer.body


async def test_the_limit_of_the_background_is_that_of_all_workers(tmp_path: Path) -> None:
    async with bench(tmp_path, *TWO, config="[state]\nbackground = 2\n") as own:

        async def start() -> Answer:
            body = {"model": "gpt-5.5", "input": "[[stall 6]] [[events 20]]", "background": True}
            return await own.send("POST", RESPONSES, json=body, headers={"Connection": "close"})

        made = [(await start()).json()["id"] for _ in range(2)]
        for _ in range(4):
            answer = await start()
            assert (answer.status, answer.error["code"]) == (429, "too_many_background")

        async def cancel() -> None:
            path = f"{RESPONSES}/{made.pop()}/cancel"
            assert (await own.send("POST", path)).json()["status"] == "cancelled"

        await cancel()
        made.append((await start()).json()["id"])
        while made:
            await cancel()


async def test_a_worker_that_dies_loses_nothing(tmp_path: Path) -> None:
    async with bench(tmp_path, *TWO) as own:
        first = (await turn(own, "one")).json()["id"]
        for pid in workers(own.proxy):
            os.kill(pid, signal.SIGKILL)
        await own.proxy.said("worker 2 (process")
        await eventually(lambda: len(workers(own.proxy)) == 2)
        answer = await turn_at_last(own, "two", first)
        assert answer.status == 200, answer.body


async def test_a_store_that_dies_is_replaced_and_what_it_had_is_not_found(tmp_path: Path) -> None:
    async with bench(tmp_path, *TWO) as own:
        first = (await turn(own, "one")).json()["id"]
        pid = store_of(own.proxy)
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        await own.proxy.said("the store of conversations (process")
        await eventually(lambda: store_of(own.proxy) not in {None, pid})
        lost = await turn(own, "two", first)
        assert lost.error["code"] == "previous_response_not_found"
        again = (await turn(own, "one")).json()["id"]
        assert (await turn(own, "two", again)).status == 200


async def test_a_store_that_hangs_is_replaced(tmp_path: Path) -> None:
    async with bench(tmp_path, *TWO, program=IMPATIENT) as own:
        pid = store_of(own.proxy)
        assert pid is not None
        os.kill(pid, signal.SIGSTOP)
        await own.proxy.said(f"the store of conversations (process {pid}) hangs")
        await own.proxy.said(f"the store of conversations (process {pid}) has ended by signal 9")
        await eventually(lambda: store_of(own.proxy) not in {None, pid})
        first = (await turn(own, "one")).json()["id"]
        assert (await turn(own, "two", first)).status == 200


async def test_a_store_that_hangs_does_not_keep_the_others_from_stopping(tmp_path: Path) -> None:
    async with bench(tmp_path, *TWO) as own:
        pid = store_of(own.proxy)
        assert pid is not None
        os.kill(pid, signal.SIGSTOP)
        own.proxy.signal(signal.SIGTERM)
        assert await own.proxy.ended() == 0
        assert own.proxy.logged(f"the store of conversations (process {pid}) does not stop and is killed")


async def test_ctrl_c_to_all_of_them_ends_the_store_after_the_answers(tmp_path: Path) -> None:
    async with bench(tmp_path, *TWO) as own:
        pid = store_of(own.proxy)
        assert pid is not None
        first = (await turn(own, "one")).json()["id"]
        for one in (signal.SIGINT, signal.SIGTERM):
            os.kill(pid, one)
        assert (await turn(own, "two", first)).status == 200
        assert store_of(own.proxy) == pid
        own.proxy.signal(signal.SIGINT)
        assert await own.proxy.ended() == 130
        assert not own.proxy.logged("the store of conversations")


async def test_its_directory_goes_also_if_the_supervisor_is_killed(tmp_path: Path) -> None:
    places = tmp_path / "t"
    places.mkdir()
    async with bench(tmp_path, *TWO, env={"TMPDIR": str(places)}) as own:
        (directory,) = places.glob("passenger-*")
        own.proxy.signal(signal.SIGKILL)
        await own.proxy.ended()
        await eventually(lambda: not directory.exists())


async def test_nothing_of_it_is_on_disk_and_its_directory_goes(tmp_path: Path) -> None:
    places = tmp_path / "t"
    places.mkdir()
    async with bench(tmp_path, *TWO, env={"TMPDIR": str(places)}) as own:
        (directory,) = places.iterdir()
        assert directory.stat().st_mode & 0o777 == 0o700
        await turn(own, "a canary that sings")
        files = [path for place in (places, own.proxy.home) for path in place.rglob("*")]
        assert not [path for path in files if b"a canary that sings" in content(path)]
        own.proxy.signal(signal.SIGTERM)
        assert await own.proxy.ended() == 0
    assert not directory.exists()


def content(path: Path) -> bytes:
    """What a file holds; nothing of one that is none, or that SQLite has removed by now."""
    with contextlib.suppress(OSError):
        return path.read_bytes()
    return b""


async def test_nothing_is_started_where_nothing_is_kept(tmp_path: Path) -> None:
    async with bench(tmp_path, *TWO, config='[state]\nkeep = "none"\n') as own:
        assert store_of(own.proxy) is None
