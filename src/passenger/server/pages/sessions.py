"""The session of a browser that has shown a key: a signed cookie that opens the page, and no API.

The server stores nothing. A session is its expiry and an HMAC-SHA256 of it under a secret that all workers share, over
the digest of the key that was shown. It ends with its time, with that key, and with the server.

Browsers send the cookies of a host to all of its ports, so the name of the cookie contains the port.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Callable, Iterable, Iterator

from starlette.types import Scope

LIFETIME = 12 * 3600
"""Seconds that a session lasts."""

_SHAPE = re.compile(r"([0-9]{1,12})\.([0-9a-f]{16})\.([0-9a-f]{64})")


class Sessions:
    """Makes and checks sessions; `keys` gives the digests of the keys that are accepted from a peer's address."""

    def __init__(self, secret: bytes, keys: Callable[[str], Iterable[bytes]], clock: Callable[[], float]) -> None:
        self._secret = secret
        self._keys = keys
        self._clock = clock

    def begin(self, key: bytes) -> str:
        """A new session for the key with this digest."""
        ends, nonce = str(int(self._clock()) + LIFETIME), secrets.token_hex(8)
        return f"{ends}.{nonce}.{self._mark(ends, nonce, key)}"

    def knows(self, value: str, peer: str) -> bool:
        """Whether this is an unexpired session of this server whose key is still accepted, also from there."""
        match = _SHAPE.fullmatch(value)
        if match is None:
            return False
        ends, nonce, mark = match.groups()
        marks = [self._mark(ends, nonce, key) for key in self._keys(peer)]
        known = any([hmac.compare_digest(mark, one) for one in marks])  # noqa: C419 - all of them, whichever fits
        return known and 0 < int(ends) - self._clock() <= LIFETIME

    def _mark(self, ends: str, nonce: str, key: bytes) -> str:
        return hmac.new(
            self._secret, f"page session\n{ends}\n{nonce}\n{key.hex()}".encode(), hashlib.sha256
        ).hexdigest()


# --- the cookie ------------------------------------------------------------------------------------------------------


def cookie_name(scope: Scope) -> str:
    """The name of the cookie at the port that was asked."""
    server = scope.get("server")
    return f"passenger-{(server[1] if server else None) or 0}"


def cookies(scope: Scope) -> Iterator[str]:
    """The values of all cookies of that name: other programs on this host may have set one."""
    wanted = cookie_name(scope)
    for name, value in scope["headers"]:
        if name == b"cookie":
            for pair in value.decode("latin-1").split(";"):
                found, _, text = pair.strip().partition("=")
                if found == wanted:
                    yield text


def set_cookie(scope: Scope, value: str, lifetime: int, *, secure: bool) -> str:
    """The `Set-Cookie` that keeps a session for so many seconds; with 0 the one that deletes it."""
    flags = "HttpOnly; SameSite=Strict; Path=/" + ("; Secure" if secure else "")
    return f"{cookie_name(scope)}={value}; Max-Age={lifetime}; {flags}"
