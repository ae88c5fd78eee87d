"""Who asks, as the guard has identified them."""

from msgspec import Struct

from passenger.account.key_scope import KeyScope
from passenger.account.scope_limits import ScopeLimits


class Principal(Struct, frozen=True):
    """Somebody who was admitted. `name` is for logs and for keeping data apart; it is never a key."""

    name: str
    is_known: bool = True
    """Whether they may be told more than a stranger."""
    tag: str = ""
    """The run of `passenger launch` that they belong to."""
    user: str = ""
    """The id of the person of a team, empty where there is no team."""
    key: str = ""
    """The id of that person's key, empty where there is no team."""
    scope: KeyScope | None = None
    """What the key may be used for; None for everything."""
    limits: tuple[ScopeLimits, ...] = ()
    """The limits that a request counts against, all of which it must keep."""


ANYONE = Principal("anyone")
"""Everybody, on a server without keys."""

STRANGER = Principal("stranger", is_known=False)
"""Somebody without a key who asks for an open path of a server with keys."""
