"""The people of a team. Each function runs within a transaction of its caller."""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct

from passenger.errors import Failure, Kind
from passenger.team.audit import Author, note
from passenger.team.ids import new_id_of

if TYPE_CHECKING:
    import sqlite3

LOCAL = "local"
"""Whoever runs commands on the machine of the server itself: `passenger launch` and `setup` have keys in this name."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}")
_LOGIN = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_-]{0,98}[A-Za-z0-9])?")
"""GitHub's own logins, and those of Enterprise Managed Users, which end with `_` and a short code."""

_FIELDS = ("id", "name", "github_login", "seat", "tags", "created", "disabled", "deleted")
_COLUMNS = ", ".join(_FIELDS)


class TeamUser(Struct, frozen=True):
    """A person. Moments are Unix seconds."""

    id: str
    name: str
    github_login: str
    """The only login whose seat may be theirs."""
    seat: str
    """The name of their seat, empty while they have none."""
    tags: list[str]
    created: int
    disabled: int | None = None
    deleted: int | None = None

    @property
    def state(self) -> str:
        """`active` or `disabled`."""
        return "active" if self.disabled is None else "disabled"


def add_user(
    database: "sqlite3.Connection", by: Author, name: str, github_login: str, tags: Sequence[str] = ()
) -> TeamUser:
    """Add a person.

    Raises:
        Failure: the name is taken, or one of the names cannot be one.
    """
    check_new_user(name, github_login, tags)
    user = TeamUser(new_id_of("usr"), name, github_login, "", sorted(set(tags)), by.at)
    _insert(database, user)
    note(database, by, "users.add", user.id, name=name, github=github_login, tags=user.tags)
    return user


def check_new_user(name: str, github_login: str, tags: Sequence[str]) -> None:
    """See that somebody may be called so.

    Raises:
        Failure: one of the names cannot be one.
    """
    if name == LOCAL:
        raise Failure(Kind.INVALID, f"'{LOCAL}' is the name of this machine's own commands", code="bad_name")
    if not _LOGIN.fullmatch(github_login):
        raise Failure(Kind.INVALID, f"'{github_login}' cannot be a login at GitHub", code="bad_name")
    for one in (name, *tags):
        _check_name(one)


def local_user(database: "sqlite3.Connection", by: Author) -> TeamUser:
    """Who runs commands on this machine, added the first time."""
    found = _find(database, LOCAL)
    if found is None:
        found = TeamUser(new_id_of("usr"), LOCAL, "", "", [], by.at)
        _insert(database, found)
        note(database, by, "users.add", found.id, name=LOCAL)
    return found


def find_user(database: "sqlite3.Connection", name: str) -> TeamUser:
    """The person with that name or id.

    Raises:
        Failure: there is none.
    """
    found = _find(database, name)
    if found is None:
        raise Failure(Kind.NOT_FOUND, f"there is no user '{name}'; `passenger users list` has them", code="no_user")
    return found


def list_users(database: "sqlite3.Connection") -> list[TeamUser]:
    """All who were not deleted, by name."""
    rows = database.execute(f"SELECT {_COLUMNS} FROM user WHERE deleted IS NULL ORDER BY name")  # noqa: S608 - our own
    return [_user(row) for row in rows]


def disable_user(database: "sqlite3.Connection", by: Author, name: str, *, disabled: bool = True) -> TeamUser:
    """Refuse all keys of a person until they are enabled again, or accept them again."""
    user = find_user(database, name)
    database.execute("UPDATE user SET disabled = ? WHERE id = ?", (by.at if disabled else None, user.id))
    note(database, by, "users.disable" if disabled else "users.enable", user.id, name=user.name)
    return find_user(database, user.id)


def delete_user(database: "sqlite3.Connection", by: Author, name: str) -> TeamUser:
    """Remove a person and revoke all their keys, at once. What the ledger has of them stays."""
    user = find_user(database, name)
    database.execute("UPDATE user SET deleted = ?, seat = '' WHERE id = ?", (by.at, user.id))
    database.execute("UPDATE key SET revoked = coalesce(revoked, ?), cut = 1 WHERE user = ?", (by.at, user.id))
    note(database, by, "users.delete", user.id, name=user.name)
    return user


def _find(database: "sqlite3.Connection", name: str) -> TeamUser | None:
    found = database.execute(
        f"SELECT {_COLUMNS} FROM user WHERE deleted IS NULL AND (name = ? OR id = ?)",  # noqa: S608 - our own text
        (name, name),
    ).fetchone()
    return None if found is None else _user(found)


def _insert(database: "sqlite3.Connection", user: TeamUser) -> None:
    values = (user.id, user.name, user.github_login, user.seat, msgspec.json.encode(user.tags).decode(), user.created)
    if _find(database, user.name) is not None:
        raise Failure(Kind.INVALID, f"there is a user '{user.name}' already", status=409, code="name_taken")
    database.execute("INSERT INTO user (id, name, github_login, seat, tags, created) VALUES (?, ?, ?, ?, ?, ?)", values)


def _user(row: Any) -> TeamUser:
    return msgspec.convert(dict(zip(_FIELDS, row, strict=True)) | {"tags": msgspec.json.decode(row[4])}, TeamUser)


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        message = f"'{name[:80]}' cannot be a name: 1 to 64 letters, digits and . _ @ -, the first a letter or digit"
        raise Failure(Kind.INVALID, message, code="bad_name")
