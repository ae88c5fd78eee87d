"""The version of the ledger's tables: the newest that this Passenger knows, and that of a file, without SQLite.

Each version is a file in `migrations/`; one that was released is never changed.
"""

import struct
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from pathlib import Path

APPLICATION_ID = 0x50534E47
"""What tells a ledger from any other SQLite file (https://sqlite.org/pragma.html#pragma_application_id): `PSNG`."""

_MAGIC = b"SQLite format 3\0"
_HEAD = struct.Struct(">60xI4xI28x")
"""`user_version` and `application_id` in the first 100 bytes (https://sqlite.org/fileformat.html#the_database_header)."""


class NewerSchemaError(Exception):
    """A ledger of a newer Passenger, which this one neither reads nor writes."""

    def __init__(self, found: int) -> None:
        known = f"schema {found}, and this one knows {newest()}"
        super().__init__(f"a newer Passenger has written it ({known}): update this one")


@cache
def newest() -> int:
    """The version that this Passenger writes."""
    return max(_versions())


def _versions() -> Iterator[int]:
    names = (entry.name for entry in files(__package__).joinpath("migrations").iterdir())
    yield from (int(name.removesuffix(".sql")) for name in names if name.endswith(".sql"))


def migration(version: int) -> str:
    """The statements that lead to a version from the one before."""
    return files(__package__).joinpath("migrations", f"{version:04}.sql").read_text("utf-8")


def check_head(path: Path) -> None:
    """See by the head of a file that it is not of a newer Passenger; what is no ledger, or cannot be read, is not.

    Raises:
        NewerSchemaError: it is.
    """
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD.size)
    except OSError:
        return
    if len(head) == _HEAD.size and head.startswith(_MAGIC):
        version, application = _HEAD.unpack(head)
        if application == APPLICATION_ID and version > newest():
            raise NewerSchemaError(version)
