"""Tells the observers of the requests that are over, after their last byte: nobody waits for what they do."""

import asyncio
import logging
from collections import deque
from collections.abc import Iterable
from time import perf_counter

from passenger.exchange import Exchange, Observer

log = logging.getLogger(__name__)


class Recorder:
    """Records each exchange once; `flush` tells at once what is not told yet, as a stop does."""

    def __init__(self, observers: Iterable[Observer] = ()) -> None:
        self._observers = [*observers]
        self._over: deque[Exchange] = deque()

    def observe(self, observer: Observer) -> None:
        """Tell one more of every exchange that is over."""
        self._observers.append(observer)

    def record(self, exchange: Exchange) -> None:
        """Note that an exchange is over; again is in vain. Without an event loop the observers hear of it at once."""
        if exchange.ended is not None:
            return
        exchange.ended = perf_counter()
        self._over.append(exchange)
        if len(self._over) == 1:
            self._tell_soon()

    def flush(self) -> None:
        """Tell the observers of all that is over; one that fails harms nobody else."""
        while self._over:
            exchange = self._over.popleft()
            for observe in self._observers:
                try:
                    observe(exchange)
                except Exception:
                    log.exception("an observer failed")

    def _tell_soon(self) -> None:
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self.flush()
        else:
            loop.call_soon(self.flush)
