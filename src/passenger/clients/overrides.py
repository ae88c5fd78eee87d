"""What wins over a client's own settings: variables of the shell, files of a project, and settings of a company.

Each client's page says in which order it reads them; a file counts only where one of these words stands in it.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from passenger.clients import claude
from passenger.clients.plan import Conflict, Machine

MOST = 1024 * 1024
"""Bytes of a file that are searched."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Overrides:
    """What wins over the settings of one client."""

    variables: tuple[str, ...] = ()
    """Variables of the shell."""
    project: tuple[str, ...] = ()
    """Files below the working directory or one above it, up to the home directory."""
    managed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Files that a company has put there, by `sys.platform`."""
    words: tuple[str, ...] = ()
    """A file counts only where one of these stands in it."""
    more: Callable[[Machine], Iterable[Conflict]] | None = None
    """Finds what a search for words would not."""


OVERRIDES: Mapping[str, Overrides] = {
    # https://code.claude.com/docs/en/settings#settings-precedence
    "claude": Overrides(
        managed={
            "linux": ("/etc/claude-code/managed-settings.json",),
            "darwin": ("/Library/Application Support/ClaudeCode/managed-settings.json",),
            "win32": ("C:/Program Files/ClaudeCode/managed-settings.json",),
        },
        words=("ANTHROPIC_", "CLAUDE_CODE_USE_", "apiKeyHelper", "forceLogin", '"model"'),
        more=claude.conflicts,
    ),
    # https://developers.openai.com/codex/config-advanced
    "codex": Overrides(
        project=(".codex/config.toml",),
        managed={
            "linux": ("/etc/codex/managed_config.toml", "/etc/codex/requirements.toml"),
            "darwin": ("/etc/codex/managed_config.toml", "/etc/codex/requirements.toml"),
        },
        words=("model", "model_provider", "openai_base_url"),
    ),
    # https://geminicli.com/docs/reference/configuration/: the first `.env` on the way up is the only one
    "gemini": Overrides(
        variables=("GEMINI_API_KEY", "GOOGLE_GEMINI_BASE_URL", "GOOGLE_GENAI_USE_VERTEXAI", "GOOGLE_GENAI_USE_GCA"),
        project=(".gemini/settings.json", ".gemini/.env", ".env"),
        managed={
            "linux": ("/etc/gemini-cli/settings.json",),
            "darwin": ("/Library/Application Support/GeminiCli/settings.json",),
            "win32": ("C:/ProgramData/gemini-cli/settings.json",),
        },
        words=("selectedType", "enforcedType", "GEMINI_", "GOOGLE_"),
    ),
    # https://opencode.ai/docs/config/#precedence-order
    "opencode": Overrides(
        variables=("OPENCODE_CONFIG", "OPENCODE_CONFIG_CONTENT"),
        project=("opencode.json", "opencode.jsonc", ".opencode/opencode.json", ".opencode/opencode.jsonc"),
        words=('"model"', '"provider"', '"small_model"', '"disabled_providers"', '"enabled_providers"'),
    ),
    # https://qwenlm.github.io/qwen-code-docs/en/users/configuration/settings/
    "qwen": Overrides(
        variables=("OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_MODEL"),
        project=(".qwen/settings.json", ".qwen/.env"),
        words=("selectedType", "modelProviders", "OPENAI_"),
    ),
    # `copilot help providers`
    "copilot": Overrides(variables=("COPILOT_PROVIDER_BASE_URL", "COPILOT_PROVIDER_API_KEY", "COPILOT_MODEL")),
    # https://aider.chat/docs/config/aider_conf.html: the one in the project is read last
    "aider": Overrides(
        variables=("OPENAI_API_BASE", "OPENAI_API_KEY", "AIDER_MODEL", "AIDER_OPENAI_API_BASE"),
        project=(".aider.conf.yml", ".env"),
        words=("model", "openai-api-", "OPENAI_API_", "AIDER_"),
    ),
    "llm": Overrides(variables=("LLM_MODEL", "LLM_USER_PATH")),
}


def overrides(name: str, machine: Machine) -> Iterator[Conflict]:
    """What wins over a client's settings on this machine. Values are left out: they may be keys."""
    found = OVERRIDES.get(name, Overrides())
    for variable in found.variables:
        if machine.environ.get(variable):
            yield Conflict(f"${variable}", "is exported in your shell and wins", f"unset {variable}")
    for path in _project(found, machine):
        yield from _file(path, found.words, "is this project's and wins here")
    for text in found.managed.get(machine.platform, ()):
        yield from _file(Path(text), found.words, "is managed for this machine and wins")
    if found.more is not None:
        yield from found.more(machine)


def _project(found: Overrides, machine: Machine) -> Iterator[Path]:
    """The files of the working directory and of those above it; those at home are the user's own settings."""
    for directory in (machine.cwd, *machine.cwd.parents):
        if directory == machine.home:
            return
        yield from (directory / name for name in found.project)


def _file(path: Path, words: tuple[str, ...], what: str) -> Iterator[Conflict]:
    try:
        with path.open("rb") as file:
            text = file.read(MOST).decode("utf-8", "replace")
    except OSError:
        return
    named = [word.strip('"_') for word in words if re.search(rf"(?<![\w-]){re.escape(word)}", text)]
    if named:
        yield Conflict(str(path), f"{what}: it has {', '.join(named)}", f"look at {path}")
