"""Codex, by `-c` settings and a catalogue of models, or a profile: https://developers.openai.com/codex/config-reference

Its built-in provider with another address would not do: it then keeps what is meant for OpenAI's own service.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from passenger.clients.files import json_text
from passenger.clients.models import prompt_limit
from passenger.clients.plan import FAMILIES, Client, OwnedFile, Plan, Site
from passenger.clients.setup import KEY_VARIABLE, QUESTION, Setup, key_variable, needs_key
from passenger.copilot.model_cards import ModelCard
from passenger.edits.edit import Edit

PATTERN = "gpt-5.5"
"""The model whose entry is taken for one that Codex does not know."""

OPENAIS_OWN = ("use_responses_lite", "tool_mode", "service_tiers", "additional_speed_tiers", "comp_hash")
"""What an entry says of OpenAI's own service, and not of the model."""

EFFORTS: Mapping[str, str] = {
    "none": "Answers at once",
    "minimal": "Thinks hardly at all",
    "low": "Thinks a little",
    "medium": "Thinks as much as most work needs",
    "high": "Thinks long",
    "xhigh": "Thinks very long",
    "max": "Thinks as long as it can",
}


# --- the catalogue -----------------------------------------------------------------------------------------------


def make_catalog(bundled: str, cards: Sequence[ModelCard]) -> str | None:
    """Codex's own catalogue (`codex debug models`) with our models in place of its own, None where it is not one.

    Each entry keeps its system prompt and tools, without which Codex would be another program. Without a catalogue it
    offers models that the account may not have, and makes one of them the default in the user's file.
    """
    known = _entries(bundled)
    pattern = known.get(PATTERN) or next(iter(known.values()), None)
    if pattern is None:
        return None
    entries = [_entry(known.get(card.id), pattern, card, place) for place, card in enumerate(cards)]
    return json_text({"models": entries})


def _entries(bundled: str) -> dict[str, dict[str, Any]]:
    try:
        found = json.loads(bundled)["models"]
        return {entry["slug"]: entry for entry in found if entry.get("base_instructions")}
    except (ValueError, KeyError, TypeError, AttributeError):
        return {}


def _entry(own: dict[str, Any] | None, pattern: dict[str, Any], card: ModelCard, place: int) -> dict[str, Any]:
    limit = prompt_limit(card)
    return {
        **(own or _clone(pattern, card)),
        "slug": card.id,
        "display_name": card.name,
        "description": f"{card.vendor}, by GitHub Copilot",
        "upgrade": None,
        "availability_nux": None,
        "priority": place,
        "visibility": "list",
        "supported_in_api": True,
        "context_window": limit,
        "max_context_window": limit,
        "service_tiers": [],
        "additional_speed_tiers": [],
        "input_modalities": ["text", "image"] if card.vision else ["text"],
    }


def _clone(pattern: dict[str, Any], card: ModelCard) -> dict[str, Any]:
    levels = [{"effort": effort, "description": EFFORTS.get(effort, effort)} for effort in card.efforts]
    return {
        **{key: value for key, value in pattern.items() if key not in OPENAIS_OWN},
        "supported_reasoning_levels": levels,
        "default_reasoning_level": "medium" if "medium" in card.efforts else next(iter(card.efforts), None),
        "support_verbosity": False,
        "supports_parallel_tool_calls": card.tools,
    }


# --- a run -------------------------------------------------------------------------------------------------------


def provider(base: str) -> str:
    """The provider as an inline table of TOML."""
    return f'{{name="Passenger",base_url="{base}/v1",wire_api="responses",env_key="{KEY_VARIABLE}"}}'


def launch(site: Site) -> Plan:
    """A run with a provider of its own and, where its catalogue can be had, our models."""
    text, file, limit = models_file(site), site.directory / "models.json", str(prompt_limit(site.model))
    settings = {
        "model_provider": '"passenger"',
        "model_providers.passenger": provider(site.base),
        **({"model_catalog_json": json.dumps(str(file))} if text else {"model_context_window": limit}),
        "check_for_update_on_startup": "false",
        "analytics.enabled": "false",
    }
    flags = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
    return Plan(
        argv=["codex", "-m", site.model.id, *flags],
        env={KEY_VARIABLE: site.key},
        files=[OwnedFile(file, text)] if text else [],
        notes=[] if text else ["This Codex has no catalogue to copy: its own list of models is not your account's."],
    )


def models_file(site: Site) -> str | None:
    """The catalogue for a site, from the Codex that is installed there; None where it has none to copy."""
    try:
        return make_catalog(site.ask(["debug", "models"]), site.chat)
    except OSError:
        return None


CODEX = Client(
    name="codex",
    title="Codex",
    binaries=("codex",),
    install="npm install -g @openai/codex",
    dialects=("responses",),
    managed=(
        *("-m", "--model", "-p", "--profile", "--oss", "-c model", "-c model_provider"),
        *("-c model_providers.passenger", "-c model_catalog_json", "-c openai_base_url"),
    ),
    prefers=("gpt", *FAMILIES),
    launch=launch,
    takes_small=False,
)


# --- `passenger setup` ----------------------------------------------------------------------------------------------
# A profile beside the user's configuration: `codex --profile passenger`. `config.toml` gets the same keys only where
# Passenger is to be the default.


def edits(site: Site, name: str) -> Sequence[Edit]:
    """The keys of a file, and the catalogue of models that it names, made from Codex's own."""
    machine = site.machine
    file = Path(machine.environ.get("CODEX_HOME") or machine.home / ".codex") / name
    models, text = site.directory / "codex-models.json", models_file(site)
    catalog = {"model_catalog_json": str(models)} if text else {}
    values = {"model": site.model.id, "model_provider": "passenger", **catalog}
    provider = {"name": "Passenger", "base_url": f"{site.base}/v1", "wire_api": "responses"}
    key = {"env_key": KEY_VARIABLE} if needs_key(site) else {}
    return [
        *([Edit(file=models, format="whole", keys=(), value=text)] if text else []),
        *(Edit(file=file, format="toml", keys=(key,), value=value) for key, value in values.items()),
        Edit(file=file, format="toml", keys=("model_providers", "passenger"), value=provider | key),
    ]


def probe(site: Site, *profile: str) -> Sequence[str]:
    """One question, which is kept in no history."""
    return ["codex", "exec", *profile, "--skip-git-repo-check", "--ephemeral", "-m", site.small.id, QUESTION]


def notes(site: Site, *use: str) -> Sequence[str]:
    """How it is used, and where the key is read: no file holds it."""
    return [*use, *([f"Export the server's key as {KEY_VARIABLE}; no file holds it."] if needs_key(site) else [])]


USE = "Run `codex --profile passenger`; plain `codex` stays as it was, unless you add --default."

DEFAULT = Setup(
    client=CODEX,
    edits=partial(edits, name="config.toml"),
    probe=probe,
    agents=("codex",),
    prompt=12_000,
    environ=key_variable,
    notes=notes,
)
SETUP = replace(
    DEFAULT,
    edits=partial(edits, name="passenger.config.toml"),
    probe=lambda site: probe(site, "--profile", "passenger"),
    notes=lambda site: notes(site, USE),
    default=DEFAULT,
    default_file="config.toml",
)
