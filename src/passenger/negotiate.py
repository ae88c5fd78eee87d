"""Sends a call without what its model is known not to take, and once more where a refusal has just taught it."""

from dataclasses import replace

from passenger.body import Body
from passenger.copilot import negotiation
from passenger.errors import Failure
from passenger.exchange import Exchange
from passenger.learned import Learned
from passenger.upstream import Call, Reply, Upstream


class Negotiator:
    """Wraps an upstream. With `strict` nothing is ever left out: each refusal goes to the client."""

    def __init__(self, upstream: Upstream, learned: Learned, *, strict: bool) -> None:
        self._upstream = upstream
        self._learned = learned
        self._strict = strict

    async def send(self, call: Call, exchange: Exchange) -> Reply:
        """See `Upstream.send`."""
        if not self._strict and (known := self._learned.fields(call.seat, call.model, call.path)):
            call = _changed(call, known, exchange)
        try:
            return await self._upstream.send(call, exchange)
        except Failure as failure:
            lesson = () if self._strict or failure.status != 400 else _lesson(call, failure)
            if not lesson:
                raise
        return await self._upstream.send(await self._taught(call, lesson, exchange), exchange)

    async def _taught(self, call: Call, lesson: negotiation.Lesson, exchange: Exchange) -> Call:
        """The call that a refusal asks for, remembered for those that follow."""
        exchange.retries.append("learned")
        exchange.lessons += lesson
        await self._learned.learn(call.seat, call.model, call.path, lesson)
        return _changed(call, lesson, exchange)


def _lesson(call: Call, failure: Failure) -> negotiation.Lesson:
    return negotiation.lesson(failure, Body(call.body), call.headers)


def _changed(call: Call, lesson: negotiation.Lesson, exchange: Exchange) -> Call:
    body, headers, dropped = negotiation.apply(lesson, call.body, call.headers)
    exchange.drop(dropped)
    return replace(call, body=body, headers=headers)
