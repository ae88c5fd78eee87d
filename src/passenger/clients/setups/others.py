"""Clients whose wiring is a few values in one file."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from shlex import quote

from passenger.clients.fit import output_limit, prompt_limit
from passenger.clients.plan import Client, Dialect, Site
from passenger.clients.setups.setup import KEY_VARIABLE, QUESTION, Setup, needs_key, no_notes
from passenger.control.cards import ModelCard
from passenger.edits.edit import NO_KEY, Edit
from passenger.edits.yaml import listed


def client(name: str, title: str, program: str, install: str, *dialects: Dialect, is_run: bool = True) -> Client:
    """A client that is known here alone."""
    return Client(
        name=name,
        title=title,
        binaries=(program,),
        install=install,
        dialects=dialects or ("completions",),
        is_run=is_run,
    )


# --- Qwen Code: https://qwenlm.github.io/qwen-code-docs/ ---------------------------------------------------------


def qwen(site: Site) -> Sequence[Edit]:
    """The variables in its own settings, and the kind of login."""
    file = site.machine.home / ".qwen" / "settings.json"
    values: Sequence[tuple[tuple[str, ...], str]] = (
        (("security", "auth", "selectedType"), "openai"),
        (("security", "auth", "baseUrl"), f"{site.base}/v1"),
        (("security", "auth", "apiKey"), site.key),
        (("model", "name"), site.model.id),
    )
    return [
        Edit(
            file=file,
            format="json-comments",
            keys=keys,
            value=value,
            secret=keys[-1] == "apiKey",
            address=keys[-1] == "baseUrl",
        )
        for keys, value in values
    ]


QWEN = Setup(
    client=client("qwen", "Qwen Code", "qwen", "npm install -g @qwen-code/qwen-code"),
    edits=qwen,
    probe=lambda site: ["qwen", "-m", site.small.id, "-p", QUESTION],
    agents=("qwencode",),
    prompt=15_000,
)

# --- Continue: https://docs.continue.dev/reference ---------------------------------------------------------------


def continues(site: Site) -> Sequence[Edit]:
    """Two entries at the beginning of its list of models."""
    chosen = [site.model, *([site.small] if site.small.id != site.model.id else [])]
    entries = [
        {
            "name": f"{card.name} (Passenger)",
            "provider": "openai",
            "model": card.id,
            "apiBase": f"{site.base}/v1",
            "apiKey": f"${{{{ secrets.{KEY_VARIABLE} }}}}" if needs_key(site) else NO_KEY,
            "roles": ["chat", "edit", "apply"],
        }
        for card in chosen
    ]
    file = site.machine.home / ".continue" / "config.yaml"
    if _is_of_the_users(file):
        return [Edit(file=file, format="yaml-list", keys=("models",), value=entries)]
    lines = [OURS, "name: Passenger", "version: 1.0.0", "schema: v1", "models:"]
    return [Edit(file=file, format="whole", keys=(), value="\n".join([*lines, *listed(entries)]) + "\n")]


OURS = "# Made by `passenger setup continue`"


def _is_of_the_users(file: Path) -> bool:
    try:
        return not file.read_text(encoding="utf-8").startswith(OURS)
    except FileNotFoundError:
        return False
    except (OSError, ValueError):
        return True


CONTINUE = Setup(
    client=client("continue", "Continue CLI", "cn", "npm install -g @continuedev/cli"),
    edits=continues,
    probe=lambda site: ["cn", "--config", str(site.machine.home / ".continue" / "config.yaml"), "-p", QUESTION],
    agents=("/js", "continue"),
    prompt=3_000,
    asks_main=True,
    environ=lambda site: {KEY_VARIABLE: site.key} if needs_key(site) else {},
)

# --- aider: https://aider.chat/docs/config/aider_conf.html -------------------------------------------------------


def aider(site: Site) -> Sequence[Edit]:
    """Its address, key and two models."""
    file = site.machine.home / ".aider.conf.yml"
    values = {
        "openai-api-base": f"{site.base}/v1",
        "openai-api-key": site.key,
        "model": f"openai/{site.model.id}",
        "weak-model": f"openai/{site.small.id}",
    }
    return [
        Edit(file=file, format="yaml", keys=(name,), value=value, secret="key" in name, address="base" in name)
        for name, value in values.items()
    ]


AIDER = Setup(
    client=client("aider", "aider", "aider", "uv tool install aider-chat"),
    edits=aider,
    probe=lambda site: [
        *("aider", "--model", f"openai/{site.small.id}", "--no-git", "--no-check-update", "--analytics-disable"),
        *("--no-show-model-warnings", "--yes-always", "--message", QUESTION),
    ],
    agents=("litellm", "openai/python"),
    key_flag="--openai-api-key",
    prompt=3_000,
    environ=lambda site: {"LITELLM_LOCAL_MODEL_COST_MAP": "True"},
)

# --- pi: https://github.com/badlogic/pi-mono ---------------------------------------------------------------------

APIS: Mapping[str, tuple[str, str]] = {
    "messages": ("anthropic-messages", ""),
    "responses": ("openai-responses", "/v1"),
    "completions": ("openai-completions", "/v1"),
}


def pi(site: Site) -> Sequence[Edit]:
    """A provider beside its own; in a key `$` begins the name of a variable, and `!` a command."""
    file, keys = _pi_directory(site) / "models.json", ("providers", "passenger")
    key = re.sub(r"^!|\$", r"$\g<0>", site.key)
    entry = {
        "baseUrl": f"{site.base}/v1",
        "api": "openai-completions",
        "models": [_pi_model(card) for card in site.chat],
    }
    return [
        Edit(file=file, format="jsonc", keys=keys, value=entry, address=True),
        Edit(file=file, format="jsonc", keys=(*keys, "apiKey"), value=key, secret=True, variable=f"${KEY_VARIABLE}"),
    ]


def pi_default(site: Site) -> Sequence[Edit]:
    """The provider, and what it starts with."""
    file, values = (
        _pi_directory(site) / "settings.json",
        {"defaultProvider": "passenger", "defaultModel": site.model.id},
    )
    return [*pi(site), *(Edit(file=file, format="json", keys=(key,), value=value) for key, value in values.items())]


def _pi_directory(site: Site) -> Path:
    return Path(site.machine.environ.get("PI_CODING_AGENT_DIR") or site.machine.home / ".pi" / "agent")


def _pi_model(card: ModelCard) -> dict[str, object]:
    return {
        "id": card.id,
        "name": card.name,
        "reasoning": card.thinks,
        "input": ["text", "image"] if card.vision else ["text"],
        "contextWindow": prompt_limit(card),
        "maxTokens": output_limit(card),
    }


_PI = Setup(
    client=client("pi", "pi", "pi", "npm install -g @earendil-works/pi-coding-agent"),
    edits=pi,
    probe=lambda site: ["pi", "--provider", "passenger", "--model", site.small.id, "-p", QUESTION],
    agents=("pi/", "openai/js"),
    prompt=3_000,
    environ=lambda site: {"PI_SKIP_VERSION_CHECK": "1", KEY_VARIABLE: site.key},
    notes=lambda site: ["Run `pi --provider passenger`, or pick one of its models with /model; or add --default."],
)
PI = replace(
    _PI,
    default=replace(_PI, edits=pi_default, probe=lambda site: ["pi", "-p", QUESTION], asks_main=True, notes=no_notes),
    default_file="settings.json",
)

# --- Droid: https://docs.factory.ai/cli/byok/overview ------------------------------------------------------------

PROVIDERS: Mapping[str, tuple[str, str]] = {
    "messages": ("anthropic", ""),
    "responses": ("openai", "/v1"),
    "completions": ("generic-chat-completion-api", "/v1"),
}


def droid(site: Site) -> Sequence[Edit]:
    """Two models of ours beside its own; no sign-in is needed for them."""
    chosen = [site.model, *([site.small] if site.small.id != site.model.id else [])]
    return [edit for card in chosen for edit in _droid_model(site, card)]


def _droid_model(site: Site, card: ModelCard) -> Sequence[Edit]:
    provider, path = PROVIDERS[DROID.client.dialect_for(card)]
    name = f"{card.name} (Passenger)"
    file, keys = site.machine.home / ".factory" / "settings.json", ("customModels", ("displayName", name))
    entry = {
        "model": card.id,
        "displayName": name,
        "baseUrl": f"{site.base}{path}",
        "provider": provider,
        "maxOutputTokens": output_limit(card),
    }
    return [
        Edit(file=file, format="json", keys=keys, value=entry),
        Edit(file=file, format="json", keys=(*keys, "apiKey"), value=site.key, secret=True),
    ]


DROID = Setup(
    client=client("droid", "Droid", "droid", "npm install -g droid", "messages", "responses", "completions"),
    edits=droid,
    probe=lambda site: ["droid", "exec", "-m", f"custom:{site.small.id}", QUESTION],
    agents=("factory-cli", "droid"),
    prompt=12_000,
)

# --- llm: https://llm.datasette.io/en/stable/other-models.html ---------------------------------------------------


def llm(site: Site) -> Sequence[Edit]:
    """Its list of further models, and the key in its file of keys."""
    directory = _llm_directory(site)
    entries = [
        {
            "model_id": f"passenger/{card.id}",
            "model_name": card.id,
            "api_base": f"{site.base}/v1",
            "api_key_name": "passenger",
            "vision": card.vision,
            "supports_tools": card.tools,
        }
        for card in site.chat
    ]
    return [
        Edit(file=directory / "extra-openai-models.yaml", format="yaml-list", keys=(), value=entries),
        Edit(file=directory / "keys.json", format="json", keys=("passenger",), value=site.key, secret=True),
    ]


def _llm_directory(site: Site) -> Path:
    machine, name = site.machine, "io.datasette.llm"
    if chosen := machine.environ.get("LLM_USER_PATH"):
        return Path(chosen)
    match machine.platform:
        case "darwin":
            return machine.home / "Library" / "Application Support" / name
        case "win32":
            return Path(machine.environ.get("APPDATA") or machine.home / "AppData" / "Roaming") / name
        case _:
            return Path(machine.environ.get("XDG_CONFIG_HOME") or machine.home / ".config") / name


LLM = Setup(
    client=client("llm", "llm", "llm", "uv tool install llm"),
    edits=llm,
    probe=lambda site: ["llm", "-m", f"passenger/{site.small.id}", "--no-log", QUESTION],
    agents=("openai/python",),
    key_flag="--key",
    prompt=100,
    notes=lambda site: [
        f"`llm -m passenger/{site.model.id} …`; `llm models default passenger/…` makes one the default."
    ],
)

# --- Zed: https://zed.dev/docs/ai/llm-providers ------------------------------------------------------------------


def zed(site: Site) -> Sequence[Edit]:
    """A provider beside its own; the key is kept in the system's store."""
    machine = site.machine
    roaming = Path(machine.environ.get("APPDATA") or machine.home / "AppData" / "Roaming") / "Zed"
    config = Path(machine.environ.get("XDG_CONFIG_HOME") or machine.home / ".config") / "zed"
    entry = {"api_url": f"{site.base}/v1", "available_models": [_zed_model(card) for card in site.chat]}
    return [
        Edit(
            file=(roaming if machine.platform == "win32" else config) / "settings.json",
            format="jsonc",
            keys=("language_models", "openai_compatible", "Passenger"),
            value=entry,
        )
    ]


