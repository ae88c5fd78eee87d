"""Claude Code's line about itself keeps no cache from finding a prompt again, on any model."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.server.bench import Bench, bench

NAME = "x-anthropic-billing-header"
PATHS = ("/v1/messages", "/chat/completions", "/responses")
MODELS = ("claude-opus-5", "gpt-4o", "gpt-5.5", "gemini-3-pro-preview")


def asking(model: str, turn: int) -> dict[str, Any]:
    """The n-th request of a session, as versions of Claude Code write it that number each."""
    line = f"{NAME}: cc_version=2.1.200.363; cc_entrypoint=cli; cch={turn:05x};"
    talk = [{"role": "assistant" if index % 2 else "user", "content": f"turn {index}"} for index in range(2 * turn + 1)]
    system = [{"type": "text", "text": line}, {"type": "text", "text": "You are Claude Code. " * 100}]
    return {"model": model, "max_tokens": 99, "system": system, "messages": talk}


async def sent(one: Bench, body: dict[str, Any], path: str = "/v1/messages") -> tuple[bytes, str | None]:
    """What reached Copilot, and what was said to be left out."""
    one.forget()
    answer = await one.send("POST", path, json=body)
    assert answer.status == 200, answer.body
    up = next(request for path in (*PATHS, "/v1/messages/count_tokens") for request in one.sim.seen(path))
    return up.body, answer.headers.get("x-passenger-dropped")


def said(up: bytes) -> str:
    """A prompt's system and messages in their order, without the brackets that end them."""
    body = json.loads(up)
    parts = (json.dumps(body[key]) for key in ("system", "instructions", "messages", "input") if key in body)
    return "".join(parts).replace("]", "")


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("model", MODELS)
async def test_the_line_is_left_out_and_the_next_prompt_begins_with_the_last(shared: Bench, model: str) -> None:
    (one, dropped), (other, _) = [await sent(shared, asking(model, turn)) for turn in (1, 2)]
    assert dropped == NAME
    assert NAME.encode() not in one + other
    assert said(other).startswith(said(one))


@pytest.mark.asyncio(loop_scope="module")
async def test_it_is_not_counted_either_and_named_as_well(shared: Bench) -> None:
    up, dropped = await sent(shared, asking("claude-opus-5", 1), "/v1/messages/count_tokens")
    assert NAME.encode() not in up
    assert dropped == NAME


@pytest.mark.parametrize("config", ["[copilot]\nkeep_attribution = true\n", "[upstream]\nstrict = true\n"])
async def test_a_setting_keeps_it(tmp_path: Path, config: str) -> None:
    async with bench(tmp_path, config=config) as one:
        for model in ("claude-opus-5", "gpt-5.5"):
            up, dropped = await sent(one, asking(model, 1))
            assert NAME.encode() in up
            assert dropped is None
