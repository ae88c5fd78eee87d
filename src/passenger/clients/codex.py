"""Codex."""

from passenger.clients.plan import Client

CODEX = Client(
    name="codex",
    title="Codex",
    binaries=("codex",),
    install="npm install -g @openai/codex",
    dialects=("responses",),
)
