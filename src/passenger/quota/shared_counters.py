"""The counters that the workers of one server have together, in a SQLite file: exact, each take in one transaction.

The file has what is spent and held now, and is made anew with each start of the server, so nothing waits for the disk.
A hold is a worker's: one of a worker that has ended is given back by the next take that it would refuse.
"""

import os
import secrets
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TypeVar

from passenger.private_file import create_private, identity_of
from passenger.quota import gcra
from passenger.quota.counters import CountersError, Hold, Take, TakeRefusal
from passenger.quota.counting_workers import CountingWorker, CountingWorkerId, remove_counters
from passenger.quota.gcra import Standing
from passenger.quota.local_counters import MOST_RATES, MOST_SUMS, Sum

TRY_EACH = 0.0005
"""Seconds between two tries to begin; SQLite's own pauses are so long that one of two busy workers may starve."""

LOCKED, SLOW = 100, 1000
"""Tries after which the file counts as locked: by somebody else, and by a worker that comes to nothing."""

_LARGEST = 10**18
"""Two such amounts together are below what SQLite takes for a whole number."""

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


class SharedCounters:
    """The counters in a file, which the first use opens.

    Every method raises `CountersError` where the file is locked for long, damaged or cannot be written; a damaged one
    is removed, so that the next use makes it anew.
    """

    def __init__(self, path: Path, worker: CountingWorker) -> None:
        self.seen: dict[str, Sum] = {}
        """What was spent and held of each sum when this worker last looked."""
        self._path = path
        self._worker = worker
        self._database: sqlite3.Connection | None = None
        self._identity: tuple[int, int] | None = None
        self._me = 0
        self._last = 0
        self._paid: dict[str, float] = {}

    def take(self, takes: Sequence[Take], now: float) -> Hold | TakeRefusal:
        """Take from all of them, or from none."""

        def job(database: sqlite3.Connection) -> Hold | TakeRefusal:
            found = self._take(database, takes, now)
            if isinstance(found, TakeRefusal) and found.reserved and self._free_dead(database):
                found = self._take(database, takes, now)
            if isinstance(found, TakeRefusal) and found.reserved:
                self._worker.wait()  # while nobody else can settle
            return found

        return self._do(job)

    def settle(self, hold: Hold, actual: Sequence[int], now: float) -> bool:
        """Put what it has really been in place of each amount. What is not held any more is only spent."""
        del now

        def job(database: sqlite3.Connection) -> bool:
            for one, amount in zip(hold.takes, actual, strict=True):
                if one.kind == "sum":
                    held = self._give_back(database, hold, one)
                    _change(database, one.counter, -held, amount)
                    self._note_change(one.counter, -held, amount)
                elif amount != one.amount:
                    paid = _find(database, "SELECT paid FROM rate WHERE counter = ?", one.counter)
                    if paid is not None:
                        self._pay(database, one.counter, gcra.correct(paid[0], one.most, one.amount, amount))
            return True

        self._do(job)
        if any(one.kind == "sum" for one in hold.takes):
            self._worker.wake_others()
        return True

    def add(self, counter: str, amount: int) -> None:
        """Add what was spent of a sum without these counters."""
        self._do(lambda database: _change(database, counter, 0, amount))

    def standing(self, take: Take, now: float) -> Standing:
        """Where the limit of a rate stands, by what this worker has seen of it last."""
        return gcra.standing(self._paid.get(take.counter, 0.0), take.most, now)

    def spent(self, counter: str) -> int:
        """What is spent of a sum, by what this worker has seen of it last."""
        return found.spent if (found := self.seen.get(counter)) else 0

    def begin(self, counter: str, spent: int) -> None:
        """Begin a sum, unless it is there already."""

        def job(database: sqlite3.Connection) -> None:
            self._insert(database, counter, spent)

        self._do(job)

    def has(self, counter: str) -> bool:
        """Whether that sum has begun."""
        return self._do(lambda database: _find(database, "SELECT 1 FROM sum WHERE counter = ?", counter) is not None)

    def check(self) -> bool:
        """Look whether the file can be used."""
        return self._do(lambda _database: True)

    def note(self, counter: str, found: Sum) -> None:
        """Note what there is of a sum."""
        if len(self.seen) >= MOST_SUMS and counter not in self.seen:
            del self.seen[next(iter(self.seen))]
        self.seen[counter] = found

    def close(self) -> None:
        """Let the file go."""
        database, self._database = self._database, None
        if database is not None:
            with suppress(sqlite3.Error):
                database.close()

    # --- taking ------------------------------------------------------------------------------------------------------

    def _take(self, database: sqlite3.Connection, takes: Sequence[Take], now: float) -> Hold | TakeRefusal:
        paid: dict[str, float] = {}
        for one in takes:
            if one.kind == "rate":
                before = paid.get(one.counter)
                if before is None:
                    row = _find(database, "SELECT paid FROM rate WHERE counter = ?", one.counter)
                    before = self._paid[one.counter] = row[0] if row else 0.0
                paid[one.counter], wait = gcra.take(before, one.most, one.amount, now)
                if wait and one.refuses:
                    return TakeRefusal(one, wait=wait)
            else:
                found = self._look(database, one.counter)
                if one.refuses and found.spent + found.reserved + one.amount > one.most:
                    return TakeRefusal(one, spent=found.spent, reserved=found.reserved)
        for counter, moment in paid.items():
            self._pay(database, counter, moment)
            self._forget_rates(database, now)
        self._last += 1
        for one in takes:
            if one.kind == "sum":
                self._reserve(database, one)
        return Hold(self._last, (*takes,))

    def _look(self, database: sqlite3.Connection, counter: str) -> Sum:
        row = _find(database, "SELECT spent, reserved FROM sum WHERE counter = ?", counter)
        if row is None:  # the file was made anew since the sum had begun
            before = self.seen.get(counter) or Sum()
            self._insert(database, counter, before.spent)
            row = (before.spent, 0)
        found = Sum(int(row[0]), int(row[1]))
        self.note(counter, found)
        return found

    def _reserve(self, database: sqlite3.Connection, one: Take) -> None:
        amount = min(one.amount, _LARGEST)
        row = (self._me, self._last, one.counter, amount)
        database.execute(
            "INSERT INTO held VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET amount = amount + excluded.amount", row
        )
        _change(database, one.counter, amount, 0)
        self._note_change(one.counter, amount, 0)

    def _note_change(self, counter: str, reserved: int, spent: int) -> None:
        if (seen := self.seen.get(counter)) is not None:
            seen.reserved += reserved
            seen.spent += spent

    def _give_back(self, database: sqlite3.Connection, hold: Hold, one: Take) -> int:
        """Hold a sum no longer; how much of it was held."""
        key = (self._me, hold.id, one.counter)
        held = _one(database, "SELECT amount FROM held WHERE (worker, hold, counter) = (?, ?, ?)", *key)
        database.execute("DELETE FROM held WHERE (worker, hold, counter) = (?, ?, ?)", key)
        return held

    def _free_dead(self, database: sqlite3.Connection) -> bool:
        """Give back what workers hold that have ended; whether there were any."""
        rows = database.execute("SELECT id, run, number, start, pid FROM worker").fetchall()
        dead = [row[0] for row in rows if not self._worker.lives(CountingWorkerId(*row[1:]))]
        for worker in dead:
            held = database.execute(
                "SELECT counter, sum(amount) FROM held WHERE worker = ? GROUP BY counter", (worker,)
            )
            for counter, amount in held.fetchall():
                _change(database, counter, -amount, 0)
            database.execute("DELETE FROM held WHERE worker = ?", (worker,))
            database.execute("DELETE FROM worker WHERE id = ?", (worker,))
        return bool(dead)

    # --- bounds ------------------------------------------------------------------------------------------------------

    def _insert(self, database: sqlite3.Connection, counter: str, spent: int) -> None:
        """Begin a sum. The oldest go of which nothing is held, where there are too many."""
        database.execute("INSERT OR IGNORE INTO sum VALUES (?, ?, 0)", (counter, min(spent, _LARGEST)))
        beyond = _one(database, "SELECT count(*) FROM sum") - MOST_SUMS
        if beyond > 0:
            oldest = "SELECT rowid FROM sum WHERE reserved = 0 AND counter != ? ORDER BY rowid LIMIT ?"
            database.execute(f"DELETE FROM sum WHERE rowid IN ({oldest})", (counter, beyond))  # noqa: S608 - our own

    def _pay(self, database: sqlite3.Connection, counter: str, moment: float) -> None:
        self._paid[counter] = moment
        database.execute(
            "INSERT INTO rate VALUES (?, ?) ON CONFLICT DO UPDATE SET paid = excluded.paid", (counter, moment)
        )

    def _forget_rates(self, database: sqlite3.Connection, now: float) -> None:
        """Forget rates that are paid back, which are as new, where this worker has seen too many."""
        if len(self._paid) > MOST_RATES:
            self._paid.clear()
            database.execute("DELETE FROM rate WHERE paid < ?", (now,))

    # --- the file ----------------------------------------------------------------------------------------------------

    def _do(self, job: Callable[[sqlite3.Connection], _T]) -> _T:
        """Do a job in one transaction."""
        try:
            database = self._open()
            with self._transaction(database):
                return job(database)
        except (sqlite3.Error, OSError, OverflowError) as error:
            self.close()
            if _is_damaged(error) and self._identity == identity_of(self._path):
                remove_counters(self._path)
            raise CountersError(f"{self._path} cannot be used: {error}") from error

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
            self._me = _enter(database, self._worker.id)
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
    if (found := _one(database, mine, *values)) == 0:
        database.execute("INSERT INTO worker (run, number, start, pid) VALUES (?, ?, ?, ?)", values)
        found = _one(database, mine, *values)
    return found


def _change(database: sqlite3.Connection, counter: str, reserved: int, spent: int) -> None:
    """Add to what is held and spent of a sum."""
    database.execute(
        "UPDATE sum SET reserved = max(0, min(reserved + ?, ?)), spent = min(spent + ?, ?) WHERE counter = ?",
        (reserved, _LARGEST, min(spent, _LARGEST), _LARGEST, counter),
    )


def _find(database: sqlite3.Connection, query: str, *values: object) -> tuple[float, ...] | None:
    found: tuple[float, ...] | None = database.execute(query, values).fetchone()
    return found


def _one(database: sqlite3.Connection, query: str, *values: object) -> int:
    """The number that a query finds, 0 for none."""
    found = database.execute(query, values).fetchone()
    return int(found[0]) if found else 0


def _is_damaged(error: Exception) -> bool:
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and code & 0xFF in _DAMAGED
