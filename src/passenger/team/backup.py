"""A copy of a team's file that may be in use, and the file put back from one (https://sqlite.org/backup.html)."""

import contextlib
import sqlite3
from pathlib import Path

from passenger.database_file import fresh_beside, set_aside
from passenger.team.team_file import open_team_to_read
from passenger.team.users import list_users
from passenger.team.version import ForeignTeamFileError


def back_up_team(path: Path, target: Path) -> int:
    """Copy a team's file into one of its own, which is whole or not there at all; how many people it has.

    An earlier copy is replaced, and nothing else is.

    Raises:
        OSError, ForeignTeamFileError, sqlite3.Error: there is no such file, it cannot be copied, or another file
            stands there.
    """
    with contextlib.closing(open_team_to_read(path)) as source:
        if target.exists():
            check_team_copy(path, target)
        with fresh_beside(target) as fresh:
            people = _copy(source, fresh)
            fresh.replace(target)
    return people


def check_team_copy(path: Path, copy: Path) -> None:
    """See that a file is the copy of a team's file, and not the file itself.

    Raises:
        OSError, ForeignTeamFileError, sqlite3.Error: it is not.
    """
    if path.exists() and path.samefile(copy):
        raise FileExistsError(f"{copy} is the team's file itself")
    try:
        with contextlib.closing(open_team_to_read(copy)) as database:
            _check_whole(database)
            list_users(database)
    except sqlite3.Error as error:
        raise ForeignTeamFileError("it is no copy of a team's file") from error


def restore_team(path: Path, source: Path, moment: str) -> tuple[int, Path | None]:
    """Put a copy in the place of a team's file; how many people it has, and where the file before is kept.

    Raises:
        OSError, ForeignTeamFileError, sqlite3.Error: the copy cannot be used. The file is as it was.
    """
    with contextlib.closing(open_team_to_read(source)) as copy:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with fresh_beside(path) as fresh:
            people = _copy(copy, fresh)
            aside = set_aside(path, moment)
            fresh.replace(path)
    return people, aside


def _copy(source: sqlite3.Connection, target: Path) -> int:
    """Copy into a file without more beside it, and prove it."""
    with contextlib.closing(sqlite3.connect(target, isolation_level=None)) as copy:
        source.backup(copy)
        copy.execute("PRAGMA journal_mode = DELETE")
        _check_whole(copy)
        return len(list_users(copy))


def _check_whole(database: sqlite3.Connection) -> None:
    (said,) = database.execute("PRAGMA quick_check(1)").fetchone()
    if said != "ok":
        raise sqlite3.DatabaseError(said)
