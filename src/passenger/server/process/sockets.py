"""The sockets that the settings ask for, and what keeps settings from being served with."""

import os
import socket

from passenger.config.loading import Loaded
from passenger.config.problems import ConfigError, Problem
from passenger.config.schema import ServerSettings
from passenger.server.process.listen import hold, listen, reaches_beyond

OPEN_TO_ALL = (
    "[server] host: listening on {} would let whoever reaches this machine use your Copilot subscription; set an "
    "API key first ([server] api_keys, PASSENGER_API_KEYS, [server] api_key_file or `passenger users add`), or listen "
    "on 127.0.0.1"
)
SAME_PORTS = "[server] ollama_port: must be another one than port"
NO_WORKERS = "[server] workers: this system cannot fork, so there can only be 1"


def open_sockets(loaded: Loaded, *, has_team: bool = False) -> list[socket.socket]:
    """The sockets of the port, and then those of Ollama's.

    Raises:
        ConfigError: other machines could reach them, and no key keeps anybody out; or both ports are the same.
        PortTakenError: a port is taken.
        OSError: the host is not an address of this machine.
    """
    if problem := (None if has_team else open_to_all(loaded)) or same_ports(loaded):
        raise ConfigError([problem])
    return _open(loaded.config.server)


def _open(server: ServerSettings) -> list[socket.socket]:
    take = listen if server.workers == 1 else hold
    sockets = take(server.host, server.port)
    try:
        return [*sockets, *(take(server.host, server.ollama_port, "--ollama-port") if server.ollama_port else [])]
    except BaseException:
        for one in sockets:
            one.close()
        raise


def open_to_all(loaded: Loaded) -> Problem | None:
    """A problem if other machines can reach the server and no API key is set."""
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
