"""The events of responses that are made in the background, in memory, with those who follow them."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Protocol

from passenger.state.store import LostError

EVENT_OVERHEAD = 60
"""Bytes that an event takes beside its JSON."""

LOG_OVERHEAD = 1_500
"""Bytes that a log takes beside its events."""


class LogLimits(Protocol):
    """How large a log may be, and how long it is kept."""

    @property
    def largest(self) -> int:
        """Bytes of the events of one response."""
        ...

    @property
    def log_lifetime(self) -> float:
        """Seconds for which a log is kept after its end."""
        ...


class _Log:
    """The events of one response. Followers wait for `changed`, which is set anew at each change."""

    __slots__ = ("cancelled", "changed", "closed_at", "events", "is_lost", "size")

    def __init__(self) -> None:
        self.events: list[bytes] = []
        self.size = LOG_OVERHEAD
        self.closed_at: float | None = None
        self.is_lost = False
        """Whether events were forgotten, because they were too many."""
        self.changed = asyncio.Event()
        self.cancelled = asyncio.Event()

    def wake(self) -> None:
        """Wake all that wait for a change."""
        self.changed.set()
        self.changed = asyncio.Event()


class EventLogs:
    """The logs of all responses, by owner and response. `clock` gives seconds that never go back."""

    def __init__(self, limits: LogLimits, clock: Callable[[], float]) -> None:
        self._limits = limits
        self._clock = clock
        self._logs: dict[tuple[str, str], _Log] = {}
        self._closed: dict[tuple[str, str], _Log] = {}
        """Those that have ended, the oldest first."""
        self.size = 0
        """Bytes of all of them."""

    def clear(self) -> None:
        """Forget everything."""
        for owner, response in list(self._logs):
            self.forget(owner, response)

    def append(self, owner: str, response: str, first: int, events: Sequence[bytes]) -> None:
        """Add events to the log, which the first ones open. A log that has a gap or grows too large is lost.

        Raises:
            LostError: those before them are not there.
        """
        self._expire()
        log = self._open(owner, response) if first == 0 else self._logs.get((owner, response))
        if log is None:
            raise LostError
        if log.is_lost or log.closed_at is not None:
            return
        if first != len(log.events):
            self.forget(owner, response)
            raise LostError
        size = sum(map(len, events)) + EVENT_OVERHEAD * len(events)
        if log.size + size > self._limits.largest:
            self.size -= log.size - LOG_OVERHEAD
            log.events, log.size, log.is_lost = [], LOG_OVERHEAD, True
        else:
            log.events += events
            log.size += size
            self.size += size
        log.wake()

    def close(self, owner: str, response: str) -> None:
        """Note that no event follows."""
        log = self._logs.get((owner, response))
        if log is not None and log.closed_at is None:
            log.closed_at = self._clock()
            self._closed[owner, response] = log
            log.wake()

    async def follow(self, owner: str, response: str, after: int) -> AsyncIterator[bytes]:
        """The events with a higher number, those that are there and those that come, until the log is closed.

        Raises:
            LostError: there is no such log, or it has grown too large.
        """
        self._expire()
        log, following = self._logs.get((owner, response)), max(after + 1, 0)
        if log is None:
            raise LostError
        while not log.is_lost:
            if following < len(log.events):
                yield log.events[following]
                following += 1
            elif log.closed_at is not None:
                return
            else:
                await log.changed.wait()
        raise LostError

    def events(self, owner: str, response: str) -> Sequence[bytes] | None:
        """Those that are there; None without a log, or of one that has grown too large."""
        log = self._logs.get((owner, response))
        return None if log is None or log.is_lost else log.events

    def cancel(self, owner: str, response: str) -> None:
        """Ask whoever makes this response to stop."""
        if (log := self._logs.get((owner, response))) is not None:
            log.cancelled.set()

    async def cancelled(self, owner: str, response: str) -> None:
        """Wait until somebody asks for that.

        Raises:
            LostError: there is no such log.
        """
        if (log := self._logs.get((owner, response))) is None:
            raise LostError
        await log.cancelled.wait()

    def forget(self, owner: str, response: str) -> None:
        """Forget a log; who follows it is told that it is lost."""
        log = self._logs.pop((owner, response), None)
        self._closed.pop((owner, response), None)
        if log is not None:
            self.size -= log.size
            if log.closed_at is None:
                log.is_lost = True
            log.wake()

    def drop_closed(self) -> bool:
        """Forget the log that has ended first, to make room; whether there was one."""
        oldest = next(iter(self._closed), None)
        if oldest is not None:
            self.forget(*oldest)
        return oldest is not None

    def _open(self, owner: str, response: str) -> _Log:
        log = self._logs.get((owner, response))
        if log is None:
            log = self._logs[owner, response] = _Log()
            self.size += log.size
        return log

    def _expire(self) -> None:
        since = self._clock() - self._limits.log_lifetime
        while self._closed and ((oldest := next(iter(self._closed.items())))[1].closed_at or 0.0) < since:
            self.forget(*oldest[0])
