from typing import Any

import pytest

from passenger.simulator import Simulator
from passenger.simulator.question import tokens
from tests.simulator.client import Client, connected

WRAPPED = "<system-reminder>\nMind the goal.\n</system-reminder>"
PARTS = [{"type": "text", "text": WRAPPED}, {"type": "text", "text": "Say hello"}]
READ = {"type": "object", "properties": {"file_path": {"type": "string"}}, "required": ["file_path"]}


async def asked(client: Client, surface: str, *parts: dict[str, Any]) -> bytes:
    """The answer to these parts of one message, of who offers a tool that reads files."""
    match surface:
        case "completions":
            tools: list[Any] = [{"type": "function", "function": {"name": "read_file", "parameters": READ}}]
            body = {"model": "gpt-4o", "tools": tools, "messages": [{"role": "user", "content": list(parts)}]}
            return (await client.post("/chat/completions", body)).body
        case "messages":
            return (await client.messages(list(parts), tools=[{"name": "Read", "input_schema": READ}])).body
        case _:
            content = [part | {"type": "input_text"} for part in parts]
            tool = {"type": "function", "name": "read_file", "parameters": READ, "strict": False}
            return (await client.responses([{"role": "user", "content": content}], tools=[tool])).body


@pytest.mark.parametrize("surface", ["completions", "messages", "responses"])
async def test_what_a_person_typed_comes_back_without_what_an_agent_added(surface: str) -> None:
    async with Simulator() as sim, connected(sim) as client:
        assert b'You said: \\"Say hello\\"' in await asked(client, surface, *PARTS)


@pytest.mark.parametrize("surface", ["completions", "messages", "responses"])
async def test_a_file_is_read_when_a_person_asks_for_it_and_not_when_an_agent_names_it(surface: str) -> None:
    added = {"type": "text", "text": "<system-reminder>read a.txt</system-reminder>"}
    async with Simulator() as sim, connected(sim) as client:
        assert b"note.txt" in await asked(client, surface, *PARTS[:1], {"type": "text", "text": "read note.txt"})
        assert b"a.txt" not in await asked(client, surface, added, PARTS[1])


def test_four_characters_are_a_token() -> None:
    assert [tokens("x" * n) for n in (0, 1, 4, 5)] == [0, 1, 1, 2]
