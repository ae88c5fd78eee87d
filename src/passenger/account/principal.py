"""Who asks, as far as the guard has found out."""

from msgspec import Struct


class Principal(Struct, frozen=True):
    """Somebody who was let in. `name` is for logs and for what is kept apart by it; it is never a key itself."""

    name: str
    is_known: bool = True
    """Whether they may be told more than a stranger."""
    tag: str = ""
    """The run of `passenger launch` that they belong to."""


ANYONE = Principal("anyone")
"""Who asks a server that wants no key."""

STRANGER = Principal("stranger", is_known=False)
"""Who shows no key where one is wanted, and asks for what is open to all."""
