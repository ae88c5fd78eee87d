"""The counters of one process, in its memory."""

from collections import OrderedDict
from collections.abc import Sequence

from msgspec import Struct

from passenger.quota import gcra
from passenger.quota.counters import Hold, Take, TakeRefusal
from passenger.quota.gcra import Standing

MOST_RATES = 10_000
"""Rates that are kept; beyond that the one that was used the longest time ago is as new."""

MOST_SUMS = 10_000
"""Sums that are kept; beyond that the ones that nothing is held of go, the oldest first."""


class Sum(Struct):
    """What is spent, and what is held until it is known."""

    spent: int = 0
    reserved: int = 0


class LocalCounters:
    """Counters in memory. Nothing here waits, so each method is one step for all that run beside it."""

    is_degraded = False

    def __init__(self) -> None:
        self._rates: OrderedDict[str, float] = OrderedDict()
        self._sums: OrderedDict[str, Sum] = OrderedDict()
        self._holds: dict[int, Hold] = {}
        self._last = 0

    def __len__(self) -> int:
        """How many holds are not settled."""
        return len(self._holds)

    def trouble(self) -> None:
        """What is wrong: never anything."""

    def take(self, takes: Sequence[Take], now: float) -> Hold | TakeRefusal:
        """Take from all of them, or from none."""
        paid: dict[str, float] = {}
        for one in takes:
            if one.kind == "rate":
                before = paid.get(one.counter, self._rates.get(one.counter, 0.0))
                paid[one.counter], wait = gcra.take(before, one.most, one.amount, now)
                if wait and one.refuses:
                    return TakeRefusal(one, wait=wait)
            elif one.refuses:
                found = self._sums.get(one.counter) or Sum()
                if found.spent + found.reserved + one.amount > one.most:
                    return TakeRefusal(one, spent=found.spent, reserved=found.reserved)
        self._keep_rates(paid)
        for one in takes:
            if one.kind == "sum":
                self._sum(one.counter).reserved += one.amount
        self._last += 1
        hold = self._holds[self._last] = Hold(self._last, (*takes,))
        return hold

    def settle(self, hold: Hold, actual: Sequence[int], now: float) -> bool:
        """Put what it has really been in place of each amount; whether this was the first time."""
        del now
        if self._holds.pop(hold.id, None) is None:
            return False
        for one, amount in zip(hold.takes, actual, strict=True):
            if one.kind == "sum":
                found = self._sum(one.counter)
                found.reserved -= one.amount
                found.spent += amount
            elif amount != one.amount and (paid := self._rates.get(one.counter)) is not None:
                self._rates[one.counter] = gcra.correct(paid, one.most, one.amount, amount)
        return True

    def standing(self, take: Take, now: float) -> Standing:
        """Where the limit of a rate stands."""
        return gcra.standing(self._rates.get(take.counter, 0.0), take.most, now)

    def spent(self, counter: str) -> int:
        """What is spent of a sum, without what is held."""
        return found.spent if (found := self._sums.get(counter)) else 0

    def reserved(self, counter: str) -> int:
        """What is held of a sum."""
        return found.reserved if (found := self._sums.get(counter)) else 0

    def begin(self, counter: str, spent: int) -> None:
        """Begin a sum, unless it is there already."""
        if counter not in self._sums:
            self._sum(counter).spent = spent

    def has(self, counter: str) -> bool:
        """Whether that sum has begun."""
        return counter in self._sums

    def _sum(self, counter: str) -> Sum:
        found = self._sums.get(counter)
        if found is None:
            found = self._sums[counter] = Sum()
            self._forget_sums(counter)
        return found

    def _keep_rates(self, paid: dict[str, float]) -> None:
        for counter, moment in paid.items():
            self._rates[counter] = moment
            self._rates.move_to_end(counter)
        while len(self._rates) > MOST_RATES:
            self._rates.popitem(last=False)

    def _forget_sums(self, new: str) -> None:
        """Forget the oldest sums of which nothing is held, where there are too many."""
        if len(self._sums) > MOST_SUMS:
            for counter in [name for name, one in self._sums.items() if not one.reserved and name != new]:
                del self._sums[counter]
                if len(self._sums) <= MOST_SUMS:
                    return
