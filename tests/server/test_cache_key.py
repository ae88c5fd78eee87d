"""A client's session is named to Copilot's Responses API by a digest, and by nothing else."""

import json
from typing import Any

import pytest

from tests.server.bench import Bench

SESSION = "7d0e2a54-6a0c-4b73-9b1f-0d6f3a3c1e11"
TURN = [{"role": "user", "content": "hi"}]
ROUTES: dict[str, tuple[str, dict[str, Any]]] = {
    "responses": ("/v1/responses", {"input": "hi", "store": False}),
    "chat": ("/v1/chat/completions", {"messages": TURN}),
    "messages": ("/v1/messages", {"messages": TURN, "max_tokens": 99}),
}
pytestmark = pytest.mark.asyncio(loop_scope="module")


async def key(one: Bench, dialect: str, headers: dict[str, str] | None = None, **fields: object) -> str | None:
    """The key that went up; the session's own name does not, but as the `user` that the client said."""
    one.forget()
    path, body = ROUTES[dialect]
    answer = await one.send("POST", path, json={"model": "gpt-5.5", **body, **fields}, headers=headers)
    assert answer.status == 200, answer.body
    up = one.sim.seen("/responses")[0]
    asked = json.loads(up.body)
    asked.pop("user", None)
    assert SESSION not in str((up.headers, asked))
    found: str | None = asked.get("prompt_cache_key")
    assert found is None or found.encode() not in answer.body or "prompt_cache_key" in fields
    return found


async def test_one_session_has_one_key_in_every_dialect_and_another_has_another(shared: Bench) -> None:
    keys = [await key(shared, dialect, {"x-session-id": SESSION}) for dialect in ROUTES]
    keys.append(await key(shared, "messages", metadata={"user_id": f"user_1_session_{SESSION}"}))
    assert len(set(keys)) == 1
    assert keys[0]
    assert await key(shared, "chat", {"x-session-id": "other"}) not in {*keys, None}


@pytest.mark.parametrize("dialect", ROUTES)
async def test_without_a_session_there_is_none(shared: Bench, dialect: str) -> None:
    assert await key(shared, dialect) is None


@pytest.mark.parametrize("dialect", ["responses", "chat"])
async def test_the_clients_own_key_stays(shared: Bench, dialect: str) -> None:
    assert await key(shared, dialect, {"x-session-id": SESSION}, prompt_cache_key="mine") == "mine"


async def test_null_is_no_key_of_the_clients(shared: Bench) -> None:
    assert await key(shared, "responses", {"x-session-id": SESSION}, prompt_cache_key=None)
