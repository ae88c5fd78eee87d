"""Two workers that keep the limits of a team together: exactly, and each with its share where their file fails."""

import asyncio
import json
import os
import signal
import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path

import aiohttp
import pytest

from passenger.account.scope_limits import Budget
from tests.proxy import eventually
from tests.server.bench import HEAD, Answer, Wire, asking
from tests.server.test_team_keys import Team, team_of
from tests.server.test_team_limits import CREDIT, begin, spent_of
from tests.server.test_workers import TWO, answer, server_of, wires_to, workers

pytestmark = pytest.mark.asyncio(loop_scope="module")


def ask_with(key: str, wire: Wire, **fields: object) -> None:
    """A chat request with a key on a connection that there is."""
    body = json.dumps(asking(model="gpt-5.1", **fields)).encode()  # type: ignore[arg-type]  # its text among them
    wire.writer.write(f"{HEAD}Authorization: Bearer {key}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)


async def status_of(key: str, wire: Wire, **fields: object) -> int:
    """The status that a worker answers with."""
    ask_with(key, wire, **fields)
    return int((await answer(wire)).split()[1])


async def chat(team: Team, key: str) -> Answer:
    """A request to any worker."""
    return await team.own.post(asking(model="gpt-5.1"), {"Authorization": f"Bearer {key}", "Connection": "close"})


def counters(team: Team) -> Path:
    return team.path.with_name("counters.db")


async def one_each(team: Team) -> list[Wire]:
    """A connection to each worker."""
    return [wire for pid in workers(team.own.proxy) for wire in await wires_to(team.own, pid)]


async def test_a_team_without_limits_makes_no_file(tmp_path: Path) -> None:
    async with team_of(tmp_path, *TWO) as team:
        key = await begin(team)
        assert (await chat(team, key)).status == 200
        assert not counters(team).exists()


async def test_requests_a_minute_are_exact_whichever_worker_is_asked(tmp_path: Path) -> None:
    async with team_of(tmp_path, *TWO) as team:
        key = await begin(team, requests_per_minute=3)
        one, two = await one_each(team)
        assert [await status_of(key, wire) for wire in (one, one, one, two, one)] == [200, 200, 200, 429, 429]
        assert counters(team).stat().st_mode & 0o777 == 0o600


async def test_a_thousand_requests_at_once_never_pass_a_cap_of_two_workers(tmp_path: Path) -> None:
    cap, most = CREDIT, 20
    room = "[limits]\nmax_requests = 4000\nmax_connections = 8000\n[quota]\nbudget_wait = 600\n"
    async with team_of(tmp_path, *TWO, config=room) as team:
        key = await begin(team, Budget("month", cap, reserve="worst"))
        body = asking("hello", model="gpt-5.1", max_completion_tokens=most)
        path, headers = team.own.proxy.url + "/v1/chat/completions", {"Authorization": f"Bearer {key}"}
        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=600)) as http:

            async def one() -> tuple[int, str | None]:
                async with http.post(path, json=body, headers=headers) as response:
                    await response.read()
                    return response.status, response.headers.get("x-passenger-limits")

            answers = Counter(await asyncio.gather(*(one() for _ in range(1000))))
        assert set(answers) == {(200, None), (429, None)}
        served = answers[200, None]
        spent = await spent_of(team, served)
        assert spent == sum(row.nano for row in team.own.sim.bill.rows[-served:])
        worst = len(json.dumps(body)) * 125_000 + most * 1_000_000
        assert cap - worst <= spent <= cap


async def test_what_a_killed_worker_held_is_given_back(tmp_path: Path) -> None:
    async with team_of(tmp_path, *TWO, config="[quota]\nbudget_wait = 0\n") as team:
        key = await begin(team, Budget("day", CREDIT, reserve="worst"))
        one, two = await one_each(team)
        # holds 0.6 of the credit: 600 tokens of output
        ask_with(key, one, text="[[stall 2]]", stream=True, max_completion_tokens=600)
        await one.until(b"data:")
        assert await status_of(key, two, max_completion_tokens=600) == 429
        gone = server_of(one)
        assert gone is not None
        os.kill(gone, signal.SIGKILL)
        await team.own.proxy.said(f"(process {gone}) has ended by signal 9")
        assert await status_of(key, two, max_completion_tokens=600) == 200


