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
    owner: str
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

    def put(self, key: bytes, owner: str, value: T, size: int) -> bool:
        """Keep a value of so many bytes; whether it is kept."""
        if size > self.largest:
            return False
        self._remove(key)
        self._entries[key] = _Entry(value, size + OVERHEAD, owner, self._clock())
        self.size += size + OVERHEAD
        while self.size > self._most:
            self._remove(next(iter(self._entries)))
        return True

    def clear(self, owner: str | None = None) -> int:
        """Forget what is kept for an owner, or everything; gives how many values that were."""
        gone = [key for key, entry in self._entries.items() if owner is None or entry.owner == owner]
        for key in gone:
            self._remove(key)
        return len(gone)

    def _remove(self, key: bytes) -> None:
        entry = self._entries.pop(key, None)
        if entry is not None:
            self.size -= entry.size
