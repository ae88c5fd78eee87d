"""The port of Ollama's clients, as whoever may be there."""

from dataclasses import replace

import pytest

from passenger.control.client import Found, Server, State
from passenger.doctor import ollama
from tests.doctor.bench import Ward


@pytest.mark.parametrize(
    ("state", "holder", "told", "words"),
    [
        ("nothing", None, "skip", "is free"),
        ("ours", None, "ok", "is your server's"),
        ("other_program", "ollama (process 9)", "skip", "held by ollama (process 9)"),
        ("other_passenger", None, "skip", "held by another program"),
    ],
)
async def test_who_holds_it_is_told(ward: Ward, state: State, holder: str | None, told: str, words: str) -> None:
    async def listener(port: int) -> Found:
        return Found(state, Server("127.0.0.1", port), None, holder)

    async with ward.facts() as facts:
        (found,) = await ollama.check(replace(facts, listener=listener))
    assert found.state == told
    assert words in found.text
