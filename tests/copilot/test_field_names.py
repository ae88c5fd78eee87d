"""What a client calls what Copilot's model does not take."""

import pytest

from passenger.chat import Reasoning
from passenger.copilot.field_names import client_name
from passenger.dialects import gemini, messages
from passenger.dialects import responses as responses_api

CONFIG = "generationConfig"


@pytest.mark.parametrize(
    ("path", "api", "wanted", "name"),
    [
        ("top_k", "messages", None, f"{CONFIG}.topK"),
        ("temperature", "responses", None, f"{CONFIG}.temperature"),
        ("thinking", "messages", Reasoning(show=True), f"{CONFIG}.thinkingConfig"),
        ("thinking.type", "messages", Reasoning(show=True), f"{CONFIG}.thinkingConfig"),
        ("thinking.display", "messages", Reasoning(show=True), f"{CONFIG}.thinkingConfig.includeThoughts"),
        ("output_config.effort", "messages", Reasoning(budget=5), f"{CONFIG}.thinkingConfig.thinkingBudget"),
        ("reasoning.effort", "responses", Reasoning("low"), f"{CONFIG}.thinkingConfig.thinkingLevel"),
        ("reasoning_effort", "completions", Reasoning(), f"{CONFIG}.thinkingConfig"),
        ("stream_options", "completions", None, None),
        ("include", "responses", None, None),
        ("output_config", "messages", None, None),
    ],
)
def test_a_field_has_the_name_that_the_client_has_for_it(
    path: str, api: str, wanted: Reasoning | None, name: str | None
) -> None:
    assert client_name(path, api, gemini.FIELDS, wanted) == name


def test_a_name_that_the_dialect_shares_with_the_hub_stays() -> None:
    assert client_name("reasoning.effort", "responses", responses_api.FIELDS, Reasoning("low")) == "reasoning.effort"
    assert client_name("reasoning.effort", "responses", messages.FIELDS, Reasoning("low")) == "output_config.effort"
