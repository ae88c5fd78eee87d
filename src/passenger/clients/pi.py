"""pi, by an extension of our own that adds a provider: its docs/custom-provider.md."""

import json
from collections.abc import Mapping

from passenger.clients.fit import output_limit, prompt_limit
from passenger.clients.plan import Client, Dialect, OwnedFile, Plan, Site
from passenger.control.cards import ModelCard

KEY_VARIABLE = "PASSENGER_KEY"
API: Mapping[Dialect, tuple[str, str]] = {
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
    return {
        "type": "chat",
        "id": card.id,
        "name": card.name,
        "api": api,
        "baseUrl": base + path,
        "reasoning": card.thinks,
        "input": ["text", "image"] if card.vision else ["text"],
        "cost": FREE,
        "contextWindow": prompt_limit(card),
        "maxTokens": output_limit(card),
    }


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
