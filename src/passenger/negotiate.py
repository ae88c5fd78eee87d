"""Sends a call without what its model is known not to take, and again where a refusal has just taught more.

    400 that says what is not taken        once more without just that, as often as something new is learned, 8 times
                                           at most; a 400 comes before any model has worked, so that it costs nothing

All other failures go on as they are: see `upstream`.
"""

from msgspec.structs import replace

from passenger.body import Body
from passenger.copilot import negotiation
from passenger.copilot.amending import Amended
from passenger.copilot.call import Call
from passenger.errors import Failure
from passenger.exchange import Exchange
from passenger.learned import Learned
from passenger.upstream import Reply, Upstream

ROUNDS = 8
"""Refusals that one request learns from."""


class Negotiator:
    """Wraps an upstream. With `strict` nothing is ever left out: each refusal goes to the client."""

    def __init__(self, upstream: Upstream, learned: Learned, *, strict: bool) -> None:
        self._upstream = upstream
        self._learned = learned
        self._strict = strict

    async def send(self, call: Call, exchange: Exchange) -> Reply:
        """See `Upstream.send`."""
        if self._strict:
            return await self._upstream.send(call, exchange)
        known = self._learned.lessons(call.seat, call.model, call.path)
        for _ in range(ROUNDS):
            sent = _without(known, call, exchange)
            try:
                return await self._upstream.send(sent, exchange)
            except Failure as failure:
                new = _new(failure, sent, known)
                if not new:
                    raise
            exchange.retries.append("learned")
            exchange.lessons += new
            await self._learned.learn(call.seat, call.model, call.path, new)
            known = (*known, *new)
        return await self._upstream.send(_without(known, call, exchange), exchange)


def _new(failure: Failure, sent: Call, known: tuple[str, ...]) -> tuple[str, ...]:
    """What a failure teaches that was not known: the rest has been left out already, or may not be."""
    if failure.status != 400:
        return ()
    taught = negotiation.lesson(failure, Body(sent.body), sent.headers)
    return tuple(lesson for lesson in taught if lesson not in known)


def _without(known: tuple[str, ...], call: Call, exchange: Exchange) -> Call:
    """The call without what is known not to be taken; the same one where nothing is."""
    if not known:
        return call
    amended = Amended(known, call.body, call.headers, call.able, call.path)
    exchange.drop(name for dropped in amended.dropped if (name := call.named(dropped)) is not None)
    return replace(call, body=amended.body, headers=amended.headers)
