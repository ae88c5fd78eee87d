"""Deadlines that move with every byte and cost next to nothing: one timer for all that are looked after together.

A timer of the event loop takes half a kilobyte, and an open stream has three deadlines.
"""

import asyncio
from collections.abc import Callable
from heapq import heapify, heappop, heappush

MOST_STALE = 64
"""Looks that nobody waits for any more, before it is seen whether most are such."""


class Timers:
    """Looks at deadlines when they may be due, by a timer that is armed for the first of them."""

    __slots__ = ("_armed", "_awaited", "_looks", "_loop", "_number", "_timer")

    def __init__(self) -> None:
        self._looks: list[tuple[float, int, Deadline]] = []
        self._number = self._awaited = 0
        self._armed = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def look_at(self, deadline: "Deadline", due: float, loop: asyncio.AbstractEventLoop) -> int:
        """Look at a deadline then; the number of this look."""
        self._loop = loop
        self._number += 1
        self._awaited += 1
        heappush(self._looks, (due, self._number, deadline))
        if self._timer is None or due < self._armed:
            self._arm(loop)
        return self._number

    def forget(self) -> None:
        """Nobody waits for one of the looks any more; where that is so of most, let go of them."""
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
        finally:  # one that fails keeps nobody else from being looked at
            for look in due:
                heappush(self._looks, look)
            if not self._awaited:
                self._looks.clear()
            elif self._looks and (self._timer is None or self._looks[0][0] < self._armed):
                self._arm(loop)


class Deadline:
    """The moment until which a connection must have done something; `missed` is called when it has not."""

    __slots__ = ("_due", "_look", "_loop", "_missed", "_timers", "number")

    def __init__(
        self, loop: asyncio.AbstractEventLoop, missed: Callable[[], None], timers: Timers | None = None
    ) -> None:
        self._loop = loop
        self._missed: Callable[[], None] | None = missed
        self._timers = Timers() if timers is None else timers
        self._due: float | None = None
        self._look = 0.0
        self.number = 0
        """That of the next look at it, 0 where there will be none."""

    def set(self, seconds: float) -> None:
        """Let it be so many seconds from now; in vain once it has ended."""
        if self._missed is None:
            return
        self._due = due = self._loop.time() + seconds
        if not self.number or due < self._look:
            self._look_at(due)

    def clear(self) -> None:
        """Let there be none."""
        self._due = None

    def end(self) -> None:
        """Never come again, and let go of whoever is called: it holds us, too, and such a circle outlives its use."""
        self._due = self._missed = None
        if self.number:
            self.number = 0
            self._timers.forget()

    def look(self, number: int, now: float) -> None:
        """See whether it is missed; called by the timers, with the number of the look."""
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
        self.number = self._timers.look_at(self, due, self._loop)
