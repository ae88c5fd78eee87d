"""A fair queue for places: round robin over those who wait, people before agents, and each one's in their order."""

import asyncio
from collections import OrderedDict, deque

MOST_WAITING = 1000
"""Requests that wait for one kind of place; one more is refused at once."""

Waiter = asyncio.Future[None]


class FairQueue:
    """Places that are given to one request each.

    While any wait, one that comes waits, too. A place that becomes free goes to a request that a person has caused
    before those of agents, and in turn to each who waits.
    """

    def __init__(self, places: int) -> None:
        self.places = places
        """How many there are; it may change."""
        self.taken = 0
        self._people: OrderedDict[str, deque[Waiter]] = OrderedDict()
        self._agents: OrderedDict[str, deque[Waiter]] = OrderedDict()
        self.waiting = 0

    @property
    def is_idle(self) -> bool:
        """Whether nobody has or wants a place."""
        return not self.taken and not self.waiting

    def take_at_once(self) -> bool:
        """Take a place if one is free that nobody waits for."""
        if self.waiting or self.taken >= self.places:
            return False
        self.taken += 1
        return True

    async def take(self, who: str, patience: float, *, is_person: bool) -> bool:
        """Take a place, waiting for one at most `patience` seconds; whether there was one."""
        if self.take_at_once():
            return True
        if self.waiting >= MOST_WAITING or patience <= 0:
            return False
        lane = self._people if is_person else self._agents
        waiter: Waiter = asyncio.get_running_loop().create_future()
        lane.setdefault(who, deque()).append(waiter)
        self.waiting += 1
        try:
            async with asyncio.timeout(patience):
                await waiter
        except TimeoutError:
            return self._leave(lane, who, waiter)
        except asyncio.CancelledError:
            if self._leave(lane, who, waiter):
                self.give_back()
            raise
        return True

    def give_back(self) -> None:
        """Give a place back; it goes to the next who waits."""
        self.taken -= 1
        self.fill()

    def fill(self) -> None:
        """Give the places that are free to those who wait."""
        while self.taken < self.places and (waiter := self._next()) is not None:
            self.taken += 1
            waiter.set_result(None)

    def _next(self) -> Waiter | None:
        """The next who gets a place and still wants it; whose turn it was goes to the end."""
        for lane in (self._people, self._agents):
            while lane:
                who, waiters = next(iter(lane.items()))
                waiter = waiters.popleft()
                self.waiting -= 1
                if waiters:
                    lane.move_to_end(who)
                else:
                    del lane[who]
                if not waiter.done():
                    return waiter
        return None

    def _leave(self, lane: OrderedDict[str, deque[Waiter]], who: str, waiter: Waiter) -> bool:
        """Wait no longer; whether the place had been given already."""
        if waiter.done() and not waiter.cancelled():
            return True
        waiters = lane.get(who)
        if waiters is not None and waiter in waiters:
            waiters.remove(waiter)
            self.waiting -= 1
            if not waiters:
                del lane[who]
        return False
