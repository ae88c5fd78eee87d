"""Wrong keys that peers have shown: who shows very many has to wait."""

import time
from collections import OrderedDict
from collections.abc import Callable
from ipaddress import IPv6Address

from passenger.net.hosts import parse_address

WHILE = 60.0
"""Seconds."""

REMEMBERED = 1000
"""Maximum number of peers that are remembered."""


class WrongKeys:
    """Limits the wrong keys that one peer may send to `most` within `WHILE`."""

    def __init__(self, most: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = most
        self._clock = clock
        self._wrong: OrderedDict[str, list[float]] = OrderedDict()

    def wait(self, peer: str) -> float:
        """Seconds until this peer may try again, 0 if it may now."""
        recent = self._recent(_place(peer))
        return recent[0] + WHILE - self._clock() if len(recent) >= self._most else 0.0

    def note(self, peer: str) -> None:
        """Record a wrong key."""
        place = _place(peer)
        self._wrong[place] = [*self._recent(place), self._clock()][-self._most :]
        self._wrong.move_to_end(place)
        while len(self._wrong) > REMEMBERED:
            self._wrong.popitem(last=False)

    def _recent(self, place: str) -> list[float]:
        now = self._clock()
        return [moment for moment in self._wrong.get(place, ()) if now - moment < WHILE]


def _place(peer: str) -> str:
    """A peer's address, or its /64 network with IPv6."""
    address = parse_address(peer)
    if address is None:
        return peer
    return address.packed[:8].hex() if isinstance(address, IPv6Address) else str(address)
