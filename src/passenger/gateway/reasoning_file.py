"""Signed reasoning in a private SQLite file that restarts and processes share. A thread of its own uses it.

Readers and writers of one file do not wait for each other (https://sqlite.org/wal.html). What is forgotten is
overwritten with zeros.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from passenger.private_file import create_private, identity_of

if TYPE_CHECKING:
    import sqlite3

log = logging.getLogger(__name__)

T = TypeVar("T")

ROWS = 4096
"""Answers that are kept, the newest."""

BYTES = 32 * 1024 * 1024
"""Bytes of them that are: a signature is often 10 to 100 KB."""

WAITING = 256
"""Answers that may wait to be written; of more the oldest are not."""

ASKED = 500
"""Calls that are looked up in one statement."""

REST = 30.0
"""Seconds for which a file that could not be used is left alone: one that is locked costs each try two."""

_FORMAT = 1
"""Of the tables. Their column `thoughts` keeps its old name, since a new one would need another format."""
_TABLES = """
CREATE TABLE IF NOT EXISTS answers (id INTEGER PRIMARY KEY, expires REAL, size INTEGER, thoughts BLOB);
CREATE TABLE IF NOT EXISTS calls (
    seat TEXT, call BLOB, answer INTEGER REFERENCES answers ON DELETE CASCADE, PRIMARY KEY (seat, call)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS of_answer ON calls (answer);
"""
_SETTINGS = (
    "PRAGMA busy_timeout = 2000",
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = OFF",  # a power cut may cost reasoning, and nothing else
    "PRAGMA foreign_keys = ON",
    "PRAGMA secure_delete = ON",
    "PRAGMA journal_size_limit = 4194304",
)


class Kept(NamedTuple):
    """The reasoning of one answer, as its caller writes it, with the calls that it led to."""

    seat: str
    calls: tuple[str, ...]
    expires: float
    reasoning: bytes


class ReasoningFile:
    """One such file. What cannot be read or written is a warning, and goes on in memory alone."""

    def __init__(self, path: Path, clock: Callable[[], float]) -> None:
        self._path = path
        self._clock = clock
        self._closed = False
        self._rests_until = float("-inf")
        self._database: sqlite3.Connection | None = None
        self._identity: tuple[int, int] | None = None
        self._waiting: deque[Kept] = deque(maxlen=WAITING)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="reasoning")

    def exists(self) -> bool:
        """Whether anybody has kept anything yet."""
        return self._database is not None or self._path.exists()

    def put(self, kept: Kept) -> "asyncio.Future[None]":
        """Write it, with all that waits; the future is done when every process can find it."""
        if self._closed:
            return _done()
        self._waiting.append(kept)
        return asyncio.wrap_future(self._thread.submit(self._tried, self._write, None))

    @property
    def rests(self) -> bool:
        """Whether it could not be used just now, and finds nothing for that reason."""
        return self._clock() < self._rests_until

    async def find(self, seat: str, calls: Sequence[str]) -> list[Kept]:
        """What was kept for any of these calls, by any process."""
        if self._closed:
            return []
        job = self._thread.submit(self._tried, lambda: self._read(seat, calls), [])
        return await asyncio.wrap_future(job)

    async def close(self) -> None:
        """Write what still waits, and let the file go; nothing is kept or found any more."""
        self._closed = True
        self._rests_until = float("-inf")
        if self._waiting or self._database is not None:
            await asyncio.wrap_future(self._thread.submit(self._tried, self._end, None))
        self._thread.shutdown()

    # --- in the thread -------------------------------------------------------------------------------------------

    def _tried(self, job: Callable[[], T], otherwise: T) -> T:
        """What a job gives; a file that is damaged is forgotten and made anew, once, any other trouble left alone."""
        if self.rests:
            return otherwise
        import sqlite3  # noqa: PLC0415 - a megabyte, for those alone who have reasoning kept

        for again in (True, False):
            try:
                return job()
            except (sqlite3.Error, OSError) as error:
                self._close()
                if again and type(error) is sqlite3.DatabaseError:  # its kinds say of other things that they are wrong
                    log.warning("kept reasoning is forgotten: %s: %s", self._path, error)
                    self._forget()
                    continue
                log.warning("reasoning is kept in memory alone for %.0f s: %s: %s", REST, self._path, error)
                self._rests_until = self._clock() + REST
                break
        return otherwise

    def _write(self) -> None:
        if not self._waiting:
            return
        database = self._opened()
        with database:
            database.execute("BEGIN IMMEDIATE")
            while self._waiting:
                _insert(database, self._waiting.popleft())
            _shrink(database, self._clock())

    def _read(self, seat: str, calls: Sequence[str]) -> list[Kept]:
        if not self.exists():
            return []
        database, found = self._opened(), list[Kept]()
        for start in range(0, len(calls), ASKED):
            found += _select(database, seat, calls[start : start + ASKED], self._clock())
        return found

    def _end(self) -> None:
        self._write()
        self._close()

    def _opened(self) -> "sqlite3.Connection":
        import sqlite3  # noqa: PLC0415 - as above

        if self._database is not None and identity_of(self._path) != self._identity:
            self._close()
        if self._database is None:
            create_private(self._path)
            self._identity = identity_of(self._path)
            self._database = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False)
            for setting in _SETTINGS:
                self._database.execute(setting)
            _make_tables(self._database)
        return self._database

    def _close(self) -> None:
        database, self._database = self._database, None
        if database is not None:
            database.close()

    def _forget(self) -> None:
        for ending in ("", "-wal", "-shm"):
            self._path.with_name(self._path.name + ending).unlink(missing_ok=True)


def _done() -> "asyncio.Future[None]":
    done = asyncio.get_running_loop().create_future()
    done.set_result(None)
    return done


# --- the database ------------------------------------------------------------------------------------------------


def _make_tables(database: "sqlite3.Connection") -> None:
    """Make the tables of a file that has none."""
    import sqlite3  # noqa: PLC0415 - as above

    (version,) = database.execute("PRAGMA user_version").fetchone()
    if version not in {0, _FORMAT}:
        raise sqlite3.DatabaseError(f"it is of another version ({version})")
    if version == 0:
        database.executescript(f"BEGIN IMMEDIATE;{_TABLES}PRAGMA user_version = {_FORMAT};COMMIT;")


def _insert(database: "sqlite3.Connection", kept: Kept) -> None:
    row = (kept.expires, len(kept.reasoning), kept.reasoning)
    answer = database.execute("INSERT INTO answers (expires, size, thoughts) VALUES (?, ?, ?)", row).lastrowid
    calls = [(kept.seat, _key(call), answer) for call in kept.calls]
    database.executemany("INSERT OR REPLACE INTO calls (seat, call, answer) VALUES (?, ?, ?)", calls)


def _select(database: "sqlite3.Connection", seat: str, calls: Sequence[str], now: float) -> Iterable[Kept]:
    marks = ", ".join("?" * len(calls))
    rows = database.execute(
        "SELECT answers.id, expires, thoughts, call FROM calls JOIN answers ON answers.id = answer"  # noqa: S608 - marks alone are put in
        f" WHERE seat = ? AND call IN ({marks}) AND expires > ?",
        (seat, *map(_key, calls), now),
    )
    found: dict[int, Kept] = {}
    for answer, expires, reasoning, call in rows:
        before = found.get(answer, Kept(seat, (), expires, reasoning))
        found[answer] = before._replace(calls=(*before.calls, call.decode("utf-8", "surrogatepass")))
    return found.values()


def _key(call: str) -> bytes:
    """A call's id, whatever a client has made of it."""
    return call.encode("utf-8", "surrogatepass")


def _shrink(database: "sqlite3.Connection", now: float) -> None:
    """Forget what is over, and the oldest of what is too many or too large."""
    database.execute("DELETE FROM answers WHERE expires <= ?", (now,))
    rows = database.execute("SELECT id, size FROM answers ORDER BY id DESC").fetchall()
    size = 0
    for place, (answer, bytes_) in enumerate(rows):
        size += bytes_
        if place >= ROWS or size > BYTES:
            database.execute("DELETE FROM answers WHERE id <= ?", (answer,))
            return
