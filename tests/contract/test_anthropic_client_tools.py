"""Anthropic's tools that the client runs, with the official SDK's own runner and a model of each of Copilot's APIs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from passenger.simulator import Simulator
from tests.contract.conftest import ONLY
from tests.contract.lazily import Lazy
from tests.proxy import Proxy

if TYPE_CHECKING:
    import anthropic
else:
    anthropic = Lazy("anthropic")

pytestmark = pytest.mark.asyncio(loop_scope="module")

BASH = {"type": "bash_20250124", "name": "bash"}
EDITOR = {"type": "text_editor_20250728", "name": "str_replace_based_edit_tool"}
OLD_EDITOR = {"type": "text_editor_20250124", "name": "str_replace_editor"}
CALLS: list[tuple[dict[str, str], dict[str, Any]]] = [
    (BASH, {"command": "ls"}),
    (EDITOR, {"command": "view", "path": "/a.txt", "view_range": [1, 2]}),
    (OLD_EDITOR, {"command": "undo_edit", "path": "/a.txt"}),
]


@pytest.mark.parametrize(("tool", "arguments"), CALLS, ids=lambda one: one.get("type"))
async def test_a_call_comes_back_and_its_result_goes_up(
    served: Proxy, account: Simulator, only: str, tool: Any, arguments: dict[str, Any]
) -> None:
    said = f"[[call {tool['name']} {json.dumps(arguments)}]]"
    history: Any = [{"role": "user", "content": said}]
    asking: Any = {"model": only, "max_tokens": 1000, "tools": [tool]}
    async with anthropic.AsyncAnthropic(base_url=served.url, api_key="anything", max_retries=0) as sdk:
        async with sdk.messages.stream(messages=history, **asking) as stream:
            first = await stream.get_final_message()
        (call,) = [block for block in first.content if block.type == "tool_use"]
        assert (call.name, call.input) == (tool["name"], arguments)
        history.append({"role": "assistant", "content": [one.model_dump(exclude_none=True) for one in first.content]})
        history.append(
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": call.id, "content": "a file"}]}
        )
        raw = await sdk.messages.with_raw_response.create(messages=history, **asking)
    assert "a file" in str((await raw.parse()).content)
    assert "x-passenger-dropped" not in raw.headers
    sent = [request.json() for request in account.requests if b"tools" in request.body][-1]
    assert (sent["tools"] == [tool]) is (only == ONLY["messages"])


async def test_the_sdks_runner_keeps_a_memory(served: Proxy, only: str, tmp_path: Any) -> None:
    from anthropic.lib.tools import BetaAsyncAbstractMemoryTool

    kept: list[Any] = []

    class Memory(BetaAsyncAbstractMemoryTool):
        async def create(self, command: Any) -> str:
            kept.append((command.path, command.file_text))
            return "written"

        view = str_replace = insert = delete = rename = create

    arguments = {"command": "create", "path": "/memories/a.md", "file_text": "rain"}
    said: Any = [{"role": "user", "content": f"[[call memory {json.dumps(arguments)}]]"}]
    async with anthropic.AsyncAnthropic(base_url=served.url, api_key="anything", max_retries=0) as sdk:
        runner = sdk.beta.messages.tool_runner(
            model=only,
            max_tokens=1000,
            messages=said,
            tools=[Memory()],
            betas=["context-management-2025-06-27"],
            max_iterations=3,
        )
        answers = [message async for message in runner]
    assert kept == [("/memories/a.md", "rain")]
    assert "written" in str(answers[-1].content)
