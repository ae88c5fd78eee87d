"""A server that is one of several workers: it tells its supervisor that it serves, and stops when that says so."""

import asyncio
import contextlib
import os
import signal
import socket
from dataclasses import dataclass
from types import FrameType
from typing import Any

from passenger.web.roster import Roster
from passenger.web.server import Server

STOP, HURRY = b"s", b"h"
"""The supervisor's orders: stop in good order, and at once. The end of the pipe, when it has died, is to stop, too."""


@dataclass(frozen=True, slots=True)
class Place:
    """A worker's place among the others: its number from 0, and two pipes: its orders, what wakes its supervisor."""

    roster: Roster
    number: int
    orders: int
    bell: int

    def enter(self) -> None:
        """Tell all others that this worker serves."""
        self.roster.enter(self.number)
        with contextlib.suppress(OSError):  # the supervisor is gone, or the bell rings already
            os.write(self.bell, b"\0")

    def leave(self) -> None:
        """Tell the other workers that it does not any more."""
        self.roster.leave(self.number)


class WorkerServer(Server):
    """Takes no Ctrl-C, which a terminal sends to the whole group, and no second SIGTERM, as service managers do."""

    signals = (signal.SIGTERM,)

    def __init__(self, place: Place, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._place = place

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to serve and to listen to orders."""
        await super().startup(sockets)
        os.set_blocking(self._place.orders, False)
        asyncio.get_running_loop().add_reader(self._place.orders, self._obey)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Leave the others, then stop as any server does."""
        self._place.leave()
        await super().shutdown(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop in good order."""
        self.should_exit = True

    def _obey(self) -> None:
        told = os.read(self._place.orders, 64)
        self.should_exit = True
        if HURRY in told:
            self.hurry()
        if not told:
            asyncio.get_running_loop().remove_reader(self._place.orders)
