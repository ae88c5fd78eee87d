"""The ASGI scope of a request as the server uses it: its headers, its path, and the record that is kept in it."""

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope

from passenger.exchange import Exchange
from passenger.server.http.stream import RawHeaders

EXCHANGE = "passenger.exchange"
"""The scope's key for the record of the request."""

ECHO = "passenger.echo"
"""The scope's key for what the response object is to say of stored state; absent where the request says it itself."""


def begin(scope: Scope, headers: RawHeaders) -> Exchange:
    """Make the record of a new request, and keep it in the scope."""
    exchange = Exchange(scope["method"], short_path(scope["path"]), headers.get(b"user-agent", b""))
    exchange.echo = scope.get(ECHO, exchange.echo)
    scope[EXCHANGE] = exchange
    return exchange


def exchange_of(scope: Scope) -> Exchange:
    """The record of a request."""
    exchange: Exchange = scope[EXCHANGE]
    return exchange


def header(scope: Scope, name: bytes) -> bytes:
    """The value of the first header of that name, empty where there is none."""
    for key, value in scope["headers"]:
        if key == name:
            found: bytes = value
            return found
    return b""


Page = Callable[[Request], Awaitable[Response]]


_SHOWN = 200
"""Characters of a path, at most."""


JOIN = "/join/"
"""Below it are the links of people who join a team: each is a secret."""


def short_path(path: str) -> str:
    """A path, cut to the length that answers and the log show, and without the secret of a link."""
    before, link, _secret = path.partition(JOIN)
    if link:
        path = f"{before}{JOIN}***"
    return path if len(path) <= _SHOWN else f"{path[:_SHOWN]}..."
