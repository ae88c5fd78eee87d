"""Places that are limited in number, among all processes that share a store."""

from collections import Counter
from collections.abc import Callable


class Places:
    """Who has taken how many places of each name."""

    def __init__(self) -> None:
        self._taken = Counter[str]()

    def __len__(self) -> int:
        return self._taken.total()

    def take(self, name: str, most: int) -> Callable[[], None] | None:
        """Take one of `most` places; what gives it back, which may be called twice, or None where all are taken."""
        if self._taken[name] >= most:
            return None
        self._taken[name] += 1
        held = [name]

        def give_back() -> None:
            while held:
                self._give_back(held.pop())

        return give_back

    def _give_back(self, name: str) -> None:
        self._taken[name] -= 1
        if not self._taken[name]:
            del self._taken[name]
