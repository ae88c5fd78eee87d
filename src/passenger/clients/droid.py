"""Droid, by a settings file for one process: https://docs.factory.ai/cli/byok/overview"""

from collections.abc import Mapping

from passenger.clients.files import as_json
from passenger.clients.fit import output_limit
from passenger.clients.plan import Client, Dialect, OwnedFile, Plan, Site
from passenger.control.cards import ModelCard

API: Mapping[Dialect, tuple[str, str]] = {
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
    return Plan(argv=["droid", "--settings", str(file)], files=[OwnedFile(file, as_json(settings))])


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
