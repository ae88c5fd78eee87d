"""Tells the observers of the requests that are over, after their last byte has left: nobody waits for what they do."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterable
from functools import partial
from time import perf_counter
from typing import Protocol

from passenger.exchange import Exchange, Observer

log = logging.getLogger(__name__)


class Answer(Protocol):
    """What goes down to the client, and how far it has come."""

    status: int

    @property
    def is_leaving(self) -> bool:
        """Whether all of it was written, and some of it still waits for the client."""
        ...

    @property
    def has_left(self) -> bool:
        """Whether its last byte has left."""
        ...

    @property
    def gone(self) -> bool:
        """Whether the client left before."""
        ...

    def when_left(self, tell: Callable[[], None]) -> None:
        """Call this once it has left, or never will."""
        ...


class Recorder:
    """Records each exchange once; `flush` tells at once what is not told yet, as a stop does."""

    def __init__(self, observers: Iterable[Observer] = ()) -> None:
        self._observers = [*observers]
        self._over: deque[tuple[Exchange, Answer | None]] = deque()
        self._leaving: dict[str, tuple[Exchange, Answer]] = {}

    def observe(self, observer: Observer) -> None:
        """Tell one more of every exchange that is over."""
        self._observers.append(observer)

    def record(self, exchange: Exchange, answer: Answer | None = None) -> None:
        """Note that an exchange is over once its answer has left; again is in vain.

        Without an event loop the observers hear of it at once.
        """
        if exchange.ended is not None:
            return
        exchange.ended = perf_counter()
        self._over.append((exchange, answer))
        if len(self._over) == 1:
            self._look_soon()

    def flush(self) -> None:
        """Tell the observers of all that is over. What has not left by now never will."""
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
        """Settle what has left, which is nearly all, and wait for the rest."""
        while self._over:
            exchange, answer = self._over.popleft()
            if answer is not None and answer.is_leaving:
                self._leaving[exchange.id] = exchange, answer
                answer.when_left(partial(self._left, exchange.id))
            else:
                self._settle(exchange, answer)

    def _left(self, identity: str) -> None:
        """Settle one that was waited for; what a client takes its time for is none of ours."""
        if identity not in self._leaving:
            return
        exchange, answer = self._leaving.pop(identity)
        over, exchange.ended = exchange.ended, perf_counter()
        exchange.waited += exchange.ended - (over or exchange.ended)
        self._settle(exchange, answer)

    def _settle(self, exchange: Exchange, answer: Answer | None) -> None:
        """Say how it ended, and tell the observers; one that fails harms nobody else."""
        if answer is not None:
            exchange.status = exchange.status or answer.status
            if answer.has_left:
                exchange.complete()
            elif answer.gone:
                exchange.leave()
        for observe in self._observers:
            try:
                observe(exchange)
            except Exception:
                log.exception("an observer failed")
