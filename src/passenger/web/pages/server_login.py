"""The server's own device login, as the page wants to see it."""

from collections.abc import Callable
from dataclasses import dataclass

from passenger.account.device_login import DeviceLogin
from passenger.web.pages.login import Progress


@dataclass(frozen=True)
class ServerLogin:
    """Turns states into progress, and points in time into seconds that are left."""

    login: DeviceLogin
    clock: Callable[[], float]

    def progress(self) -> Progress:
        """How far the last one has come."""
        state = self.login.state()
        left = None if state.expires is None else max(0.0, state.expires - self.clock())
        return Progress(state.under_way, state.code, state.url, left, state.error)

    async def start(self) -> None:
        """Begin one, unless one is running."""
        await self.login.start()

    async def cancel(self) -> None:
        """Give up the one that is running."""
        self.login.cancel()
