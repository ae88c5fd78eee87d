"""Continue's `cn`, by a configuration file of ours or its own: https://docs.continue.dev/reference"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from passenger.clients.files import json_text
from passenger.clients.plan import Client, DialectName, OwnedFile, Plan, Site
from passenger.clients.setup import KEY_VARIABLE, QUESTION, Setup, for_setup, key_variable, needs_key
from passenger.copilot.model_cards import ModelCard
from passenger.edits.edit import NO_KEY, Edit
from passenger.edits.yaml import list_lines

PROVIDER: Mapping[DialectName, str] = {"messages": "anthropic", "completions": "openai"}


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
        files=[OwnedFile(file, json_text(config))],
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


def edits(site: Site) -> Sequence[Edit]:
    """Two entries at the beginning of its list of models."""
    entries = [
        {
            "name": f"{card.name} (Passenger)",
            "provider": "openai",
            "model": card.id,
            "apiBase": f"{site.base}/v1",
            "apiKey": f"${{{{ secrets.{KEY_VARIABLE} }}}}" if needs_key(site) else NO_KEY,
            "roles": ["chat", "edit", "apply"],
        }
        for card in site.chosen
    ]
    file = site.machine.home / ".continue" / "config.yaml"
    if _is_of_the_users(file):
        return [Edit(file=file, format="yaml-list", keys=("models",), value=entries)]
    lines = [OURS, "name: Passenger", "version: 1.0.0", "schema: v1", "models:"]
    return [Edit(file=file, format="whole", keys=(), value="\n".join([*lines, *list_lines(entries)]) + "\n")]


OURS = "# Made by `passenger setup continue`"


def _is_of_the_users(file: Path) -> bool:
    try:
        return not file.read_text(encoding="utf-8").startswith(OURS)
    except FileNotFoundError:
        return False
    except (OSError, ValueError):
        return True


SETUP = Setup(
    client=for_setup(CONTINUE),
    edits=edits,
    probe=lambda site: ["cn", "--config", str(site.machine.home / ".continue" / "config.yaml"), "-p", QUESTION],
    agents=("/js", "continue"),
    prompt=3_000,
    asks_main=True,
    environ=key_variable,
)
