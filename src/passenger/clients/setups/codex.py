"""Codex, by a profile of its own beside the user's configuration: `codex --profile passenger`.

`config.toml` stays as it is: Codex writes into it itself, and a provider there would be everybody's.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from passenger.clients.codex import CODEX, catalog
from passenger.clients.plan import Site
from passenger.clients.setups.setup import KEY_VARIABLE, QUESTION, Setup, needs_key
from passenger.edits.edit import Edit


def edits(site: Site) -> Sequence[Edit]:
    """The profile, and the catalogue of models that it names, made from Codex's own."""
    machine = site.machine
    profile = Path(machine.environ.get("CODEX_HOME") or machine.home / ".codex") / "passenger.config.toml"
    models, text = site.directory / "codex-models.json", _catalog(site)
    values = {
        "model": site.model.id,
        "model_provider": "passenger",
        **({"model_catalog_json": str(models)} if text else {}),
    }
    provider = {"name": "Passenger", "base_url": f"{site.base}/v1", "wire_api": "responses"}
    key = {"env_key": KEY_VARIABLE} if needs_key(site) else {}
    return [
        *([Edit(file=models, format="whole", keys=(), value=text)] if text else []),
        *(Edit(file=profile, format="toml", keys=(name,), value=value) for name, value in values.items()),
        Edit(file=profile, format="toml", keys=("model_providers", "passenger"), value=provider | key),
    ]


def _catalog(site: Site) -> str | None:
    try:
        return catalog(site.ask(["debug", "models"]), site.chat)
    except OSError:
        return None


def probe(site: Site) -> Sequence[str]:
    """One question, which is kept in no history."""
    flags = ["--skip-git-repo-check", "--ephemeral", "-m", site.small.id]
    return ["codex", "exec", "--profile", "passenger", *flags, QUESTION]


def environ(site: Site) -> Mapping[str, str]:
    """The key, which stands in no file."""
    return {KEY_VARIABLE: site.key} if needs_key(site) else {}


def notes(site: Site) -> Sequence[str]:
    """How it is used."""
    use = "Run `codex --profile passenger`; plain `codex` stays as it was."
    return [use, f"Export the server's key as {KEY_VARIABLE}; no file holds it."] if needs_key(site) else [use]


SETUP = Setup(client=CODEX, edits=edits, probe=probe, agents=("codex",), prompt=12_000, environ=environ, notes=notes)
