"""The sessions that are paused, shared by processes: each is a file of a directory, whose date is looked at on use."""

import contextlib
import logging
from collections.abc import Callable
from pathlib import Path

import msgspec
from msgspec import Struct

from passenger.private_file import PrivateFile, StoreError
from passenger.quota.detectors import DetectorName

log = logging.getLogger(__name__)

MOST = 2000
"""Sessions that are paused at once; the one that ends first makes room."""

_SETTLED = 0.2
"""Seconds after which a later change gives a directory another date, whatever the file system."""


class PausedSession(Struct, frozen=True):
    """A session that is paused until a Unix time."""

    session: str
    until: float
    detector: DetectorName
    why: str
    who: str = ""
    """The name of whose session it is."""
    client: str = ""
    """The client's own name of the session, empty for none."""


class Pauses:
    """The sessions that are paused; without a directory those of this process."""

    def __init__(self, directory: Path | None, clock: Callable[[], float]) -> None:
        self._directory = directory
        self._clock = clock
        """Unix seconds."""
        self._stamp: int | None = None
        self._shared: dict[str, PausedSession] = {}
        self._own: dict[str, PausedSession] = {}
        """Those that could not be written."""

    def __bool__(self) -> bool:
        """Whether there may be any."""
        self._look()
        return bool(self._shared or self._own)

    def find(self, session: str) -> PausedSession | None:
        """The pause of a session, None if it has none or its time is over."""
        self._look()
        found = self._shared.get(session) or self._own.get(session)
        if found is None or found.until > self._clock():
            return found
        self.resume(session)
        return None

    def all(self) -> list[PausedSession]:
        """All of them, the one that ends first before the others."""
        self._look()
        now = self._clock()
        return sorted(
            (one for one in (*self._shared.values(), *self._own.values()) if one.until > now), key=lambda one: one.until
        )

    def pause(self, paused: PausedSession) -> None:
        """Pause a session, here and in every process that has the same directory."""
        self._make_room()
        if self._directory is not None:
            try:
                self._file(self._directory, paused.session).write(msgspec.to_builtins(paused))
            except (StoreError, OSError) as error:
                log.warning("a pause holds in this process alone: %s", error)
            else:
                self._stamp = None
                return
        self._own[paused.session] = paused

    def resume(self, session: str) -> bool:
        """Let a session go on; False if it was not paused."""
        self._look()
        found = session in self._shared or session in self._own
        self._own.pop(session, None)
        if self._shared.pop(session, None) is not None and self._directory is not None:
            with contextlib.suppress(OSError):
                self._file(self._directory, session).path.unlink()
        return found

    def _make_room(self) -> None:
        everything = self.all()
        for one in everything[: max(0, len(everything) - MOST + 1)]:
            self.resume(one.session)

    @staticmethod
    def _file(directory: Path, session: str) -> PrivateFile:
        return PrivateFile(directory / f"{session}.json")

    def _look(self) -> None:
        """Read the directory, if it has changed since."""
        if self._directory is None:
            return
        try:
            stamp = self._directory.stat().st_mtime_ns
        except OSError:
            stamp = 0
        if stamp == self._stamp:
            return
        self._shared = {one.session: one for one in self._read(self._directory)} if stamp else {}
        is_settled = abs(self._clock() - stamp / 1e9) > _SETTLED
        self._stamp = stamp if is_settled else None

    def _read(self, directory: Path) -> list[PausedSession]:
        """What the files of the directory say; one that cannot be read pauses nothing."""
        found = list[PausedSession]()
        for path in sorted(directory.glob("*.json"))[:MOST]:
            with contextlib.suppress(StoreError, OSError, msgspec.ValidationError):
                read = msgspec.convert(PrivateFile(path).read() or {}, PausedSession)
                if path.stem == read.session:
                    found.append(read)
        return found
