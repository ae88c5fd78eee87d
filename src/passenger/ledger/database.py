"""The file of the ledger: opened private and with the newest tables, and written a batch at a time."""

import sqlite3
from collections.abc import Sequence
from pathlib import Path

from msgspec.structs import astuple

from passenger.ledger.rows import DAY_MS, Row, first_id
from passenger.ledger.schema import check, migrate
from passenger.ledger.sums import sum_up
from passenger.private_file import create_private

BUSY_MS = 2000
"""Milliseconds to wait for another process that writes."""

SLICE = 5000
"""Rows that are deleted in one transaction."""

_SETTINGS = (
    f"PRAGMA busy_timeout = {BUSY_MS}",
    "PRAGMA auto_vacuum = INCREMENTAL",  # counts in an empty file alone
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = NORMAL",  # a power cut may cost the last rows, and damages nothing
    "PRAGMA journal_size_limit = 4194304",
)

_MOST = 9 * 10**18
"""A sum stays below what SQLite takes for a whole number."""

_SUMS = (
    *("requests", "failed", "unpriced", "estimated", "fresh", "cache_read", "cache_write"),
    *("output", "reasoning", "nano", "premium_thousandths"),
)
_DAY = ("day", "seat", "client", "model", *_SUMS)
_USER = ("day", "seat", "user", "key", *_SUMS)
_SESSION = ("day", "seat", "client", "session", *_SUMS, "began", "ended")
_ADDED = ", ".join(f"{name} = min({name} + excluded.{name}, {_MOST})" for name in _SUMS)


def _into(table: str, columns: Sequence[str]) -> str:
    return f"INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"


_INSERT = f"INSERT OR IGNORE {_into('ledger', Row.__struct_fields__)}"
_ADD_DAY = f"INSERT {_into('usage_day', _DAY)} ON CONFLICT DO UPDATE SET {_ADDED}"
_ADD_USER = f"INSERT {_into('usage_user', _USER)} ON CONFLICT DO UPDATE SET {_ADDED}"
_ADD_SESSION = (
    f"INSERT {_into('usage_session', _SESSION)} ON CONFLICT DO UPDATE SET {_ADDED},"
    " began = min(began, excluded.began), ended = max(ended, excluded.ended)"
)


def open_to_write(path: Path) -> sqlite3.Connection:
    """The ledger with the newest tables, which is made if there is none.

    Raises:
        OSError: what stands there is no plain file, or somebody else's; or none can be made.
        NewerSchemaError, NoLedgerError, sqlite3.Error: it cannot be used.
    """
    create_private(path)
    database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    try:
        for setting in _SETTINGS:
            database.execute(setting)
        migrate(database)
    except BaseException:
        database.close()
        raise
    return database


def open_to_read(path: Path) -> sqlite3.Connection:
    """A ledger that exists, as it is: nothing is changed in it.

    Raises:
        FileNotFoundError: there is none.
        NewerSchemaError, NoLedgerError, sqlite3.Error: it cannot be used.
    """
    if not path.exists():
        raise FileNotFoundError(f"there is no ledger yet at {path}")
    database = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None)
    try:
        database.execute(_SETTINGS[0])
        check(database)
    except BaseException:
        database.close()
        raise
    return database


def insert(database: sqlite3.Connection, rows: Sequence[Row], writer: str, seen: int) -> None:
    """Write rows, add them to the sums, and note that a writer lives: all of it or nothing.

    Rows that are there already change nothing, so that a batch may be tried again however it failed.

    Raises:
        NewerSchemaError: a newer Passenger has changed the tables meanwhile.
        sqlite3.Error: it cannot be written.
    """
    database.execute("BEGIN IMMEDIATE")
    try:
        check(database)
        if _add(database, rows) == len(rows):
            fresh: Sequence[Row] = rows
        else:
            database.execute("ROLLBACK")
            database.execute("BEGIN IMMEDIATE")
            fresh = _unknown(database, rows)
            _add(database, fresh)
        sums = sum_up(fresh)
        database.executemany(_ADD_DAY, sums.days)
        database.executemany(_ADD_SESSION, sums.sessions)
        database.executemany(_ADD_USER, sums.users)
        database.execute("UPDATE writer SET seen = ? WHERE id = ?", (seen, writer))
        database.execute("COMMIT")
    except BaseException:
        if database.in_transaction:
            database.execute("ROLLBACK")
        raise


def _add(database: sqlite3.Connection, rows: Sequence[Row]) -> int:
    """Write those that are not there yet; how many. sqlite3 takes plain tuples in two thirds of the time of others."""
    return database.executemany(_INSERT, map(astuple, rows)).rowcount


def _unknown(database: sqlite3.Connection, rows: Sequence[Row]) -> list[Row]:
    """Those that are not in the ledger, each once."""
    find = "SELECT 1 FROM ledger WHERE id = ?"
    return [
        row for row in {bytes(row.id): row for row in rows}.values() if not database.execute(find, (row.id,)).fetchone()
    ]


def delete_before(database: sqlite3.Connection, at: int) -> bool:
    """Delete a slice of the rows that began before a moment; whether there may be more of them.

    The sums of days stay. Those of sessions, the gaps and the samples of quotas go once no rows are left.
    """
    find = "SELECT id FROM ledger WHERE id < ? ORDER BY id LIMIT ?"
    deleted = database.execute(f"DELETE FROM ledger WHERE id IN ({find})", (first_id(at), SLICE)).rowcount  # noqa: S608 - our own text
    if deleted < SLICE:
        database.execute("DELETE FROM usage_session WHERE day < ?", (at // DAY_MS,))
        database.execute("DELETE FROM gap WHERE until < ?", (at,))
        database.execute("DELETE FROM quota_sample WHERE at < ?", (at,))
    if deleted:
        database.executescript("PRAGMA incremental_vacuum")  # `execute` would take one page alone
    return deleted == SLICE


def remember(database: sqlite3.Connection, key: str, value: int) -> None:
    """Note a number in `meta`."""
    database.execute("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", (key, value))


def recall(database: sqlite3.Connection, key: str) -> int | None:
    """A number that was noted, None if it was not."""
    found = database.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
    return None if found is None else int(found[0])
