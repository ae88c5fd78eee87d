"""What keeps settings that can be read from being served with, or all of what they promise from being kept."""

import os
from pathlib import Path

from passenger.config import Loaded, Problem
from passenger.control.hello import read_secret
from passenger.store import PrivateFile, StoreError
from passenger.web.listen import reaches_beyond

OPEN_TO_ALL = (
    "[server] host: listening on {} would let whoever reaches this machine use your Copilot subscription; set an "
    "API key first ([server] api_keys, PASSENGER_API_KEYS or [server] api_key_file), or listen on 127.0.0.1"
)

SAME_PORTS = "[server] ollama_port: must be another one than port"
FORGETFUL = "{}: what this server learns is forgotten when it ends"
UNKNOWN = "{}, and `launch`, `setup` and `status` will not know it as yours"
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


def unwritable(state_dir: Path) -> str | None:
    """What a server goes without where nothing can be written into the state directory."""
    try:
        PrivateFile(state_dir / "learned.json").check_writable()
    except (StoreError, OSError) as error:
        told = FORGETFUL.format(error)
        return told if read_secret(state_dir) else UNKNOWN.format(told)
    return None
