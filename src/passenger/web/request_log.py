"""The last finished requests and the totals since the start, of all workers together."""

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice

from passenger.control.records import RequestRecord, Totals, record_of
from passenger.exchange import Exchange
from passenger.observe.request_line import product
from passenger.web.shared_log import SLOTS, SharedLog

FLUSH_AFTER = 0.25
"""Seconds until the other workers can see a request: records are written for them in a row, and only the last ones."""


@dataclass(slots=True)
class _Counts:
    requests: int = 0
    failed: int = 0
    input: int = 0
    cached: int = 0
    output: int = 0
    nano_credits: int = 0

    def add(self, exchange: Exchange) -> None:
        self.requests += 1
        self.failed += exchange.failure is not None
        if (usage := exchange.usage) is not None:
            self.input += usage.input
            self.cached += usage.cached
            self.output += usage.output
            self.nano_credits += usage.nano_credits or 0

    def values(self) -> tuple[int, ...]:
        return self.requests, self.failed, self.input, self.cached, self.output, self.nano_credits


class RequestLog:
    """An observer of exchanges; with a `shared` log, worker `number` shares what it has seen with the others.

    Exchanges are kept as they are: a record is made of one when somebody asks.
    """

    def __init__(self, clock: Callable[[], float], shared: SharedLog | None = None, number: int = 0) -> None:
        self._clock = clock
        self._shared = shared
        self._number = number
        self._kept: deque[tuple[Exchange, float]] = deque(maxlen=SLOTS)
        self._counts = _Counts(*shared.totals(number)) if shared else _Counts()
        self._unshared = 0

    def note(self, exchange: Exchange) -> None:
        """Keep an exchange that is over, unless nobody was let in, or nothing was asked but a page."""
        if exchange.principal is None or exchange.is_page:
            return
        self._kept.append((exchange, self._clock()))
        self._counts.add(exchange)
        if self._shared is not None:
            self._share_soon()

    def records(self, since: float | None = None) -> Sequence[RequestRecord]:
        """The last ones, the oldest first; those alone that ended after a Unix time."""
        if self._shared is None:
            found = [
                record_of(one, ended, product(one.user_agent)) for one, ended in self._kept if _after(ended, since)
            ]
        else:
            self._share()
            found = [one for one in self._shared.records() if _after(one.ended, since)]
        return sorted(found, key=lambda record: record.ended)[-SLOTS:]

    def totals(self) -> Totals:
        """What has been done since the start."""
        if self._shared is None:
            return Totals(*self._counts.values())
        self._share()
        return Totals(*map(sum, zip(*self._shared.all_totals(), strict=True)))

    def _share_soon(self) -> None:
        self._unshared += 1
        if self._unshared == 1:
            with contextlib.suppress(RuntimeError):  # outside of an event loop it is shared when somebody asks
                asyncio.get_running_loop().call_later(FLUSH_AFTER, self._share)

    def _share(self) -> None:
        if self._shared is None or not self._unshared:
            return
        fresh = min(self._unshared, len(self._kept))
        self._unshared = 0
        for exchange, ended in islice(self._kept, len(self._kept) - fresh, None):
            self._shared.write(self._number, record_of(exchange, ended, product(exchange.user_agent)))
        self._shared.write_totals(self._number, self._counts.values())


def _after(ended: float, since: float | None) -> bool:
    return since is None or ended > since
