"""The record of each request that comes in, whoever serves it."""

from passenger.exchange import Exchange
from passenger.server.stream import Scope
from passenger.web.addresses import shown
from passenger.web.headers import header

EXCHANGE = "passenger.exchange"
"""The scope's key for the record of the request."""


def begin(scope: Scope) -> Exchange:
    """Make the record of a request that has come in."""
    exchange = Exchange(scope["method"], shown(scope["path"]), header(scope, b"user-agent"))
    scope[EXCHANGE] = exchange
    return exchange


def exchange_of(scope: Scope) -> Exchange:
    """The record of a request."""
    exchange: Exchange = scope[EXCHANGE]
    return exchange
