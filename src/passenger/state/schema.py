"""The tables of the state file, and the way from any older version of them to this one: forward only.

Each version is a file in `migrations/`; one that was released is never changed.
"""

import sqlite3
import struct
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from pathlib import Path

APPLICATION_ID = 0x50535354
"""What tells a state file from any other SQLite file (https://sqlite.org/pragma.html#pragma_application_id): `PSST`."""

_MAGIC = b"SQLite format 3\0"
_HEAD = struct.Struct(">60xI4xI28x")
"""`user_version` and `application_id` in the first 100 bytes (https://sqlite.org/fileformat.html#the_database_header)."""


class ForeignFileError(Exception):
    """A state file that this Passenger leaves as it is: of a newer one, or of another program."""


@cache
def newest() -> int:
    """The version that this Passenger writes."""
    return max(_versions())


def _versions() -> Iterator[int]:
    names = (entry.name for entry in files(__package__).joinpath("migrations").iterdir())
    yield from (int(name.removesuffix(".sql")) for name in names if name.endswith(".sql"))


def _migration(version: int) -> str:
    return files(__package__).joinpath("migrations", f"{version:04}.sql").read_text("utf-8")


def state_version(database: sqlite3.Connection) -> int:
    """The version of a state file that this Passenger can use; 0 of an empty one.

    Raises:
        ForeignFileError: it cannot use it.
        sqlite3.Error: it cannot be read.
    """
    (application,) = database.execute("PRAGMA application_id").fetchone()
    (version,) = database.execute("PRAGMA user_version").fetchone()
    (tables,) = database.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if application != APPLICATION_ID and (application or tables):
        raise ForeignFileError("it is a database of another program")
    _refuse_newer(version)
    return int(version)


def make_tables(database: sqlite3.Connection) -> None:
    """Bring a state file to the newest version.

    Raises:
        ForeignFileError, sqlite3.Error: as `state_version`; the file is as it was.
    """
    for version in range(state_version(database) + 1, newest() + 1):
        marks = f"PRAGMA application_id = {APPLICATION_ID};PRAGMA user_version = {version};"
        try:
            database.executescript(f"BEGIN IMMEDIATE;{_migration(version)}{marks}COMMIT;")
        except sqlite3.Error:
            if database.in_transaction:
                database.execute("ROLLBACK")
            raise


def check_state_head(path: Path) -> None:
    """See by the head of a file, without SQLite, that it is of no newer Passenger and of no other program.

    Raises:
        ForeignFileError: it is.
    """
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD.size)
    except OSError:
        return
    if len(head) == _HEAD.size and head.startswith(_MAGIC):
        version, application = _HEAD.unpack(head)
        if application not in {0, APPLICATION_ID}:
            raise ForeignFileError("it is a database of another program")
        _refuse_newer(version if application else 0)


def _refuse_newer(version: int) -> None:
    if version > newest():
        known = f"schema {version}, and this one knows {newest()}"
        raise ForeignFileError(f"a newer Passenger has written it ({known}): update this one")
