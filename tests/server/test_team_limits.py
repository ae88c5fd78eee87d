"""The limits of a team at a running server: who waits, who is refused in which words, and that budgets are kept."""

import asyncio
import json
import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from passenger.account.scope_limits import Budget
from passenger.team.audit import Author
from passenger.team.limits import LimitChange, set_budget, set_limits
from passenger.team.users import find_user
from tests.proxy import eventually
from tests.server.bench import Answer, asking
from tests.server.test_team_keys import Team, team_of

pytestmark = pytest.mark.asyncio(loop_scope="module")

SAID = asking(model="gpt-5.1")

DIALECTS: dict[str, tuple[str, dict[str, Any]]] = {
    "completions": ("/v1/chat/completions", SAID),
    "responses": ("/v1/responses", {"model": "gpt-5.1", "input": "hello"}),
    "messages": (
        "/v1/messages",
        {"model": "gpt-5.1", "max_tokens": 50, "messages": SAID["messages"]},
    ),
    "gemini": ("/v1beta/models/gpt-5.1:generateContent", {"contents": [{"parts": [{"text": "hello"}]}]}),
    "ollama": ("/api/chat", {**SAID, "stream": False}),
}


def limit(team: Team, budget: Budget | None = None, **limits: int | None) -> None:
    """Set limits of alice."""

    def job(database: sqlite3.Connection, by: Author) -> None:
        whose = f"user:{find_user(database, 'alice').id}"
        set_limits(database, by, whose, LimitChange(**limits))
        if budget is not None:
            set_budget(database, by, whose, budget)

    team.change(job)


async def ask(team: Team, key: str, dialect: str) -> Answer:
    path, body = DIALECTS[dialect]
    return await team.own.send("POST", path, json=body, headers={"Authorization": f"Bearer {key}"})


async def ledger_of(team: Team, requests: int) -> list[dict[str, Any]]:
    """What the ledger has of that many requests of alice, the oldest first."""

    def rows() -> list[dict[str, Any]]:
        with closing(sqlite3.connect(team.path.with_name("ledger.sqlite"))) as database:
            database.row_factory = sqlite3.Row
            if not [*database.execute("SELECT name FROM sqlite_master WHERE name = 'ledger'")]:
                return []  # the server is about to make it
            return [dict(row) for row in database.execute("SELECT * FROM ledger WHERE user != '' ORDER BY id")]

    await eventually(lambda: len(rows()) >= requests)
    found = rows()
    assert len(found) == requests
    return found


async def spent_of(team: Team, requests: int) -> int:
    """What that many requests of alice have cost."""
    return sum(row["nano"] for row in await ledger_of(team, requests))


CREDIT = 10**9
"""Nano-credits."""


async def begin(team: Team, budget: Budget | None = None, **limits: int | None) -> str:
    """A team with alice and her limits, and her key."""
    team.add()
    limit(team, budget, **limits)
    key = team.key()
    await team.until("", 401)
    return key


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_a_budget_refuses_in_the_words_of_each_dialect(tmp_path: Path, dialect: str) -> None:
    async with team_of(tmp_path) as team:
        key = await begin(team, Budget("day", 1))
        refused = await ask(team, key, dialect)
        assert refused.status == 429
        assert int(refused.headers["retry-after"]) >= 61
        assert refused.headers["x-should-retry"] == "false"
        error = refused.json()["error"]
        assert "budget" in (error if isinstance(error, str) else error["message"])
        if dialect == "completions":
            assert (error["code"], error["type"]) == ("budget_exceeded", "rate_limit_error")
        if dialect == "responses":
            assert error["type"] == "usage_limit_reached"
            assert error["resets_in_seconds"] >= 61
        if dialect == "messages":
            assert error["type"] == "rate_limit_error"
        if dialect == "gemini":
            kinds = {detail["@type"].rpartition(".")[2]: detail for detail in error["details"]}
            assert "PerDay" in kinds["QuotaFailure"]["violations"][0]["quotaId"]
            assert "RetryInfo" not in kinds
        assert not [row for row in team.own.sim.bill.rows if row.model == "gpt-5.1"]


