"""Which key belongs to whom: a frozen picture of the team file, replaced as a whole when that changes.

What it holds is never written back, so that a request which is on its way cannot bring a revoked key to life again.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from msgspec import Struct, field

from passenger.account.principal import Principal, PrincipalRole
from passenger.account.scope_limits import ScopeLimits
from passenger.team.key_format import LENGTH, KeyKind, digest_of
from passenger.team.keys import TeamKey, list_keys
from passenger.team.limits import ALL, limits_of
from passenger.team.users import LOCAL, TeamUser, list_users

if TYPE_CHECKING:
    import sqlite3


class HeldKey(Struct, frozen=True):
    """A key that is accepted, until its end."""

    principal: Principal
    kind: KeyKind
    until: float
    """Unix seconds; infinite for one without an end."""


class KeyRing(Struct, frozen=True):
    """All accepted keys by the digest of each."""

    held: Mapping[bytes, HeldKey] = field(default_factory=dict)
    cut: frozenset[str] = frozenset()
    """The ids of keys whose running answers are to end."""
    users: Mapping[str, TeamUser] = field(default_factory=dict)
    """The people by their ids."""

    def find(self, key: bytes, now: float) -> HeldKey | None:
        """The key that was presented, None for one that is not accepted now."""
        held = self.held.get(digest_of(key)) if len(key) == LENGTH else None
        return held if held is not None and now < held.until else None


def read_key_ring(database: "sqlite3.Connection") -> KeyRing:
    """The picture of the file as it is, in one read transaction."""
    database.execute("BEGIN")
    try:
        users = {user.id: user for user in list_users(database)}
        keys = {key.id: key for key in list_keys(database)}
        limits = limits_of(database)
        rows = database.execute("SELECT digest, key, until FROM key_digest").fetchall()
    finally:
        database.execute("ROLLBACK")
    held = {
        digest: HeldKey(_principal(key, user, limits), key.kind, _end(key, until))
        for digest, key_id, until in rows
        if (key := keys[key_id]).revoked is None
        if (user := users.get(key.user)) is not None and user.disabled is None
    }
    return KeyRing(held, frozenset(key.id for key in keys.values() if key.revoked is not None and key.cut), users)


def _principal(key: TeamKey, user: TeamUser, limits: Mapping[str, ScopeLimits]) -> Principal:
    scopes = (f"key:{key.id}", f"user:{user.id}", ALL)
    return Principal(
        user.name,
        tag=key.name.rpartition(" ")[2] if user.name == LOCAL and key.name.startswith("launch ") else "",
        user=user.id,
        key=key.id,
        shown=key.shown,
        role=_role(key, user),
        scope=key.scope,
        limits=tuple(limits[scope] for scope in scopes if scope in limits),
    )


def _role(key: TeamKey, user: TeamUser) -> PrincipalRole:
    if key.kind == "admin":
        return "admin"
    return "operator" if user.name == LOCAL else "member"


def _end(key: TeamKey, until: int | None) -> float:
    ends = [float(end) for end in (key.expires, until) if end is not None]
    return min(ends, default=float("inf"))
