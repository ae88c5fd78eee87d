"""The keys of a team's people. Each function runs within a transaction of its caller; only digests are stored."""

from collections.abc import Iterable, Sequence
from ipaddress import ip_network
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct

from passenger.account.key_scope import KeyScope
from passenger.errors import Failure, Kind
from passenger.secret import Secret
from passenger.team.audit import LATEST, Author, note
from passenger.team.ids import new_id_of
from passenger.team.key_format import KeyKind, digest_of, make_key, shown_form
from passenger.team.users import TeamUser, find_user

if TYPE_CHECKING:
    import sqlite3

RUNS_KEPT = 30 * 86_400
"""Seconds for which the keys of runs that have ended are listed."""

OPERATIONS = ("chat", "embeddings", "count")

_COLUMNS = (
    "key.id AS id, user, user.name AS user_name, kind, key.name AS name, shown, models, dialects, operations, networks,"
    " key.created AS created, created_by, expires, revoked, cut, last_used"
)
_LONGEST_NAME = 100


class KeyGrant(Struct, frozen=True):
    """What a new key is called and may be used for; an empty list allows everything of its kind."""

    name: str = ""
    kind: KeyKind = "model"
    models: tuple[str, ...] = ()
    dialects: tuple[str, ...] = ()
    operations: tuple[str, ...] = ()
    networks: tuple[str, ...] = ()
    expires: int | None = None
    """Unix seconds."""


class TeamKey(Struct, frozen=True):
    """A key, without anything that opens a door. Moments are Unix seconds."""

    id: str
    user: str
    user_name: str
    kind: KeyKind
    name: str
    shown: str
    models: list[str]
    dialects: list[str]
    operations: list[str]
    networks: list[str]
    created: int
    created_by: str
    expires: int | None = None
    revoked: int | None = None
    cut: bool = False
    """Whether its revocation ends the answers that it has running, too."""
    last_used: int | None = None

    @property
    def scope(self) -> KeyScope:
        """What it may be used for."""
        return KeyScope(
            tuple(self.models),
            frozenset(self.dialects),
            frozenset(self.operations),
            tuple(map(ip_network, self.networks)),
        )

    def state(self, now: float) -> str:
        """`active`, `revoked` or `expired`."""
        if self.revoked is not None:
            return "revoked"
        return "expired" if self.expires is not None and now >= self.expires else "active"


class NewKey(Struct, frozen=True):
    """A key that was just made, with the only copy of it there is."""

    key: TeamKey
    secret: Secret


def create_key(
    database: "sqlite3.Connection", by: Author, user: TeamUser, grant: KeyGrant, made: Secret | None = None
) -> NewKey:
    """Make a key for a person: a new random one, or one that was `made` already.

    Raises:
        Failure: something of the grant cannot be.
    """
    _check_grant(grant, by.now)
    secret, key_id = made.reveal() if made else make_key(grant.kind), new_id_of("key")
    lists = [
        msgspec.json.encode(each).decode() for each in (grant.models, grant.dialects, grant.operations, grant.networks)
    ]
    values = (key_id, user.id, grant.kind, grant.name, shown_form(secret), *lists, by.at, by.name, grant.expires)
    database.execute(
        "INSERT INTO key (id, user, kind, name, shown, models, dialects, operations, networks, created, created_by,"
        " expires, cut) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0)",
        values,
    )
    _insert_digest(database, secret, key_id)
    note(database, by, "keys.create", key_id, user=user.name, grant=msgspec.to_builtins(grant))
    return NewKey(find_key(database, key_id), Secret(secret))


def _check_grant(grant: KeyGrant, now: float) -> None:
    """See that a grant names nothing that does not exist, and has not expired already."""
    if len(grant.name) > _LONGEST_NAME or not grant.name.isprintable():
        raise Failure(Kind.INVALID, f"a key's name has at most {_LONGEST_NAME} printable characters", code="bad_name")
    unknown = [one for one in grant.operations if one not in OPERATIONS]
    if unknown:
        message = f"'{unknown[0]}' is no operation; there are {', '.join(OPERATIONS)}"
        raise Failure(Kind.INVALID, message, code="bad_scope", param="operations")
    for network in grant.networks:
        try:
            ip_network(network)
        except ValueError as error:
            raise Failure(Kind.INVALID, str(error), code="bad_scope", param="networks") from error
    if grant.expires is not None and grant.expires <= now:
        raise Failure(Kind.INVALID, "the key would have expired already", code="bad_scope", param="expires")
    if grant.expires is not None and grant.expires > LATEST:
        raise Failure(Kind.INVALID, "that is after the year 9999", code="bad_scope", param="expires")


