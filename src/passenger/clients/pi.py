"""pi, by an extension of our own, or its own settings: https://github.com/badlogic/pi-mono (docs/custom-provider.md)"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from passenger.clients.models import output_limit, prompt_limit
from passenger.clients.plan import Client, DialectName, OwnedFile, Plan, Site
from passenger.clients.setup import KEY_VARIABLE, QUESTION, Setup, for_setup
from passenger.copilot.model_cards import ModelCard
from passenger.edits.edit import Edit

API: Mapping[DialectName, tuple[str, str]] = {
    "messages": ("anthropic-messages", ""),
    "responses": ("openai-responses", "/v1"),
    "completions": ("openai-completions", "/v1"),
}
FREE = {"input": 0, "output": 0, "cacheRead": 0, "cacheWrite": 0}
"""What it would show as the cost is not Copilot's."""


def provider(site: Site) -> dict[str, object]:
    """The provider with all models of the account, each by the API that it speaks best."""
    return {
        "name": "Passenger",
        "baseUrl": f"{site.base}/v1",
        "apiKey": f"${KEY_VARIABLE}",
        "api": API["completions"][0],
        "models": [_model(site.base, card) for card in site.chat],
    }


def _model(base: str, card: ModelCard) -> dict[str, object]:
    api, path = API[PI.dialect_for(card)]
    return {"type": "chat", **_entry(card), "api": api, "baseUrl": base + path, "cost": FREE}


def launch(site: Site) -> Plan:
    """A run with the extension beside the user's own."""
    file = site.directory / "passenger.js"
    text = f'export default (pi) => pi.registerProvider("passenger", {json.dumps(provider(site), indent=2)});\n'
    return Plan(
        argv=["pi", "-e", str(file), "--provider", "passenger", "--model", site.model.id],
        env={KEY_VARIABLE: site.key, "PI_SKIP_VERSION_CHECK": "1"},
        files=[OwnedFile(file, text)],
    )


PI = Client(
    name="pi",
    title="pi",
    binaries=("pi",),
    install="npm install -g @earendil-works/pi-coding-agent",
    dialects=("messages", "responses", "completions"),
    managed=("--provider", "--model", "--api-key"),
    launch=launch,
    takes_small=False,
)


def edits(site: Site) -> Sequence[Edit]:
    """A provider beside its own; in a key `$` begins the name of a variable, and `!` a command."""
    file, keys = _directory(site) / "models.json", ("providers", "passenger")
    key = re.sub(r"^!|\$", r"$\g<0>", site.key)
    models = [_entry(card) for card in site.chat]
    entry = {"baseUrl": f"{site.base}/v1", "api": "openai-completions", "models": models}
    return [
        Edit(file=file, format="jsonc", keys=keys, value=entry, address=True),
        Edit(file=file, format="jsonc", keys=(*keys, "apiKey"), value=key, secret=True, variable=f"${KEY_VARIABLE}"),
    ]


def default_edits(site: Site) -> Sequence[Edit]:
    """The provider, and what it starts with."""
    file = _directory(site) / "settings.json"
    values = {"defaultProvider": "passenger", "defaultModel": site.model.id}
    return [*edits(site), *(Edit(file=file, format="json", keys=(key,), value=value) for key, value in values.items())]


def _directory(site: Site) -> Path:
    return Path(site.machine.environ.get("PI_CODING_AGENT_DIR") or site.machine.home / ".pi" / "agent")


def _entry(card: ModelCard) -> dict[str, object]:
    return {
        "id": card.id,
        "name": card.name,
        "reasoning": card.thinks,
        "input": ["text", "image"] if card.vision else ["text"],
        "contextWindow": prompt_limit(card),
        "maxTokens": output_limit(card),
    }


_BESIDE = Setup(
    client=for_setup(PI),
    edits=edits,
    probe=lambda site: ["pi", "--provider", "passenger", "--model", site.small.id, "-p", QUESTION],
    agents=("pi/", "openai/js"),
    prompt=3_000,
    environ=lambda site: {"PI_SKIP_VERSION_CHECK": "1", KEY_VARIABLE: site.key},
    notes=lambda site: ["Run `pi --provider passenger`, or pick one of its models with /model; or add --default."],
)
SETUP = replace(
    _BESIDE,
    default=replace(
        _BESIDE, edits=default_edits, probe=lambda site: ["pi", "-p", QUESTION], asks_main=True, notes=lambda site: ()
    ),
    default_file="settings.json",
)
