"""Responses in the state file, and the events of those that were made in the background."""

import sqlite3
from collections.abc import Sequence
from typing import Any

import msgspec

from passenger.jsontext import surrogates
from passenger.state import trees
from passenger.state.item_ids import read_id
from passenger.state.packing import DamagedError, pack, pack_events, unpack, unpack_events
from passenger.state.store import LostError
from passenger.state.stored import Status, StoredResponse

_SELECT = "SELECT created, status, data, parent, conversation, tree FROM response WHERE owner = ? AND id = ?"
_FIND = "SELECT key, tree, bytes FROM response WHERE owner = ? AND id = ?"
_INSERT = """INSERT INTO response (owner, id, tree, parent, conversation, created, status, bytes, data)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"""
_HOLDERS = """SELECT max(response.key) FROM place JOIN response ON response.key = place.response
    WHERE place.id = ? AND owner = ?"""
LONGEST = 64 * 1024 * 1024
"""Bytes of a history: what is longer is not read into memory, and no request may be that large."""

_RESTARTED = {"code": "server_error", "message": "Passenger was restarted"}


def write(database: sqlite3.Connection, response: StoredResponse, now: float) -> int:
    """Write a response, in the place of one of its id; its tree."""
    tree = _take_place(database, response)
    if tree is None:
        tree = trees.begin_tree(database, response.owner, now)
    packed = pack(response.answer, response.input, response.output)
    items = response.input + response.output
    size = len(packed.data) + trees.OVERHEAD + sum(map(len, packed.images.values()))
    facts = (response.parent, response.conversation, response.created, response.status.value, size, packed.data)
    key = database.execute(_INSERT, (response.owner, response.id, tree, *facts)).lastrowid or 0
    places = [(one, key) for one in map(read_id, items) if one]
    database.executemany("INSERT OR IGNORE INTO place (id, response) VALUES (?, ?)", places)
    trees.keep_images(database, packed.images, "response", key)
    trees.grow(database, tree, size, now)
    return tree


def _take_place(database: sqlite3.Connection, response: StoredResponse) -> int | None:
    """Remove the response of that id; its tree, or else the parent's, if there is one."""
    before = database.execute(_FIND, (response.owner, response.id)).fetchone()
    if before is not None:
        key, tree, size = before
        database.execute("DELETE FROM response WHERE key = ?", (key,))
        database.execute("UPDATE tree SET bytes = bytes - ? WHERE id = ?", (size, tree))
        return int(tree)
    parent = database.execute(_FIND, (response.owner, response.parent)).fetchone() if response.parent else None
    return int(parent[1]) if parent else None


def read(database: sqlite3.Connection, owner: str, name: str, now: float) -> StoredResponse | None:
    """The response of that id; its tree is used from now on."""
    found = _read(database, owner, name)
    if found is None:
        return None
    response, tree = found
    trees.grow(database, tree, 0, now)
    return response


def _read(database: sqlite3.Connection, owner: str, name: str) -> tuple[StoredResponse, int] | None:
    """The response of that id, and its tree."""
    row = database.execute(_SELECT, (owner, name)).fetchone()
    if row is None:
        return None
    created, status, data, parent, conversation, tree = row
    answer, input_, output = unpack(data, trees.image_reader(database))
    return StoredResponse(name, owner, created, Status(status), answer, input_, output, parent, conversation), tree


def read_chain(database: sqlite3.Connection, owner: str, name: str, links: int, now: float) -> list[StoredResponse]:
    """A response and all before it, the oldest first; their trees are used from now on.

    Raises:
        LostError: one of them is not to be found, cannot be chained or comes before itself, or they are too much.
    """
    chain, used, size = dict[str, StoredResponse](), set[int](), 0
    wanted: str | None = name
    while wanted is not None:
        found = None if wanted in chain else _read(database, owner, wanted)
        if found is None or not found[0].status.is_chainable or len(chain) >= links:
            raise LostError
        response, tree = found
        size += response.size
        if size > LONGEST:
            raise LostError
        chain[wanted] = response
        used.add(tree)
        wanted = response.parent
    for tree in used:
        trees.grow(database, tree, 0, now)
    return list(chain.values())[::-1]


def touch(database: sqlite3.Connection, names: Sequence[tuple[str, str, float]]) -> None:
    """Note when the trees of responses, by owner and id, were used last."""
    marks = [(at, owner, name) for owner, name, at in names]
    find = "SELECT tree FROM response WHERE owner = ? AND id = ?"
    database.executemany(f"UPDATE tree SET used = max(used, ?) WHERE id = ({find})", marks)  # noqa: S608 - our own text


def delete(database: sqlite3.Connection, owner: str, name: str) -> bool:
    """Forget a response with its events; whether there was one."""
    row = database.execute(_FIND, (owner, name)).fetchone()
    if row is None:
        return False
    key, tree, size = row
    database.execute("DELETE FROM response WHERE key = ?", (key,))
    database.execute("UPDATE tree SET bytes = bytes - ? WHERE id = ?", (size, tree))
    database.execute("DELETE FROM log WHERE owner = ? AND response = ?", (owner, name))
    trees.drop_if_empty(database, tree)
    return True


def find_item(database: sqlite3.Connection, owner: str, item: str, now: float) -> bytes | None:
    """The item of that id in the last response that has it."""
    (key,) = database.execute(_HOLDERS, (item, owner)).fetchone()
    if key is None:
        return None
    (name,) = database.execute("SELECT id FROM response WHERE key = ?", (key,)).fetchone()
    found = read(database, owner, name, now)
    return next((one for one in found.input + found.output if read_id(one) == item), None) if found else None


def fail_unfinished(database: sqlite3.Connection) -> None:
    """Let what was queued or ran when its process ended have failed."""
    rows = database.execute(
        "SELECT response.key, data FROM response WHERE status IN ('queued', 'in_progress')"
    ).fetchall()
    for key, data in rows:
        answer, input_, output = unpack(data, trees.image_reader(database))
        failed = pack(_failed(answer), input_, output)
        database.execute(
            "UPDATE response SET status = ?, data = ? WHERE key = ?", (Status.FAILED.value, failed.data, key)
        )


_OBJECT = msgspec.json.Decoder(dict[str, Any])


def _failed(answer: bytes) -> bytes:
    """The response object of one that has failed."""
    try:
        body = surrogates.decode(_OBJECT, answer)
    except msgspec.MsgspecError as error:
        raise DamagedError(str(error)) from error
    return msgspec.json.encode({**body, "status": Status.FAILED.value, "error": _RESTARTED})


# --- events ----------------------------------------------------------------------------------------------------------


def write_log(database: sqlite3.Connection, owner: str, name: str, events: Sequence[bytes], until: float) -> None:
    """Keep the events of a response until a time."""
    row = (owner, name, until, pack_events(events))
    database.execute("INSERT OR REPLACE INTO log (owner, response, until, data) VALUES (?, ?, ?, ?)", row)


def read_log(database: sqlite3.Connection, owner: str, name: str, now: float) -> list[bytes] | None:
    """The events of a response, None where they are not kept any more."""
    find = "SELECT data FROM log WHERE owner = ? AND response = ? AND until > ?"
    found = database.execute(find, (owner, name, now)).fetchone()
    return unpack_events(found[0]) if found else None


def expire_logs(database: sqlite3.Connection, now: float) -> None:
    """Forget the events whose time is over."""
    database.execute("DELETE FROM log WHERE until <= ?", (now,))
