"""The vendors' prompt caches: which beginnings of a prompt were seen before.

Claude caches up to a marker, from a minimum that each model has, and finds what was cached up to 20 blocks before a
marker: https://docs.claude.com/en/docs/build-with-claude/prompt-caching. The others cache by themselves.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import msgspec

LEAST = 1024  # tokens that a prefix must have to be kept
LOOK_BACK = 20  # blocks before a marker that are looked up
LEAST_OF_CLAUDE = {r"claude-(opus-4\.[5-9]|opus-[5-9]|haiku-4\.5)": 4096, r"claude-sonnet-4\.6": 2048}

Lifetime = Literal["5m", "1h"]
_ENCODER = msgspec.json.Encoder(order="sorted")


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
        least = least_of(model_id)
        marks = [index for index, prefix in enumerate(found) if prefix.kept and prefix.tokens >= least]
        if not marks:
            return NOTHING_CACHED
        places = {at for index in marks for at in range(max(0, index - LOOK_BACK), index + 1)}
        read = max((found[at].tokens for at in places if (model_id, found[at].digest) in self._kept), default=0)
        written = {"5m": 0, "1h": 0}
        at = read
        for mark in (found[index] for index in marks):
            written[mark.kept or "5m"] += max(0, mark.tokens - at)
            at = max(at, mark.tokens)
            self._kept.add((model_id, mark.digest))
        return Cached(read, written["5m"], written["1h"])


def least_of(model_id: str) -> int:
    """Tokens that a prefix must have to be kept for a model."""
    return next((least for name, least in LEAST_OF_CLAUDE.items() if re.match(name, model_id)), LEAST)


def prefixes(units: Iterable[tuple[Any, int, object]], marker: str) -> list[Prefix]:
    """The prefixes of a prompt out of its units: each its JSON, its tokens, and its cache marker or None.

    A marker moves from turn to turn, so that the key it stands under is no part of what is compared.
    """
    rolling, count, found = hashlib.blake2b(digest_size=16), 0, []
    for unit, size, mark in units:
        shown = {key: value for key, value in unit.items() if key != marker} if isinstance(unit, dict) else unit
        rolling.update(_encoded(shown))
        count += size
        found.append(Prefix(rolling.digest(), count, _lifetime(mark)))
    return found


def _encoded(unit: object) -> bytes:
    """A unit as JSON, whatever the order of its keys; Python writes a lone surrogate, which msgspec refuses."""
    try:
        return _ENCODER.encode(unit)
    except UnicodeEncodeError:
        return json.dumps(unit, sort_keys=True).encode()


def _lifetime(mark: object) -> Lifetime | None:
    match mark:
        case {"ttl": "1h"}:
            return "1h"
        case dict():
            return "5m"
        case _:
            return None
