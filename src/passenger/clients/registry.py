"""All clients that Passenger can wire up, by the name that a user types."""

from collections.abc import Mapping, Sequence

from passenger.clients.claude import CLAUDE
from passenger.clients.codex import CODEX
from passenger.clients.gemini import GEMINI
from passenger.clients.opencode import OPENCODE
from passenger.clients.plan import Client

ALL: Sequence[Client] = (CLAUDE, CODEX, GEMINI, OPENCODE)
"""In the order in which a menu shows them."""

CLIENTS: Mapping[str, Client] = {client.name: client for client in ALL}
