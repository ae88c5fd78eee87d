"""Gemini CLI's own settings and its file of variables: https://geminicli.com/docs/reference/configuration/"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from passenger.clients.files import read_settings
from passenger.clients.gemini import GEMINI, ITS_OWN, job_models
from passenger.clients.plan import Site
from passenger.clients.setups.setup import QUESTION, Setup
from passenger.edits.edit import Edit


def edits(site: Site) -> Sequence[Edit]:
    """The kind of login, the models, and the address and key, which are read from `.env` alone."""
    directory = Path(site.machine.environ.get("GEMINI_CLI_HOME") or site.machine.home) / ITS_OWN
    file, variables = directory / "settings.json", directory / ".env"
    values: Mapping[tuple[str, ...], object] = {
        ("security", "auth", "selectedType"): "gemini-api-key",
        ("model", "name"): site.model.id,
        **({} if _has_jobs(file) else {("modelConfigs", "customOverrides"): job_models(site)}),
    }
    return [
        *(Edit(file=file, format="json-comments", keys=keys, value=value) for keys, value in values.items()),
        Edit(file=variables, format="dotenv", keys=("GOOGLE_GEMINI_BASE_URL",), value=site.base, address=True),
        Edit(file=variables, format="dotenv", keys=("GEMINI_API_KEY",), value=site.key, secret=True),
    ]


def _has_jobs(file: Path) -> bool:
    """Whether the user has given its side jobs models of his own."""
    found = (read_settings(file) or {}).get("modelConfigs")
    overrides = found.get("customOverrides") if isinstance(found, dict) else None
    return bool(overrides) and "chat-compression-default" not in str(overrides)


def probe(site: Site) -> Sequence[str]:
    """One question to the small model."""
    return ["gemini", "-m", site.small.id, "-p", QUESTION]


def environ(site: Site) -> Mapping[str, str]:
    """It reads `.env` only where the directory is trusted; ours is an empty one."""
    return {"GEMINI_CLI_TRUST_WORKSPACE": "true"}


SETUP = Setup(client=GEMINI, edits=edits, probe=probe, agents=("geminicli",), prompt=12_000, environ=environ)
