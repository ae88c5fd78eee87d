"""The team file as a running server sees it: looked at on use, at most four times a second."""

import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from passenger.private_file import identity_of
from passenger.team.key_ring import KeyRing, read_key_ring
from passenger.team.team_file import open_team_to_read
from passenger.team.version import ForeignTeamFileError

if TYPE_CHECKING:
    import sqlite3

log = logging.getLogger(__name__)

LOOK_INTERVAL = 0.25
"""Minimum seconds between two looks at the file: what is revoked is refused within a second."""


class KeySource:
    """Gives the current `KeyRing`; None while there is no team.

    A file that cannot be read leaves the keys that are known as they are for `stale` seconds; after that nobody is let
    in. One that was there and has gone lets nobody in: its loss must not open the door.
    """

    def __init__(
        self, path: Path, *, required: bool = False, stale: float = 600.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.path = path
        self.trouble: str | None = None
        """Why the file cannot be read just now, None if it can or there is none."""
        self._clock = clock
        self._stale = stale
        self._ring: KeyRing | None = KeyRing() if required else None
        self._looked_at = float("-inf")
        self._read_at = float("-inf")
        self._database: sqlite3.Connection | None = None
        self._identity: tuple[int, int] | None = None
        self._version = -1

    def ring(self) -> KeyRing | None:
        """The keys as they are now."""
        now = self._clock()
        if now - self._looked_at >= LOOK_INTERVAL:
            self._looked_at = now
            self._look(now)
        return self._ring

    def look_again(self) -> None:
        """Let the next use look at the file, however short the time."""
        self._looked_at = float("-inf")

    def close(self) -> None:
        """Let the file go."""
        database, self._database = self._database, None
        if database is not None:
            database.close()

    def _look(self, now: float) -> None:
        identity = identity_of(self.path)
        if identity is None and self._ring is None:
            return
        import sqlite3  # noqa: PLC0415 - SQLite is a megabyte, and few have a team

        try:
            if identity != self._identity or self._database is None:
                self.close()
                self._database = open_team_to_read(self.path)
                self._identity, self._version = identity, -1
            (version,) = self._database.execute("PRAGMA data_version").fetchone()
            if version != self._version:
                self._ring = read_key_ring(self._database)
                self._version = version
        except (OSError, sqlite3.Error, ForeignTeamFileError) as error:
            self._note_trouble(error, now)
            return
        self._read_at = now
        if self.trouble is not None:
            log.info("the team file can be read again: %s", self.path)
            self.trouble = None

    def _note_trouble(self, error: Exception, now: float) -> None:
        self.close()
        is_gone = isinstance(error, FileNotFoundError)
        why = f"{self.path} is not there" if is_gone else f"{self.path} cannot be read: {error}"
        if why != self.trouble:
            log.warning("%s; %s", why, "no key of the team is let in" if is_gone else "known keys go on for a while")
            self.trouble = why
        if is_gone or now - self._read_at > self._stale:
            self._ring = KeyRing()
