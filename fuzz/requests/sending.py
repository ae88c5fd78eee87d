"""A request through the gateway, up to where it would leave for Copilot; hides what else a gateway needs."""

import asyncio
import json
from dataclasses import dataclass
from functools import cache
from typing import Any, cast

from passenger.account.session import Session
from passenger.chat.prompt import Ask
from passenger.copilot.call import Call
from passenger.copilot.catalog import read_models
from passenger.copilot.catalog_cache import CatalogCache, Fetched
from passenger.copilot.upstream import Reply, Upstream
from passenger.dialects import Inbound, Request
from passenger.dialects.registry import INBOUND
from passenger.errors import Failure, Kind
from passenger.exchange import Exchange
from passenger.gateway import Gateway, OneSeat, Seat
from passenger.gateway.reasoning_cache import ReasoningCache
from passenger.jsontext import body_checks
from passenger.jsontext.raw_object import split
from passenger.limits import Limits
from passenger.server.request_path import Chat
from passenger.simulator.catalogue import Catalogue
from passenger.tokens.counter import Counter
from passenger.tokens.ratios import Ratios
from passenger.tokens.tokenizer import Tokenizer

SPEAKS = {
    "gpt-4o": ("/chat/completions",),
    "gemini-3.1-pro-preview": ("/chat/completions",),
    "claude-sonnet-4": ("/chat/completions",),
    "claude-sonnet-4.5": ("/v1/messages",),
    "claude-opus-4.6": ("/v1/messages",),
    "gpt-5.4-mini": ("/responses",),
    "gpt-5.5": ("/responses",),
}
"""Models to ask, each on one of Copilot's APIs alone, so that every client's dialect meets each of them."""


@dataclass(frozen=True, slots=True)
class Sent:
    """What would have gone up, and what of the request would not have, in the client's words."""

    call: Call
    dropped: tuple[str, ...]
    relayed: bool

    @property
    def body(self) -> Any:
        """The body that goes up, decoded."""
        return json.loads(self.call.body)


INBOUNDS = {one.name: one for one in INBOUND}


def inbound(name: str) -> Inbound:
    """The client's dialect of that name."""
    return INBOUNDS[name]


def send(dialect: str, body: dict[str, Any], model: str, *, ascii_only: bool = True) -> Sent | Failure:
    """What goes up of a body for that model, or why nothing does."""
    spoken = inbound(dialect)
    data = json.dumps(body | {"model": model}, ensure_ascii=ascii_only).encode()
    request = Request(data, {"model": model, "action": "streamGenerateContent"})
    try:
        body_checks.measure(data, Limits())
        body_checks.check(data, split(data), Limits().max_fields)
        return asyncio.run(_sent(spoken, request))
    except Failure as failure:
        return failure


class _LeftError(Exception):
    """Carries what was to be sent out of the gateway."""

    def __init__(self, call: Call) -> None:
        self.call = call


class _Door:
    """An upstream that nothing goes through."""

    async def send(self, call: Call, exchange: Exchange) -> Reply:
        raise _LeftError(call)


async def _sent(spoken: Inbound, request: Request) -> Sent:
    exchange = Exchange("POST", "/")
    try:
        await Chat(gateway(_Door())).answer(spoken, request, exchange)
    except _LeftError as left:
        assert isinstance(exchange.ask, Ask)
        return Sent(left.call, tuple(exchange.dropped), exchange.route is not None and exchange.route.relayed)
    raise Failure(Kind.INTERNAL, "nothing was sent")


@cache
def catalogue() -> Catalogue:
    """The simulator's models."""
    return Catalogue(SPEAKS)


@cache
def _fetched() -> Fetched:
    return Fetched(read_models(catalogue().listing(None, set())))


def gateway(upstream: Upstream) -> Gateway:
    """A gateway to that upstream, with the models above."""

    async def fetch(_: float) -> Fetched:
        return _fetched()

    def clock() -> float:
        return 1e9

    models = CatalogCache(fetch, clock=clock, lifetime=1e9, aliases={})
    counter = Counter(Ratios(None), Tokenizer(), clock=clock)
    seat = Seat("a seat", cast("Session", None), models, upstream, ReasoningCache(clock))
    return Gateway(OneSeat(seat), clock=clock, counter=counter)
