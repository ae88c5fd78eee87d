"""Zed, by its own settings: https://zed.dev/docs/ai/llm-providers"""

from collections.abc import Sequence

from passenger.clients.models import output_limit, prompt_limit
from passenger.clients.plan import Client, Site
from passenger.clients.setup import Setup
from passenger.copilot.model_cards import ModelCard
from passenger.edits.edit import Edit

ZED = Client(
    name="zed",
    title="Zed",
    binaries=("zed",),
    install="brew install --cask zed",
    dialects=("completions",),
    is_run=False,
)


def edits(site: Site) -> Sequence[Edit]:
    """A provider beside its own; the key is kept in the system's store."""
    machine = site.machine
    directory = machine.settings_dir / "Zed" if machine.platform == "win32" else machine.config_dir / "zed"
    entry = {"api_url": f"{site.base}/v1", "available_models": [_model(card) for card in site.chat]}
    keys = ("language_models", "openai_compatible", "Passenger")
    return [Edit(file=directory / "settings.json", format="jsonc", keys=keys, value=entry)]


def _model(card: ModelCard) -> dict[str, object]:
    return {
        "name": card.id,
        "display_name": card.name,
        "max_tokens": prompt_limit(card) + output_limit(card),
        "max_output_tokens": output_limit(card),
        "capabilities": {"tools": card.tools, "images": card.vision},
    }


SETUP = Setup(
    client=ZED,
    edits=edits,
    notes=lambda site: [
        "In Zed, open the agent panel's settings and give Passenger's key once; anything will do where none is set.",
        "It has not been run with Zed itself: the file's format is from its vendor's pages.",
    ],
)
