"""What counters of limits are asked: take from all of several limits or from none, and settle what was taken once.

All amounts are whole numbers: requests, tokens, or nano-credits.
"""

from collections.abc import Sequence
from typing import Literal, Protocol

from msgspec import Struct

from passenger.quota.gcra import Standing


class Take(Struct, frozen=True):
    """An amount to take from one counter.

    A `rate` gives `most` a minute, of which what was taken comes back; a `sum` is spent for good, up to `most`.
    """

    counter: str
    """Its name, which tells it from every other."""
    kind: Literal["rate", "sum"]
    amount: int
    most: int
    refuses: bool = True
    """Whether more than `most` is refused, and not only counted."""


class Hold(Struct, frozen=True):
    """What was taken, to be settled once."""

    id: int
    takes: tuple[Take, ...]


class TakeRefusal(Struct, frozen=True):
    """Why nothing was taken."""

    take: Take
    """The first that could not be."""
    wait: float = 0.0
    """Seconds until a rate has as much."""
    spent: int = 0
    """What is spent of a sum."""
    reserved: int = 0
    """What others hold of it, some of which may come back."""


class CountersError(Exception):
    """The counters that several processes have together cannot be used."""


class Counters(Protocol):
    """Counters by their name. `now` is in seconds of a clock that never goes back."""

    @property
    def is_degraded(self) -> bool:
        """Whether this process counts for itself, as what it counts with others cannot be used."""
        ...

    def trouble(self) -> str | None:
        """Why that is so, None if it is not; looks again where it is time to."""
        ...

    def take(self, takes: Sequence[Take], now: float) -> Hold | TakeRefusal:
        """Take from all of them, or from none."""
        ...

    def settle(self, hold: Hold, actual: Sequence[int], now: float) -> bool:
        """Put what it has really been in place of each amount that was taken; whether this was the first time."""
        ...

    def standing(self, take: Take, now: float) -> Standing:
        """Where the limit of a rate stands."""
        ...

    def spent(self, counter: str) -> int:
        """What is spent of a sum, without what is held."""
        ...

    def begin(self, counter: str, spent: int) -> None:
        """Begin a sum, unless it is there already."""
        ...

    def has(self, counter: str) -> bool:
        """Whether that sum has begun."""
        ...
