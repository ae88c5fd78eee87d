"""A site to wire clients to."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from passenger.clients.plan import Installed, Machine, Site
from passenger.copilot.model_cards import ModelCard

OPUS = ModelCard(
    id="claude-opus-4.6",
    name="Claude Opus 4.6",
    vendor="Anthropic",
    family="claude-opus-4.6",
    dialects=("completions", "messages"),
    context=200_000,
    prompt=168_000,
    output=32_000,
    vision=True,
    tools=True,
    thinks=True,
    efforts=("low", "medium", "high"),
)
HAIKU = ModelCard(
    id="claude-haiku-4.5",
    name="Claude Haiku 4.5",
    vendor="Anthropic",
    family="claude-haiku-4.5",
    dialects=("completions", "messages"),
    prompt=90_000,
    output=16_000,
    tools=True,
)
GPT = ModelCard(
    id="gpt-5.5",
    name="GPT-5.5",
    vendor="OpenAI",
    family="gpt-5.5",
    dialects=("responses",),
    prompt=272_000,
    output=128_000,
    vision=True,
    tools=True,
    efforts=("none", "low", "xhigh"),
)
PRO = ModelCard(
    id="gemini-2.5-pro",
    name="Gemini 2.5 Pro",
    vendor="Google",
    family="gemini-2.5-pro",
    dialects=("completions",),
    prompt=109_000,
    output=64_000,
    tools=True,
)
HIDDEN = ModelCard(id="gpt-9", name="GPT-9", vendor="OpenAI", family="gpt-9", policy="disabled")
EMBEDDING = ModelCard(id="embed", name="Embed", vendor="OpenAI", family="embed", kind="embeddings")
OLD = ModelCard(id="gpt-4o-2024", name="GPT-4o", vendor="OpenAI", family="gpt-4o", picker=False)
CATALOG = (GPT, OPUS, HAIKU, PRO, HIDDEN, EMBEDDING, OLD)

KEY = "passenger-launch-0123456789ab"
BASE = "http://127.0.0.1:8081"


def site(home: Path, *, environ: Mapping[str, str] | None = None, **given: Any) -> Site:
    """A site with an account's models; `given` replaces what it says."""
    defaults: dict[str, Any] = {
        "base": BASE,
        "key": KEY,
        "model": OPUS,
        "small": HAIKU,
        "catalog": CATALOG,
        "directory": home / "state" / "run",
        "kept": home / "state" / "kept",
        "machine": Machine(home, environ or {}, home / "work"),
        "installed": Installed(home / "bin" / "client", "9.0.0"),
    }
    return Site(**(defaults | given))
