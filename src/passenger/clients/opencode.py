"""opencode, by a variable with its configuration, or its own file: https://opencode.ai/docs/config/ and /providers/"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from passenger.clients.models import output_limit, prompt_limit
from passenger.clients.plan import Client, DialectName, Plan, Site
from passenger.clients.setup import KEY_VARIABLE, QUESTION, Setup, key_variable
from passenger.copilot.model_cards import ModelCard
from passenger.edits.edit import Edit

SDK: Mapping[DialectName, str] = {
    "messages": "@ai-sdk/anthropic",
    "responses": "@ai-sdk/openai",
    "completions": "@ai-sdk/openai-compatible",
}
"""The package that speaks a dialect; all three find it below `/v1`."""


QUIET: Mapping[str, str] = {"OPENCODE_DISABLE_AUTOUPDATE": "1", "OPENCODE_DISABLE_MODELS_FETCH": "1"}


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
    return Plan(argv=["opencode"], env={"OPENCODE_CONFIG_CONTENT": json.dumps(config), **QUIET})


OPENCODE = Client(
    name="opencode",
    title="opencode",
    binaries=("opencode", "~/.opencode/bin/opencode"),
    install="npm install -g opencode-ai",
    dialects=("messages", "responses", "completions"),
    managed=("-m", "--model"),
    launch=launch,
)


def edits(site: Site) -> Sequence[Edit]:
    """A provider beside those of the user, and the two models."""
    file, keys, variable = _file(site), ("provider", "passenger", "options", "apiKey"), f"{{env:{KEY_VARIABLE}}}"
    entry = {**provider(site), "options": {"baseURL": f"{site.base}/v1"}}
    return [
        Edit(file=file, format="jsonc", keys=keys[:2], value=entry, address=True),
        Edit(file=file, format="jsonc", keys=keys, value=site.key, secret=True, variable=variable),
        Edit(file=file, format="jsonc", keys=("model",), value=f"passenger/{site.model.id}"),
        Edit(file=file, format="jsonc", keys=("small_model",), value=f"passenger/{site.small.id}"),
    ]


def _file(site: Site) -> Path:
    """The one that there is; where there are both, the one that wins."""
    base = site.machine.config_dir / "opencode"
    return base / ("opencode.jsonc" if (base / "opencode.jsonc").exists() else "opencode.json")


SETUP = Setup(
    client=OPENCODE,
    edits=edits,
    probe=lambda site: ["opencode", "run", "-m", f"passenger/{site.small.id}", QUESTION],
    agents=("opencode", "ai-sdk"),
    environ=lambda site: {**key_variable(site), **QUIET},
)
