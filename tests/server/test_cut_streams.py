"""Streams that cost more than their budgets have left: cut in the words of each API, and settled once."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from passenger.account.scope_limits import Budget
from passenger.gateway.overrun import CHECK_EVERY
from passenger.simulator import Simulator
from tests.proxy import PATIENCE
from tests.server.bench import Answer, asking, bench
from tests.server.test_team_keys import SHARED, Team
from tests.server.test_team_limits import begin, ledger_of
from tests.server.test_workers import TWO

pytestmark = pytest.mark.asyncio(loop_scope="module")

CUTTING = "[quota]\ncut_streams = true\nbudget_wait = 0\n"
LONG = "hello [[events 4000]]"
REST = "no room for the rest of this answer"
MANY = 2_000
"""Tokens of output that the budget has room for; half of them are held of a model that has not answered yet."""

PRICES = {"gpt-5.1": 1_000_000, "gpt-5.3-codex": 1_400_000, "gpt-5.5": 3_000_000, "claude-haiku-4.5": 500_000}
"""Nano-credits for a token of output."""


@contextlib.asynccontextmanager
async def team_on_credits(tmp_path: Path, config: str = CUTTING, *arguments: str) -> AsyncIterator[Team]:
    """A team whose seat pays by tokens."""
    async with (
        Simulator(unit="credits") as sim,
        bench(tmp_path, *arguments, config=config, env=SHARED, simulator=sim) as own,
    ):
        yield Team(own, tmp_path / "home")


def body_of(dialect: str, model: str, text: str) -> tuple[str, dict[str, Any]]:
    said = [{"role": "user", "content": text}]
    if dialect == "responses":
        return "/v1/responses", {"model": model, "input": text, "stream": True}
    if dialect == "messages":
        return "/v1/messages", {"model": model, "max_tokens": 9000, "messages": said, "stream": True}
    if dialect == "gemini":
        return f"/v1beta/models/{model}:streamGenerateContent?alt=sse", {"contents": [{"parts": [{"text": text}]}]}
    if dialect == "ollama":
        return "/api/chat", {"model": model, "messages": said}
    return "/v1/chat/completions", {"model": model, "messages": said, "stream": True}


async def ask(team: Team, key: str, asked: tuple[str, Mapping[str, Any]]) -> Answer:
    path, body = asked
    return await team.own.send("POST", path, json=body, headers={"Authorization": f"Bearer {key}"})


ROUTES = [
    ("completions", "gpt-5.1", True),
    ("responses", "gpt-5.5", True),
    ("messages", "claude-haiku-4.5", True),
    ("completions", "gpt-5.3-codex", False),
    ("responses", "claude-haiku-4.5", False),
    ("messages", "gpt-5.1", False),
    ("gemini", "gpt-5.1", False),
    ("ollama", "gpt-5.1", False),
]


TOLD = {
    "completions": '"code":"budget_exceeded"',
    "responses": '"code":"budget_exceeded"',
    "messages": '"type":"rate_limit_error"',
    "gemini": "RESOURCE_EXHAUSTED",
    "ollama": '{"error":"',
}
"""Part of the event that ends the stream."""


@pytest.mark.parametrize(("dialect", "model", "is_relayed"), ROUTES)
async def test_a_stream_is_cut_within_one_look_of_its_budget(
    tmp_path: Path, dialect: str, model: str, is_relayed: bool
) -> None:
    price = PRICES[model]
    cap = MANY * price
    async with team_on_credits(tmp_path) as team:
        key = await begin(team, Budget("day", cap))
        cut = await ask(team, key, body_of(dialect, model, LONG))
        assert cut.status == 200
        assert ("relay" in cut.headers["x-passenger-route"]) is is_relayed
        last = cut.body[-4000:].decode()
        assert REST in last
        assert (TOLD[dialect] if is_relayed or dialect != "responses" else '"type":"response.failed"') in last
        (row,) = await ledger_of(team, 1)
        assert (row["outcome"], row["cost_source"]) == ("broken", "estimated")
        assert cap < row["nano"] <= cap + CHECK_EVERY * price
        refused = await ask(team, key, body_of(dialect, model, "hello"))
        assert refused.status == 429
        assert "no room for this request" in refused.body.decode()


async def until_each_worker_knows(team: Team) -> None:
    """Wait until nobody is let in without a key, whichever worker is asked."""
    async with asyncio.timeout(PATIENCE):
        refused = 0
        while refused < 30:
            answer = await team.own.post(asking(), {"Connection": "close"})
            refused = refused + 1 if answer.status in {401, 429} else 0


@pytest.mark.parametrize("arguments", [(), TWO], ids=["one", "two"])
async def test_streams_side_by_side_pass_their_budget_by_a_look_each_at_most(
    tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    price, streams = PRICES["gpt-5.1"], 4
    cap = 3 * MANY * price  # room for what is held of all of them, by a worker that has seen no answer of the model
    async with team_on_credits(tmp_path, CUTTING, *arguments) as team:
        key = await begin(team, Budget("day", cap))
        await until_each_worker_knows(team)
        path, body = body_of("completions", "gpt-5.1", "hello")
        assert (await ask(team, key, (path, body | {"stream": False}))).status == 200
        asked = [body_of("completions", "gpt-5.1", f"{LONG} {number}") for number in range(streams)]
        answers = await asyncio.gather(*(ask(team, key, one) for one in asked))
        assert [one.status for one in answers] == [200] * streams
        assert all(REST in one.body[-1000:].decode() for one in answers)
        rows = await ledger_of(team, 1 + streams)
        assert [row["outcome"] for row in rows] == ["ok", *["broken"] * streams]
        assert cap * 0.9 < sum(row["nano"] for row in rows) <= cap + streams * CHECK_EVERY * price


async def test_several_answers_to_one_request_are_cut_together(tmp_path: Path) -> None:
    price = PRICES["gpt-5.3-codex"]
    async with team_on_credits(tmp_path) as team:
        key = await begin(team, Budget("day", 3 * MANY * price))
        path, body = body_of("completions", "gpt-5.3-codex", LONG)
        cut = await ask(team, key, (path, body | {"n": 2}))
        assert "calls=2" in cut.headers["x-passenger-route"]
        assert REST in cut.body[-1000:].decode()
        (row,) = await ledger_of(team, 1)
        assert (row["outcome"], row["cost_source"]) == ("broken", "estimated")


@pytest.mark.parametrize("config", ["[quota]\nbudget_wait = 0\n", CUTTING], ids=["off", "warns"])
async def test_a_stream_is_whole_where_nothing_cuts_it(tmp_path: Path, config: str) -> None:
    async with team_on_credits(tmp_path, config) as team:
        key = await begin(
            team, Budget("day", MANY * PRICES["gpt-5.1"], action="warn" if config == CUTTING else "refuse")
        )
        whole = await ask(team, key, body_of("completions", "gpt-5.1", LONG))
        assert whole.body.endswith(b"data: [DONE]\n\n")
        (row,) = await ledger_of(team, 1)
        assert (row["outcome"], row["cost_source"]) == ("ok", "upstream")
        assert row["nano"] > MANY * PRICES["gpt-5.1"]
