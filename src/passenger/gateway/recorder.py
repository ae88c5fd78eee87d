"""Tells observers of finished requests, after the last byte has left, so that no answer waits for them."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterable
from functools import partial
from time import perf_counter
from typing import Protocol

from passenger.exchange import Exchange, Observer
from passenger.gateway.admission import settle_grant
from passenger.gateway.billing import Billing

log = logging.getLogger(__name__)


class AnswerProgress(Protocol):
    """How far an answer has come on its way to the client."""

    status: int

    @property
    def is_sending(self) -> bool:
        """Whether all of it was written and some is still unsent."""

    @property
    def is_sent(self) -> bool:
        """Whether its last byte was sent."""

    @property
    def gone(self) -> bool:
        """Whether the client left before that."""

    def when_sent(self, tell: Callable[[], None]) -> None:
        """Call `tell` once the last byte was sent, or cannot be any more."""


class Recorder:
    """Records each exchange once. `flush` tells at once what observers have not heard, as at a stop."""

    def __init__(self, observers: Iterable[Observer] = (), billing: Billing | None = None) -> None:
        self._observers = [*observers]
        self._billing = billing or Billing()
        self._over: deque[tuple[Exchange, AnswerProgress | None]] = deque()
        self._leaving: dict[str, tuple[Exchange, AnswerProgress]] = {}

    def observe(self, observer: Observer) -> None:
        """Add an observer."""
        self._observers.append(observer)

    def record(self, exchange: Exchange, answer: AnswerProgress | None = None) -> None:
        """Record an exchange once its answer has left; a second call does nothing.

        Without an event loop the observers are told at once.
        """
        if exchange.ended is not None:
            return
        exchange.ended = perf_counter()
        self._over.append((exchange, answer))
        if len(self._over) == 1:
            self._look_soon()

    def flush(self) -> None:
        """Tell the observers of all that ended; what has not left by now counts as lost."""
        self._look()
        for identity in [*self._leaving]:
            self._left(identity)

    def _look_soon(self) -> None:
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self.flush()
        else:
            loop.call_soon(self._look)

    def _look(self) -> None:
        """Settle what has left, which is nearly everything, and wait for the rest."""
        while self._over:
            exchange, answer = self._over.popleft()
            if answer is not None and answer.is_sending:
                self._leaving[exchange.id] = exchange, answer
                answer.when_sent(partial(self._left, exchange.id))
            else:
                self._settle(exchange, answer)

    def _left(self, identity: str) -> None:
        """Settle an exchange that was waited for; the wait is the client's, not ours."""
        if identity not in self._leaving:
            return
        exchange, answer = self._leaving.pop(identity)
        over, exchange.ended = exchange.ended, perf_counter()
        exchange.waited += exchange.ended - (over or exchange.ended)
        self._settle(exchange, answer)

    def _settle(self, exchange: Exchange, answer: AnswerProgress | None) -> None:
        """Set the outcome and tell the observers; an observer that fails is logged."""
        if answer is not None:
            exchange.status = exchange.status or answer.status
            if answer.is_sent:
                exchange.complete()
            elif answer.gone:
                exchange.leave()
        if exchange.tariff is not None:
            self._billing.settle(exchange)
        if exchange.grant is not None:
            settle_grant(exchange)
        for observe in self._observers:
            try:
                observe(exchange)
            except Exception:
                log.exception("an observer failed")
