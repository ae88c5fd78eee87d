"""A simulator that closes idle connections after a random few milliseconds, as an edge does that is short of them."""

import random
from typing import Any

from passenger.simulator import Recorded, Simulator
from passenger.simulator.connection import Connection, Desk

LONGEST = 0.006
"""Seconds, at most, that a connection may be idle."""


class FickleSimulator(Simulator):
    """See above; `seed` decides how long each connection may be idle."""

    def __init__(self, seed: int, **options: Any) -> None:  # Any: the options are Simulator's own
        super().__init__(**options)
        self._chance = random.Random(seed)

    def _connect(self) -> Connection:
        return _Fickle(self._desk, self._chance)


class _Fickle(Connection):
    def __init__(self, desk: Desk, chance: random.Random) -> None:
        super().__init__(desk)
        self._chance = chance

    async def _answer(self, request: Recorded) -> None:
        await super()._answer(request)
        self._loop.call_later(self._chance.uniform(0, LONGEST), self._leave, self._served)

    def _leave(self, served: int) -> None:
        """Close, unless a request has come since; one that is in the kernel still is answered with a reset."""
        if self._served == served and self._current is None and not self._arrived.is_set():
            self.close()
