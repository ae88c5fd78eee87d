"""The API keys that clients must show where any are set, from the settings and from a file that may change.

Only digests are kept. A key that is shown is compared with all of them in constant time, so that the time of an answer
tells nothing. A file that is missing, empty or unreadable lets nobody in: keeping its old keys would admit those that
were meant to be removed, asking for none would admit everybody.
"""

import hashlib
import hmac
import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from urllib.parse import unquote_to_bytes

from passenger.config.keyfile import is_private, read_keys
from passenger.secret import Secret

LOOK_INTERVAL = 0.5
"""Minimum seconds between two checks whether the file has changed."""

KeyFileVersion = tuple[int, int, int, int]
"""Identifies a version of a file: device, inode, modification time (ns), size."""


class KeyFile:
    """A file of keys, checked for changes on use. `on_keys` gets new keys before they are used, to redact them."""

    def __init__(
        self,
        path: Path,
        *,
        on_keys: Callable[[tuple[Secret, ...]], None] = lambda _: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.path = path
        self.trouble: str | None = None
        """Why none of its keys is accepted, None if they are."""
        self._on_keys = on_keys
        self._clock = clock
        self._checked_at = float("-inf")
        self._version: KeyFileVersion | None = None
        self._keys: tuple[Secret, ...] = ()

    def keys(self) -> tuple[Secret, ...]:
        """The current keys; the same tuple while the file does not change."""
        now = self._clock()
        if now - self._checked_at >= LOOK_INTERVAL:
            first, self._checked_at = self._checked_at == float("-inf"), now
            self._reload_if_changed(said=not first)
        return self._keys

    def _reload_if_changed(self, *, said: bool) -> None:
        try:
            stamp = _version(self.path)
            if stamp == self._version and self.trouble is None:
                return
            self._keys = read_keys(self.path)
        except (OSError, ValueError) as error:
            self._reject_file(error)
            return
        self._version, self.trouble = stamp, None
        self._on_keys(self._keys)
        if said:
            self._log_change()

    def _reject_file(self, error: OSError | ValueError) -> None:
        reason = f"cannot be read: {error.strerror or error}" if isinstance(error, OSError) else str(error)
        if reason != self.trouble:
            log.warning("%s %s; none of its keys is let in until that is mended", self.path, reason)
        self._version, self._keys, self.trouble = None, (), reason

    def _log_change(self) -> None:
        log.info("%s has changed; keys in it: %d", self.path, len(self._keys))
        if not is_private(self.path):
            log.warning("%s holds API keys and can be read by others", self.path)


def _version(path: Path) -> KeyFileVersion:
    info = path.stat()
    return (info.st_dev, info.st_ino, info.st_mtime_ns, info.st_size)


HEADERS = (b"x-api-key", b"x-goog-api-key")
"""Anthropic's and Google's own, beside `Authorization: Bearer`."""

PARAMETER = b"key"
"""Google's own, in the query."""


class ApiKeys:
    """The accepted keys. With neither keys nor a file no key is needed; a file without keys admits nobody."""

    def __init__(self, keys: Iterable[Secret] = (), file: KeyFile | None = None) -> None:
        self._digests = _digests(keys)
        self._file = file
        self._read: tuple[Secret, ...] = ()
        self._in_file: tuple[bytes, ...] = ()

    def __bool__(self) -> bool:
        return bool(self._digests) or self._file is not None

    @property
    def settings(self) -> Sequence[str]:
        """The names of the settings that the keys come from."""
        names = {"api_keys": bool(self._digests), "api_key_file": self._file is not None}
        return [name for name, is_used in names.items() if is_used]

    @property
    def trouble(self) -> str | None:
        """Why the file's keys are not accepted, None if they are."""
        return f"{self._file.path} {self._file.trouble}" if self._file is not None and self._file.trouble else None

    def recognize(self, key: bytes) -> bytes | None:
        """The digest of an accepted key, None for any other."""
        return _digest(key) if _knows(self.digests(), key) else None

    def digests(self) -> tuple[bytes, ...]:
        """The digests of all accepted keys."""
        return (*self._digests, *self._file_digests())

    def _file_digests(self) -> tuple[bytes, ...]:
        if self._file is not None and (keys := self._file.keys()) is not self._read:
            self._read, self._in_file = keys, _digests(keys)
        return self._in_file


def hint(headers: Mapping[bytes, bytes], query: bytes) -> str:
    """What may be logged of presented keys: their lengths and the beginnings of their digests.

    A key's owner can find it by that (`printf %s KEY | sha256sum`); it does not open anything.
    """
    keys = [key for key in presented_keys(headers, query) if key]
    return ", ".join(f"a key of {len(key)} bytes, sha256 {_digest(key).hex()[:8]}" for key in keys[:3]) or "no key"


def _digests(keys: Iterable[Secret]) -> tuple[bytes, ...]:
    return tuple(_digest(key.reveal().encode()) for key in keys)


def _knows(known: Iterable[bytes], key: bytes) -> bool:
    digest = _digest(key)
    return any([hmac.compare_digest(digest, one) for one in known])  # noqa: C419 - as above


def _digest(key: bytes) -> bytes:
    return hashlib.sha256(key).digest()


def presented_keys(headers: Mapping[bytes, bytes], query: bytes) -> Iterator[bytes]:
    """The keys that a request presents, in all the usual places."""
    scheme, _, key = headers.get(b"authorization", b"").partition(b" ")
    if scheme.lower() == b"bearer":
        yield key.strip()
    yield from (headers[name] for name in HEADERS if name in headers)
    if PARAMETER in query:
        fields = (field.partition(b"=") for field in query.split(b"&"))
        yield from (_unquote(value) for name, _, value in fields if _unquote(name) == PARAMETER)


def _unquote(text: bytes) -> bytes:
    """Decode a name or value of a query; `parse_qsl` fails on many fields and on bytes that are not ASCII."""
    return unquote_to_bytes(text.replace(b"+", b" "))


log = logging.getLogger(__name__)