def _zed_model(card: ModelCard) -> dict[str, object]:
    return {
        "name": card.id,
        "display_name": card.name,
        "max_tokens": prompt_limit(card) + output_limit(card),
        "max_output_tokens": output_limit(card),
        "capabilities": {"tools": card.tools, "images": card.vision},
    }


ZED = Setup(
    client=client("zed", "Zed", "zed", "brew install --cask zed", is_run=False),
    edits=zed,
    notes=lambda site: [
        "In Zed, open the agent panel's settings and give Passenger's key once; anything will do where none is set.",
        "It has not been run with Zed itself: the file's format is from its vendor's pages.",
    ],
)

# --- by their environment alone ----------------------------------------------------------------------------------


def _shell_key(site: Site) -> str:
    return f'"${KEY_VARIABLE}"' if needs_key(site) else NO_KEY


def copilot_lines(site: Site) -> Sequence[str]:
    """A function for the user's shell."""
    wire = "responses" if "responses" in site.model.dialects else "completions"
    return [
        "Copilot CLI reads its environment alone. Put this function where your shell starts:",
        f"""
copilot-passenger() {{
  COPILOT_OFFLINE=true COPILOT_PROVIDER_BASE_URL={site.base}/v1 COPILOT_PROVIDER_API_KEY={_shell_key(site)} \\
  COPILOT_PROVIDER_WIRE_API={wire} COPILOT_PROVIDER_TRANSPORT=http COPILOT_MODEL={quote(site.model.id)} \\
  COPILOT_PROVIDER_MAX_PROMPT_TOKENS={prompt_limit(site.model)} \\
  COPILOT_PROVIDER_MAX_OUTPUT_TOKENS={output_limit(site.model)} copilot "$@"
}}""",
    ]


