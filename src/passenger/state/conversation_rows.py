"""Conversations in the state file, and their items."""

import sqlite3

from passenger.state import trees
from passenger.state.item_ids import read_id
from passenger.state.packing import pack, unpack
from passenger.state.store import LostError
from passenger.state.stored import Items, StoredConversation

_FIND = "SELECT key, created, metadata, tree FROM conversation WHERE owner = ? AND id = ?"
_UPSERT = """INSERT INTO conversation (owner, id, tree, created, metadata) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET metadata = excluded.metadata, created = excluded.created"""
_ITEM = """SELECT item.data FROM item JOIN conversation ON conversation.key = item.conversation
    WHERE item.id = ? AND conversation.owner = ? ORDER BY item.key DESC"""


class ConversationRow:
    """One that is there, used from now on."""

    def __init__(self, database: sqlite3.Connection, owner: str, name: str, now: float) -> None:
        """Find it.

        Raises:
            LostError: there is none.
        """
        row = database.execute(_FIND, (owner, name)).fetchone()
        if row is None:
            raise LostError
        self._database, self._now = database, now
        self._key, created, metadata, tree = row
        self.tree = int(tree)
        self.value = StoredConversation(name, owner, created, bytes(metadata))
        trees.grow(database, self.tree, 0, now)

    def count(self) -> tuple[int, int]:
        """How many items it has, and their bytes."""
        find = "SELECT count(*), coalesce(sum(bytes), 0) FROM item WHERE conversation = ?"
        number, size = self._database.execute(find, (self._key,)).fetchone()
        return number, size

    def items(self) -> Items:
        """Its items, the oldest first."""
        find = "SELECT data FROM item WHERE conversation = ? ORDER BY key"
        rows = self._database.execute(find, (self._key,)).fetchall()
        return tuple(_unpacked(self._database, data) for (data,) in rows)

    def add(self, items: Items) -> None:
        """Append items."""
        for item in items:
            packed = pack(b"", (item,))
            row = (self._key, read_id(item), len(item), packed.data)
            insert = "INSERT INTO item (conversation, id, bytes, data) VALUES (?, ?, ?, ?)"
            key = self._database.execute(insert, row).lastrowid or 0
            trees.keep_images(self._database, packed.images, "item", key)
        size = sum(map(len, items)) + trees.OVERHEAD * len(items)
        trees.grow(self._database, self.tree, size, self._now)

    def remove(self, item: str) -> bool:
        """Remove the items of that id; whether there was one."""
        row = (self._key, item)
        find = "FROM item WHERE conversation = ? AND id = ?"
        (size,) = self._database.execute(f"SELECT coalesce(sum(bytes), 0) {find}", row).fetchone()
        removed = self._database.execute(f"DELETE {find}", row).rowcount
        trees.grow(self._database, self.tree, -size - trees.OVERHEAD * removed, self._now)
        return removed > 0

    def delete(self) -> None:
        """Forget it with its items."""
        self._database.execute("DELETE FROM tree WHERE id = ?", (self.tree,))


def write(database: sqlite3.Connection, conversation: StoredConversation, now: float) -> int:
    """Write a conversation, or the new metadata of one; its tree."""
    owner, name = conversation.owner, conversation.id
    try:
        tree = ConversationRow(database, owner, name, now).tree
    except LostError:
        tree = trees.begin_tree(database, owner, now)
    database.execute(_UPSERT, (owner, name, tree, conversation.created, conversation.metadata))
    trees.grow(database, tree, 0, now)
    return tree


def find_item(database: sqlite3.Connection, owner: str, item: str) -> bytes | None:
    """The item of that id in any conversation."""
    found = database.execute(_ITEM, (item, owner)).fetchone()
    return _unpacked(database, found[0]) if found else None


def _unpacked(database: sqlite3.Connection, data: bytes) -> bytes:
    return unpack(data, trees.image_reader(database)).input[0]
