"""All clients that Passenger can wire up, by the name that a user types."""

from collections.abc import Mapping, Sequence

from passenger.clients import (
    aider,
    claude,
    cline,
    codex,
    continue_,
    copilot,
    crush,
    droid,
    gemini,
    goose,
    llm,
    open_webui,
    opencode,
    pi,
    qwen,
    vscode,
    zed,
)
from passenger.clients.plan import Client
from passenger.clients.setup import Setup

ALL: Sequence[Client] = (
    *(claude.CLAUDE, codex.CODEX, gemini.GEMINI, opencode.OPENCODE, qwen.QWEN, copilot.COPILOT),
    *(pi.PI, droid.DROID, cline.CLINE, continue_.CONTINUE, aider.AIDER, goose.GOOSE, crush.CRUSH),
)
"""Those that can be launched, in the order in which a menu shows them."""

CLIENTS: Mapping[str, Client] = {client.name: client for client in ALL}

ALL_SETUPS: Sequence[Setup] = (
    *(claude.SETUP, codex.SETUP, opencode.SETUP, vscode.SETUP, gemini.SETUP, qwen.SETUP, continue_.SETUP),
    *(aider.SETUP, pi.SETUP, droid.SETUP, cline.SETUP, copilot.SETUP, llm.SETUP, zed.SETUP, open_webui.SETUP),
)
"""Those that have settings of their own, in the order in which a list shows them."""

SETUPS: Mapping[str, Setup] = {setup.client.name: setup for setup in ALL_SETUPS}
