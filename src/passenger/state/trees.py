"""Trees in the state file: what lives and goes together, a response with all that follow it, or a conversation.

One that nobody has used for its lifetime goes; where room is wanted, the oldest goes of the owner who holds the most.
"""

import sqlite3
from collections.abc import Callable, Mapping

from passenger.state.packing import DamagedError

OVERHEAD = 500
"""Bytes that a row takes beside its blob, its indexes included."""

_TARGET = 0.99
"""Of the size that is allowed; once there is no room, so much is made that the next ones find some."""

_UNUSED = """DELETE FROM tree WHERE id = :tree
    AND NOT EXISTS (SELECT 1 FROM response WHERE tree = :tree)
    AND NOT EXISTS (SELECT 1 FROM conversation WHERE tree = :tree)"""


class FullError(Exception):
    """There is no room, even after all that may go has gone."""


def begin_tree(database: sqlite3.Connection, owner: str, now: float) -> int:
    """A new tree; its number."""
    made = database.execute("INSERT INTO tree (owner, used) VALUES (?, ?)", (owner, now)).lastrowid
    return int(made or 0)


def grow(database: sqlite3.Connection, tree: int, size: int, now: float) -> None:
    """Note that a tree was used, and that it has become larger."""
    database.execute("UPDATE tree SET used = max(used, ?), bytes = bytes + ? WHERE id = ?", (now, size, tree))


def drop_if_empty(database: sqlite3.Connection, tree: int) -> None:
    """Forget a tree that has nothing."""
    database.execute(_UNUSED, {"tree": tree})


def expire(database: sqlite3.Connection, since: float) -> bool:
    """Forget the trees that were not used since a time; whether there were any."""
    return database.execute("DELETE FROM tree WHERE used < ?", (since,)).rowcount > 0


def make_room(database: sqlite3.Connection, size: int, tree: int) -> None:
    """Forget trees until the file takes at most so many bytes, but not the one that has just grown.

    Raises:
        FullError: that one alone is too much, or its owner's share.
    """
    if taken(database) <= size:
        return
    held = dict(database.execute("SELECT owner, sum(bytes) FROM tree GROUP BY owner").fetchall())
    while taken(database) > size * _TARGET:
        owner = max(held, key=held.__getitem__)
        find = "SELECT id, bytes FROM tree WHERE owner = ? AND id <> ? ORDER BY used LIMIT 1"
        oldest = database.execute(find, (owner, tree)).fetchone()
        if oldest is None:
            break
        held[owner] -= oldest[1]
        database.execute("DELETE FROM tree WHERE id = ?", oldest[:1])
    if taken(database) > size:
        raise FullError


def taken(database: sqlite3.Connection) -> int:
    """Bytes of the file that are in use."""
    pages, free, page = (
        int(database.execute(f"PRAGMA {name}").fetchone()[0]) for name in ("page_count", "freelist_count", "page_size")
    )
    return (pages - free) * page


def keep_images(database: sqlite3.Connection, images: Mapping[bytes, bytes], holder: str, key: int) -> None:
    """Keep the images of a row of `response` or `item`, those that are new."""
    if images:
        database.executemany("INSERT OR IGNORE INTO image (digest, data) VALUES (?, ?)", images.items())
        uses = [(digest, key) for digest in images]
        database.executemany(f"INSERT INTO image_use (digest, {holder}) VALUES (?, ?)", uses)  # noqa: S608 - our own names


def image_reader(database: sqlite3.Connection) -> Callable[[bytes], bytes]:
    """What gives an image by its digest, and raises `DamagedError` where it is gone."""

    def read(digest: bytes) -> bytes:
        found = database.execute("SELECT data FROM image WHERE digest = ?", (digest,)).fetchone()
        if found is None:
            raise DamagedError("an image is missing")
        return bytes(found[0])

    return read