def find_key(database: "sqlite3.Connection", name: str) -> TeamKey:
    """The key with that id, or the only one with that shown form or name that is not revoked.

    Raises:
        Failure: there is none, or more than one.
    """
    found = _select(database, "key.id = ?", (name,))
    if not found:
        found = _select(database, "(shown = ? OR key.name = ?) AND revoked IS NULL", (name, name))
    if not found:
        raise Failure(Kind.NOT_FOUND, f"there is no key '{name}'; `passenger keys list` has them", code="no_key")
    if len(found) > 1:
        message = f"{len(found)} keys are called '{name}'; say which by the id that `passenger keys list` shows"
        raise Failure(Kind.INVALID, message, status=409, code="ambiguous_key")
    return found[0]


def list_keys(database: "sqlite3.Connection", user: str | None = None) -> list[TeamKey]:
    """All keys, or those of one person, the oldest first; revoked ones, too."""
    if user is None:
        return _select(database, "1", ())
    return _select(database, "user = ?", (find_user(database, user).id,))


def rotate_key(database: "sqlite3.Connection", by: Author, name: str, grace: int) -> NewKey:
    """Give a key another secret; the one before is good for `grace` seconds more.

    Raises:
        Failure: there is no such key, or it was revoked.
    """
    key = _find_usable(database, name, by)
    secret = make_key(key.kind)
    until = by.at + grace
    database.execute("DELETE FROM key_digest WHERE key = ? AND until IS NOT NULL AND until <= ?", (key.id, by.at))
    database.execute("UPDATE key_digest SET until = min(coalesce(until, ?), ?) WHERE key = ?", (until, until, key.id))
    _insert_digest(database, secret, key.id)
    database.execute("UPDATE key SET shown = ? WHERE id = ?", (shown_form(secret), key.id))
    note(database, by, "keys.rotate", key.id, user=key.user_name, grace=grace, before=key.shown)
    return NewKey(find_key(database, key.id), Secret(secret))


def revoke_key(database: "sqlite3.Connection", by: Author, name: str, *, cut: bool = False) -> TeamKey:
    """Refuse a key from now on; with `cut` the answers that it has running end, too."""
    key = find_key(database, name)
    database.execute(
        "UPDATE key SET revoked = coalesce(revoked, ?), cut = max(cut, ?) WHERE id = ?", (by.at, int(cut), key.id)
    )
    note(database, by, "keys.revoke", key.id, user=key.user_name, now=cut)
    return find_key(database, key.id)


def end_run(database: "sqlite3.Connection", by: Author, name: str) -> None:
    """Revoke the key of a run of `passenger launch`, and forget those of runs that ended a month ago."""
    key = revoke_key(database, by, name)
    old = "SELECT id FROM key WHERE user = ? AND name LIKE 'launch %' AND coalesce(revoked, expires) < ?"
    values = (key.user, by.at - RUNS_KEPT)
    database.execute(f"DELETE FROM key_digest WHERE key IN ({old})", values)  # noqa: S608 - our own text
    database.execute(f"DELETE FROM key WHERE id IN ({old})", values)  # noqa: S608 - our own text


def note_used(database: "sqlite3.Connection", used: Iterable[tuple[str, int]]) -> None:
    """Note when keys were used last, as pairs of id and Unix seconds."""
    database.executemany(
        "UPDATE key SET last_used = max(coalesce(last_used, 0), ?) WHERE id = ?", [(at, key) for key, at in used]
    )


def _find_usable(database: "sqlite3.Connection", name: str, by: Author) -> TeamKey:
    key = find_key(database, name)
    state = key.state(by.now)
    if state != "active":
        raise Failure(Kind.INVALID, f"the key {key.shown} is {state}", status=409, code="key_not_active")
    return key


def _insert_digest(database: "sqlite3.Connection", secret: str, key: str) -> None:
    database.execute("INSERT INTO key_digest (digest, key) VALUES (?, ?)", (digest_of(secret.encode()), key))


def _select(database: "sqlite3.Connection", where: str, values: Sequence[object]) -> list[TeamKey]:
    rows = database.execute(
        f"SELECT {_COLUMNS} FROM key JOIN user ON user.id = key.user WHERE {where} ORDER BY key.created, key.id",  # noqa: S608 - our own text
        values,
    )
    names = [column[0] for column in rows.description]
    return [_key(dict(zip(names, row, strict=True))) for row in rows]


def _key(row: dict[str, Any]) -> TeamKey:
    lists = {name: msgspec.json.decode(row[name]) for name in ("models", "dialects", "operations", "networks")}
    return msgspec.convert({**row, **lists, "cut": bool(row["cut"])}, TeamKey)
