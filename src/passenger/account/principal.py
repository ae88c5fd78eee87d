"""Who asks, as the guard has identified them."""

from msgspec import Struct


class Principal(Struct, frozen=True):
    """Somebody who was admitted. `name` is for logs and for keeping data apart; it is never a key."""

    name: str
    is_known: bool = True
    """Whether they may be told more than a stranger."""
    tag: str = ""
    """The run of `passenger launch` that they belong to."""


ANYONE = Principal("anyone")
"""Everybody, on a server without keys."""

STRANGER = Principal("stranger", is_known=False)
"""Somebody without a key who asks for an open path of a server with keys."""
