"""The keys in a file that changes while we serve: those that it holds now are let in, and nobody else by it.

A file that is missing, empty or cannot be read lets nobody in. To keep its old keys would let in those that were meant
to be removed; to ask for none would let in everybody.
"""

import logging
import time
from collections.abc import Callable
from pathlib import Path

from passenger.config.keyfile import is_private, read_keys
from passenger.secret import Secret

log = logging.getLogger(__name__)

LOOK_INTERVAL = 0.5
"""Seconds between two looks whether the file has changed."""

Stamp = tuple[int, int, int, int]
"""What tells two versions of a file apart: device, inode, modification time (ns), size."""


class KeyFile:
    """The file, looked at when a key is asked for. `on_keys` is told of keys before they are used: to hide them."""

    def __init__(
        self,
        path: Path,
        *,
        on_keys: Callable[[tuple[Secret, ...]], None] = lambda _: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.path = path
        self.trouble: str | None = None
        """Why it lets nobody in, None while it does."""
        self._on_keys = on_keys
        self._clock = clock
        self._looked = float("-inf")
        self._stamp: Stamp | None = None
        self._keys: tuple[Secret, ...] = ()

    def keys(self) -> tuple[Secret, ...]:
        """The keys that it holds now; the same tuple while it does not change."""
        now = self._clock()
        if now - self._looked >= LOOK_INTERVAL:
            first, self._looked = self._looked == float("-inf"), now
            self._look(said=not first)
        return self._keys

    def _look(self, *, said: bool) -> None:
        try:
            stamp = _stamp(self.path)
            if stamp == self._stamp and self.trouble is None:
                return
            self._keys = read_keys(self.path)
        except (OSError, ValueError) as error:
            self._distrust(error)
            return
        self._stamp, self.trouble = stamp, None
        self._on_keys(self._keys)
        if said:
            self._say()

    def _distrust(self, error: OSError | ValueError) -> None:
        reason = f"cannot be read: {error.strerror or error}" if isinstance(error, OSError) else str(error)
        if reason != self.trouble:
            log.warning("%s %s; none of its keys is let in until that is mended", self.path, reason)
        self._stamp, self._keys, self.trouble = None, (), reason

    def _say(self) -> None:
        log.info("%s has changed; keys in it: %d", self.path, len(self._keys))
        if not is_private(self.path):
            log.warning("%s holds API keys and can be read by others", self.path)


def _stamp(path: Path) -> Stamp:
    info = path.stat()
    return (info.st_dev, info.st_ino, info.st_mtime_ns, info.st_size)
