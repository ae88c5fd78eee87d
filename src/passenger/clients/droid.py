"""Droid, by a settings file for one process, or its own: https://docs.factory.ai/cli/byok/overview"""

from collections.abc import Mapping, Sequence

from passenger.clients.files import json_text
from passenger.clients.models import output_limit
from passenger.clients.plan import Client, DialectName, OwnedFile, Plan, Site
from passenger.clients.setup import QUESTION, Setup, for_setup
from passenger.copilot.model_cards import ModelCard
from passenger.edits.edit import Edit

API: Mapping[DialectName, tuple[str, str]] = {
    "messages": ("anthropic", ""),
    "responses": ("openai", "/v1"),
    "completions": ("generic-chat-completion-api", "/v1"),
}


def custom_model(site: Site, card: ModelCard) -> dict[str, object]:
    """An entry of its list of custom models."""
    provider, path = API[DROID.dialect_for(card)]
    return {
        "model": card.id,
        "displayName": f"{card.name} (Passenger)",
        "baseUrl": site.base + path,
        "apiKey": site.key,
        "provider": provider,
        "maxOutputTokens": output_limit(card),
    }


def launch(site: Site) -> Plan:
    """A run with our models beside the user's; no sign-in is needed for them."""
    file = site.directory / "settings.json"
    settings = {
        "customModels": [custom_model(site, card) for card in site.chat],
        "sessionDefaultSettings": {"model": f"custom:{site.model.id}"},
    }
    return Plan(argv=["droid", "--settings", str(file)], files=[OwnedFile(file, json_text(settings))])


DROID = Client(
    name="droid",
    title="Droid",
    binaries=("droid", "~/.local/bin/droid"),
    install="npm install -g droid",
    dialects=("messages", "responses", "completions"),
    managed=("--settings", "-m", "--model"),
    launch=launch,
    takes_small=False,
)


def edits(site: Site) -> Sequence[Edit]:
    """Two models of ours beside its own; no sign-in is needed for them."""
    return [edit for card in site.chosen for edit in _model_edits(site, card)]


def _model_edits(site: Site, card: ModelCard) -> Sequence[Edit]:
    entry = custom_model(site, card)
    key, name = entry.pop("apiKey"), str(entry["displayName"])
    file, keys = site.machine.home / ".factory" / "settings.json", ("customModels", ("displayName", name))
    return [
        Edit(file=file, format="json", keys=keys, value=entry),
        Edit(file=file, format="json", keys=(*keys, "apiKey"), value=key, secret=True),
    ]


SETUP = Setup(
    client=for_setup(DROID, "messages", "responses", "completions"),
    edits=edits,
    probe=lambda site: ["droid", "exec", "-m", f"custom:{site.small.id}", QUESTION],
    agents=("factory-cli", "droid"),
    prompt=12_000,
)
