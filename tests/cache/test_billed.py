"""What the cache saves is in the ledger, and each call to Copilot is paid for once, whoever leaves."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from passenger.simulator import Simulator
from tests.cache.test_chats import CLAUDE, GPT, RESPONSES_ONLY, ask, question
from tests.ledger.looking import is_made
from tests.proxy import eventually
from tests.server.bench import CHAT, Bench, asking, bench
from tests.server.test_ledger import ledger_of, rows


async def written(one: Bench, directory: Path, count: int) -> list[Mapping[str, Any]]:
    """The rows of that many requests, in the order in which they began."""

    def look() -> list[Mapping[str, Any]]:
        path = ledger_of(one.sim, directory)
        found = rows(path).values() if is_made(path) else ()
        return sorted(found, key=lambda row: bytes(row["id"])) if len(found) >= count else []

    return await eventually(look)


@pytest.mark.parametrize(("dialect", "model"), [("messages", CLAUDE), ("messages", RESPONSES_ONLY), ("gemini", CLAUDE)])
@pytest.mark.parametrize("stream", [False, True])
async def test_a_hit_costs_nothing_and_saves_what_the_answer_cost(
    tmp_path: Path, dialect: str, model: str, *, stream: bool
) -> None:
    async with Simulator(unit="credits") as sim, bench(tmp_path, simulator=sim) as one:
        asked = question(dialect, model, "Hello", stream=stream)
        for _ in range(3):
            await ask(one, asked)
        _, first, *others = await written(one, tmp_path, 4)
        assert (first["cache"], first["saved_nano"]) == ("stored", None)
        assert first["nano"] > 0
        for row in others:
            assert (row["cache"], row["nano"], row["saved_nano"]) == ("hit", 0, first["nano"])
            assert (row["fresh"], row["output"], row["outcome"]) == (0, 0, "ok")
        assert sum(row["nano"] for row in (first, *others)) == sum(row.nano for row in sim.bill.rows[-1:])


async def test_a_kept_vector_saves_its_share(tmp_path: Path) -> None:
    async with Simulator(unit="credits") as sim, bench(tmp_path, simulator=sim) as one:
        for texts in (["some words"], ["some words", "more words"], ["more words"]):
            body = {"model": "text-embedding-3-small", "input": texts}
            assert (await one.send("POST", "/v1/embeddings", json=body)).status == 200
        _, *found = await written(one, tmp_path, 4)
        assert [row["cache"] for row in found] == ["stored", "stored", "hit"]
        assert [row["saved_nano"] for row in found] == [None, found[0]["nano"], found[1]["nano"]]
        assert found[2]["nano"] == 0
        assert found[0]["fresh"] == found[1]["fresh"] > found[2]["fresh"] == 0


async def test_whoever_stays_pays_and_nobody_pays_twice(tmp_path: Path) -> None:
    body = asking("[[drip 0.02]] [[events 60]]", stream=True)
    async with Simulator(unit="credits") as sim, bench(tmp_path, simulator=sim) as one:
        leader = await one.open(body, head="Cache-Control: max-age=60\r\n")
        await leader.until(b"data: ")
        followers = [asyncio.ensure_future(ask(one, (CHAT, body))) for _ in range(2)]
        fourth = await one.open(body, head="Cache-Control: max-age=60\r\n")
        await fourth.until(b"data: ")
        leader.abort()
        await asyncio.gather(*followers)
        fourth.abort()
        _, *found = await written(one, tmp_path, 5)
        [bill] = [row for row in sim.bill.rows if row.counts.output >= 60]
        assert sum(row["nano"] for row in found) == bill.nano
        assert [row["cache"] in {"joined", "hit"} for row in found].count(True) == 3
        assert {row["outcome"] for row in found} <= {"ok", "client_gone"}


async def test_the_log_says_what_the_cache_did(tmp_path: Path) -> None:
    async with bench(tmp_path, "-v") as one:
        asked = question("completions", GPT, "Hello", stream=False)
        await ask(one, asked)
        assert "cache=hit" in await one.line(await ask(one, asked))
