"""The file in which workers count together, and their transactions in it.

It has what is spent and held now, and is made anew with each start of the server, so nothing waits for the disk.
"""

import os
import secrets
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TypeVar

from passenger.private_file import create_private, identity_of
from passenger.quota.counters import CountersError
from passenger.quota.counting_workers import CountingWorker, CountingWorkerId, remove_counters

TRY_EACH = 0.0005
"""Seconds between two tries to begin; SQLite's own pauses are so long that one of two busy workers may starve."""

LOCKED, SLOW = 100, 1000
"""Tries after which the file counts as locked: by somebody else, and by a worker that comes to nothing."""

_TABLES = """
PRAGMA journal_mode = WAL;
CREATE TABLE rate (counter TEXT PRIMARY KEY, paid REAL NOT NULL) WITHOUT ROWID;
CREATE TABLE sum (counter TEXT UNIQUE NOT NULL, spent INTEGER NOT NULL, reserved INTEGER NOT NULL DEFAULT 0);
CREATE TABLE worker (id INTEGER PRIMARY KEY, run TEXT, number INTEGER, start INTEGER, pid INTEGER);
CREATE TABLE held (
    worker INTEGER NOT NULL, hold INTEGER NOT NULL, counter TEXT NOT NULL, amount INTEGER NOT NULL,
    PRIMARY KEY (worker, hold, counter)
) WITHOUT ROWID;
"""

_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR}
"""Errors of a file that is not what we have written."""

_T = TypeVar("_T")


class CountingFile:
    """The file as one worker has it open; one that was put in its place is opened anew."""

    def __init__(self, path: Path, worker: CountingWorker) -> None:
        self.me = 0
        """The number of this worker's row."""
        self._path = path
        self._worker = worker
        self._database: sqlite3.Connection | None = None
        self._identity: tuple[int, int] | None = None

    def do(self, job: Callable[[sqlite3.Connection], _T]) -> _T:
        """Do a job in one transaction; the first one opens the file, and makes it where there is none.

        Raises:
            CountersError: it is locked for long, damaged or cannot be written. A damaged one is removed, so that the
                next use makes it anew.
        """
        try:
            database = self._open()
            with self._transaction(database):
                return job(database)
        except (sqlite3.Error, OSError, OverflowError) as error:
            self.close()
            if _is_damaged(error) and self._identity == identity_of(self._path):
                remove_counters(self._path)
            raise CountersError(f"{self._path} cannot be used: {error}") from error

    def close(self) -> None:
        """Let the file go."""
        database, self._database = self._database, None
        if database is not None:
            with suppress(sqlite3.Error):
                database.close()

    def _open(self) -> sqlite3.Connection:
        identity = identity_of(self._path)
        if self._database is not None and identity == self._identity:
            return self._database
        self.close()
        if identity is None:
            _make(self._path)
        self._identity = identity_of(self._path)
        database = sqlite3.connect(self._path, timeout=0, isolation_level=None)
        self._database = database
        database.execute("PRAGMA synchronous = OFF")
        with self._transaction(database):
            self.me = _enter(database, self._worker.id)
        return database

    @contextmanager
    def _transaction(self, database: sqlite3.Connection) -> Iterator[None]:
        self._begin(database)
        self._worker.work(is_at_work=True)
        try:
            yield
            database.execute("COMMIT")
        except BaseException:
            with suppress(sqlite3.Error):
                database.execute("ROLLBACK")
            raise
        finally:
            self._worker.work(is_at_work=False)

    def _begin(self, database: sqlite3.Connection) -> None:
        """Begin a transaction once no other is made. A worker that was put aside amid one gets more time."""
        locked = slow = 0
        while True:
            try:
                database.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                    raise
                slow += 1
                locked += not self._worker.others_work()
                if locked >= LOCKED or slow >= SLOW:
                    raise
            else:
                return
            time.sleep(TRY_EACH)


def _make(path: Path) -> None:
    """Make the file whole under another name first, so that nobody finds half of one."""
    new = path.with_name(f"{path.name}.{secrets.token_hex(6)}")
    try:
        create_private(new)
        with closing(sqlite3.connect(new, isolation_level=None)) as database:
            database.executescript(f"PRAGMA synchronous = OFF; {_TABLES}")
        with suppress(FileExistsError):  # another worker was first
            os.link(new, path)
    finally:
        remove_counters(new)


def _enter(database: sqlite3.Connection, worker: CountingWorkerId) -> int:
    """The number of a worker's row, which it may have from before."""
    values = (worker.run, worker.number, worker.start, worker.pid)
    mine = "SELECT id FROM worker WHERE (run, number, start, pid) = (?, ?, ?, ?)"
    if (found := find_number(database, mine, *values)) == 0:
        database.execute("INSERT INTO worker (run, number, start, pid) VALUES (?, ?, ?, ?)", values)
        found = find_number(database, mine, *values)
    return found


def find_row(database: sqlite3.Connection, query: str, *values: object) -> tuple[float, ...] | None:
    """The row of numbers that a query finds, None for none."""
    found: tuple[float, ...] | None = database.execute(query, values).fetchone()
    return found


def find_number(database: sqlite3.Connection, query: str, *values: object) -> int:
    """The number that a query finds, 0 for none."""
    found = database.execute(query, values).fetchone()
    return int(found[0]) if found else 0


def _is_damaged(error: Exception) -> bool:
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and code & 0xFF in _DAMAGED
