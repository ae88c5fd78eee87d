"""Ends the running answers of keys that are revoked at once (`passenger keys revoke --now`)."""

import asyncio
from collections.abc import Callable

from passenger.errors import Failure, Kind
from passenger.server.inflight import InflightRequests
from passenger.team.key_ring import KeyRing

INTERVAL = 0.5
"""Seconds between two looks, while requests with a team's keys run; without any nothing is looked at."""

REVOKED = Failure(Kind.LOGIN, "the API key of this request was revoked", code="key_revoked")


class RevocationWatch:
    """Looks at the keys of a team for as long as requests with them run: a long answer brings no other occasion to."""

    def __init__(self, inflight: InflightRequests, ring: Callable[[], KeyRing | None]) -> None:
        self._inflight = inflight
        self._ring = ring
        self._timer: asyncio.TimerHandle | None = None

    def begin(self) -> None:
        """Look from now on, until no such request runs."""
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(INTERVAL, self._look)

    def _look(self) -> None:
        self._timer = None
        running = self._inflight.keys()
        ring = self._ring() if running else None
        if ring is not None:
            if cut := running & ring.cut:
                self._inflight.cancel_keys(cut, REVOKED)
            self.begin()
