"""Deadlines that move with every byte; many of them share one timer of the event loop.

A timer takes half a kilobyte, and an open stream has three deadlines.
"""

import asyncio
from collections.abc import Callable
from heapq import heapify, heappop, heappush

MOST_STALE = 64
"""Stale entries after which the heap may be rebuilt without them."""


class Timers:
    """Checks deadlines when they may be due, by one timer for the earliest of them."""

    __slots__ = ("_armed", "_awaited", "_looks", "_loop", "_number", "_timer")

    def __init__(self) -> None:
        self._looks: list[tuple[float, int, Deadline]] = []
        self._number = self._awaited = 0
        self._armed = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def look_at(self, deadline: "Deadline", due: float, loop: asyncio.AbstractEventLoop) -> int:
        """Check a deadline at that time; the number of this check."""
        self._loop = loop
        self._number += 1
        self._awaited += 1
        heappush(self._looks, (due, self._number, deadline))
        if self._timer is None or due < self._armed:
            self._arm(loop)
        return self._number

    def forget(self) -> None:
        """Drop one check; once most entries are stale they are removed."""
        self._awaited -= 1
        stale = len(self._looks) - self._awaited
        if not self._awaited:
            self._looks.clear()
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
        elif stale > MOST_STALE and stale > self._awaited:
            self._looks = [look for look in self._looks if look[2].number == look[1]]
            heapify(self._looks)

    def _arm(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._armed = self._looks[0][0]
        self._timer = loop.call_at(self._armed, self._look)

    def _look(self) -> None:
        loop = self._loop
        assert loop is not None  # noqa: S101 - it is what calls
        self._timer, now, due = None, loop.time(), list[tuple[float, int, Deadline]]()
        while self._looks and self._looks[0][0] <= now:
            due.append(heappop(self._looks))
        due.reverse()
        try:
            while due:
                _, number, deadline = due.pop()
                self._awaited -= deadline.number == number
                deadline.look(number, now)
        finally:  # one that raises must not keep the others from being checked
            for look in due:
                heappush(self._looks, look)
            if not self._awaited:
                self._looks.clear()
            elif self._looks and (self._timer is None or self._looks[0][0] < self._armed):
                self._arm(loop)


class Deadline:
    """A moment that can be moved; `missed` is called once it has passed."""

    __slots__ = ("_due", "_look", "_missed", "_timers", "loop", "number")

    def __init__(
        self, loop: asyncio.AbstractEventLoop, missed: Callable[[], None], timers: Timers | None = None
    ) -> None:
        self.loop = loop
        self._missed: Callable[[], None] | None = missed
        self._timers = Timers() if timers is None else timers
        self._due: float | None = None
        self._look = 0.0
        self.number = 0
        """The number of its next check, 0 if there is none."""

    def set(self, seconds: float) -> None:
        """Move it to so many seconds from now; does nothing after `end`."""
        if self._missed is None:
            return
        self._due = due = self.loop.time() + seconds
        if not self.number or due < self._look:
            self._look_at(due)

    def clear(self) -> None:
        """Cancel it."""
        self._due = None

    def end(self) -> None:
        """Cancel it for good and drop the callback, whose owner refers to this deadline: no cycle is left behind."""
        self._due = self._missed = None
        if self.number:
            self.number = 0
            self._timers.forget()

    def look(self, number: int, now: float) -> None:
        """Check whether it has passed; called by `Timers` with the number of the check."""
        if number != self.number:
            return
        self.number = 0
        if self._due is None or self._missed is None:
            return
        if now < self._due:
            self._look_at(self._due)
        else:
            self._due = None
            self._missed()

    def _look_at(self, due: float) -> None:
        if self.number:
            self.number = 0
            self._timers.forget()
        self._look = due
        self.number = self._timers.look_at(self, due, self.loop)
