"""A clock that stands still while its process does not run: stopped by a signal, or asleep with the whole machine."""

from collections.abc import Callable


class AwakeClock:
    """Whoever waits says afterwards for how long at most it wanted to; what the wait took beyond is not counted."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._before = clock()
        self._lost = 0.0

    def __call__(self) -> float:
        """The seconds so far."""
        return self._clock() - self._lost

    def waited(self, at_most: float) -> None:
        """A wait is over, and all that was done since the one before it."""
        now = self._clock()
        self._lost += max(0.0, now - self._before - at_most)
        self._before = now
