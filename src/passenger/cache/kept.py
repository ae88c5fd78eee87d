"""Things that are kept in memory: so many bytes in all, each for so long, and what was used last the longest."""

from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

from msgspec import Struct

T = TypeVar("T")

OVERHEAD = 400
"""Bytes that an entry takes beside its value."""


class _Entry(Struct, Generic[T]):
    value: T
    size: int
    since: float


class KeptValues(Generic[T]):
    """Values by the digest of what they answer. `clock` gives seconds, of any beginning."""

    def __init__(self, most: int, lifetime: float, clock: Callable[[], float]) -> None:
        self._most = most
        self._lifetime = lifetime
        self._clock = clock
        self._entries: OrderedDict[bytes, _Entry[T]] = OrderedDict()
        self.size = 0
        """Bytes of all of them."""
        self.clearings = 0
        """How often all of them were thrown away."""

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def largest(self) -> int:
        """Bytes of the largest value that is kept: a tenth of all, so that no single one drives the others out."""
        return self._most // 10 - OVERHEAD

    def get(self, key: bytes, max_age: float | None = None) -> T | None:
        """The value of a key, None where there is none, or none so young."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        age = self._clock() - entry.since
        if age >= self._lifetime:
            self._remove(key)
            return None
        if max_age is not None and age > max_age:
            return None
        self._entries.move_to_end(key)
        return entry.value

    def put(self, key: bytes, value: T, size: int, *, clearings: int | None = None) -> bool:
        """Keep a value of so many bytes; whether it is kept.

        `clearings` is how many there had been when it was asked for: none is kept over one.
        """
        if size > self.largest or clearings not in {None, self.clearings}:
            return False
        self._remove(key)
        self._entries[key] = _Entry(value, size + OVERHEAD, self._clock())
        self.size += size + OVERHEAD
        while self.size > self._most:
            self._remove(next(iter(self._entries)))
        return True

    def clear(self) -> None:
        """Throw everything away, and let nobody keep what was asked for before."""
        self.clearings += 1
        self._entries.clear()
        self.size = 0

    def _remove(self, key: bytes) -> None:
        entry = self._entries.pop(key, None)
        if entry is not None:
            self.size -= entry.size
