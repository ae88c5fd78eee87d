"""Counters that go on without those of all workers where these cannot be used, each worker with its share.

What was spent meanwhile is added to those of all as soon as they can be used again.
"""

import logging
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from passenger.errors import Failure, Kind
from passenger.quota.counters import CountersError, Hold, Take, TakeRefusal
from passenger.quota.gcra import Standing
from passenger.quota.local_counters import LocalCounters, Sum

if TYPE_CHECKING:
    from passenger.quota.shared_counters import SharedCounters

log = logging.getLogger(__name__)

PAUSE = 2.0
"""Seconds for which counters that have failed are left alone, so that one request in that time waits for them."""

_T = TypeVar("_T")


class _Held(Struct):
    """A hold, and where it is: of the workers' together, or of this one's own."""

    hold: Hold
    own: LocalCounters | None = None


class GuardedCounters:
    """The counters of all `workers`, opened by the first use; each one's own where they fail.

    Where it `refuses`, nothing is admitted without those of all. `clock` gives seconds that never go back.
    """

    def __init__(
        self, make: "Callable[[], SharedCounters]", workers: int, clock: Callable[[], float], *, refuses: bool = False
    ) -> None:
        self._make = make
        self._made: SharedCounters | None = None
        self._workers = workers
        self._clock = clock
        self._refuses = refuses
        self._trouble: str | None = None
        self._again_at = 0.0
        self._own = LocalCounters()
        self._holds: dict[int, _Held] = {}
        self._unsettled: list[tuple[Hold, list[int]]] = []
        """What the counters of all are still to be told of, each with what it has really been."""
        self._unseen: dict[str, int] = {}
        """What was spent of sums without them."""
        self._last = 0

    def __len__(self) -> int:
        """How many holds are not settled."""
        return len(self._holds)

    @property
    def is_degraded(self) -> bool:
        """Whether this worker counts for itself."""
        return self._trouble is not None

    def trouble(self) -> str | None:
        """Why it does, None if it does not. It looks again where it is time to."""
        if self._trouble is not None:
            self._try(lambda shared: shared.check())
        return self._trouble

    def take(self, takes: Sequence[Take], now: float) -> Hold | TakeRefusal:
        """Take from all of them, or from none.

        Raises:
            Failure: the counters of all cannot be used, and nothing is admitted without them (`limits_unavailable`).
        """
        found, own = self._try(lambda shared: shared.take(takes, now)) if takes else None, None
        if found is None:
            if takes and self._refuses:
                raise _unavailable()
            own = self._own
            found = self._take_own(own, takes, now)
        if isinstance(found, TakeRefusal):
            return found
        self._last += 1
        self._holds[self._last] = _Held(found, own)
        return Hold(self._last, (*takes,))

    def settle(self, hold: Hold, actual: Sequence[int], now: float) -> bool:
        """Put what it has really been in place of each amount; whether this was the first time."""
        held = self._holds.pop(hold.id, None)
        if held is None:
            return False
        if held.own is not None:
            held.own.settle(held.hold, actual, now)
            for one, amount in zip(hold.takes, actual, strict=True):
                if one.kind == "sum":
                    self._unseen[one.counter] = self._unseen.get(one.counter, 0) + amount
        else:
            self._unsettled.append((held.hold, [*actual]))
        if self._unsettled or self._unseen:
            self._try(lambda _shared: True)
        return True

    def standing(self, take: Take, now: float) -> Standing:
        """Where the limit of a rate stands."""
        if self._trouble is not None:
            return self._own.standing(self._share(take), now)
        return self._shared.standing(take, now)

    def spent(self, counter: str) -> int:
        """What is spent of a sum, as far as this worker knows."""
        return self._shared.spent(counter) + (self._own.spent(counter) if self._trouble is not None else 0)

    def begin(self, counter: str, spent: int) -> None:
        """Begin a sum, unless it is there already."""

        def job(shared: "SharedCounters") -> bool:
            shared.begin(counter, spent)
            return True

        if self._try(job) is None:
            self._shared.note(counter, Sum(spent))

    def has(self, counter: str) -> bool:
        """Whether that sum has begun."""
        found = self._try(lambda shared: shared.has(counter))
        return counter in self._shared.seen if found is None else found

    def close(self) -> None:
        """Let the file go."""
        if self._made is not None:
            self._made.close()

    # --- those of all ------------------------------------------------------------------------------------------------

    @property
    def _shared(self) -> "SharedCounters":
        if self._made is None:
            self._made = self._make()
        return self._made

    def _try(self, job: "Callable[[SharedCounters], _T]") -> _T | None:
        """Do something with the counters of all, after what they are owed; None where they cannot be used."""
        if self._trouble is not None and self._clock() < self._again_at:
            return None
        try:
            self._pay(self._shared)
            found = job(self._shared)
        except CountersError as error:
            self._note(str(error))
            return None
        if self._trouble is not None:
            log.info("the workers keep limits together again")
            self._trouble = None
        return found

    def _pay(self, shared: "SharedCounters") -> None:
        """Tell the counters of all what they do not know yet."""
        while self._unsettled:
            shared.settle(*self._unsettled[0], 0.0)
            del self._unsettled[0]
        while self._unseen:
            counter, amount = next(iter(self._unseen.items()))
            shared.add(counter, amount)
            del self._unseen[counter]

    def _note(self, trouble: str) -> None:
        if self._trouble is None:
            what = "no request with limits is served" if self._refuses else "each worker has its share of the limits"
            log.warning("%s; %s", trouble, what)
            self._own = LocalCounters()
        self._trouble = trouble
        self._again_at = self._clock() + PAUSE

    # --- its own -----------------------------------------------------------------------------------------------------

    def _take_own(self, own: LocalCounters, takes: Sequence[Take], now: float) -> Hold | TakeRefusal:
        shares = [self._share(one) for one in takes]
        found = own.take(shares, now)
        if isinstance(found, Hold):
            return found
        at = next(number for number, one in enumerate(shares) if one is found.take)
        return replace(found, take=takes[at], spent=found.spent + self._shared.spent(takes[at].counter))

    def _share(self, take: Take) -> Take:
        """A worker's share of a rate, or of what was left of a sum when it was last seen."""
        if take.kind == "rate":
            return replace(take, most=max(1, take.most // self._workers))
        seen = self._shared.seen.get(take.counter) or Sum()
        return replace(take, most=max(0, take.most - seen.spent - seen.reserved) // self._workers)


def _unavailable() -> Failure:
    message = "the limits that this Passenger keeps for several workers cannot be read; try again"
    return Failure(Kind.UNAVAILABLE, message, code="limits_unavailable", retry_after="2")
