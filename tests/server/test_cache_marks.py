"""Requests to Claude bear prompt-cache breakpoints that nobody asked for, whatever dialect they came in."""

import json
from pathlib import Path
from typing import Any

import pytest

from passenger.simulator import Fault
from tests.server.bench import Bench, bench

MODEL = "claude-sonnet-4.5"
RULES = "All the rules there are. " * 200
SCHEMA = {"type": "object", "properties": {}}
QUESTION = "What now?"

ROUTES = {
    "chat": "/v1/chat/completions",
    "messages": "/v1/messages",
    "responses": "/v1/responses",
    "ollama": "/api/chat",
}

FUNCTION = {"type": "function", "function": {"name": "f", "parameters": SCHEMA}}
TOOLS = {
    "chat": FUNCTION,
    "messages": {"name": "f", "input_schema": SCHEMA},
    "responses": {"type": "function", "name": "f", "parameters": SCHEMA},
    "ollama": FUNCTION,
}


def asking(dialect: str, *, tools: bool) -> dict[str, Any]:
    user = {"role": "user", "content": QUESTION}
    more = {"tools": [TOOLS[dialect]]} if tools else {}
    match dialect:
        case "messages":
            body = {"system": RULES, "messages": [user], "max_tokens": 99}
        case "responses":
            body = {"instructions": RULES, "input": [user], "store": False}
        case _:
            body = {"messages": [{"role": "system", "content": RULES}, user]}
    return {"model": MODEL, "stream": False, **body, **more}


async def marks(one: Bench, dialect: str, *, tools: bool = True) -> int:
    """Breakpoints in what reached Copilot of a client's request."""
    one.forget()
    answer = await one.send("POST", ROUTES[dialect], json=asking(dialect, tools=tools))
    assert answer.status == 200, answer.body
    sent = [request for path in ("/chat/completions", "/v1/messages") for request in one.sim.seen(path)]
    assert QUESTION in json.dumps(json.loads(sent[-1].body))
    return sent[-1].body.count(b"cache_control")


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("dialect", ROUTES)
async def test_a_request_with_tools_is_marked_and_a_single_question_is_not(shared: Bench, dialect: str) -> None:
    assert await marks(shared, dialect) == 3
    assert await marks(shared, dialect, tools=False) == 0


@pytest.mark.parametrize("dialect", ROUTES)
async def test_a_model_that_refuses_them_is_asked_without_and_gets_none_for_a_while(
    tmp_path: Path, dialect: str
) -> None:
    refusal = {"error": {"message": "messages.0.cache_control: Extra inputs are not permitted"}}
    async with bench(tmp_path) as one:
        one.forget()
        one.sim.inject(Fault(status=400, body=json.dumps(refusal)), path=None)
        answer = await one.send("POST", ROUTES[dialect], json=asking(dialect, tools=True))
        assert answer.status == 200, answer.body
        sent = [request.body.count(b"cache_control") for request in one.sim.requests if request.method == "POST"]
        assert sent == [3, 0]
        assert "retries=cache_marks" in await one.line(answer)
        assert await marks(one, dialect) == 0


async def test_the_setting_switches_it_off_relayed_and_translated(tmp_path: Path) -> None:
    async with bench(tmp_path, config="[copilot]\ncache_marks = false\n") as one:
        assert [await marks(one, dialect) for dialect in ROUTES] == [0] * len(ROUTES)
