"""Claude Code, by a settings file for one run or its own: https://code.claude.com/docs/en/settings and /env-vars.

The process's environment would not do: an `env` block in the user's own settings wins over it, and `--settings` wins
over both.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from passenger.clients.files import json_text, read_settings
from passenger.clients.models import is_claude, prompt_limit
from passenger.clients.plan import FAMILIES, Client, Conflict, Installed, Machine, OwnedFile, Plan, Site
from passenger.clients.setup import QUESTION, Setup
from passenger.copilot.catalog import with_dashes
from passenger.copilot.model_cards import ModelCard
from passenger.edits.edit import Edit

OTHER_CLOUDS = ("CLAUDE_CODE_USE_BEDROCK", "CLAUDE_CODE_USE_VERTEX", "CLAUDE_CODE_USE_FOUNDRY")
"""Each makes it ask a cloud instead of the address that is set."""

LEADING_ELSEWHERE = ("ANTHROPIC_BASE_URL", "ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", *OTHER_CLOUDS)
"""Variables of the user's that would lead it to another server, or to another account."""

SMALLEST_WINDOW = 100_000
"""Tokens: it takes no smaller window after which it is to compact."""

READS_DOTS = (2, 1, 330)
"""The version that was seen to know `claude-opus-4.6`. 2.1.197 takes it for another model, with other limits, and says
that it is retired; `claude-opus-4-6` is known to both. Tried in November 2026.
"""

ONLY_NOW: Mapping[str, str] = {"CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1", "DISABLE_AUTOUPDATER": "1"}
"""What is right for one run, and not for good."""


def environment(site: Site) -> dict[str, str]:
    """The `env` block that leads to the server.

    With ANTHROPIC_AUTH_TOKEN there is no login screen; with a value in ANTHROPIC_API_KEY a fresh installation asks
    api.anthropic.com first, and exits where it cannot. The attribution header varies with each prompt, at the very
    beginning of it: nothing would be read from Copilot's cache.
    """
    model = name(site, site.model)
    return {
        "ANTHROPIC_BASE_URL": site.base,
        "ANTHROPIC_AUTH_TOKEN": site.key,
        "ANTHROPIC_API_KEY": "",
        **models(model, name(site, site.small)),
        **_window(site),
        **({} if is_claude(site.model) else {"ANTHROPIC_CUSTOM_MODEL_OPTION": model}),
        "CLAUDE_CODE_ENABLE_GATEWAY_MODEL_DISCOVERY": "1",
        "CLAUDE_CODE_ATTRIBUTION_HEADER": "0",
        "ENABLE_TOOL_SEARCH": site.machine.environ.get("ENABLE_TOOL_SEARCH", "true"),
    }


def name(site: Site, card: ModelCard) -> str:
    """The model as this installation knows it: with dashes where it may not know the dots."""
    if not is_claude(card) or _version(site.installed) >= READS_DOTS:
        return card.id
    dashed = with_dashes(card.id)
    is_taken = any(dashed in one.aliases for one in site.catalog if one.id != card.id)
    return card.id if is_taken else dashed


def _version(installed: Installed | None) -> tuple[int, ...]:
    """The numbers of a version; empty if it has none."""
    return tuple(map(int, re.findall(r"\d+", installed.version)[:3])) if installed else ()


def models(model: str, small: str) -> dict[str, str]:
    """The model for each of its jobs: it would otherwise ask for names that the account does not have."""
    return {
        "ANTHROPIC_MODEL": model,
        "ANTHROPIC_DEFAULT_OPUS_MODEL": model,
        "ANTHROPIC_DEFAULT_SONNET_MODEL": model,
        "ANTHROPIC_DEFAULT_HAIKU_MODEL": small,
        "ANTHROPIC_SMALL_FAST_MODEL": small,
        "CLAUDE_CODE_SUBAGENT_MODEL": model,
    }


def _window(site: Site) -> dict[str, str]:
    """How large a prompt may become before it compacts: it knows Anthropic's own limits, not Copilot's."""
    limit = prompt_limit(site.model)
    if not is_claude(site.model):
        return {"CLAUDE_CODE_MAX_CONTEXT_TOKENS": str(limit)}
    return {"CLAUDE_CODE_AUTO_COMPACT_WINDOW": str(limit)} if limit >= SMALLEST_WINDOW else {}


def launch(site: Site) -> Plan:
    """A run with settings of its own, which win over the user's."""
    file = site.directory / "settings.json"
    env = {**environment(site), **dict.fromkeys(OTHER_CLOUDS, ""), **ONLY_NOW}
    return Plan(
        argv=["claude", "--settings", str(file)],
        unset=LEADING_ELSEWHERE,
        files=[OwnedFile(file, json_text({"model": name(site, site.model), "env": env}))],
    )


def conflicts(machine: Machine) -> Iterable[Conflict]:
    """The variables and the settings of a project that would lead it elsewhere; those at home are the user's own."""
    for name in LEADING_ELSEWHERE:
        if machine.environ.get(name):
            yield Conflict(f"${name}", "is exported in your shell", f"unset {name}")
    if machine.cwd == machine.home:
        return
    for path in (machine.cwd / ".claude" / "settings.json", machine.cwd / ".claude" / "settings.local.json"):
        block = (read_settings(path) or {}).get("env")
        for name in filter(block.get, LEADING_ELSEWHERE) if isinstance(block, dict) else ():
            yield Conflict(str(path), f"env.{name} wins over your own settings", f"take env.{name} out of it")


CLAUDE = Client(
    name="claude",
    title="Claude Code",
    binaries=("claude", "~/.local/bin/claude", "~/.claude/local/claude"),
    install="npm install -g @anthropic-ai/claude-code",
    dialects=("messages",),
    managed=("--settings", "--model"),
    prefers=("claude-sonnet", "claude", *FAMILIES),
    launch=launch,
)


# --- `passenger setup` ----------------------------------------------------------------------------------------------
# Claude Code reads nothing of a settings file that has a comment or a trailing comma. `~/.claude.json` is never edited:
# it holds the client's own state, and a trust that is the user's to give.


def edits(site: Site) -> Sequence[Edit]:
    """The `env` block, and the model, which it would otherwise take from the conversation that is resumed."""
    machine = site.machine
    file = Path(machine.environ.get("CLAUDE_CONFIG_DIR") or machine.home / ".claude") / "settings.json"
    block = [
        Edit(
            file=file,
            format="json",
            keys=("env", variable),
            value=value,
            secret=variable == "ANTHROPIC_AUTH_TOKEN",
            conceals=variable == "ANTHROPIC_API_KEY",
            address=variable == "ANTHROPIC_BASE_URL",
        )
        for variable, value in environment(site).items()
    ]
    return [*block, Edit(file=file, format="json", keys=("model",), value=name(site, site.model))]


SETUP = Setup(
    client=CLAUDE,
    edits=edits,
    probe=lambda site: ["claude", "-p", "--model", name(site, site.small), QUESTION],
    agents=("claude-cli",),
    prompt=25_000,
)
