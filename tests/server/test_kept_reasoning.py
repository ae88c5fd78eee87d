"""Sealed thoughts come back to the model, though the client never sends them: relayed and translated alike."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from passenger.simulator import Simulator
from tests.proxy import profile_of
from tests.server.bench import Bench, bench

TOOL = {"type": "function", "function": {"name": "look", "parameters": {"type": "object", "properties": {}}}}
UPSTREAM = ("/chat/completions", "/v1/messages", "/responses")
ROUTES = {"chat": "/v1/chat/completions", "ollama": "/api/chat"}
REASONING = "Reading the question"
"""What the simulated models think."""

CASES = [
    ("chat", "gemini-3-pro-preview"),
    ("chat", "claude-sonnet-4.5"),
    ("chat", "gpt-5.5"),
    ("ollama", "gemini-3-pro-preview"),
    ("ollama", "claude-opus-5"),
]
RELAYED = [case for case in CASES if case[0] == "chat" and "gpt" not in case[1]]


@dataclass
class Talk:
    """A client that keeps of an answer what OpenAI's and Ollama's messages have, and opens a connection a request."""

    bench: Bench
    client: str
    model: str
    stream: bool = False
    said: list[dict[str, Any]] = field(default_factory=list)

    async def turn(self) -> None:
        """A question that makes the model think and call a tool, the tool's result, and the answer."""
        number = len(self.said)
        await self._ask({"role": "user", "content": f'Turn {number}: [[think]] [[call look {{"a": {number}}}]]'})
        await self._ask(*self._results())

    async def _ask(self, *messages: dict[str, Any]) -> None:
        self.said += messages
        body = {"model": self.model, "messages": self.said, "tools": [TOOL], "stream": self.stream}
        answer = await self.bench.send("POST", ROUTES[self.client], json=body, headers={"Connection": "close"})
        assert answer.status == 200, answer.body
        self.said.append(_told(self.client, answer.body, stream=self.stream))

    def _results(self) -> list[dict[str, Any]]:
        calls = self.said[-1]["tool_calls"]
        return [{"role": "tool", "tool_call_id": call.get("id"), "content": "42"} for call in calls]

    @property
    def prompts(self) -> list[list[Any]]:
        """What reached Copilot, request by request."""
        asked = [request.json() for request in self.bench.sim.requests if request.route in UPSTREAM]
        return [body.get("messages") or body["input"] for body in asked]


def _told(client: str, body: bytes, *, stream: bool) -> dict[str, Any]:
    """The message of an answer, as a client keeps it that knows nothing of seals."""
    if client == "ollama":
        lines = [json.loads(line)["message"] for line in body.splitlines()]
        calls = [call for line in lines for call in line.get("tool_calls", ())]
    elif stream:
        chunks = [json.loads(line[6:]) for line in body.splitlines() if line.startswith(b"data: {")]
        lines = [choice["delta"] for chunk in chunks for choice in chunk["choices"]]
        calls = _joined([call for line in lines for call in line.get("tool_calls") or ()])
    else:
        lines = [json.loads(body)["choices"][0]["message"]]
        calls = lines[0].get("tool_calls") or []
    text = "".join(line.get("content") or "" for line in lines)
    return {"role": "assistant", "content": text, **({"tool_calls": calls} if calls else {})}


def _joined(deltas: list[dict[str, Any]]) -> list[dict[str, Any]]:
    found: dict[int, dict[str, Any]] = {}
    for delta in deltas:
        call = found.setdefault(delta["index"], {"type": "function", "function": {"arguments": ""}})
        call |= {"id": delta["id"]} if delta.get("id") else {}
        function = delta.get("function", {})
        call["function"] |= {"name": function["name"]} if function.get("name") else {}
        call["function"]["arguments"] += function.get("arguments") or ""
    return list(found.values())


def signatures(prompt: list[Any]) -> int:
    """How many sealed thoughts a prompt holds."""
    text = json.dumps(prompt)
    return sum(text.count(f'"{name}": "') for name in ("reasoning_opaque", "signature", "encrypted_content"))


def files(home: Path) -> list[Path]:
    """The files that reasoning is kept in."""
    return sorted((home / ".local" / "state" / "passenger").rglob("reasoning*"))


