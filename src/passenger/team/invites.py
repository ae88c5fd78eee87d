"""Links by which people log in to GitHub themselves. Each function runs within a transaction of its caller.

A link is good for a day and for one person, and goes with its use. Only a digest of its secret is stored. The state of
the login that was begun with it is beside it, so that every worker can show the page.
"""

import hashlib
import re
import secrets
from typing import TYPE_CHECKING, Any, Literal

import msgspec
from msgspec import Struct

from passenger.errors import Failure, Kind
from passenger.secret import Secret
from passenger.team.audit import Author, note
from passenger.team.keys import KeyGrant, NewKey, create_key
from passenger.team.seats import bind_seat
from passenger.team.users import find_user

if TYPE_CHECKING:
    import sqlite3

LIFETIME = 86_400
"""Seconds that a link is good for."""

MOST_AT_ONCE = 20
"""Logins that may be under way."""

PATIENCE = 15.0
"""Seconds that the start of a login waits for its code."""

InvitePhase = Literal["new", "starting", "waiting", "failed", "done"]
"""`starting`: GitHub is asked for a code. `waiting`: for a person to enter it. `done`: they have their seat."""

_SHAPE = re.compile(r"psgi_[\w-]{43}", re.ASCII)
_FIELDS = ("digest", "user", "any_github", "until", "attempt", "phase", "ends", "code", "url", "error")
_LONGEST = 500


class Invite(Struct, frozen=True):
    """A link, and the login that was begun with it. Moments are Unix seconds."""

    digest: bytes
    user: str
    """The person's id."""
    name: str
    github_login: str
    """The login that they were added with."""
    any_github: bool
    """Whether another login will do, too."""
    until: int
    attempt: str
    """Identifies the login."""
    phase: InvitePhase
    ends: float
    """When the login is given up: as its code expires."""
    code: str
    url: str
    error: str

    def is_under_way(self, now: float) -> bool:
        """Whether the login may still succeed."""
        return self.phase in {"starting", "waiting"} and now < self.ends


def invite_user(database: "sqlite3.Connection", by: Author, name: str, *, any_github: bool = False) -> Secret:
    """Make the link of a person, in the place of one that they had: its secret, of 32 random bytes."""
    user = find_user(database, name)
    if user.disabled is not None or not user.github_login:
        message = f"'{user.name}' {'is disabled' if user.disabled is not None else 'has no login at GitHub'}"
        raise Failure(Kind.INVALID, message, code="cannot_invite")
    secret = f"psgi_{secrets.token_urlsafe(32)}"
    database.execute("DELETE FROM invite WHERE until <= ? OR user = ?", (by.at, user.id))
    database.execute(
        "INSERT INTO invite (digest, user, any_github, until, attempt, phase, ends, code, url, error)"
        " VALUES (?, ?, ?, ?, '', 'new', 0, '', '', '')",
        (_digest(secret), user.id, any_github, by.at + LIFETIME),
    )
    note(database, by, "users.invite", user.id, name=user.name, any_github=any_github)
    return Secret(secret)


def find_invite(database: "sqlite3.Connection", secret: str, now: float) -> Invite:
    """The link with that secret.

    Raises:
        Failure: there is none: it was used or replaced, has expired, or never was.
    """
    if _SHAPE.fullmatch(secret) is not None:
        found = database.execute(
            f"SELECT {', '.join(f'invite.{field}' for field in _FIELDS)}, name, github_login FROM invite"  # noqa: S608 - our own names
            " JOIN user ON user.id = invite.user AND user.deleted IS NULL AND user.disabled IS NULL"
            " WHERE digest = ? AND until > ?",
            (_digest(secret), now),
        ).fetchone()
        if found is not None:
            return _invite(found)
    message = "this link is not good any more: it was used already, has expired, or was replaced by another"
    raise Failure(Kind.NOT_FOUND, message, code="no_invite")


