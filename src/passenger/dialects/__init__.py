"""The wire formats that clients speak (`Inbound`) and that Copilot speaks (`Outbound`), as pure functions.

A dialect is a module of this package that satisfies one or both Protocols; it never imports another dialect.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from passenger.chat import Ask, Usage
from passenger.errors import Failure


@dataclass(frozen=True, slots=True)
class Request:
    """What arrived: the body as it came, what the path named, and the headers by lower-case name."""

    body: bytes
    path_params: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)


class Relay(Protocol):
    """Passes one stream on event by event, and knows whether it ended well."""

    failure: Failure | None
    """What upstream itself said went wrong in the middle of the stream."""
    done: bool
    """Whether the terminator has gone down: nothing that matters follows."""

    @property
    def usage(self) -> Usage | None:
        """What the stream said it used, so far."""
        ...

    def event(self, raw: bytes) -> bytes:
        """What goes down for one raw event; a Failure where the stream is broken."""
        ...

    def end(self, tail: bytes) -> bytes:
        """What goes down when upstream has ended; a Failure where the answer is not complete."""
        ...


class Inbound(Protocol):
    """A dialect as a client speaks it to us."""

    NAME: str

    def peek(self, request: Request) -> Ask:
        """The facts of a request, or a Failure that names the field at fault."""
        ...

    def write_failure(self, failure: Failure) -> bytes:
        """The body of an error answer."""
        ...

    def write_break(self, failure: Failure) -> bytes:
        """The event that ends a stream which has broken; no normal terminator follows it."""
        ...
