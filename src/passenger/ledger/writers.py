"""Who writes into a ledger: each writer has a row in it and holds a lock, so that one that was killed is found out.

The lock is a file beside the ledger, which the system lets go when a process ends, however that is.
"""

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from passenger.ledger.backlog import Gap
from passenger.private_file import PRIVATE_FILE

KILLED = "it was killed"


class WriterMark:
    """One writer's row and lock, from its first use of the ledger to its end."""

    def __init__(self, path: Path, identity: str) -> None:
        self._path = path
        self.identity = identity
        self._lock = _lock_of(path, identity)

    def enter(self, database: sqlite3.Connection, now: int) -> None:
        """Note that it writes here from now on; a second time changes nothing.

        Raises:
            OSError: the lock cannot be made.
        """
        if not self._lock.is_locked:
            self._lock.acquire()
        values = (self.identity, os.getpid(), now, now)
        database.execute("INSERT OR IGNORE INTO writer (id, pid, began, seen) VALUES (?, ?, ?, ?)", values)

    def leave(self, database: sqlite3.Connection) -> None:
        """Note that it has ended in good order."""
        database.execute("DELETE FROM writer WHERE id = ?", (self.identity,))

    def release(self) -> None:
        """Let the lock go."""
        self._lock.release(force=True)
        with contextlib.suppress(OSError):
            _lock_path(self._path, self.identity).unlink(missing_ok=True)


def add_gap(database: sqlite3.Connection, gap: Gap) -> None:
    """Note a gap."""
    database.execute("INSERT INTO gap (since, until, pid, lost, why) VALUES (?, ?, ?, ?, ?)", gap)


def gaps(database: sqlite3.Connection, since: int = 0) -> list[Gap]:
    """The gaps that end at a moment or later, the oldest first."""
    found = database.execute("SELECT since, until, pid, lost, why FROM gap WHERE until >= ? ORDER BY since", (since,))
    return [Gap(*row) for row in found]


def find_killed(database: sqlite3.Connection, path: Path, now: int) -> list[Gap]:
    """The gaps of writers that have ended without a word; each is found once, and noted."""
    found = list[Gap]()
    for identity, pid, seen in database.execute("SELECT id, pid, seen FROM writer").fetchall():
        with _taken(path, identity) as taken:
            if taken and database.execute("DELETE FROM writer WHERE id = ?", (identity,)).rowcount:
                found.append(Gap(min(seen, now), now, pid, None, KILLED))
                add_gap(database, found[-1])
    return found


def living(database: sqlite3.Connection, path: Path) -> list[int]:
    """The process ids of those that write now."""
    found = list[int]()
    for identity, pid in database.execute("SELECT id, pid FROM writer").fetchall():
        with _taken(path, identity) as taken:
            if not taken:
                found.append(pid)
    return found


@contextlib.contextmanager
def _taken(path: Path, identity: str) -> Iterator[bool]:
    """Whether a writer's lock could be taken, so that it is dead; then the block holds it, and it is removed."""
    file, lock = _lock_path(path, identity), _lock_of(path, identity)
    if not file.exists():
        yield True
        return
    try:
        lock.acquire()
    except Timeout:
        yield False
        return
    try:
        yield True
    finally:
        lock.release()
        file.unlink(missing_ok=True)


def _lock_path(path: Path, identity: str) -> Path:
    return path.with_name(f"{path.name}-{identity}.lock")


def _lock_of(path: Path, identity: str) -> FileLock:
    return FileLock(_lock_path(path, identity), timeout=0, mode=PRIVATE_FILE, thread_local=False)
