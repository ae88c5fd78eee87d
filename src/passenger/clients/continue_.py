"""Continue's `cn`, by a configuration file: https://docs.continue.dev/reference"""

from collections.abc import Mapping

from passenger.clients.files import as_json
from passenger.clients.plan import Client, Dialect, OwnedFile, Plan, Site
from passenger.control.cards import ModelCard

PROVIDER: Mapping[Dialect, str] = {"messages": "anthropic", "completions": "openai"}


def model_entry(site: Site, card: ModelCard) -> dict[str, object]:
    """An entry of its list of models; the address ends with a slash, or it takes `v1` off."""
    return {
        "name": card.name,
        "provider": PROVIDER[CONTINUE.dialect_for(card)],
        "model": card.id,
        "apiBase": f"{site.base}/v1/",
        "apiKey": site.key,
        "roles": ["chat", "edit", "apply"],
        "capabilities": ["tool_use", "image_input"] if card.vision else ["tool_use"],
    }


def launch(site: Site) -> Plan:
    """A run with our models, the chosen one first; JSON is YAML, too."""
    file = site.directory / "config.yaml"
    models = [model_entry(site, card) for card in site.chat if card.tools]
    config = {"name": "Passenger", "version": "1.0.0", "schema": "v1", "models": models}
    return Plan(
        argv=["cn", "--config", str(file)],
        env={"CONTINUE_TELEMETRY_ENABLED": "0"},
        files=[OwnedFile(file, as_json(config))],
        notes=["Continue runs with this configuration in place of your own."],
    )


CONTINUE = Client(
    name="continue",
    title="Continue CLI",
    binaries=("cn",),
    install="npm install -g @continuedev/cli",
    dialects=("messages", "completions"),
    managed=("--config", "--model"),
    launch=launch,
    takes_small=False,
)
