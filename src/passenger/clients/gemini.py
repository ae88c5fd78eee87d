"""Gemini CLI."""

from passenger.clients.plan import Client

GEMINI = Client(
    name="gemini",
    title="Gemini CLI",
    binaries=("gemini",),
    install="npm install -g @google/gemini-cli",
    dialects=("gemini",),
)
