"""Corrects paths that are nearly right, formats routes, and gives the base URLs of clients."""

from collections.abc import Sequence

from starlette.types import Scope

from passenger.dialects import Inbound
from passenger.dialects.registry import INBOUND
from passenger.server.scope import header, short_path

PREFIXES = frozenset(prefix for inbound in INBOUND for prefix in inbound.routes.prefixes if prefix)
"""The prefixes of all routes: `/v1`, `/v1beta`, `/api` and `/v1/api`."""

_FIRST = frozenset(prefix.split("/")[1] for prefix in PREFIXES)
"""The first segments of the prefixes, with which a base URL may end."""

_BASE_PATHS = {inbound.clients.vendor: inbound.clients.base_path for inbound in reversed(INBOUND)}
"""The path of the base URL of each vendor's clients."""


def normalize_path(path: str) -> str:
    """The path without what a wrong base URL adds to it: `/v1/messages` for `/v1/v1/messages` and `//v1/messages/`."""
    plain = "/" + path.strip("/")
    first, *rest = plain.split("/")[1:]
    while rest and first in _FIRST and rest[0] in _FIRST and f"/{first}/{rest[0]}" not in PREFIXES:
        first, *rest = rest
    return "/".join(["", first, *rest])


def format_route(path: str) -> str:
    """The pattern of a route as the documentation writes it."""
    return path.replace("{model:path}", "{id}").replace("{rest:path}", "{id}:{action}")


def base_urls(scope: Scope) -> dict[str, str]:
    """The base URL of each vendor's clients, with the host of the request."""
    root = f"http://{header(scope, b'host').decode('latin-1')}"
    return {vendor: root + path for vendor, path in _BASE_PATHS.items()}


def own_urls(scope: Scope, ports: Sequence[int]) -> list[str]:
    """The addresses of this server without `/v1`, with the host name of the request.

    If the request names another port than ours, it came through a proxy, and only its own address is sure to lead here.
    """
    host = header(scope, b"host").decode("latin-1")
    name, colon, port = host.rpartition(":")
    direct = colon and port.isdigit() and int(port) in ports
    return [f"http://{name}:{one}" for one in ports] if direct else [f"http://{host}"]


def advise(scope: Scope, dialect: Inbound) -> str:
    """The message for an unknown path: the base URL that the client should have."""
    vendor, path = dialect.clients.vendor, short_path(scope["path"])
    return f"there is no {path} here; the base URL for {vendor} clients is {base_urls(scope)[vendor]} (see GET /v1)"
