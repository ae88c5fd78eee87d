"""What keeps settings that can be read from being served with."""

import os

from passenger.config import Loaded, Problem
from passenger.web.listen import reaches_beyond

OPEN_TO_ALL = (
    "[server] host: listening on {} would let whoever reaches this machine use your Copilot subscription; set an "
    "API key first ([server] api_keys, PASSENGER_API_KEYS or [server] api_key_file), or listen on 127.0.0.1"
)

SAME_PORTS = "[server] ollama_port: must be another one than port"
NO_WORKERS = "[server] workers: this system cannot fork, so there can only be 1"


def open_to_all(loaded: Loaded) -> Problem | None:
    """The problem that other machines could reach us, and no key keeps anybody out."""
    server = loaded.config.server
    if loaded.api_keys or not reaches_beyond(server.host, server.port):
        return None
    return Problem(loaded.origins["server.host"], OPEN_TO_ALL.format(server.host))


def no_workers(loaded: Loaded, *, can_fork: bool = hasattr(os, "fork")) -> Problem | None:
    """The problem that there are to be several workers where the system knows none."""
    if can_fork or loaded.config.server.workers == 1:
        return None
    return Problem(loaded.origins["server.workers"], NO_WORKERS)


def same_ports(loaded: Loaded) -> Problem | None:
    """The problem that the second port is the first one."""
    server = loaded.config.server
    if not server.ollama_port or server.ollama_port != server.port:
        return None
    return Problem(loaded.origins["server.ollama_port"], SAME_PORTS)