async def test_one_that_waits_is_woken_when_the_worker_that_holds_all_is_replaced(tmp_path: Path) -> None:
    async with team_of(tmp_path, *TWO, config="[quota]\nbudget_wait = 600\n") as team:
        key = await begin(team, Budget("day", CREDIT, reserve="worst"))
        one, two = await one_each(team)
        ask_with(key, one, text="[[stall 2]]", stream=True, max_completion_tokens=600)
        await one.until(b"data:")
        waiting = asyncio.create_task(status_of(key, two, max_completion_tokens=600))
        gone = server_of(one)
        assert gone is not None
        os.kill(gone, signal.SIGKILL)
        assert await waiting == 200


async def until_together(team: Team, key: str) -> None:
    """Ask until all workers count together again."""
    async with asyncio.timeout(30):
        together = 0
        while together < 20:
            found = await chat(team, key)
            assert found.status in {200, 503}
            is_good = found.status == 200 and "x-passenger-limits" not in found.headers
            together = together + 1 if is_good else 0


async def readiness_of(wire: Wire) -> str:
    """What `/readyz` of one worker says."""
    wire.writer.write(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n")
    report = (await answer(wire)).partition(b"\r\n\r\n")[2]
    return str(json.loads(report)["status"])


async def test_a_locked_file_is_told_and_each_worker_goes_on_with_its_share(tmp_path: Path) -> None:
    async with team_of(tmp_path, *TWO) as team:
        key = await begin(team, requests_per_minute=10_000)
        await until_together(team, key)
        (wire,) = await wires_to(team.own, workers(team.own.proxy)[0])
        assert await readiness_of(wire) == "ok"
        with closing(sqlite3.connect(counters(team), isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            ask_with(key, wire)
            found = (await answer(wire)).lower()
            assert b"x-passenger-limits: degraded" in found
            assert b"x-ratelimit-limit-requests: 5000" in found
            assert await readiness_of(wire) == "degraded"
            await team.own.proxy.said("database is locked; each worker has its share of the limits")
            other.execute("ROLLBACK")
        await until_together(team, key)
        async with asyncio.timeout(30):
            while await readiness_of(wire) != "ok":
                await asyncio.sleep(0.01)


async def test_a_locked_file_refuses_where_the_settings_want_that(tmp_path: Path) -> None:
    async with team_of(tmp_path, *TWO, config='[quota]\non_failure = "closed"\n') as team:
        key = await begin(team, requests_per_minute=10_000)
        await until_together(team, key)
        with closing(sqlite3.connect(counters(team), isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            refused = await chat(team, key)
            assert (refused.status, refused.error["code"]) == (503, "limits_unavailable")
            assert refused.headers["retry-after"] == "2"
            other.execute("ROLLBACK")
        await until_together(team, key)


async def test_a_damaged_file_is_made_anew_and_budgets_begin_with_the_ledger(tmp_path: Path) -> None:
    async with team_of(tmp_path, *TWO) as team:
        key = await begin(team, Budget("total", 10_000 * CREDIT))
        assert (await chat(team, key)).status == 200
        spent = await spent_of(team, 1)
        new = counters(team).with_name("damaged")
        new.write_bytes(b"no database at all" * 1000)
        new.replace(counters(team))
        told = await chat(team, key)
        assert (told.status, told.headers["x-passenger-limits"]) == (200, "degraded")
        await until_together(team, key)

        def counted() -> int:
            with closing(sqlite3.connect(counters(team))) as database:
                return int(database.execute("SELECT spent FROM sum").fetchone()[0])

        await eventually(lambda: counted() >= spent * 21)
