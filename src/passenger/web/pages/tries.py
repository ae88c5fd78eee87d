"""Bounds how many wrong keys one peer may show in the page's form; nobody else is held up by that."""

import time
from collections import OrderedDict
from collections.abc import Callable
from ipaddress import IPv6Address, ip_address

MOST = 10
"""Wrong keys that one peer may show within a while."""

WHILE = 60.0
"""Seconds."""

REMEMBERED = 1000
"""Peers that are remembered, the last ones."""


class Tries:
    """The wrong keys of late, by the peer that has shown them."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._wrong: OrderedDict[str, list[float]] = OrderedDict()

    def wait(self, peer: str) -> float:
        """Seconds until this peer may try again; 0 where it may now."""
        recent = self._recent(_place(peer))
        return recent[0] + WHILE - self._clock() if len(recent) >= MOST else 0.0

    def note(self, peer: str) -> None:
        """Remember a wrong key."""
        place = _place(peer)
        self._wrong[place] = [*self._recent(place), self._clock()][-MOST:]
        self._wrong.move_to_end(place)
        while len(self._wrong) > REMEMBERED:
            self._wrong.popitem(last=False)

    def _recent(self, place: str) -> list[float]:
        now = self._clock()
        return [moment for moment in self._wrong.get(place, ()) if now - moment < WHILE]


def _place(peer: str) -> str:
    """A peer, or the network of its own that one has with IPv6."""
    try:
        address = ip_address(peer.partition("%")[0])
    except ValueError:
        return peer
    if isinstance(address, IPv6Address):
        return str(address.ipv4_mapped or address.packed[:8].hex())
    return str(address)
