"""A chat request as it is written for one of Copilot's APIs."""

from collections.abc import Mapping

import msgspec
from msgspec import Struct, field

from passenger.chat.prompt import JSON

IN_WORDS, PARTLY_IN_WORDS = " (in words)", " (partly in words)"
"""What follows the name of something that is asked for in the prompt's text, which nothing enforces."""


def client_field(fields: Mapping[str, str], dropped: str) -> str:
    """The client's name of what the hub's name says was dropped, with any note behind it."""
    name, space, note = dropped.partition(" (")
    return f"{fields.get(name, name)}{space}{note}"


class Encoded(Struct, frozen=True):
    """An encoded request to Copilot."""

    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    dropped: tuple[str, ...] = ()
    vision: bool = False
    """Whether a picture is in a prompt to be counted or embedded; for a chat it is in the `Ask`."""


class UpstreamRequest(Struct, frozen=True):
    """A request to Copilot: the body, headers beyond the usual ones, and the hub's names of what was left out."""

    body: JSON
    headers: Mapping[str, str] = field(default_factory=dict)
    dropped: tuple[str, ...] = ()
    vision: bool = False

    def encoded(self) -> Encoded:
        """The same with its body in bytes."""
        return Encoded(msgspec.json.encode(self.body), self.headers, self.dropped, self.vision)
