"""All lasting wirings, by the name that a user types."""

from collections.abc import Mapping, Sequence

from passenger.clients.setups import claude, codex, gemini, opencode, others, vscode
from passenger.clients.setups.setup import Setup

ALL: Sequence[Setup] = (claude.SETUP, codex.SETUP, opencode.SETUP, vscode.SETUP, gemini.SETUP, *others.ALL)
"""In the order in which a list shows them."""

SETUPS: Mapping[str, Setup] = {setup.client.name: setup for setup in ALL}
