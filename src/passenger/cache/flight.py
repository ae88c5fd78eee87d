"""One call to Copilot that several requests wait for. The first of them pays; if it leaves early, the next one does."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Generic, TypeVar

from passenger.errors import Failure
from passenger.exchange import Exchange

T = TypeVar("T")


class Flight(Generic[T]):
    """A call under way. It is made in a task of its own, which ends early once nobody waits any more."""

    def __init__(self, work: Callable[[Exchange], Coroutine[Any, Any, T]], first: Exchange) -> None:
        self.record = Exchange(first.method, first.path, principal=first.principal, id=first.id, seat=first.seat)
        """What the call meets, until it is added to the record of the request that pays."""
        self._aboard: dict[str, Exchange] = {}
        self.payer: Exchange | None = None
        """The record of the request that pays, None until the call has come to something."""
        self._task = asyncio.ensure_future(work(self.record))
        self._task.add_done_callback(self._land)

    def board(self, exchange: Exchange) -> None:
        """Let a request wait, too."""
        self._aboard[exchange.id] = exchange

    def is_paid_by(self, exchange: Exchange) -> bool:
        """Whether the request pays."""
        return self.payer is exchange

    async def wait(self) -> T:
        """What the call gives, once it is there.

        Raises:
            Failure: it failed, which everybody aboard is told.
        """
        try:
            return await asyncio.shield(self._task)
        except Failure as failure:
            raise failure.but() from None

    def leave(self, exchange: Exchange, *, early: bool = True) -> bool:
        """Let a request go; whether it was the last. One that pays and goes early leaves the bill to the next."""
        if self._aboard.pop(exchange.id, None) is None:
            return False
        if not self._aboard:
            if not self._task.done():
                self._task.cancel()
                self._pay(exchange)
            return True
        if early and self.payer is exchange:
            exchange.attempts -= self.record.attempts
            exchange.sent_bytes, exchange.cache = 0, "joined"
            self._pay(next(iter(self._aboard.values())))
        return False

    def _land(self, task: "asyncio.Task[T]") -> None:
        if not task.cancelled():
            task.exception()  # whoever is aboard is told
        if self._aboard and self.payer is None:
            self._pay(next(iter(self._aboard.values())))

    def _pay(self, exchange: Exchange) -> None:
        """Add what the call has met to the record of a request."""
        record, self.payer = self.record, exchange
        exchange.attempts += record.attempts
        exchange.sent_bytes += record.sent_bytes
        exchange.retries += record.retries
        exchange.upstream, exchange.token_left = record.upstream, record.token_left
        exchange.upstream_ids = record.upstream_ids
        if exchange.cache == "joined":
            exchange.cache = "miss"
