"""What Ollama's clients read beside the answer: how long it took, and which models are in memory."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter_ns
from typing import Any

import pytest

from passenger.simulator import Fault
from tests.server.bench import Answer, Bench, bench

pytestmark = pytest.mark.asyncio(loop_scope="module")

ROUTES: dict[str, dict[str, Any]] = {
    "/api/chat": {"messages": [{"role": "user", "content": "a b c d e f"}]},
    "/api/generate": {"prompt": "a b c d e f"},
}
STEPS = ("load_duration", "prompt_eval_duration", "eval_duration")
DRIP = 0.02


async def ask(one: Bench, path: str, **fields: object) -> Answer:
    body = {"model": "gpt-4o", **ROUTES.get(path, {}), **fields}
    answer = await one.send("POST", path, json=body)
    assert answer.status == 200, answer.body
    return answer


def last(answer: Answer) -> Any:
    return json.loads(answer.body.splitlines()[-1])


@pytest.mark.parametrize("model", ["gpt-4o", "gpt-5.5", "claude-haiku-4.5"])
@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("path", ROUTES)
async def test_an_answer_says_how_long_each_step_took(shared: Bench, path: str, stream: bool, model: str) -> None:
    for up in ("/chat/completions", "/responses", "/v1/messages"):
        shared.sim.inject(Fault(drip=DRIP, delay=DRIP), path=up)
    began = perf_counter_ns()
    told = last(await ask(shared, path, stream=stream, model=model))
    took = perf_counter_ns() - began
    assert all(told[step] > 0 for step in STEPS)
    assert sum(told[step] for step in STEPS) == told["total_duration"] <= took
    assert told["load_duration"] >= DRIP * 1e9  # Copilot's headers were kept back
    assert told["eval_duration"] >= DRIP * 1e9  # there are several events


async def test_embeddings_say_how_long_they_took(shared: Bench) -> None:
    began = perf_counter_ns()
    told = (await ask(shared, "/api/embed", model="text-embedding-3-small", input="hello")).json()
    assert 0 < told["total_duration"] <= perf_counter_ns() - began


async def test_the_models_that_were_asked_lately_are_in_memory(tmp_path: Path) -> None:
    async with bench(tmp_path, primed=False) as own:
        assert (await own.get("/api/ps")).json() == {"models": []}
        for model in ("gpt-4o", "claude-haiku-4.5", "gpt-4o"):
            await ask(own, "/api/chat", model=model)
        assert (await own.chat(model="no-such-model")).status == 404
        listed = (await own.get("/v1/api/ps")).json()["models"]
        assert [model["name"] for model in listed] == ["gpt-4o", "claude-haiku-4.5"]
        known = {model["name"]: model for model in (await own.get("/api/tags")).json()["models"]}
        for model in listed:
            left = datetime.fromisoformat(model["expires_at"]) - datetime.now(UTC)
            assert timedelta(minutes=3) < left <= timedelta(minutes=5)
            assert (model["digest"], model["size_vram"]) == (known[model["name"]]["digest"], 0)
            assert model["context_length"] > 0


async def test_what_any_client_asks_counts(tmp_path: Path) -> None:
    async with bench(tmp_path) as own:  # primed by a chat of OpenAI's
        assert [model["name"] for model in (await own.get("/api/ps")).json()["models"]] == ["gpt-4o"]
