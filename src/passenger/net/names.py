"""Addresses of names, remembered for a minute."""

import socket
from collections.abc import Callable
from time import monotonic

from passenger.authority import is_address
from passenger.net.resolver import Address, Resolver

LIFETIME = 60.0
"""Seconds that an address is believed."""

_Name = tuple[str, int]


class NameCache:
    """Asks a resolver for what it does not remember."""

    def __init__(self, resolver: Resolver, clock: Callable[[], float] = monotonic) -> None:
        self._resolver = resolver
        self._clock = clock
        self._known: dict[_Name, tuple[float, list[Address]]] = {}

    async def addresses(self, host: str, port: int) -> list[Address]:
        """The addresses of a host, which may be one itself.

        Raises:
            OSError: there are none.
        """
        if is_address(host):
            return [Address(host, port, socket.AF_INET6 if ":" in host else socket.AF_INET)]
        until, found = self._known.get((host, port), (0.0, []))
        if self._clock() >= until:
            found = await self._resolver.resolve(host, port, 0)
            self._known[host, port] = self._clock() + LIFETIME, found
        return found

    def forget(self, host: str, port: int) -> None:
        """Ask anew the next time."""
        self._known.pop((host, port), None)
