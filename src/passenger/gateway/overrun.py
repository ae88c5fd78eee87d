"""Ends a stream that costs more than it holds of its budgets and what these have left: `[quota] cut_streams`.

A stream is looked at once in `CHECK_EVERY` events. What it has cost by then is what it would be settled at if it were
cut: the price of its input, and of as many tokens as its events come to. Whole answers are not cut.
"""

from collections.abc import Iterable, Sequence

from passenger.chat.events import Delta, Event, Start, Usage
from passenger.dialects import Reader, Relay
from passenger.dialects.framing import StreamMessage
from passenger.errors import Failure
from passenger.exchange import Exchange
from passenger.gateway.billing import Billing

CHECK_EVERY = 16
"""Events between two looks at what a stream has cost."""


class OverrunGuard:
    """Watches the stream of one request, of which the answers to several calls are parts."""

    __slots__ = ("_billing", "_exchange", "_next", "events", "usage")

    def __init__(self, exchange: Exchange, billing: Billing) -> None:
        self.events = 0
        """Those that were passed on."""
        self.usage: Usage | None = None
        """What was told before the end."""
        self._billing = billing
        self._exchange = exchange
        self._next = CHECK_EVERY

    def check(self) -> None:
        """Look at what it has cost, if it is time.

        Raises:
            Failure: a budget has no room for more (`budget_exceeded`).
        """
        if self.events >= self._next:
            self._next = self.events + CHECK_EVERY
            grant, exchange = self._exchange.grant, self._exchange
            nano = self._billing.estimate_stream(exchange, self.usage, self.events)
            failure = grant.cover(nano) if grant is not None else None
            if failure is not None:
                exchange.usage = exchange.usage or self.usage
                raise failure.but()


class OverrunGuards:
    """Guards the streams that are to be cut; it gives back all others as they are."""

    def __init__(self, billing: Billing) -> None:
        self._billing = billing

    def relay(self, relay: Relay, exchange: Exchange) -> Relay:
        """A relay that ends a stream in time."""
        guard = self._guard(exchange)
        return relay if guard is None else _GuardedRelay(relay, guard, exchange)

    def readers(self, readers: Sequence[Reader], exchange: Exchange) -> Sequence[Reader]:
        """The readers of the answers to one request, which end its stream in time."""
        guard = self._guard(exchange)
        return readers if guard is None else [_GuardedReader(reader, guard) for reader in readers]

    def _guard(self, exchange: Exchange) -> OverrunGuard | None:
        is_kept = exchange.grant is not None and exchange.grant.cuts_stream
        return OverrunGuard(exchange, self._billing) if is_kept else None


class _GuardedRelay(Relay):
    """See `OverrunGuards.relay`."""

    def __init__(self, relay: Relay, guard: OverrunGuard, exchange: Exchange) -> None:
        self.failure: Failure | None = None
        self.done = False
        self._relay = relay
        self._guard = guard
        self._exchange = exchange

    @property
    def usage(self) -> Usage | None:
        """See `Relay.usage`."""
        return self._relay.usage

    def event(self, raw: bytes) -> bytes:
        """See `Relay.event`."""
        guard = self._guard
        guard.usage = self._relay.usage
        try:
            guard.check()
        except Failure:
            self._exchange.events = guard.events  # those after it were not passed on
            raise
        guard.events += 1
        return self._passed(self._relay.event(raw))

    def end(self, tail: bytes) -> bytes:
        """See `Relay.end`."""
        return self._passed(self._relay.end(tail))

    def _passed(self, down: bytes) -> bytes:
        self.done, self.failure = self._relay.done, self._relay.failure
        return down


class _GuardedReader:
    """See `OverrunGuards.readers`."""

    def __init__(self, reader: Reader, guard: OverrunGuard) -> None:
        self._reader = reader
        self._guard = guard

    def read(self, message: StreamMessage) -> Iterable[Event]:
        """See `Reader.read`."""
        self._guard.check()
        found = [*self._reader.read(message)]
        for event in found:
            if type(event) is Delta:
                self._guard.events += 1
            elif type(event) is Start:
                self._guard.usage = self._guard.usage or event.usage
        return found

    def end(self) -> Iterable[Event]:
        """See `Reader.end`."""
        return self._reader.end()
