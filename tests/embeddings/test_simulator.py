"""Each dialect from a client's request to a client's answer, with the simulator between the two."""

import base64
import struct
from typing import Any

import msgspec
import pytest

from passenger.embeddings import (
    Dialect,
    gemini,
    gemini_batch,
    ollama,
    ollama_old,
    openai,
    read_vectors,
    upstream_bodies,
)
from passenger.simulator import Simulator
from passenger.simulator.embeddings import vector
from tests.embeddings.requests import MODEL, asked
from tests.simulator.client import connected


async def answered(dialect: Dialect, body: dict[str, Any]) -> Any:
    ask = asked(dialect, body)
    (upstream,) = upstream_bodies(ask, ask.model)
    async with Simulator(seed=7) as simulator, connected(simulator) as client:
        answer = await client.post("/embeddings", upstream)
    return msgspec.json.decode(dialect.write(ask, *read_vectors(answer.body)))


def part(text: str) -> dict[str, Any]:
    return {"model": f"models/{MODEL}", "content": {"parts": [{"text": text}]}}


async def test_openai() -> None:
    answer = await answered(openai, {"model": MODEL, "input": [[7, 4, 24], [24, 14]], "dimensions": 8})
    assert [row["embedding"] for row in answer["data"]] == [vector("hey", 8, 7), vector("yo", 8, 7)]
    assert answer["usage"]["prompt_tokens"] == 2


async def test_openai_in_base64() -> None:
    answer = await answered(openai, {"model": MODEL, "input": "hey", "encoding_format": "base64"})
    packed = base64.b64decode(answer["data"][0]["embedding"])
    assert struct.unpack("<1536f", packed) == pytest.approx(vector("hey", 1536, 7), abs=1e-7)


async def test_gemini() -> None:
    answer = await answered(gemini, {**part("hey"), "outputDimensionality": 8})
    assert answer["embedding"]["values"] == vector("hey", 8, 7)


async def test_gemini_in_a_batch() -> None:
    answer = await answered(gemini_batch, {"requests": [part("hey"), part("yo")]})
    assert [one["values"] for one in answer["embeddings"]] == [vector("hey", 1536, 7), vector("yo", 1536, 7)]


async def test_ollama() -> None:
    answer = await answered(ollama, {"model": MODEL, "input": ["hey", "yo"], "dimensions": 8})
    assert answer["embeddings"] == [vector("hey", 8, 7), vector("yo", 8, 7)]
    assert answer["prompt_eval_count"] == 2


async def test_old_ollama() -> None:
    answer = await answered(ollama_old, {"model": MODEL, "prompt": "hey"})
    assert answer["embedding"] == vector("hey", 1536, 7)
