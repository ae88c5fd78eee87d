"""The API keys that clients must show where any are set; hides how they are compared.

Only digests are kept, and every key that is shown is compared with all of them in constant time, so that an answer's
time tells nothing about any.
"""

import hashlib
import hmac
from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import unquote_to_bytes

from passenger.secret import Secret

HEADERS = (b"x-api-key", b"x-goog-api-key")
"""Anthropic's and Google's own, beside `Authorization: Bearer`."""

PARAMETER = b"key"
"""Google's own, in the query."""


class Keys:
    """The keys that are let in; with none, everybody is."""

    def __init__(self, keys: Iterable[Secret] = ()) -> None:
        self._digests = tuple(_digest(key.reveal().encode()) for key in keys)

    def __bool__(self) -> bool:
        return bool(self._digests)

    def admit(self, headers: Mapping[bytes, bytes], query: bytes) -> bool:
        """Whether a request shows one of them, in any of the places where clients put it."""
        return any([self._knows(key) for key in _shown(headers, query)])  # noqa: C419 - all of them, whichever fits

    def _knows(self, key: bytes) -> bool:
        digest = _digest(key)
        return any([hmac.compare_digest(digest, known) for known in self._digests])  # noqa: C419 - as above


def _digest(key: bytes) -> bytes:
    return hashlib.sha256(key).digest()


def _shown(headers: Mapping[bytes, bytes], query: bytes) -> Iterator[bytes]:
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
