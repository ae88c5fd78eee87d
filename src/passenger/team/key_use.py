"""When each key of a team was used last: noted with each request, written once a minute and at the end."""

import asyncio
import contextlib
import time
from collections.abc import Callable
from pathlib import Path

from passenger.errors import Failure
from passenger.exchange import Exchange
from passenger.team.keys import note_used
from passenger.team.team_file import change_existing

INTERVAL = 60.0
"""Minimum seconds between two writings."""


class KeyUse:
    """An observer of finished exchanges. What cannot be written is noted again with the next request."""

    def __init__(self, path: Path, clock: Callable[[], float] = time.time) -> None:
        self._path = path
        self._clock = clock
        self._used: dict[str, int] = {}
        self._due = 0.0
        self._writing: asyncio.Future[None] | None = None

    def __call__(self, exchange: Exchange) -> None:
        """Note the key of an exchange."""
        if exchange.principal is None or not exchange.principal.key:
            return
        now = self._clock()
        self._used[exchange.principal.key] = int(now)
        if now >= self._due and (self._writing is None or self._writing.done()):
            self._due = now + INTERVAL
            self._writing = asyncio.get_running_loop().run_in_executor(None, self.write)

    def write(self) -> None:
        """Write what was noted. It waits for the disk."""
        used, self._used = self._used, {}
        if used:
            with contextlib.suppress(Failure):  # a damaged file is told by whoever reads it
                change_existing(self._path, lambda database: note_used(database, used.items()))

    async def aclose(self) -> None:
        """Write the rest."""
        if self._writing is not None:
            await self._writing
        await asyncio.to_thread(self.write)
