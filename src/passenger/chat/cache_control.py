"""What a client wants of the cache, by the header `Cache-Control` (RFC 9111, 5.2.1) and one of our own."""

from collections.abc import Mapping
from typing import Literal

from msgspec import Struct

CacheScope = Literal["user", "key", "seat"]
"""Who shares what is kept, on one seat: a person's keys, one key alone, or everybody. Seats never do."""

HEADER = "cache-control"
OWN_HEADER = "x-passenger-no-cache"
"""`1` means `no-store`, for clients that cannot set the other one."""

_MOST_DIGITS = 9


class CacheControl(Struct, frozen=True):
    """What a client wants."""

    reads: bool = True
    """Whether a kept answer will do."""
    keeps: bool = True
    """Whether the answer may be kept, and shared with whoever asks the same just now."""
    max_age: int | None = None
    """Seconds that a kept answer may be old; None for any age."""

    @property
    def asks_for_chats(self) -> bool:
        """Whether chats are to be kept, too: a client that names an age above 0 takes a kept answer."""
        return self.reads and self.keeps and bool(self.max_age)


NO_WISH = CacheControl()
"""A client that says nothing."""

_NOTHING = CacheControl(reads=False, keeps=False)


def read_cache_control(headers: Mapping[str, str]) -> CacheControl:
    """What the headers of a request say; their names are in small letters. Unknown directives say nothing."""
    if headers.get(OWN_HEADER, "0") != "0":
        return _NOTHING
    if (text := headers.get(HEADER)) is None:
        return NO_WISH
    directives = dict(map(_split, text.lower().split(",")))
    if "no-store" in directives:
        return _NOTHING
    max_age = _seconds(directives.get("max-age", ""))
    return CacheControl(reads="no-cache" not in directives and max_age != 0, max_age=max_age)


def _split(directive: str) -> tuple[str, str]:
    name, _, value = directive.partition("=")
    return name.strip(), value.strip().strip('"')


def _seconds(text: str) -> int | None:
    return int(text[:_MOST_DIGITS]) if text.isascii() and text.isdigit() else None
