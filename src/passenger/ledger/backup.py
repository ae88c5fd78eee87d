"""A copy of a ledger that may be in use, and a ledger put back from one (https://sqlite.org/backup.html)."""

import contextlib
import sqlite3
from pathlib import Path

from passenger.database_file import fresh_beside, set_aside
from passenger.ledger.database import open_to_read
from passenger.ledger.schema import NoLedgerError
from passenger.ledger.writers import living


class InUseError(Exception):
    """A ledger that others write into cannot be replaced."""

    def __init__(self, processes: list[int]) -> None:
        super().__init__("a server runs on it")
        self.processes = processes


def back_up(path: Path, target: Path) -> int:
    """Copy a ledger into a file of its own, which is whole or not there at all; how many rows it has.

    An earlier copy is replaced, and nothing else is.

    Raises:
        FileExistsError: the target is the ledger itself.
        NoLedgerError: another file stands there.
        FileNotFoundError, OSError, NewerSchemaError, sqlite3.Error: there is no such ledger, or it cannot be copied.
    """
    with contextlib.closing(open_to_read(path)) as source:
        _check_replaceable(path, target)
        with fresh_beside(target) as fresh:
            rows = _copy(source, fresh)
            fresh.replace(target)
    return rows


def restore(path: Path, source: Path, moment: str) -> tuple[int, Path | None]:
    """Put a copy in a ledger's place; how many rows it has, and where the ledger before is kept, named by a moment.

    Raises:
        InUseError: others write into the ledger.
        FileNotFoundError, OSError, NoLedgerError, NewerSchemaError, sqlite3.Error: the copy cannot be used. The ledger
            is as it was.
    """
    with contextlib.closing(open_to_read(source)) as copy:
        if path.exists() and path.samefile(source):
            raise FileExistsError(f"{source} is the ledger itself")
        _check_unused(path)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with fresh_beside(path) as fresh:
            rows = _copy(copy, fresh)
            aside = set_aside(path, moment)
            fresh.replace(path)
    return rows, aside


def _copy(source: sqlite3.Connection, target: Path) -> int:
    """Copy into a file without more beside it, and prove it."""
    with contextlib.closing(sqlite3.connect(target, isolation_level=None)) as copy:
        source.backup(copy)
        copy.execute("PRAGMA journal_mode = DELETE")
        copy.execute("DELETE FROM writer")  # who writes into the one does not write into the other
        (said,) = copy.execute("PRAGMA quick_check(1)").fetchone()
        if said != "ok":
            raise sqlite3.DatabaseError(said)
        return int(copy.execute("SELECT count(*) FROM ledger").fetchone()[0])


def _check_replaceable(path: Path, target: Path) -> None:
    if not target.exists():
        return
    if target.samefile(path):
        raise FileExistsError(f"{target} is the ledger itself")
    try:
        open_to_read(target).close()
    except sqlite3.Error as error:
        raise NoLedgerError("it is no copy of a ledger") from error


def _check_unused(path: Path) -> None:
    """Refuse a ledger that others write into; one that cannot be read is written by nobody."""
    try:
        with contextlib.closing(open_to_read(path)) as database:
            if processes := living(database, path):
                raise InUseError(processes)
    except (OSError, sqlite3.Error, NoLedgerError):
        return
