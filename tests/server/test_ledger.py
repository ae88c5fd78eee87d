"""The ledger of a real process, judged by the bill that the simulator keeps, through stops, kills and broken files."""

import asyncio
import json
import os
import random
import resource
import signal
import sqlite3
import sys
from collections import Counter
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from passenger.ledger.database import open_to_read
from passenger.simulator import Simulator
from tests.ledger.looking import is_made, totals
from tests.proxy import PATIENCE, eventually, profile_of
from tests.server.bench import CHAT, Bench, asking, bench
from tests.server.test_workers import workers

pytestmark = pytest.mark.asyncio(loop_scope="module")

DRAINS_BRIEFLY = "[server]\ndrain_timeout = 0.5\n"


def ledger_of(sim: Simulator, directory: Path) -> Path:
    return profile_of(sim, directory / "home" / ".local" / "state" / "passenger") / "ledger.sqlite"


def rows(path: Path) -> dict[str, Mapping[str, Any]]:
    """The rows by the end of the request's id."""
    with closing(open_to_read(path)) as database:
        database.row_factory = sqlite3.Row
        return {row["id"].hex()[-16:]: dict(row) for row in database.execute("SELECT * FROM ledger")}


def end_of(request_id: str) -> str:
    return request_id.replace("-", "")[-16:]


def billed(sim: Simulator) -> dict[str, Counter[str]]:
    """What the simulator has billed of each request: tokens, cost, and what it has told of that."""
    found: dict[str, Counter[str]] = {}
    for row in sim.bill.rows:
        counts = {name: getattr(row.counts, name) for name in ("cache_read", "cache_write", "output")}
        of_one = found.setdefault(end_of(row.request_id), Counter())
        of_one.update({**counts, "fresh": row.counts.input, "nano": row.nano if row.told is None else row.told})
    return found


def check(sim: Simulator, path: Path) -> int:
    """Compare the ledger with the bill; the cost of what was answered whole."""
    found, bill, exact = rows(path), billed(sim), 0
    assert {*bill} <= {*found}
    for key, row in found.items():
        if row["cost_source"] == "estimated":
            assert (row["outcome"], row["nano"] is None) != ("ok", False), row
        elif key not in bill:
            assert (row["nano"], row["code"] != "") == (0, True), row
        else:
            assert {name: row[name] or 0 for name in bill[key]} == {**bill[key]}, row
            exact += row["nano"]
    assert totals(path) == (len(found), sum(row["nano"] or 0 for row in found.values()))
    return exact


# --- what is asked -----------------------------------------------------------------------------------------------

MODELS = ("gpt-4o", "claude-opus-5", "gpt-5.4", "gpt-5.5", "gemini-3-pro-preview", "claude-haiku-4.5")
WELL = ("Hello", "[[think]] Why?", "[[events 40]]", "[[limit 12]]", "long " * 500, "[[copilot-usage absent]] What?")
ILL = ("[[cut 3]]", "[[error 2]]", "[[status 503]]", "[[reset]]", "[[reset 2]]", "[[end 3]]", "[[code quota_exceeded]]")


def question(chance: random.Random, text: str) -> tuple[str, dict[str, Any]]:
    """A request in one of the dialects: its path and body."""
    model, stream = chance.choice(MODELS), chance.random() < 0.5
    said = [{"role": "user", "content": text}]
    match chance.randrange(6):
        case 0:
            return "/v1/messages", {"model": model, "max_tokens": 500, "messages": said, "stream": stream}
        case 1:
            return "/v1/responses", {"model": model, "input": text, "stream": stream}
        case 2:
            return "/api/chat", {"model": model, "messages": said, "stream": stream}
        case 3:
            action = "streamGenerateContent?alt=sse" if stream else "generateContent"
            return f"/v1beta/models/{model}:{action}", {"contents": [{"role": "user", "parts": [{"text": text}]}]}
        case 4:
            return "/v1/embeddings", {"model": "text-embedding-3-small", "input": f"some words {chance.random()}"}
        case _:
            return CHAT, asking(text, model=model, stream=stream)


