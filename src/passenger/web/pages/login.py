"""The device login as the page offers it: by whom it may be started, and what there is to be seen of it."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a device login has come: `code` is there once GitHub has given one, `error` once it has failed."""

    running: bool = False
    code: str | None = None
    url: str | None = None
    left: float | None = None
    """Seconds that the code is still good for."""
    error: str | None = None


class DeviceLogin(Protocol):
    """A login in the server, one at a time, whichever worker is asked."""

    def progress(self) -> Progress:
        """How far the last one has come."""
        ...

    async def start(self) -> None:
        """Begin one, unless one is running."""
        ...

    async def cancel(self) -> None:
        """Give up the one that is running."""
        ...
