"""The vendors' prompt caches (upstream.md 4.6): which beginnings of a prompt were seen before; it hides the hashing."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

LEAST = 1024  # tokens that a prefix must have to be kept

Lifetime = Literal["5m", "1h"]


@dataclass(frozen=True, slots=True)
class Prefix:
    """The prompt up to some place; `kept` says that there is a cache marker at that place, and for how long."""

    digest: bytes
    tokens: int
    kept: Lifetime | None = None


@dataclass(frozen=True, slots=True)
class Cached:
    """How many tokens of a prompt came from the cache, and how many were put into it."""

    read: int = 0
    written_5m: int = 0
    written_1h: int = 0

    @property
    def written(self) -> int:
        """What was put in, however long it is kept."""
        return self.written_5m + self.written_1h


NOTHING_CACHED = Cached()


class PromptCache:
    """The prefixes that were kept, for each model; nothing is ever forgotten."""

    def __init__(self) -> None:
        self._kept: set[tuple[str, bytes]] = set()

    def use(self, model_id: str, found: Sequence[Prefix]) -> Cached:
        """Look a prompt up by its prefixes, shortest first, and keep those that are marked."""
        marks = [prefix for prefix in found if prefix.kept and prefix.tokens >= LEAST]
        if not marks:
            return NOTHING_CACHED
        below = [prefix for prefix in found if prefix.tokens <= marks[-1].tokens]
        read = max((prefix.tokens for prefix in below if (model_id, prefix.digest) in self._kept), default=0)
        written = {"5m": 0, "1h": 0}
        at = read
        for mark in marks:
            written[mark.kept or "5m"] += max(0, mark.tokens - at)
            at = max(at, mark.tokens)
            self._kept.add((model_id, mark.digest))
        return Cached(read, written["5m"], written["1h"])


def prefixes(units: Iterable[tuple[Any, int, object]], marker: str) -> list[Prefix]:
    """The prefixes of a prompt out of its units: each its JSON, its tokens, and its cache marker or None.

    A marker moves from turn to turn, so that the key it stands under is no part of what is compared.
    """
    rolling, count, found = hashlib.blake2b(digest_size=16), 0, []
    for unit, size, mark in units:
        shown = {key: value for key, value in unit.items() if key != marker} if isinstance(unit, dict) else unit
        rolling.update(json.dumps(shown, sort_keys=True).encode())
        count += size
        found.append(Prefix(rolling.digest(), count, _lifetime(mark)))
    return found


def _lifetime(mark: object) -> Lifetime | None:
    match mark:
        case {"ttl": "1h"}:
            return "1h"
        case dict():
            return "5m"
        case _:
            return None
