"""What the protocol of a WebSocket has its connection do."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StartTurn:
    """Have a request answered, as if it had been posted; its lane waits until that has `ended`."""

    lane: str | None
    body: bytes
    """The request's JSON."""
    previous: str | None = None
    """The `previous_response_id` whose items are in the body already; the response says that it follows it."""


@dataclass(frozen=True, slots=True)
class SendText:
    """Send a text frame."""

    text: bytes


Command = StartTurn | SendText
