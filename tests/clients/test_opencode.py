"""opencode's wiring."""

import json
from pathlib import Path
from typing import Any

from passenger.clients.opencode import launch
from tests.clients.sites import BASE, KEY, site


def config(home: Path) -> dict[str, Any]:
    made = launch(site(home))
    assert made.argv == ["opencode"]
    assert not made.files
    found: dict[str, Any] = json.loads(made.env["OPENCODE_CONFIG_CONTENT"])
    return found


def test_it_gets_a_provider_and_two_models(tmp_path: Path) -> None:
    found = config(tmp_path)
    assert found["model"] == "passenger/claude-opus-4.6"
    assert found["small_model"] == "passenger/claude-haiku-4.5"
    assert found["provider"]["passenger"]["options"] == {"baseURL": f"{BASE}/v1", "apiKey": KEY}


def test_each_model_is_asked_by_the_dialect_it_speaks_best(tmp_path: Path) -> None:
    models = config(tmp_path)["provider"]["passenger"]["models"]
    assert {name: model["provider"]["npm"] for name, model in models.items()} == {
        "claude-opus-4.6": "@ai-sdk/anthropic",
        "claude-haiku-4.5": "@ai-sdk/anthropic",
        "gpt-5.5": "@ai-sdk/openai",
        "gemini-2.5-pro": "@ai-sdk/openai-compatible",
    }


def test_a_model_as_it_is_told(tmp_path: Path) -> None:
    assert config(tmp_path)["provider"]["passenger"]["models"]["claude-opus-4.6"] == {
        "name": "Claude Opus 4.6",
        "provider": {"npm": "@ai-sdk/anthropic"},
        "tool_call": True,
        "attachment": True,
        "reasoning": True,
        "modalities": {"input": ["text", "image"], "output": ["text"]},
        "limit": {"context": 200_000, "output": 32_000},
    }