def begin_login(database: "sqlite3.Connection", secret: str, now: float) -> tuple[Invite, bool]:
    """Begin a login with a link, unless one is under way or done; whether it is now to be made.

    Raises:
        Failure: there is no such link, or too many logins are under way.
    """
    invite = find_invite(database, secret, now)
    if invite.phase == "done" or invite.is_under_way(now):
        return invite, False
    (busy,) = database.execute(
        "SELECT count(*) FROM invite WHERE phase IN ('starting', 'waiting') AND ends > ?", (now,)
    ).fetchone()
    if busy >= MOST_AT_ONCE:
        message = f"{busy} people are logging in just now: try again in a few minutes"
        raise Failure(Kind.UNAVAILABLE, message, code="too_many_logins", retry_after="60")
    database.execute(
        "UPDATE invite SET attempt = ?, phase = 'starting', ends = ?, code = '', url = '', error = '' WHERE digest = ?",
        (secrets.token_hex(8), now + PATIENCE, invite.digest),
    )
    return find_invite(database, secret, now), True


def show_code(database: "sqlite3.Connection", invite: Invite, code: str, url: str, ends: float) -> bool:
    """Note the code of a login, which is given up at `ends`; False if that login does not count any more."""
    return _note(database, invite, "waiting", ends, code=code, url=url)


def fail_login(database: "sqlite3.Connection", invite: Invite, error: str) -> None:
    """Note why a login has failed. The link stays good."""
    _note(database, invite, "failed", 0.0, error=error)


def finish_login(database: "sqlite3.Connection", by: Author, invite: Invite, github_login: str) -> None:
    """Give a person the seat that they have logged in to.

    Raises:
        Failure: the link is not good any more, or the seat is another person's.
    """
    if not _note(database, invite, "done", 0.0):
        raise Failure(Kind.NOT_FOUND, "this link was replaced by another meanwhile", code="no_invite")
    bind_seat(database, by, invite.user, github_login)


def use_invite(database: "sqlite3.Connection", by: Author, secret: str) -> NewKey:
    """Make the key of a person who has logged in, and use the link up.

    Raises:
        Failure: there is no such link, or nobody has logged in with it.
    """
    invite = find_invite(database, secret, by.now)
    if invite.phase != "done":
        raise Failure(Kind.INVALID, "log in to GitHub first", status=409, code="login_first")
    database.execute("DELETE FROM invite WHERE digest = ?", (invite.digest,))
    return create_key(database, by, find_user(database, invite.user), KeyGrant(name="first key"))


def check_joined(invite: Invite, login: str) -> None:
    """See that the login that GitHub has given is the one that a link is for.

    Whoever sends somebody a code of their own would else get that person's seat: device-code phishing.

    Raises:
        Failure: it is another.
    """
    if not login:
        raise Failure(Kind.UPSTREAM, "GitHub does not say who has logged in: nothing was stored", code="login_failed")
    if not invite.any_github and login.lower() != invite.github_login.lower():
        message = (
            f"this link is for {invite.github_login}, and GitHub has logged in {login}: nothing was stored. "
            f"Log in to GitHub as {invite.github_login}, and begin again"
        )
        raise Failure(Kind.FORBIDDEN, message, code="wrong_login")


def _note(
    database: "sqlite3.Connection",
    invite: Invite,
    phase: InvitePhase,
    ends: float,
    *,
    code: str = "",
    url: str = "",
    error: str = "",
) -> bool:
    values = (phase, ends, code[:_LONGEST], url[:_LONGEST], error[:_LONGEST], invite.digest, invite.attempt)
    changed = database.execute(
        "UPDATE invite SET phase = ?, ends = ?, code = ?, url = ?, error = ? WHERE digest = ? AND attempt = ?", values
    )
    return changed.rowcount == 1


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


def _invite(row: Any) -> Invite:
    named = dict(zip((*_FIELDS, "name", "github_login"), row, strict=True))
    return msgspec.convert(named | {"any_github": bool(named["any_github"])}, Invite)
