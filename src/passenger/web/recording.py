"""The record of each request that comes in, whoever serves it."""

from starlette.types import Message, Send

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


def noting(send: Send, exchange: Exchange) -> Send:
    """The same way down, which notes the status of an answer, and its last byte."""

    async def send_noted(message: Message) -> None:
        if message["type"] == "http.response.start":
            exchange.status = message["status"]
        await send(message)
        if message["type"] == "http.response.body" and not message.get("more_body", False):
            exchange.complete()

    return send_noted
