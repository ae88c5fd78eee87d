"""What a team's key with a scope might reach by a side door."""

from pathlib import Path
from typing import Any

import pytest

from passenger.team.keys import KeyGrant
from tests.server.test_team_keys import team_of

pytestmark = pytest.mark.asyncio(loop_scope="module")

SEARCH: dict[str, Any] = {
    "tools": [
        {"type": "web_search_20250305", "name": "web_search"},
        {"name": "look", "input_schema": {"type": "object"}},
    ],
    "messages": [{"role": "user", "content": '[[call web_search {"query": "birds"}]] birds of Iceland'}],
}


@pytest.mark.parametrize("only", [True, False], ids=["nothing else", "beside a tool"])
@pytest.mark.parametrize("models", [("claude-*",), ("claude-*", "gpt-*")], ids=["claude", "claude and gpt"])
async def test_a_search_asks_no_model_that_the_key_may_not(tmp_path: Path, models: tuple[str, ...], only: bool) -> None:
    async with team_of(tmp_path) as team:
        await team.begin()
        headers = {"x-api-key": team.key(KeyGrant(models=models))}
        body = {"model": "claude-opus-4.6", "max_tokens": 4000, **SEARCH}
        if only:
            body |= {"tools": SEARCH["tools"][:1], "tool_choice": {"type": "tool", "name": "web_search"}}
        team.own.forget()
        answer = await team.own.send("POST", "/v1/messages", json=body, headers=headers)
        assert answer.status == 200, answer.body
        assert bool(team.own.sim.seen("/responses")) == ("gpt-*" in models)
        assert (b"web_search_tool_result_error" in answer.body) == ("gpt-*" not in models)