async def ask_many(own: Bench, count: int, seed: int) -> None:
    """Ask so many questions, 16 at once: most go well, some do not, and some clients leave."""
    chance, room = random.Random(seed), asyncio.Semaphore(16)

    async def ask(text: str) -> None:
        path, body = question(chance, text)
        async with room:
            await own.send("POST", path, json=body)

    async def leave(number: int) -> None:
        async with room:
            wire = await own.open(asking(f"[[drip 0.01]] [[events 200]] {number}", stream=True))
            await wire.until(b"data: ")
            wire.writer.transport.abort()

    texts = [chance.choice(WELL if chance.random() < 0.8 else ILL) for _ in range(count)]
    await asyncio.gather(*(ask(f"{text} {number}") for number, text in enumerate(texts)))
    await asyncio.gather(*(leave(number) for number in range(count // 50)))


# --- stops -------------------------------------------------------------------------------------------------------


@pytest.mark.proves("promise 9")
@pytest.mark.parametrize(("workers", "count"), [("1", 2000), ("2", 400)])
async def test_a_stop_leaves_the_bill_to_the_last_nano(tmp_path: Path, workers: str, count: int) -> None:
    async with (
        Simulator(unit="credits") as sim,
        bench(tmp_path, "--workers", workers, config=DRAINS_BRIEFLY, simulator=sim) as own,
    ):
        await ask_many(own, count, seed=int(workers))
        stalled = [await own.open(asking("[[stall 2]] some words", stream=True)) for _ in range(3)]
        for wire in stalled:
            await wire.until(b"data: ")
        assert (await own.get("/v1/models")).status == 200
        own.proxy.signal(signal.SIGTERM)
        assert await own.proxy.ended() == 0
        path = ledger_of(own.sim, tmp_path)
        assert [one.name for one in path.parent.glob("ledger*")] == ["ledger.sqlite"]
        assert check(own.sim, path) > 0
        found = [*rows(path).values()]
        assert {row["outcome"] for row in found} == {"ok", "broken", "failed", "client_gone"}
        assert {row["dialect"] for row in found} == {"completions", "messages", "responses", "ollama", "gemini"}
        assert {row["cost_source"] for row in found} == {"upstream", "priced", "estimated"}
        assert not own.proxy.logged("was killed")


# --- kills -------------------------------------------------------------------------------------------------------


@pytest.mark.proves("promise 9")
@pytest.mark.parametrize("workers", ["1", "2"])
async def test_kills_lose_nothing_that_was_written_and_the_next_start_names_them(tmp_path: Path, workers: str) -> None:
    seen = set[str]()
    async with Simulator() as sim:
        path = ledger_of(sim, tmp_path)
        for number in range(4):
            async with bench(tmp_path, "--workers", workers, simulator=sim, primed=False) as own:
                if number:
                    await own.proxy.said("was killed: requests of its last second are missing in the ledger")
                answers = [await own.chat(f"round {number}, {one}") for one in range(3 + number)]
                wanted = {end_of(answer.headers["x-request-id"]) for answer in answers}
                await eventually(lambda: is_made(path) and wanted <= {*rows(path)})  # noqa: B023 - it is awaited here
                seen |= wanted
                before = len(own.chats())
                last = asyncio.gather(*(own.chat("at the end") for _ in range(20)), return_exceptions=True)
                await own.upstream(number=before + 1 + 5 * number)
                for pid in processes(own):
                    os.kill(pid, signal.SIGKILL)
                await own.proxy.ended()
                await last
            found = rows(path)
            assert seen <= {*found}
            assert {*found} <= {end_of(str(one.header("x-request-id"))) for one in sim.seen("/chat/completions")}
            assert totals(path)[0] == len(found)
            bill = billed(sim)
            assert {row["nano"] for key, row in found.items() if key in seen} == {bill[key]["nano"] for key in seen}


def processes(own: Bench) -> list[int]:
    """Its workers, if it has any, and then itself."""
    return [*workers(own.proxy), own.proxy.pid]


async def test_a_worker_that_is_killed_is_named_by_the_one_in_its_place(tmp_path: Path) -> None:
    async with bench(tmp_path, "--workers", "2") as own:
        path = ledger_of(own.sim, tmp_path)
        await eventually(lambda: is_made(path))
        async with asyncio.timeout(PATIENCE):
            while writers(path) < 2:
                wire = await own.open(asking())
                await wire.until(b'"total_tokens"')
                wire.writer.close()
        first, *_ = processes(own)
        os.kill(first, signal.SIGKILL)
        await own.proxy.said(f"process {first} was killed: requests of its last second are missing in the ledger")
        assert (await own.chat()).status == 200


def writers(path: Path) -> int:
    with closing(open_to_read(path)) as database:
        return int(database.execute("SELECT count(*) FROM writer").fetchone()[0])


# --- what is wrong with the file ---------------------------------------------------------------------------------


async def trouble(own: Bench) -> str:
    """What `/readyz` says of the ledger, empty where all is well."""
    answer = await own.get("/readyz")
    assert answer.status == 200
    return str(answer.json()["degraded"].get("ledger", ""))


async def until_told(own: Bench, text: str) -> None:
    """Wait until `/readyz` says this of the ledger; empty: until it says nothing."""
    async with asyncio.timeout(PATIENCE):
        while not (text in (found := await trouble(own)) and bool(found) is bool(text)):
            await asyncio.sleep(0.05)


async def test_a_damaged_file_stops_nobody_and_once_it_is_moved_away_nothing_is_lost(tmp_path: Path) -> None:
    async with Simulator() as sim:
        path = ledger_of(sim, tmp_path)
        path.parent.mkdir(parents=True)
        path.write_bytes(b"no database" * 1000)
        async with bench(tmp_path, simulator=sim, primed=False) as own:
            for _ in range(5):
                assert (await own.chat()).status == 200
            damaged = f"{path} is damaged: file is not a database; mv "
            await until_told(own, f"5 requests wait to be written and 0 are lost: {damaged}")
            path.rename(f"{path}.damaged")
            await until_told(own, "")
            assert totals(path)[0] == 5


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux sets the limits of another process")
async def test_a_disk_that_is_full_stops_nobody_and_once_there_is_room_nothing_is_lost(tmp_path: Path) -> None:
    async with bench(tmp_path) as own:
        path = ledger_of(own.sim, tmp_path)
        await eventually(lambda: is_made(path) and totals(path)[0] == 1)
        full = path.with_name(f"{path.name}-wal").stat().st_size  # where the next rows would go
        room = resource.prlimit(own.proxy.pid, resource.RLIMIT_FSIZE, (full, resource.RLIM_INFINITY))
        for _ in range(5):
            assert (await own.chat()).status == 200
        await until_told(own, f"{path} cannot be used: disk I/O error; df ")
        assert (await own.chat()).status == 200
        resource.prlimit(own.proxy.pid, resource.RLIMIT_FSIZE, room)
        await until_told(own, "")
        assert totals(path)[0] == 7


async def test_a_file_that_is_taken_away_is_begun_anew(tmp_path: Path) -> None:
    async with bench(tmp_path) as own:
        path = ledger_of(own.sim, tmp_path)
        await eventually(lambda: is_made(path) and totals(path)[0] == 1)
        for file in path.parent.glob("ledger.sqlite*"):
            file.unlink()
        assert (await own.chat()).status == 200
        await eventually(lambda: is_made(path) and totals(path)[0] == 1)
        assert own.proxy.logged("the ledger was taken away")


async def test_what_is_in_it_is_nothing_of_a_body_a_path_or_a_key(tmp_path: Path) -> None:
    said = ("my-prompt-words", "my-api-key", "my-user-field", "my-query")
    async with bench(tmp_path) as own:
        body = json.dumps(asking(said[0], user=said[2]))
        headers = {"authorization": f"Bearer {said[1]}", "content-type": "application/json"}
        assert (await own.send("POST", f"{CHAT}?q={said[3]}", data=body, headers=headers)).status == 200
    path = ledger_of(own.sim, tmp_path)
    assert totals(path)[0] == 2
    content = b"".join(file.read_bytes() for file in path.parent.glob("ledger.sqlite*"))
    assert not [word for word in (*said, "/v1/chat", own.sim.login_token) if word.encode() in content]


async def test_where_none_is_wanted_none_is_made(tmp_path: Path) -> None:
    async with bench(tmp_path, env={"PASSENGER_LEDGER_ENABLED": "false"}) as own:
        assert await trouble(own) == ""
    assert not ledger_of(own.sim, tmp_path).exists()
