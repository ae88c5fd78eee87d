"""Fix-ups that Copilot's wire needs where a request is relayed, a module for each dialect that Copilot speaks.

Each fix-up is one function: the reason, the date it was last seen, and a test by its name. It can be deleted the day
its reason is gone.
"""

from collections.abc import Mapping
from typing import Protocol

from passenger.body import Body
from passenger.chat import Abilities, Ask, Stamp, Usage
from passenger.dialects import Relay


class Quirks(Protocol):
    """What relaying in one dialect needs."""

    def prepare(self, body: Body, ask: Ask, able: Abilities) -> tuple[Mapping[str, str], tuple[str, ...]]:
        """Edit a request that goes up; give back headers of its own and the names of what was left out.

        Raises:
            Failure: Copilot cannot do what it asks for; `param` names the field.
        """
        ...

    def relay(self, ask: Ask, stamp: Stamp) -> Relay:
        """What passes a stream on."""
        ...

    def complete(self, data: bytes, model: str, stamp: Stamp) -> tuple[bytes, Usage | None]:
        """A whole answer as the client gets it, the very same bytes where nothing is missing, and what it used.

        Raises:
            msgspec.MsgspecError: it is not JSON, or not of an answer's shape.
        """
        ...
