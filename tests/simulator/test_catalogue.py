from typing import Any

import msgspec
import pytest

from passenger.simulator.catalogue import Catalogue


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return Catalogue()


def entries(catalogue: Catalogue, version: str | None) -> list[dict[str, Any]]:
    return list(msgspec.json.decode(catalogue.listing(version, set()))["data"])


def test_the_catalogue_repeats_an_id_as_the_real_one_does(catalogue: Catalogue) -> None:
    ids = [entry["id"] for entry in entries(catalogue, None)]
    assert ids.count("gpt-4") == 2


def test_every_chat_model_has_limits_and_exactly_one_is_the_default(catalogue: Catalogue) -> None:
    found = entries(catalogue, "2026-06-01")
    chats = [entry["capabilities"] for entry in found if entry["capabilities"]["type"] == "chat"]
    assert all(
        {"max_context_window_tokens", "max_prompt_tokens", "max_output_tokens"} <= set(c["limits"]) for c in chats
    )
    assert sum(bool(entry["is_chat_default"]) for entry in found) == 1


def test_an_old_api_version_sees_a_warning_and_multipliers_of_one(catalogue: Catalogue) -> None:
    for entry in entries(catalogue, "2025-05-01"):
        billing = entry["billing"]
        assert isinstance(billing, dict)
        assert billing["multiplier"] == 1
        assert "token_prices" not in billing
        assert "warning_message" in entry


def test_a_new_api_version_sees_prices(catalogue: Catalogue) -> None:
    opus = next(entry for entry in entries(catalogue, "2026-06-01") if entry["id"] == "claude-opus-5")
    assert opus["billing"]["token_prices"]["default"]["input_price"] == 500
    assert "warning_message" not in opus


@pytest.mark.parametrize(
    ("model_id", "vendor", "answers_as", "endpoints"),
    [
        ("gpt-4o", "azure", "gpt-4o-2024-11-20", ("/chat/completions",)),
        ("claude-sonnet-4.6", "claude", "claude-sonnet-4.6", ("/chat/completions", "/v1/messages")),
        ("gemini-2.5-pro", "gemini", "gemini-2.5-pro", ("/chat/completions",)),
        ("grok-code-fast-1", "azure", "grok-code-fast-1", ("/chat/completions",)),
        ("gpt-5.5", "azure", "gpt-5.5-2026-04-23", ("/responses", "ws:/responses")),
        ("text-embedding-3-small", "azure", "text-embedding-3-small", ()),
    ],
)
def test_a_model_knows_its_wire_its_name_and_its_paths(
    catalogue: Catalogue, model_id: str, vendor: str, answers_as: str, endpoints: tuple[str, ...]
) -> None:
    model = catalogue.find(model_id)
    assert model is not None
    assert (model.vendor, model.answers_as, model.endpoints) == (vendor, answers_as, endpoints)


def test_ids_are_found_exactly_as_written(catalogue: Catalogue) -> None:
    assert catalogue.find("claude-sonnet-4-6") is None
    assert catalogue.find("GPT-4o") is None
