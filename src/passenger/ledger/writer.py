"""Writes what waits into the ledger, in batches, until it is told to stop: the work of a thread of its own."""

import logging
import sqlite3
import time
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path

from passenger.exchange import new_id
from passenger.ledger import database as files
from passenger.ledger.backlog import Backlog
from passenger.ledger.drift import DriftWatch
from passenger.ledger.quota_samples import insert_samples
from passenger.ledger.retention import Retention
from passenger.ledger.rows import Row, row_of
from passenger.ledger.schema import NoLedgerError
from passenger.ledger.trouble import Trouble, trouble_of
from passenger.ledger.version import NewerSchemaError
from passenger.ledger.writers import WriterMark, add_gap, find_killed
from passenger.private_file import identity_of

log = logging.getLogger(__name__)

BATCH = 1000
"""Rows in one transaction."""

WAITING = 20_000
"""Rows that may wait for a file that cannot be written."""

LAST_BUSY_MS = 500
"""Milliseconds to wait for another process that writes, once the server stops."""

_UNUSABLE = (sqlite3.DatabaseError, OSError, NewerSchemaError, NoLedgerError)
_BAD_ROW = (sqlite3.IntegrityError, sqlite3.DataError, sqlite3.ProgrammingError, sqlite3.InterfaceError)
_BAD_VALUE = (ValueError, OverflowError, TypeError)


class LedgerWriter:
    """The only one of its process that writes into a ledger. It uses SQLite in the thread that calls `run`."""

    def __init__(
        self,
        path: Path,
        backlog: Backlog,
        retention: Retention,
        *,
        clock: Callable[[], float],
        interval: float,
        retry: float,
    ) -> None:
        self._path = path
        self._clock = clock
        self._backlog = backlog
        self._interval, self._retry = interval, retry
        self._retention, self._drift = retention, DriftWatch()
        self._database: sqlite3.Connection | None = None
        self._identity: tuple[int, int] | None = None
        self._mark = WriterMark(path, new_id()[:8])
        self._retry_at = float("-inf")
        self._trouble: Trouble | None = None

    def run(self) -> None:
        """Write until told to stop, and all that waits then. A second call goes on after a defect."""
        backlog = self._backlog
        self._let_go()
        while not backlog.closing.is_set():
            self._write()
            backlog.wake.wait(self._rest())
            backlog.wake.clear()
            backlog.closing.wait(self._interval)
        if self._database is not None:
            self._database.execute(f"PRAGMA busy_timeout = {LAST_BUSY_MS}")
        self._write()
        self._leave()

    def _rest(self) -> float:
        """Seconds to sleep until there is something to do, unless a row comes."""
        if self._backlog.rows or self._backlog.samples:
            return max(0.0, self._retry_at - time.monotonic())
        return self._retention.rest(time.monotonic())

    def _write(self) -> None:
        """Write what has come, unless the file is left alone for now."""
        self._take()
        if time.monotonic() < self._retry_at and not self._backlog.closing.is_set():
            return
        try:
            database = self._opened()
            while self._backlog.rows:
                self._store(database, [*islice(self._backlog.rows, BATCH)])
            self._store_samples(database)
            self._settle(database)
            self._retention.tidy(database, self._clock(), time.monotonic())
            self._drift.look(database, self._clock(), time.monotonic())
        except _UNUSABLE as error:
            self._fail(error)

    def _take(self) -> None:
        """Make rows of the exchanges that have come. What comes from here on wakes the thread again."""
        self._backlog.is_awake = False
        while self._backlog.fresh:
            exchange = self._backlog.fresh.popleft()
            try:
                self._backlog.rows.append(row_of(exchange))
            except _BAD_VALUE:
                log.exception("a request cannot be written into the ledger: %s", exchange.id)
                self._backlog.lost.add(exchange.time)
        while len(self._backlog.rows) > WAITING:
            self._backlog.lost.add(self._backlog.rows.popleft().at / 1000)

    def _store(self, database: sqlite3.Connection, rows: Sequence[Row]) -> None:
        """Write rows, the first that wait; one that the file refuses is lost, and no other with it."""
        try:
            files.insert(database, rows, self._mark.identity, self._now())
        except (*_BAD_ROW, *_BAD_VALUE) as error:
            if len(rows) > 1:
                half = len(rows) // 2
                self._store(database, rows[:half])
                self._store(database, rows[half:])
                return
            log.error("a request cannot be written into the ledger: %s", error)  # noqa: TRY400 - SQLite's word says it all
            self._backlog.lost.add(rows[0].at / 1000)
        for _ in rows:
            self._backlog.rows.popleft()

    def _store_samples(self, database: sqlite3.Connection) -> None:
        """Write what counters have said, after the rows that came before."""
        samples = self._backlog.samples
        if not (count := len(samples)):
            return
        try:
            insert_samples(database, samples.copy())
        except (*_BAD_ROW, *_BAD_VALUE) as error:
            log.error("what the quota was cannot be written into the ledger: %s", error)  # noqa: TRY400 - as above
        for _ in range(count):
            samples.popleft()

    def _settle(self, database: sqlite3.Connection) -> None:
        """All is written: note what was lost before, and that the trouble is over."""
        why = str(self._trouble or "they could not be written")
        if (gap := self._backlog.lost.take(why)) is not None:
            log.error("%d requests are missing in the ledger: %s", gap.lost, why)
            add_gap(database, gap)
        if self._trouble is not None:
            log.warning("the ledger is written again: %s", self._path)
            self._trouble = self._backlog.trouble = None

    def _fail(self, error: Exception) -> None:
        self._let_go()
        before, self._trouble = self._trouble, trouble_of(error, self._path)
        self._backlog.trouble = str(self._trouble)
        self._retry_at = time.monotonic() + self._retry
        if before is None or before.why != self._trouble.why:
            log.warning("the ledger is not written for now, and requests wait: %s", self._trouble)

    # --- the file ----------------------------------------------------------------------------------------------------

    def _opened(self) -> sqlite3.Connection:
        """The file, opened anew where another one stands in its place."""
        if self._database is not None and identity_of(self._path) != self._identity:
            log.warning("the ledger was taken away, and another one is begun: %s", self._path)
            self._let_go()
        if self._database is None:
            self._database = files.open_to_write(self._path)
            self._identity = identity_of(self._path)
            self._mark.enter(self._database, self._now())
            self._name_killed(self._database)
        return self._database

    def _name_killed(self, database: sqlite3.Connection) -> None:
        for gap in find_killed(database, self._path, self._now()):
            seen = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(gap.since / 1000))
            log.warning(
                "process %d was killed: requests of its last second are missing in the ledger; it wrote last at %s",
                gap.pid,
                seen,
            )

    def _leave(self) -> None:
        """End in good order."""
        database = self._database
        if database is not None and not self._backlog.rows:
            try:
                self._mark.leave(database)
            except sqlite3.Error as error:
                log.warning("%s", trouble_of(error, self._path))
        self._let_go()
        self._mark.release()

    def _let_go(self) -> None:
        database, self._database = self._database, None
        if database is not None:
            database.close()

    def _now(self) -> int:
        return max(round(self._clock() * 1000), 0)
