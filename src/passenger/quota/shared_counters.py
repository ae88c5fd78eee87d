"""The counters that the workers of one server have together, in a SQLite file: exact, each take in one transaction.

A hold is a worker's: one of a worker that has ended is given back by the next take that it would refuse.
"""

import sqlite3
from collections.abc import Sequence
from pathlib import Path

from passenger.quota import gcra
from passenger.quota.counters import Hold, Take, TakeRefusal
from passenger.quota.counting_file import CountingFile, find_number, find_row
from passenger.quota.counting_workers import CountingWorker, CountingWorkerId
from passenger.quota.gcra import Standing
from passenger.quota.local_counters import MOST_RATES, MOST_SUMS, Sum

_LARGEST = 10**18
"""Two such amounts together are below what SQLite takes for a whole number."""


class SharedCounters:
    """The counters in a file, which the first use opens.

    Every method raises `CountersError` where the file is locked for long, damaged or cannot be written; a damaged one
    is removed, so that the next use makes it anew.
    """

    def __init__(self, path: Path, worker: CountingWorker) -> None:
        self.seen: dict[str, Sum] = {}
        """What was spent and held of each sum when this worker last looked."""
        self._file = CountingFile(path, worker)
        self._worker = worker
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

        return self._file.do(job)

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
                    paid = find_row(database, "SELECT paid FROM rate WHERE counter = ?", one.counter)
                    if paid is not None:
                        self._pay(database, one.counter, gcra.correct(paid[0], one.most, one.amount, amount))
            return True

        self._file.do(job)
        if any(one.kind == "sum" for one in hold.takes):
            self._worker.wake_others()
        return True

    def add(self, counter: str, amount: int) -> None:
        """Add what was spent of a sum without these counters."""
        self._file.do(lambda database: _change(database, counter, 0, amount))

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

        self._file.do(job)

    def has(self, counter: str) -> bool:
        """Whether that sum has begun."""
        return self._file.do(
            lambda database: find_row(database, "SELECT 1 FROM sum WHERE counter = ?", counter) is not None
        )

    def check(self) -> bool:
        """Look whether the file can be used."""
        return self._file.do(lambda _database: True)

    def note(self, counter: str, found: Sum) -> None:
        """Note what there is of a sum."""
        if len(self.seen) >= MOST_SUMS and counter not in self.seen:
            del self.seen[next(iter(self.seen))]
        self.seen[counter] = found

    def close(self) -> None:
        """Let the file go."""
        self._file.close()

    # --- taking ------------------------------------------------------------------------------------------------------

    def _take(self, database: sqlite3.Connection, takes: Sequence[Take], now: float) -> Hold | TakeRefusal:
        paid: dict[str, float] = {}
        for one in takes:
            if one.kind == "rate":
                before = paid.get(one.counter)
                if before is None:
                    row = find_row(database, "SELECT paid FROM rate WHERE counter = ?", one.counter)
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
        row = find_row(database, "SELECT spent, reserved FROM sum WHERE counter = ?", counter)
        if row is None:  # the file was made anew since the sum had begun
            before = self.seen.get(counter) or Sum()
            self._insert(database, counter, before.spent)
            row = (before.spent, 0)
        found = Sum(int(row[0]), int(row[1]))
        self.note(counter, found)
        return found

    def _reserve(self, database: sqlite3.Connection, one: Take) -> None:
        amount = min(one.amount, _LARGEST)
        row = (self._file.me, self._last, one.counter, amount)
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
        key = (self._file.me, hold.id, one.counter)
        held = find_number(database, "SELECT amount FROM held WHERE (worker, hold, counter) = (?, ?, ?)", *key)
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
        beyond = find_number(database, "SELECT count(*) FROM sum") - MOST_SUMS
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


def _change(database: sqlite3.Connection, counter: str, reserved: int, spent: int) -> None:
    """Add to what is held and spent of a sum."""
    database.execute(
        "UPDATE sum SET reserved = max(0, min(reserved + ?, ?)), spent = min(spent + ?, ?) WHERE counter = ?",
        (reserved, _LARGEST, min(spent, _LARGEST), _LARGEST, counter),
    )
