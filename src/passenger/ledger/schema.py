"""The tables of the ledger, and the way from any older version of them to this one: forward only, in one transaction.

Each version is a file in `migrations/`; one that was released is never changed.
"""

import re
import sqlite3
from collections.abc import Iterator

from passenger.ledger.version import APPLICATION_ID, NewerSchemaError, migration, newest

_STRICT_SINCE = (3, 37)
_STRICT = re.compile(r",? STRICT(?=;)")


class NoLedgerError(Exception):
    """A SQLite file that is no ledger."""


def version_of(database: sqlite3.Connection) -> int:
    """The version of a ledger, 0 for an empty file.

    Raises:
        NoLedgerError: it holds something else.
        sqlite3.Error: it cannot be read.
    """
    (application,) = database.execute("PRAGMA application_id").fetchone()
    if application != APPLICATION_ID:
        (tables,) = database.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if tables or application:
            raise NoLedgerError("it is a database of another program")
        return 0
    return int(database.execute("SELECT value FROM meta WHERE key = 'schema'").fetchone()[0])


def check(database: sqlite3.Connection) -> int:
    """The version of a ledger that this Passenger can use.

    Raises:
        NewerSchemaError: it is of a newer one.
        NoLedgerError: it holds something else.
        sqlite3.Error: it cannot be read.
    """
    found = version_of(database)
    if found > newest():
        raise NewerSchemaError(found)
    return found


def migrate(database: sqlite3.Connection) -> None:
    """Bring a ledger to the newest version; several processes may do so at once, and one does.

    Raises:
        NewerSchemaError, NoLedgerError, sqlite3.Error: as `check`; the file is as it was.
    """
    if check(database) == newest():
        return
    database.execute("BEGIN IMMEDIATE")
    try:
        for version in range(check(database) + 1, newest() + 1):
            _apply(database, version)
    except BaseException:
        database.execute("ROLLBACK")
        raise
    database.execute("COMMIT")
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()  # so that the head of the file tells it, too


def _apply(database: sqlite3.Connection, version: int) -> None:
    for statement in statements(migration(version), sqlite3.sqlite_version_info):
        database.execute(statement)
    database.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    database.execute(f"PRAGMA user_version = {version}")
    database.execute("INSERT OR REPLACE INTO meta (key, value) VALUES ('schema', ?)", (version,))


def statements(script: str, sqlite: tuple[int, ...]) -> Iterator[str]:
    """The statements of a script, for a version of SQLite: before 3.37 no table is STRICT."""
    script = script if sqlite >= _STRICT_SINCE else _STRICT.sub("", script)
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
