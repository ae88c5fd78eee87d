"""Addresses: what was meant by one that is nearly right, how people write a route, and which base URL to have."""

from collections.abc import Sequence

from passenger.dialects import Inbound
from passenger.server.stream import Scope
from passenger.web.headers import header

_PREFIXES = frozenset({"v1", "v1beta", "api"})
"""What a base URL may end with, and a path begin with."""

_SHOWN = 200
"""Characters of a path, at most."""

_CLIENTS = {"completions": "OpenAI", "messages": "Anthropic", "gemini": "Gemini", "ollama": "Ollama"}


def meant(path: str) -> str:
    """The path without what a base URL has put before or behind it: `/v1/v1/messages` and `//v1/messages/`."""
    plain = "/" + path.strip("/")
    first, *rest = plain.split("/")[1:]
    while rest and first in _PREFIXES and rest[0] in _PREFIXES and (first, rest[0]) != ("v1", "api"):
        first, *rest = rest
    return "/".join(["", first, *rest])


def as_written(path: str) -> str:
    """A route's pattern as people write it."""
    return path.replace("{model:path}", "{id}").replace("{rest:path}", "{id}:{action}")


def base_urls(scope: Scope) -> dict[str, str]:
    """The base URLs of the clients of each vendor, at the address that the asker has used."""
    root = f"http://{header(scope, b'host').decode('latin-1')}"
    return {vendor: f"{root}/v1" if vendor == "OpenAI" else root for vendor in _CLIENTS.values()}


def own_urls(scope: Scope, ports: Sequence[int]) -> list[str]:
    """Our addresses without `/v1`, by the name that the asker has used.

    Where he has used another port than ours, a proxy stands between us, and only his own address is sure to lead here.
    """
    host = header(scope, b"host").decode("latin-1")
    name, colon, port = host.rpartition(":")
    direct = colon and port.isdigit() and int(port) in ports
    return [f"http://{name}:{one}" for one in ports] if direct else [f"http://{host}"]


def advice(scope: Scope, dialect: Inbound) -> str:
    """What to say to whoever has asked for something that there is not."""
    vendor, path = _CLIENTS[dialect.NAME], shown(scope["path"])
    return f"there is no {path} here; the base URL for {vendor} clients is {base_urls(scope)[vendor]} (see GET /v1)"


def shown(path: str) -> str:
    """As much of a path as an answer and the log show."""
    return path if len(path) <= _SHOWN else f"{path[:_SHOWN]}..."
