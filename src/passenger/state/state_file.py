"""The state file: opened private, with the newest tables, and used by one thread in transactions.

One server has it at a time. One that is damaged is set aside; for any other trouble it is left alone for some seconds.
"""

import contextlib
import logging
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from passenger.private_file import create_private, identity_of
from passenger.state.packing import DamagedError
from passenger.state.schema import ForeignFileError, check_state_head, make_tables
from passenger.state.store import LostError

log = logging.getLogger(__name__)

T = TypeVar("T")

REST = 30.0
"""Seconds for which a file that could not be used is left alone: one that is locked costs each try half of one."""

_SETTINGS = (
    "PRAGMA busy_timeout = 500",
    "PRAGMA locking_mode = EXCLUSIVE",  # a second server would take answers of the first that run for interrupted
    "PRAGMA auto_vacuum = INCREMENTAL",  # counts in an empty file alone
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = NORMAL",  # a power cut may cost the last responses, and damages nothing
    "PRAGMA foreign_keys = ON",
    "PRAGMA secure_delete = ON",
    "PRAGMA journal_size_limit = 4194304",
)


class UnusableError(Exception):
    """The file cannot be used just now; the text is why, in a word or two."""


class StateFile:
    """One such file. `begin` is called with it once, before its first use."""

    def __init__(self, path: Path, begin: Callable[[sqlite3.Connection], None], clock: Callable[[], float]) -> None:
        self._path = path
        self._begin = begin
        self._clock = clock
        self._has_begun = False
        self._database: sqlite3.Connection | None = None
        self._identity: tuple[int, int] | None = None
        self._why = ""
        self._rests_until = float("-inf")
        self.is_given_up = False
        """Whether it is not used any more: it was damaged, or is not ours."""
        self.trouble: str | None = None
        """What is wrong with it, None if nothing is."""

    def run(self, job: Callable[[sqlite3.Connection], T]) -> T:
        """What a job gives that runs in a transaction. Any error but `LostError` undoes that.

        Raises:
            UnusableError: the file cannot be used.
        """
        if self.is_given_up or self._clock() < self._rests_until:
            raise UnusableError(self._why)
        try:
            done = _in_transaction(self._opened(), job)
        except (sqlite3.Error, OSError, ForeignFileError, DamagedError) as error:
            self._fail(error)
            raise UnusableError(self._why) from error
        if self.trouble is not None:
            log.warning("conversations are kept on disk again: %s", self._path)
            self.trouble = None
        return done

    def shrink(self) -> None:
        """Give the pages that are free back to the disk. While the file is used, what comes next takes them."""
        with contextlib.suppress(sqlite3.Error):
            if self._database is not None:
                self._database.executescript("PRAGMA incremental_vacuum")  # `execute` would take one page alone

    def checkpoint(self) -> None:
        """Empty the write-ahead log, in which what was deleted would stay for a while."""
        with contextlib.suppress(sqlite3.Error):
            if self._database is not None:
                self._database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def close(self) -> None:
        """Let the file go."""
        database, self._database = self._database, None
        if database is not None:
            database.close()

    def _opened(self) -> sqlite3.Connection:
        """The file, opened anew where another one stands in its place."""
        if self._database is not None and identity_of(self._path) != self._identity:
            log.warning("the state file was taken away, and another one is begun: %s", self._path)
            self.close()
        if self._database is None:
            check_state_head(self._path)
            create_private(self._path)
            self._identity = identity_of(self._path)
            self._database = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False)
            for setting in _SETTINGS:
                self._database.execute(setting)
            make_tables(self._database)
        if not self._has_begun:
            _in_transaction(self._database, self._begin)
            self._database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()  # so that the head tells the version
            self._has_begun = True
        return self._database

    def _fail(self, error: Exception) -> None:
        self.close()
        before, told = self.trouble, f"{self._path}: {error}"
        if isinstance(error, DamagedError) or type(error) is sqlite3.DatabaseError:  # its kinds say of other things so
            self.is_given_up, self._why = True, "damaged"
            told = f"{self._path} is damaged ({error}){self._set_aside()}"
        elif isinstance(error, ForeignFileError):
            self.is_given_up, self._why = True, "not ours"
        else:
            self._why = _why(error)
            self._rests_until = self._clock() + REST
        kept = "are kept in memory alone" if self.is_given_up else "are not kept for now"
        self.trouble = f"conversations {kept}: {told}"
        if self.trouble != before:
            log.warning("%s", self.trouble)

    def _set_aside(self) -> str:
        """Rename the file and what SQLite has beside it; where it is now."""
        aside = self._path.with_name(f"{self._path.name}.damaged-{int(time.time())}")
        try:
            for ending in ("-wal", "-shm", ""):
                with contextlib.suppress(FileNotFoundError):
                    self._path.with_name(self._path.name + ending).replace(aside.with_name(aside.name + ending))
        except OSError as error:
            return f", and cannot be set aside: {error.strerror}"
        return f", and is now {aside.name}"


def _in_transaction(database: sqlite3.Connection, job: Callable[[sqlite3.Connection], T]) -> T:
    database.execute("BEGIN IMMEDIATE")
    try:
        done = job(database)
        database.execute("COMMIT")
    except LostError:  # whoever does not find something has written nothing, and what had expired is to be gone
        database.execute("COMMIT")
        raise
    except BaseException:
        if database.in_transaction:
            database.execute("ROLLBACK")
        raise
    return done


def _why(error: Exception) -> str:
    said = str(error)
    if "full" in said or "No space" in said:
        return "the disk is full"
    if "locked" in said:
        return "the file is locked"
    return "the file cannot be written"
