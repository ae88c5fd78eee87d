"""The version of the team file's tables: the newest that this Passenger knows, and that of a file, without SQLite.

Each version is a file in `migrations/`; one that was released is never changed.
"""

import struct
from functools import cache
from importlib.resources import files
from pathlib import Path

APPLICATION_ID = 0x5053544D
"""What tells a team file from any other SQLite file (https://sqlite.org/pragma.html#pragma_application_id): `PSTM`."""

_MAGIC = b"SQLite format 3\0"
_HEAD = struct.Struct(">60xI4xI28x")
"""`user_version` and `application_id` in the first 100 bytes (https://sqlite.org/fileformat.html#the_database_header)."""


class ForeignTeamFileError(Exception):
    """A team file that this Passenger leaves as it is: of a newer one, or of another program."""


@cache
def newest_version() -> int:
    """The version that this Passenger writes."""
    names = (entry.name for entry in files(__package__).joinpath("migrations").iterdir())
    return max(int(name.removesuffix(".sql")) for name in names if name.endswith(".sql"))


def team_migration(version: int) -> str:
    """The statements that lead to a version from the one before."""
    return files(__package__).joinpath("migrations", f"{version:04}.sql").read_text("utf-8")


def refuse_foreign(application: int, version: int, *, is_empty: bool) -> None:
    """Raise `ForeignTeamFileError` for the marks of a file that is not ours to use."""
    if application != APPLICATION_ID and (application or not is_empty):
        raise ForeignTeamFileError("it is a database of another program")
    if version > newest_version():
        known = f"schema {version}, and this one knows {newest_version()}"
        raise ForeignTeamFileError(f"a newer Passenger has written it ({known}): update this one")


def check_team_head(path: Path) -> None:
    """See by the head of a file, without SQLite, that it is of no newer Passenger and of no other program.

    Raises:
        ForeignTeamFileError: it is.
    """
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD.size)
    except OSError:
        return
    if len(head) == _HEAD.size and head.startswith(_MAGIC):
        version, application = _HEAD.unpack(head)
        refuse_foreign(application, version, is_empty=not application)
