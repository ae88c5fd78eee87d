"""Where the pieces of a streamed answer go down: a client's connection, a WebSocket, an answer that is kept."""

from typing import Protocol


class Source(Protocol):
    """What the pieces of an answer come from, and can be told to wait."""

    def pause(self) -> None:
        """Stop for now."""
        ...

    def resume(self) -> None:
        """Go on."""
        ...


class Sink(Protocol):
    """Takes pieces, each of them whole messages of the client's dialect, and never makes anybody wait."""

    def piece(self, data: bytes) -> None:
        """Take the next piece; one that nobody is there to take any more is thrown away."""
        ...

    def follow(self, source: Source | None) -> None:
        """From now on let this source wait whenever too much has been taken; None lets nobody wait."""
        ...

    async def drain(self) -> None:
        """Wait until there is room for more: for whoever makes pieces by himself."""
        ...