COPILOT = Setup(
    client=client("copilot", "Copilot CLI", "copilot", "npm install -g @github/copilot", "responses", "completions"),
    edits=lambda site: (),
    notes=copilot_lines,
)


def open_webui_lines(site: Site) -> Sequence[str]:
    """The variables, and where they no longer count."""
    return [
        "Open WebUI reads these on its first start; later its database has them (Admin Settings > Connections):",
        f"""
OPENAI_API_BASE_URL={site.base}/v1 OPENAI_API_KEY={_shell_key(site)} open-webui serve""",
        "In a container the address is http://host.docker.internal, which [server] allowed_hosts has to list.",
    ]


OPEN_WEBUI = Setup(
    client=client("open-webui", "Open WebUI", "open-webui", "uv tool install open-webui"),
    edits=lambda site: (),
    notes=open_webui_lines,
)


def cline_lines(site: Site) -> Sequence[str]:
    """Its own command, which writes its own file."""
    return [
        "Cline CLI keeps its provider where only its own command writes. Run:",
        f"\ncline auth -p openai-compatible -k {_shell_key(site)} -m {quote(site.model.id)} -b {site.base}/v1",
        "`cline auth` with another provider takes it back.",
    ]


CLINE = Setup(
    client=client("cline", "Cline CLI", "cline", "npm install -g cline"), edits=lambda site: (), notes=cline_lines
)

ALL = (QWEN, CONTINUE, AIDER, PI, DROID, CLINE, COPILOT, LLM, ZED, OPEN_WEBUI)
