"""The session that a browser keeps once it has shown a key: a cookie that opens the page, and no API.

Nothing is kept here. A session is its end and a mark by which this server knows that it began it: an HMAC-SHA256 under
a secret that all workers share, over the digest of the key that was shown. It ends with its time, with that key, and
with the server.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Callable, Iterable

LIFETIME = 12 * 3600
"""Seconds that a session lasts."""

_SHAPE = re.compile(r"([0-9]{1,12})\.([0-9a-f]{16})\.([0-9a-f]{64})")


class Sessions:
    """Begins and recognises sessions; `keys` gives the digests of the keys that are let in now."""

    def __init__(self, secret: bytes, keys: Callable[[], Iterable[bytes]], clock: Callable[[], float]) -> None:
        self._secret = secret
        self._keys = keys
        self._clock = clock

    def begin(self, key: bytes) -> str:
        """A new session of whoever has shown the key with this digest."""
        ends, nonce = str(int(self._clock()) + LIFETIME), secrets.token_hex(8)
        return f"{ends}.{nonce}.{self._mark(ends, nonce, key)}"

    def knows(self, value: str) -> bool:
        """Whether this is a session that has begun here, has not ended, and whose key is still let in."""
        match = _SHAPE.fullmatch(value)
        if match is None:
            return False
        ends, nonce, mark = match.groups()
        marks = [self._mark(ends, nonce, key) for key in self._keys()]
        known = any([hmac.compare_digest(mark, one) for one in marks])  # noqa: C419 - all of them, whichever fits
        return known and 0 < int(ends) - self._clock() <= LIFETIME

    def _mark(self, ends: str, nonce: str, key: bytes) -> str:
        return hmac.new(
            self._secret, f"page session\n{ends}\n{nonce}\n{key.hex()}".encode(), hashlib.sha256
        ).hexdigest()