# --- in one process ----------------------------------------------------------------------------------------------


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(("client", "model"), CASES)
async def test_each_call_goes_up_with_its_reasoning(shared: Bench, client: str, model: str, stream: bool) -> None:
    talk = Talk(shared, client, model, stream)
    for _ in range(2):
        await talk.turn()
    assert [signatures(prompt) for prompt in talk.prompts] == [0, 1, 1, 2]


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(("client", "model"), RELAYED)
async def test_what_goes_back_is_the_signature_and_the_words_only_where_it_is_good_for_them(
    shared: Bench, client: str, model: str
) -> None:
    talk = Talk(shared, client, model)
    await talk.turn()
    (message,) = [one for one in talk.prompts[1] if "reasoning_opaque" in one]
    assert message["tool_calls"]
    assert (REASONING in message.get("reasoning_text", "")) is model.startswith("claude")


@pytest.mark.asyncio(loop_scope="module")
async def test_a_client_that_sends_the_signature_itself_is_left_alone(shared: Bench) -> None:
    talk = Talk(shared, "chat", "gemini-3-pro-preview")
    await talk.turn()
    talk.said[1] |= {"reasoning_opaque": "mine", "reasoning_text": "my words"}
    await talk.turn()
    assert talk.prompts[-1][1] == talk.said[1]


# --- on disk -----------------------------------------------------------------------------------------------------


async def test_they_survive_a_restart(tmp_path: Path, simulator: Simulator) -> None:
    async with bench(tmp_path, simulator=simulator) as one:
        talks = [Talk(one, client, model) for client, model in CASES]
        for talk in talks:
            await talk.turn()
    async with bench(tmp_path, simulator=simulator) as other:
        for talk in talks:
            talk.bench = other
            other.forget()
            await talk.turn()
            assert [signatures(prompt) for prompt in talk.prompts] == [1, 2]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def team(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Bench]:
    """Three workers, among which each connection may meet another."""
    async with bench(tmp_path_factory.mktemp("team"), "--workers", "3") as one:
        yield one


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(("client", "model"), CASES)
async def test_with_several_workers_each_prompt_begins_with_the_last(
    team: Bench, client: str, model: str, stream: bool
) -> None:
    team.forget()
    talk = Talk(team, client, model, stream)
    for _ in range(4):
        await talk.turn()
    for before, after in zip(talk.prompts, talk.prompts[1:], strict=False):
        assert after[: len(before)] == before
    assert [signatures(prompt) for prompt in talk.prompts] == [0, 1, 1, 2, 2, 3, 3, 4]


@pytest.mark.proves("promise 2")
async def test_the_file_is_private_and_holds_no_words_that_need_not_go_back(tmp_path: Path) -> None:
    async with bench(tmp_path) as one:
        for client, model in (("chat", "gemini-3-pro-preview"), ("chat", "gpt-5.5")):
            await Talk(one, client, model).turn()
        found = files(one.proxy.home)
        assert found
        for path in found:
            assert path.stat().st_mode & 0o777 == 0o600
            assert REASONING.encode() not in path.read_bytes()
            assert b"Turn 0" not in path.read_bytes()


async def test_the_setting_keeps_them_in_memory_alone(tmp_path: Path) -> None:
    async with bench(tmp_path, config='[upstream]\nkeep_reasoning = "memory"\n') as one:
        talk = Talk(one, "chat", "gemini-3-pro-preview")
        await talk.turn()
        assert signatures(talk.prompts[-1]) == 1
        assert files(one.proxy.home) == []


async def test_a_file_that_cannot_be_used_costs_nothing_but_a_warning(tmp_path: Path) -> None:
    async with Simulator() as sim:
        state = profile_of(sim, tmp_path / "home" / ".local" / "state" / "passenger")
        (state / "reasoning.sqlite").mkdir(parents=True)
        async with bench(tmp_path, simulator=sim) as one:
            talk = Talk(one, "chat", "claude-sonnet-4.5")
            await talk.turn()
            assert signatures(talk.prompts[-1]) == 1
            await one.proxy.said("reasoning is kept in memory alone")
