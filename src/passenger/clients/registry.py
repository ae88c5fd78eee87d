"""All clients that Passenger can wire up, by the name that a user types."""

from collections.abc import Mapping, Sequence

from passenger.clients.aider import AIDER
from passenger.clients.claude import CLAUDE
from passenger.clients.cline import CLINE
from passenger.clients.codex import CODEX
from passenger.clients.continue_ import CONTINUE
from passenger.clients.copilot import COPILOT
from passenger.clients.crush import CRUSH
from passenger.clients.droid import DROID
from passenger.clients.gemini import GEMINI
from passenger.clients.goose import GOOSE
from passenger.clients.opencode import OPENCODE
from passenger.clients.pi import PI
from passenger.clients.plan import Client
from passenger.clients.qwen import QWEN

ALL: Sequence[Client] = (
    *(CLAUDE, CODEX, GEMINI, OPENCODE, QWEN, COPILOT),
    *(PI, DROID, CLINE, CONTINUE, AIDER, GOOSE, CRUSH),
)
"""In the order in which a menu shows them."""

CLIENTS: Mapping[str, Client] = {client.name: client for client in ALL}
