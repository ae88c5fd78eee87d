"""What a client calls what Copilot's model does not take."""

import pytest

from passenger.chat.prompt import ReasoningConfig
from passenger.copilot.field_names import client_name
from passenger.dialects import anthropic as messages
from passenger.dialects import google as gemini
from passenger.dialects.openai import responses

CONFIG = "generationConfig"


@pytest.mark.parametrize(
    ("path", "api", "wanted", "name"),
    [
        ("top_k", "messages", None, f"{CONFIG}.topK"),
        ("temperature", "responses", None, f"{CONFIG}.temperature"),
        ("thinking", "messages", ReasoningConfig(show=True), f"{CONFIG}.thinkingConfig"),
        ("thinking.type", "messages", ReasoningConfig(show=True), f"{CONFIG}.thinkingConfig"),
        ("thinking.display", "messages", ReasoningConfig(show=True), f"{CONFIG}.thinkingConfig.includeThoughts"),
        ("output_config.effort", "messages", ReasoningConfig(budget=5), f"{CONFIG}.thinkingConfig.thinkingBudget"),
        ("reasoning.effort", "responses", ReasoningConfig("low"), f"{CONFIG}.thinkingConfig.thinkingLevel"),
        ("reasoning_effort", "completions", ReasoningConfig(), f"{CONFIG}.thinkingConfig"),
        ("stream_options", "completions", None, None),
        ("include", "responses", None, None),
        ("output_config", "messages", None, None),
    ],
)
def test_a_field_has_the_name_that_the_client_has_for_it(
    path: str, api: str, wanted: ReasoningConfig | None, name: str | None
) -> None:
    assert client_name(path, api, gemini.INBOUND.fields, wanted) == name


def test_a_name_that_the_dialect_shares_with_the_hub_stays() -> None:
    assert (
        client_name("reasoning.effort", "responses", responses.INBOUND.fields, ReasoningConfig("low"))
        == "reasoning.effort"
    )
    assert (
        client_name("reasoning.effort", "responses", messages.INBOUND.fields, ReasoningConfig("low"))
        == "output_config.effort"
    )
