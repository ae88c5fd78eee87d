"""The API keys that clients must show where any are set; hides how they are compared.

Only digests are kept, and every key that is shown is compared with all of them in constant time, so that an answer's
time tells nothing about any.
"""

import hashlib
import hmac
from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import unquote_to_bytes

from passenger.secret import Secret
from passenger.web.key_file import KeyFile

HEADERS = (b"x-api-key", b"x-goog-api-key")
"""Anthropic's and Google's own, beside `Authorization: Bearer`."""

PARAMETER = b"key"
"""Google's own, in the query."""


class Keys:
    """The keys that are let in; with none and no file of them, everybody is. A file that has none lets nobody in."""

    def __init__(self, keys: Iterable[Secret] = (), file: KeyFile | None = None) -> None:
        self._digests = _digests(keys)
        self._file = file
        self._read: tuple[Secret, ...] = ()
        self._in_file: tuple[bytes, ...] = ()

    def __bool__(self) -> bool:
        return bool(self._digests) or self._file is not None

    @property
    def settings(self) -> str:
        """The settings that they come from."""
        names = {"api_keys": bool(self._digests), "api_key_file": self._file is not None}
        return ", ".join(name for name, is_used in names.items() if is_used)

    @property
    def trouble(self) -> str | None:
        """Why the file's keys are not let in, None while they are."""
        return f"{self._file.path} {self._file.trouble}" if self._file is not None and self._file.trouble else None

    def find(self, headers: Mapping[bytes, bytes], query: bytes) -> bytes | None:
        """The digest of the one that a request shows, in any of the places where clients put it; None for none."""
        known = self.digests()
        found = [_digest(key) for key in shown(headers, query) if _knows(known, key)]
        return found[0] if found else None

    def recognize(self, key: bytes) -> bytes | None:
        """The digest of a key that is let in, None for any other."""
        return _digest(key) if _knows(self.digests(), key) else None

    def digests(self) -> tuple[bytes, ...]:
        """The digests of those that are let in now."""
        return (*self._digests, *self._of_file())

    def _of_file(self) -> tuple[bytes, ...]:
        if self._file is not None and (keys := self._file.keys()) is not self._read:
            self._read, self._in_file = keys, _digests(keys)
        return self._in_file


def hint(headers: Mapping[bytes, bytes], query: bytes) -> str:
    """What may be logged of the keys that a request shows: how long each is, and the beginning of its digest.

    Whoever knows a key finds it by that (`printf %s KEY | sha256sum`); nobody gets in with it.
    """
    keys = [key for key in shown(headers, query) if key]
    return ", ".join(f"a key of {len(key)} bytes, sha256 {_digest(key).hex()[:8]}" for key in keys[:3]) or "no key"


def _digests(keys: Iterable[Secret]) -> tuple[bytes, ...]:
    return tuple(_digest(key.reveal().encode()) for key in keys)


def _knows(known: Iterable[bytes], key: bytes) -> bool:
    digest = _digest(key)
    return any([hmac.compare_digest(digest, one) for one in known])  # noqa: C419 - as above


def _digest(key: bytes) -> bytes:
    return hashlib.sha256(key).digest()


def shown(headers: Mapping[bytes, bytes], query: bytes) -> Iterator[bytes]:
    """The keys that a request shows, in all the places where clients put one."""
    scheme, _, key = headers.get(b"authorization", b"").partition(b" ")
    if scheme.lower() == b"bearer":
        yield key.strip()
    yield from (headers[name] for name in HEADERS if name in headers)
    if PARAMETER in query:
        fields = (field.partition(b"=") for field in query.split(b"&"))
        yield from (_unquoted(value) for name, _, value in fields if _unquoted(name) == PARAMETER)


def _unquoted(text: bytes) -> bytes:
    """A name or a value of a query; `parse_qsl` fails on what is many, or no ASCII."""
    return unquote_to_bytes(text.replace(b"+", b" "))
