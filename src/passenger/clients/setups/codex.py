"""Codex, by a profile of its own beside the user's configuration: `codex --profile passenger`.

`config.toml` stays as it is, unless Passenger is to be the default: then the same keys stand there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from passenger.clients.codex import CODEX, catalog_of
from passenger.clients.plan import Site
from passenger.clients.setups.setup import KEY_VARIABLE, QUESTION, Setup, needs_key
from passenger.edits.edit import Edit


def edits(site: Site) -> Sequence[Edit]:
    """The profile."""
    return _written(site, "passenger.config.toml")


def default_edits(site: Site) -> Sequence[Edit]:
    """The same in the configuration that plain `codex` reads."""
    return _written(site, "config.toml")


def _written(site: Site, name: str) -> Sequence[Edit]:
    """The keys of a file, and the catalogue of models that it names, made from Codex's own."""
    machine = site.machine
    file = Path(machine.environ.get("CODEX_HOME") or machine.home / ".codex") / name
    models, text = site.directory / "codex-models.json", catalog_of(site)
    values = {
        "model": site.model.id,
        "model_provider": "passenger",
        **({"model_catalog_json": str(models)} if text else {}),
    }
    provider = {"name": "Passenger", "base_url": f"{site.base}/v1", "wire_api": "responses"}
    key = {"env_key": KEY_VARIABLE} if needs_key(site) else {}
    return [
        *([Edit(file=models, format="whole", keys=(), value=text)] if text else []),
        *(Edit(file=file, format="toml", keys=(key,), value=value) for key, value in values.items()),
        Edit(file=file, format="toml", keys=("model_providers", "passenger"), value=provider | key),
    ]


def probe(site: Site) -> Sequence[str]:
    """One question, which is kept in no history."""
    return ["codex", "exec", "--profile", "passenger", *_flags(site), QUESTION]


def default_probe(site: Site) -> Sequence[str]:
    """The same without a profile."""
    return ["codex", "exec", *_flags(site), QUESTION]


def _flags(site: Site) -> Sequence[str]:
    return ["--skip-git-repo-check", "--ephemeral", "-m", site.small.id]


def environ(site: Site) -> Mapping[str, str]:
    """The key, which stands in no file."""
    return {KEY_VARIABLE: site.key} if needs_key(site) else {}


def notes(site: Site) -> Sequence[str]:
    """How it is used."""
    use = "Run `codex --profile passenger`; plain `codex` stays as it was, unless you add --default."
    return [use, *_of_the_key(site)]


def _of_the_key(site: Site) -> Sequence[str]:
    return [f"Export the server's key as {KEY_VARIABLE}; no file holds it."] if needs_key(site) else []


PROFILE = Setup(client=CODEX, edits=edits, probe=probe, agents=("codex",), prompt=12_000, environ=environ, notes=notes)
SETUP = replace(
    PROFILE,
    default=replace(PROFILE, edits=default_edits, probe=default_probe, notes=_of_the_key),
    default_file="config.toml",
)
