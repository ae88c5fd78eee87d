"""opencode, by one variable that holds its configuration: https://opencode.ai/docs/config/ and /providers/"""

import json
from collections.abc import Mapping

from passenger.clients.fit import output_limit, prompt_limit
from passenger.clients.plan import Client, Dialect, Plan, Site
from passenger.control.cards import ModelCard

SDK: Mapping[Dialect, str] = {
    "messages": "@ai-sdk/anthropic",
    "responses": "@ai-sdk/openai",
    "completions": "@ai-sdk/openai-compatible",
}
"""The package that speaks a dialect; all three find it below `/v1`."""


def provider(site: Site) -> dict[str, object]:
    """The provider with all models of the account, each by the dialect that it speaks best."""
    return {
        "npm": SDK["completions"],
        "name": "Passenger",
        "options": {"baseURL": f"{site.base}/v1", "apiKey": site.key},
        "models": {card.id: _model(card) for card in site.chat},
    }


def _model(card: ModelCard) -> dict[str, object]:
    return {
        "name": card.name,
        "provider": {"npm": SDK[OPENCODE.dialect_for(card)]},
        "tool_call": card.tools,
        "attachment": card.vision,
        "reasoning": card.thinks,
        "modalities": {"input": ["text", "image"] if card.vision else ["text"], "output": ["text"]},
        "limit": {"context": prompt_limit(card) + output_limit(card), "output": output_limit(card)},
    }


def launch(site: Site) -> Plan:
    """A run with a provider and two models beside all that the user has configured."""
    config = {
        "provider": {"passenger": provider(site)},
        "model": f"passenger/{site.model.id}",
        "small_model": f"passenger/{site.small.id}",
    }
    return Plan(
        argv=["opencode"],
        env={
            "OPENCODE_CONFIG_CONTENT": json.dumps(config),
            "OPENCODE_DISABLE_AUTOUPDATE": "1",
            "OPENCODE_DISABLE_MODELS_FETCH": "1",
        },
    )


OPENCODE = Client(
    name="opencode",
    title="opencode",
    binaries=("opencode", "~/.opencode/bin/opencode"),
    install="npm install -g opencode-ai",
    dialects=("messages", "responses", "completions"),
    managed=("-m", "--model"),
    launch=launch,
)
