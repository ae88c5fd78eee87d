"""A deadline that moves with every byte and costs next to nothing: one timer, armed anew only when it has run out."""

import asyncio
from collections.abc import Callable


class Deadline:
    """The moment until which a connection must have done something; `missed` is called when it has not."""

    __slots__ = ("_due", "_loop", "_missed", "_timer")

    def __init__(self, loop: asyncio.AbstractEventLoop, missed: Callable[[], None]) -> None:
        self._loop = loop
        self._missed: Callable[[], None] | None = missed
        self._due: float | None = None
        self._timer: asyncio.TimerHandle | None = None

    def set(self, seconds: float) -> None:
        """Let it be so many seconds from now; in vain once it has ended."""
        if self._missed is None:
            return
        self._due = self._loop.time() + seconds
        if self._timer is not None and self._timer.when() > self._due:
            self._timer.cancel()
            self._timer = None
        if self._timer is None:
            self._arm(self._due)

    def move(self, seconds: float) -> None:
        """Let it be so many seconds from now where there is one."""
        if self._due is not None:
            self.set(seconds)

    @property
    def is_set(self) -> bool:
        """Whether there is one."""
        return self._due is not None

    def clear(self) -> None:
        """Let there be none."""
        self._due = None

    def end(self) -> None:
        """Never come again, and let go of whoever is called: it holds us, too, and such a circle outlives its use."""
        self._due = self._missed = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _arm(self, due: float) -> None:
        self._timer = self._loop.call_at(due, self._look)

    def _look(self) -> None:
        self._timer = None
        if self._due is None or self._missed is None:
            return
        if self._loop.time() < self._due:
            self._arm(self._due)
        else:
            self._due = None
            self._missed()
