"""The official SDKs for Node, each with a model of each of Copilot's APIs: what their scripts of `node/` have seen."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.contract.conftest import ONLY
from tests.proxy import PATIENCE, Proxy

pytestmark = pytest.mark.asyncio(loop_scope="module")

NODE = Path(__file__).parent / "node"


async def seen(script: str, proxy: Proxy) -> Any:
    """What a script says as JSON on its last line, of one model for each API."""
    command = [str(Path(sys.executable).parent / "node"), str(NODE / script), proxy.url, *ONLY.values()]
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    async with asyncio.timeout(3 * PATIENCE):
        said, complaint = await process.communicate()
    assert process.returncode == 0, complaint.decode()
    return json.loads(said.splitlines()[-1])


def assert_answered(answer: dict[str, Any]) -> None:
    """It was the same whole and streamed, and two rounds with two tools went to the end."""
    assert "hello there" in answer["plain"]
    assert answer["streamed"] == answer["plain"]
    assert answer["tokens"] > 0
    assert answer["cities"] == ["Oslo", "Rome"]
    assert "rain" in answer["second"]


async def test_openai(served: Proxy) -> None:
    found = await seen("any_openai.mjs", served)
    assert set(ONLY.values()) <= set(found["listed"])
    assert found["embedded"] == [3, 3]
    assert "hello there" in found["legacy"]
    for model in ONLY.values():
        assert_answered(found["answers"][model]["chat"])
        assert_answered(found["answers"][model]["responses"])


async def test_anthropic(served: Proxy) -> None:
    found = await seen("any_anthropic.mjs", served)
    assert set(ONLY.values()) <= set(found["listed"])
    for model in ONLY.values():
        answer = found["answers"][model]
        assert_answered(answer)
        assert answer["thought"]
        assert answer["counted"] > 0


async def test_google_genai(served: Proxy) -> None:
    found = await seen("any_gemini.mjs", served)
    assert {f"models/{model}" for model in ONLY.values()} <= set(found["listed"])
    assert found["embedded"] == [3, 3]
    for model in ONLY.values():
        answer = found["answers"][model]
        assert_answered(answer)
        assert answer["thought"]
        assert answer["counted"] > 0


async def test_ollama(served: Proxy) -> None:
    found = await seen("any_ollama.mjs", served)
    assert set(ONLY.values()) <= set(found["listed"])
    assert found["embedded"] == [3, 3]
    assert "completion" in found["capabilities"]
    for model in ONLY.values():
        answer = found["answers"][model]
        assert_answered(answer)
        assert "hello there" in answer["generated"]


async def test_openai_with_what_is_kept(served: Proxy) -> None:
    found = await seen("stored_openai.mjs", served)
    for model in ONLY.values():
        answer = found["answers"][model]
        assert "rain in Oslo" in answer["second"]
        assert "rain in Oslo" in answer["referring"]
        assert answer["metadata"] == {"topic": "x"}
        assert answer["same"]
        assert "function_call" in answer["made"]
        assert answer["listed"] == ["message", *answer["made"], "function_call_output"]
        assert answer["counted"] > 0
        assert answer["conversation"]
        assert answer["texts"] == ["zero", "one", answer["said"]]
        assert answer["deleted"]
        assert answer["lost"] == "null null"
        assert answer["unfollowed"] == "previous_response_not_found previous_response_id"
