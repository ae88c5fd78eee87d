"""What was changed, when and by whom: written in the transaction of the change itself."""

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

if TYPE_CHECKING:
    import sqlite3

MOST = 100_000
"""Changes that are remembered; the oldest go first."""

LATEST = 253_402_300_799
"""The last moment that a date can be told of: the end of the year 9999, in Unix seconds."""


class AuditEntry(Struct, frozen=True):
    """One change."""

    id: int
    at: int
    """Unix seconds."""
    by: str
    """Who made it: `cli:LOGIN` on the machine itself, else the shown form of a key."""
    action: str
    """Such as `keys.create`."""
    what: str
    """The id of what was changed."""
    details: dict[str, object]
    """What was asked for. There is no secret in it."""


class Author(Struct, frozen=True):
    """Who makes a change, and when."""

    name: str
    now: float

    @property
    def at(self) -> int:
        """The moment in whole Unix seconds."""
        return int(self.now)


def local_author(login: str) -> Author:
    """Somebody who may write the file itself, by their name on this machine."""
    return Author(f"cli:{login}", time.time())


def note(database: "sqlite3.Connection", by: Author, action: str, what: str, /, **details: object) -> None:
    """Note a change; details that are None or empty say nothing."""
    told = {name: value for name, value in details.items() if value not in (None, "", [], ())}
    row = (by.at, by.name, action, what, msgspec.json.encode(told).decode())
    database.execute("INSERT INTO audit (at, by, action, what, details) VALUES (?, ?, ?, ?, ?)", row)
    database.execute("DELETE FROM audit WHERE id <= (SELECT max(id) FROM audit) - ?", (MOST,))


def list_changes(database: "sqlite3.Connection", after: int = 0, limit: int = 100) -> list[AuditEntry]:
    """The changes, the newest first; `after` is the id of the last one that is known."""
    found = database.execute(
        "SELECT id, at, by, action, what, details FROM audit WHERE ? = 0 OR id < ? ORDER BY id DESC LIMIT ?",
        (after, after, limit),
    )
    return [AuditEntry(row[0], row[1], row[2], row[3], row[4], _details(row[5])) for row in found]


def _details(text: str) -> dict[str, object]:
    found: Mapping[str, object] = msgspec.json.decode(text)
    return dict(found)
