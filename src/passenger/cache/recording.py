"""An answer of Copilot as it comes, for any number of readers: each gets all of it, at its own pace."""

from collections.abc import Callable
from typing import Protocol

from passenger.errors import Failure
from passenger.net.network_failure import network_failure

MOST_HELD = 4 * 1024 * 1024
"""Bytes of an answer that wait for readers; at more, upstream is not read until all have read on."""


class PausableReply(Protocol):
    """Where the pieces come from."""

    def pause(self) -> None:
        """Give no more for now."""

    def resume(self) -> None:
        """Go on."""


class Reading(Protocol):
    """Somebody who reads a recording."""

    position: int

    def more(self) -> None:
        """Something has been added, or the end is there."""


class Recording:
    """The pieces of an answer, as far as they have come. It is the receiver of upstream's reply."""

    def __init__(self, content_type: str, host: str, status: int = 200) -> None:
        self.content_type, self.host, self.status = content_type, host, status
        self.is_over = False
        self.failure: Failure | None = None
        """Why it broke off."""
        self.is_whole = True
        """Whether all of its pieces are still here."""
        self.source: PausableReply | None = None
        self.then: Callable[[], None] | None = None
        """What is called at its end, before the readers hear of it."""
        self._pieces: list[bytes] = []
        self._first = 0
        self._held = 0
        self._is_paused = False
        self._readers: list[Reading] = []

    @property
    def body(self) -> bytes:
        """All that is here."""
        return b"".join(self._pieces)

    # --- the receiver ------------------------------------------------------------------------------------------------

    def piece(self, data: bytes) -> None:
        """Add a piece."""
        self._pieces.append(data)
        self._held += len(data)
        self._tell()
        if self._held > MOST_HELD:
            self.trim()

    def ended(self, error: Exception | None) -> None:
        """Take the end."""
        self.is_over = True
        if error is not None:
            self.failure = error if isinstance(error, Failure) else network_failure(error, self.host)
        if self.then is not None:
            self.then()
        self._tell()

    def _tell(self) -> None:
        for reader in [*self._readers]:
            reader.more()

    # --- the readers -------------------------------------------------------------------------------------------------

    def add(self, reader: Reading) -> None:
        """Let somebody read from the beginning."""
        self._readers.append(reader)

    def remove(self, reader: Reading) -> None:
        """Let somebody go, for whom nothing waits any more."""
        if reader in self._readers:
            self._readers.remove(reader)
            if not self.is_whole or self._held > MOST_HELD:
                self.trim()

    def at(self, position: int) -> bytes | None:
        """The piece of that number, None where it has not come yet."""
        index = position - self._first
        return self._pieces[index] if index < len(self._pieces) else None

    def trim(self) -> None:
        """Drop what all have read of an answer that is too large, and pause upstream while too much is left."""
        read = min((reader.position for reader in self._readers), default=self._first) - self._first
        if read > 0:
            self.is_whole = False
            self._held -= sum(map(len, self._pieces[:read]))
            del self._pieces[:read]
            self._first += read
        if self.source is None or self.is_over or self._is_paused == (self._held > MOST_HELD):
            return
        self._is_paused = not self._is_paused
        if self._is_paused:
            self.source.pause()
        else:
            self.source.resume()
