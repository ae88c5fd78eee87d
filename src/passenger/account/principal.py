"""Who asks, as the guard has identified them."""

from typing import Literal

from msgspec import Struct

from passenger.account.key_scope import KeyScope
from passenger.account.scope_limits import ScopeLimits

PrincipalRole = Literal["member", "operator", "admin"]
"""A `member` of a team sees what is their own; an `operator` sees the server, too; an `admin` administers it, and asks
no model."""


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
    shown: str = ""
    """What may be shown of that key: enough to tell it from others."""
    role: PrincipalRole = "operator"
    """What they may see and do beside asking models for themselves."""
    scope: KeyScope | None = None
    """What the key may be used for; None for everything."""
    limits: tuple[ScopeLimits, ...] = ()
    """The limits that a request counts against, all of which it must keep."""

    @property
    def sees_server(self) -> bool:
        """Whether they may look at what others ask, and at the server itself."""
        return self.is_known and self.role != "member"

    @property
    def owner(self) -> str:
        """Whose what is kept is: the person's, with whichever key they ask, else that of the name."""
        return self.user or self.name


ANYONE = Principal("anyone")
"""Everybody, on a server without keys."""

STRANGER = Principal("stranger", is_known=False)
"""Somebody without a key who asks for an open path of a server with keys."""
