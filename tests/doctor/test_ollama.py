"""The port of Ollama's clients, as whoever may be there."""

from dataclasses import replace

import pytest

from passenger.control.client import Found, Server, State
from passenger.doctor import ollama
from tests.doctor.bench import Ward, check_typeable


@pytest.mark.parametrize(
    ("state", "holder", "told", "words"),
    [
        ("nothing", None, "skip", "is free"),
        ("ours", None, "ok", "is your server's"),
        (
            "other_program",
            "ollama (process 9)",
            "skip",
            "held by ollama (process 9), another program, such as Ollama itself",
        ),
        (
            "other_passenger",
            "passenger (process 9)",
            "skip",
            "held by passenger (process 9), a Passenger that is not yours or serves another profile",
        ),
    ],
)
async def test_who_holds_it_is_told(ward: Ward, state: State, holder: str | None, told: str, words: str) -> None:
    async def listener(port: int) -> Found:
        return Found(state, Server("127.0.0.1", port), None, holder)

    async with ward.facts() as facts:
        (found,) = await ollama.check(replace(facts, listener=listener))
    assert found.state == told
    assert words in found.text


@pytest.mark.parametrize(
    ("state", "told", "fix"),
    [
        ("nothing", "warn", "passenger"),
        ("ours", "ok", None),
        ("other_program", "fail", "passenger --ollama-port 11501"),
    ],
)
async def test_a_port_that_is_set_should_be_ours(ward: Ward, state: State, told: str, fix: str | None) -> None:
    ward.config += "ollama_port = 11500\n"

    async def listener(port: int) -> Found:
        assert port == 11500
        return Found(state, Server("127.0.0.1", port))

    async with ward.facts() as facts:
        (found,) = await ollama.check(replace(facts, listener=listener))
    assert (found.state, found.fix) == (told, fix)
    check_typeable(found)
