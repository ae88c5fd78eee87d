"""Codex's wiring."""

import json
from pathlib import Path
from typing import Any

import pytest

from passenger.clients.codex import launch, make_catalog
from tests.clients.sites import BASE, GPT, HAIKU, KEY, OPUS, site

PROVIDER = f'{{name="Passenger",base_url="{BASE}/v1",wire_api="responses",env_key="PASSENGER_KEY"}}'


def entry(slug: str, **more: Any) -> dict[str, Any]:
    return {
        "slug": slug,
        "base_instructions": f"the prompt of {slug}",
        "apply_patch_tool_type": "freeform",
        "supports_search_tool": True,
        "upgrade": {"model": "gpt-6-sol"},
        "service_tiers": [{"id": "priority"}],
        "use_responses_lite": True,
        "supported_reasoning_levels": [{"effort": "low", "description": "as OpenAI has it"}],
        "default_reasoning_level": "low",
        "support_verbosity": True,
        **more,
    }


BUNDLED = json.dumps({"models": [entry("gpt-6-sol"), entry("gpt-5.5", context_window=1)]})


def ask(arguments: object) -> str:
    assert arguments == ["debug", "models"]
    return BUNDLED


def entries(bundled: str) -> dict[str, dict[str, Any]]:
    text = make_catalog(bundled, [OPUS, GPT, HAIKU])
    assert text is not None
    return {one["slug"]: one for one in json.loads(text)["models"]}


def test_the_command_line(tmp_path: Path) -> None:
    made = launch(site(tmp_path, ask=ask))
    assert made.argv == [
        *("codex", "-m", "claude-opus-4.6"),
        *("-c", 'model_provider="passenger"'),
        *("-c", f"model_providers.passenger={PROVIDER}"),
        *("-c", f'model_catalog_json="{tmp_path}/state/run/models.json"'),
        *("-c", "check_for_update_on_startup=false"),
        *("-c", "analytics.enabled=false"),
    ]
    assert made.env == {"PASSENGER_KEY": KEY}
    assert [file.path.name for file in made.files] == ["models.json"]
    assert made.notes == []


def test_its_catalogue_is_the_accounts_models_in_their_order() -> None:
    assert list(entries(BUNDLED)) == ["claude-opus-4.6", "gpt-5.5", "claude-haiku-4.5"]
    assert [one["priority"] for one in entries(BUNDLED).values()] == [0, 1, 2]


def test_no_entry_offers_an_upgrade_or_a_tier_and_each_has_copilots_limit() -> None:
    for one in entries(BUNDLED).values():
        assert one["upgrade"] is None
        assert one["service_tiers"] == []
        assert one["visibility"] == "list"
    assert [one["context_window"] for one in entries(BUNDLED).values()] == [168_000, 272_000, 90_000]
    assert [one["input_modalities"] for one in entries(BUNDLED).values()][1:] == [["text", "image"], ["text"]]


def test_a_model_that_codex_knows_keeps_what_it_says_of_it() -> None:
    own = entries(BUNDLED)["gpt-5.5"]
    assert own["supported_reasoning_levels"] == [{"effort": "low", "description": "as OpenAI has it"}]
    assert own["use_responses_lite"] is True


def test_another_model_gets_its_prompt_and_tools_and_the_efforts_that_copilot_names() -> None:
    cloned = entries(BUNDLED)["claude-opus-4.6"]
    assert cloned["base_instructions"] == "the prompt of gpt-5.5"
    assert cloned["apply_patch_tool_type"] == "freeform"
    assert [level["effort"] for level in cloned["supported_reasoning_levels"]] == ["low", "medium", "high"]
    assert cloned["default_reasoning_level"] == "medium"
    assert cloned["support_verbosity"] is False
    assert "use_responses_lite" not in cloned
    assert entries(BUNDLED)["claude-haiku-4.5"]["default_reasoning_level"] is None


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"models": [{"slug": "x"}]}', '{"models": [1]}', "no such command"])
def test_what_is_no_catalogue_gives_none_and_the_run_says_so(tmp_path: Path, text: str) -> None:
    assert make_catalog(text, [OPUS]) is None
    made = launch(site(tmp_path, ask=lambda _: text))
    assert made.files == []
    assert "model_context_window=168000" in made.argv
    assert len(made.notes) == 1
