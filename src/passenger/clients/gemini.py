"""Gemini CLI, by a home of our own, or its own settings: https://geminicli.com/docs/reference/configuration/

Its settings must name a kind of login, and the environment cannot. A file for the whole system could, but Gemini CLI
reads one only where root owns it.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from passenger.clients.files import conceal_texts, json_text, merge_settings, read_settings
from passenger.clients.plan import FAMILIES, Client, OwnedFile, OwnedLink, Plan, Site
from passenger.clients.setup import QUESTION, Setup
from passenger.edits.edit import Edit

ITS_OWN = ".gemini"
KEPT = ("tmp", "history")
"""What it writes of each session: kept for the next run where the user has no such directory."""

JOBS = (
    "classifier",
    "prompt-completion",
    "fast-ack-helper",
    "edit-corrector",
    "summarizer-default",
    "summarizer-shell",
    "gemini-2.5-flash-base",
    "gemini-3-flash-base",
    "gemini-3.5-flash-base",
    "loop-detection-double-check",
    "chat-compression-default",
    "chat-compression-3-pro",
    "chat-compression-3-flash",
    "chat-compression-3.1-flash-lite",
    "chat-compression-2.5-pro",
    "chat-compression-2.5-flash",
    "chat-compression-2.5-flash-lite",
    "agent-history-provider-summarizer",
)
"""What it calls its jobs beside the conversation; it would ask Google's models for them."""


def job_models(site: Site) -> Sequence[Mapping[str, object]]:
    """The small model for each of its jobs, as its settings have it."""
    return [{"match": {"model": job}, "modelConfig": {"model": site.small.id}} for job in JOBS]


def settings(site: Site) -> dict[str, object]:
    """What it must have in its settings: the kind of login, and the model for its small jobs."""
    return {
        "security": {"auth": {"selectedType": "gemini-api-key"}},
        "modelConfigs": {"customOverrides": job_models(site)},
        "privacy": {"usageStatisticsEnabled": False},
        "general": {"enableAutoUpdate": False, "enableAutoUpdateNotification": False, "disableAutoUpdate": True},
    }


def launch(site: Site) -> Plan:
    """A run in a home of our own: the user's files are linked, and ours are merged over the user's settings."""
    home, users = site.directory / "home", _users(site)
    own = read_settings(users / "settings.json")
    concealed = {name: conceal_texts(value) for name, value in (own or {}).items()}
    text, shown = (json_text(merge_settings(below, settings(site))) for below in (own or {}, concealed))
    unread = f"{users / 'settings.json'} cannot be read and is left out of this run."
    return Plan(
        argv=["gemini", "-m", site.model.id],
        env={"GEMINI_CLI_HOME": str(home), "GOOGLE_GEMINI_BASE_URL": site.base, "GEMINI_API_KEY": site.key},
        unset=["GOOGLE_GENAI_USE_GCA", "GOOGLE_GENAI_USE_VERTEXAI", "GEMINI_MODEL", "GEMINI_API_KEY_AUTH_MECHANISM"],
        files=[OwnedFile(home / ITS_OWN / "settings.json", text, shown)],
        links=list(_links(home / ITS_OWN, users, site.kept)),
        notes=[unread] if own is None else [],
    )


def _users(site: Site) -> Path:
    """The directory of the user's own files."""
    return Path(site.machine.environ.get("GEMINI_CLI_HOME") or site.machine.home) / ITS_OWN


def _links(ours: Path, users: Path, kept: Path) -> Iterator[OwnedLink]:
    theirs = {path.name: path for path in sorted(users.glob("*")) if path.name != "settings.json"}
    for name, path in {**{name: kept / name for name in KEPT}, **theirs}.items():
        yield OwnedLink(ours / name, path)


GEMINI = Client(
    name="gemini",
    title="Gemini CLI",
    binaries=("gemini",),
    install="npm install -g @google/gemini-cli",
    dialects=("gemini",),
    managed=("-m", "--model"),
    prefers=("gemini", *FAMILIES),
    launch=launch,
)


def edits(site: Site) -> Sequence[Edit]:
    """The kind of login, the models, and the address and key, which are read from `.env` alone."""
    file, variables = _users(site) / "settings.json", _users(site) / ".env"
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
    """Whether the user has already chosen models for its side jobs."""
    found = (read_settings(file) or {}).get("modelConfigs")
    overrides = found.get("customOverrides") if isinstance(found, dict) else None
    return bool(overrides) and "chat-compression-default" not in str(overrides)


SETUP = Setup(
    client=GEMINI,
    edits=edits,
    probe=lambda site: ["gemini", "-m", site.small.id, "-p", QUESTION],
    agents=("geminicli",),
    prompt=12_000,
    # It reads `.env` only where the directory is trusted; ours is an empty one.
    environ=lambda site: {"GEMINI_CLI_TRUST_WORKSPACE": "true"},
)