async def test_requests_a_minute_are_told_and_refused(tmp_path: Path) -> None:
    async with team_of(tmp_path) as team:
        key = await begin(team, requests_per_minute=2)
        first, second = await ask(team, key, "completions"), await ask(team, key, "messages")
        assert (first.status, second.status) == (200, 200)
        assert first.headers["x-ratelimit-limit-requests"] == "2"
        assert first.headers["x-ratelimit-remaining-requests"] == "1"
        assert second.headers["anthropic-ratelimit-requests-remaining"] == "0"
        assert second.headers["ratelimit-policy"] == '"requests";q=2;w=60'
        refused = await ask(team, key, "gemini")
        assert refused.status == 429
        assert 1 <= int(refused.headers["retry-after"]) <= 60
        assert "x-should-retry" not in refused.headers
        details = refused.json()["error"]["details"]
        assert any(detail["@type"].endswith("RetryInfo") for detail in details)


async def test_one_without_limits_is_told_nothing_of_them(tmp_path: Path) -> None:
    async with team_of(tmp_path) as team:
        key = await begin(team)
        answer = await ask(team, key, "completions")
        assert answer.status == 200
        assert not [name for name in answer.headers if "ratelimit" in name.lower()]


async def test_a_place_comes_back_when_its_client_leaves(tmp_path: Path) -> None:
    async with team_of(tmp_path, config="[quota]\nqueue_wait = 0\n") as team:
        key = await begin(team, concurrency=1)
        running = await team.own.open(
            asking("[[stall 2]]", model="gpt-5.1", stream=True), head=f"Authorization: Bearer {key}\r\n"
        )
        await running.until(b"data:")
        refused = await ask(team, key, "completions")
        assert (refused.status, refused.error["code"]) == (429, "too_many_concurrent")
        assert int(refused.headers["retry-after"]) <= 60
        running.abort()
        await team.until(key, 200)


async def test_one_who_waits_for_a_place_gets_it(tmp_path: Path) -> None:
    async with team_of(tmp_path, config="[quota]\nseat_concurrency = 1\n") as team:
        key = await begin(team)
        answers = await asyncio.gather(*(ask(team, key, "completions") for _ in range(5)))
        assert [answer.status for answer in answers] == [200] * 5


async def test_what_only_warns_is_answered_with_a_warning(tmp_path: Path) -> None:
    async with team_of(tmp_path) as team:
        key = await begin(team, Budget("day", 0, action="warn"))
        answer = await ask(team, key, "completions")
        assert answer.status == 200
        assert answer.headers["x-passenger-warning"].startswith("budget of this person")


async def test_a_budget_begins_with_what_the_ledger_has(tmp_path: Path) -> None:
    async with team_of(tmp_path) as team:
        key = await begin(team)
        assert (await ask(team, key, "completions")).status == 200
        spent = await spent_of(team, 1)
        limit(team, budget=Budget("total", spent))
        async with asyncio.timeout(20):
            while (answer := await ask(team, key, "completions")).status == 200:
                await asyncio.sleep(0.05)
        assert answer.error["code"] == "budget_exceeded"


async def test_a_thousand_requests_at_once_never_pass_a_cap_where_the_worst_is_held(tmp_path: Path) -> None:
    cap, most = CREDIT, 20
    room = "[limits]\nmax_requests = 2000\nmax_connections = 4000\n[quota]\nbudget_wait = 600\n"
    async with team_of(tmp_path, config=room) as team:
        key = await begin(team, Budget("month", cap, reserve="worst"))
        body = asking("hello", model="gpt-5.1", max_completion_tokens=most)
        path, headers = team.own.proxy.url + "/v1/chat/completions", {"Authorization": f"Bearer {key}"}
        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=600)) as http:

            async def one() -> int:
                async with http.post(path, json=body, headers=headers) as response:
                    await response.read()
                    return response.status

            answers = Counter(await asyncio.gather(*(one() for _ in range(1000))))
        assert set(answers) == {200, 429}
        spent = await spent_of(team, answers[200])
        assert spent == sum(row.nano for row in team.own.sim.bill.rows[-answers[200] :])
        worst = len(json.dumps(body)) * 125_000 + most * 1_000_000
        assert cap - worst <= spent <= cap
