"""The dialects. A new one is a folder and a line here: see `docs/dialects/index.md`."""

from passenger.dialects import Dialect, Inbound, Outbound, anthropic, google, ollama
from passenger.dialects.openai import chat, responses, text

DIALECTS: tuple[Dialect, ...] = (
    ollama.CHAT,
    ollama.GENERATE,
    google.DIALECT,
    responses.DIALECT,
    anthropic.DIALECT,
    chat.DIALECT,
    text.DIALECT,
)
"""In order of preference: of the dialects that a model speaks, if it does not speak the client's, and of those whose
clients' signs an unrouted request shows."""

DEFAULT: Inbound = chat.DIALECT.inbound
"""The dialect that answers an unrouted request without any sign."""

INBOUND: tuple[Inbound, ...] = tuple(dialect.inbound for dialect in DIALECTS)
"""The dialects that clients speak."""

OUTBOUND: tuple[Outbound, ...] = tuple(dialect.outbound for dialect in DIALECTS if dialect.outbound is not None)
"""The dialects that Copilot speaks, the preferred one first."""
