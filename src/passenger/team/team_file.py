"""The team file: opened private and with the newest tables, read as a whole, and changed in transactions."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from passenger.errors import Failure, Kind
from passenger.private_file import create_private
from passenger.team.version import (
    APPLICATION_ID,
    ForeignTeamFileError,
    newest_version,
    refuse_foreign,
    team_migration,
)

if TYPE_CHECKING:
    import sqlite3

T = TypeVar("T")

BUSY_MS = 5000
"""Milliseconds to wait for another process that changes it."""

_SETTINGS = (
    f"PRAGMA busy_timeout = {BUSY_MS}",
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",  # a key that was shown is there after a power cut, too
    "PRAGMA foreign_keys = ON",
    "PRAGMA journal_size_limit = 4194304",
)


def open_team(path: Path) -> "sqlite3.Connection":
    """The team file with the newest tables, which is made if there is none.

    Raises:
        ForeignTeamFileError, OSError, sqlite3.Error: it cannot be used.
    """
    import sqlite3  # noqa: PLC0415 - SQLite is a megabyte, and few have a team

    create_private(path)
    database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    try:
        for setting in _SETTINGS:
            database.execute(setting)
        _make_tables(database)
    except BaseException:
        database.close()
        raise
    return database


def open_team_to_read(path: Path) -> "sqlite3.Connection":
    """A team file that exists, as it is.

    Raises:
        FileNotFoundError, ForeignTeamFileError, sqlite3.Error: it cannot be used.
    """
    import sqlite3  # noqa: PLC0415 - SQLite is a megabyte, and few have a team

    if not path.exists():
        raise FileNotFoundError(f"there is no team file at {path}")
    database = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None, check_same_thread=False
    )
    try:
        database.execute("PRAGMA busy_timeout = 200")
        _version(database)
    except BaseException:
        database.close()
        raise
    return database


def change(path: Path, job: "Callable[[sqlite3.Connection], T]") -> T:
    """What a job gives that runs in one transaction; an error of any kind undoes all of it.

    Raises:
        Failure: the job's own, or the file cannot be used.
    """
    with using(path, lambda: open_team(path)) as database:
        database.execute("BEGIN IMMEDIATE")
        try:
            done = job(database)
        except BaseException:
            database.execute("ROLLBACK")
            raise
        database.execute("COMMIT")
        return done


def change_existing(path: Path, job: "Callable[[sqlite3.Connection], T]") -> T:
    """As `change`, of a team that there is: no file is made, which would close the door of a server without a team.

    Raises:
        Failure: as `change`, or there is no team.
    """
    if not path.exists():
        raise _no_team()
    return change(path, job)


def look_up(path: Path, job: "Callable[[sqlite3.Connection], T]") -> T:
    """What a job reads.

    Raises:
        Failure: the job's own, there is no team, or its file cannot be used.
    """
    with using(path, lambda: open_team_to_read(path)) as database:
        return job(database)


@contextmanager
def using(path: Path, open_file: "Callable[[], sqlite3.Connection]") -> Iterator["sqlite3.Connection"]:
    """A block with the file, whose errors are failures that name it."""
    import sqlite3  # noqa: PLC0415 - SQLite is a megabyte, and few have a team

    try:
        database = open_file()
        try:
            yield database
        finally:
            database.close()
    except FileNotFoundError:
        raise _no_team() from None
    except OverflowError:
        raise Failure(Kind.INVALID, "a number is larger than can be stored", code="bad_body") from None
    except (sqlite3.Error, OSError, ForeignTeamFileError) as error:
        message = f"the team file {path} cannot be used: {error}"
        raise Failure(Kind.INTERNAL, message, status=503, code="team_file_unusable") from error


def _no_team() -> Failure:
    message = "there is no team yet: `passenger users add NAME --github LOGIN` begins one"
    return Failure(Kind.NOT_FOUND, message, code="no_team")


def _make_tables(database: "sqlite3.Connection") -> None:
    """Bring it to the newest version, all of it or nothing; of several processes that try, one does."""
    if _version(database) == newest_version():
        return
    database.execute("BEGIN IMMEDIATE")
    try:
        for version in range(_version(database) + 1, newest_version() + 1):
            for statement in _statements(team_migration(version)):
                database.execute(statement)
        database.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        database.execute(f"PRAGMA user_version = {newest_version()}")
    except BaseException:
        database.execute("ROLLBACK")
        raise
    database.execute("COMMIT")
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()  # so that the head of the file tells it, too


def _statements(script: str) -> Iterator[str]:
    import sqlite3  # noqa: PLC0415 - SQLite is a megabyte, and few have a team

    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


def _version(database: "sqlite3.Connection") -> int:
    (application,) = database.execute("PRAGMA application_id").fetchone()
    (version,) = database.execute("PRAGMA user_version").fetchone()
    (tables,) = database.execute("SELECT count(*) FROM sqlite_master").fetchone()
    refuse_foreign(application, version, is_empty=not tables)
    return int(version)
