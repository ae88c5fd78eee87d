"""A server that is one of several workers: it tells its supervisor that it lives, and stops when that says so."""

import asyncio
import contextlib
import os
import signal
import socket
from dataclasses import dataclass
from types import FrameType
from typing import Any

from passenger.server.server import Server
from passenger.web.roster import Roster

HEARTBEAT = 2.0
"""Seconds between two signs of life that a worker gives its supervisor."""

BEAT = 128
"""A sign of life is this plus the worker's number: more than any signal's number, which comes through the same pipe."""

STOP, HURRY = b"s", b"h"
"""The supervisor's orders: stop in good order, and at once. The end of the pipe, when it has died, is to stop, too."""


@dataclass(frozen=True, slots=True)
class Place:
    """A worker's place among the others: its number from 0, and two pipes: its orders, what wakes its supervisor."""

    roster: Roster
    number: int
    orders: int
    bell: int
    is_replacement: bool = False
    """Whether another had this place before."""

    def enter(self) -> None:
        """Tell all others that this worker serves."""
        self.roster.enter(self.number)
        self.beat()

    def beat(self) -> None:
        """Tell the supervisor that this worker is alive."""
        with contextlib.suppress(OSError):  # the supervisor is gone, or has not listened for long
            os.write(self.bell, bytes([BEAT + self.number]))

    def leave(self) -> None:
        """Tell the other workers that it does not any more."""
        self.roster.leave(self.number)


class WorkerServer(Server):
    """Takes neither Ctrl-C nor SIGHUP, which a terminal sends to the whole group, and no second SIGTERM."""

    signals: tuple[signal.Signals, ...] = (signal.SIGTERM,)

    def __init__(self, place: Place, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._place = place

    async def startup(self, sockets: list[socket.socket]) -> None:
        """Begin to serve, to listen to orders, and to give signs of life."""
        await super().startup(sockets)
        os.set_blocking(self._place.orders, False)
        loop = asyncio.get_running_loop()
        loop.add_reader(self._place.orders, self._obey)
        self._beat(loop)

    async def shutdown(self) -> None:
        """Leave the others, then stop as any server does."""
        self._place.leave()
        await super().shutdown()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop in good order."""
        self.stop()

    def _beat(self, loop: asyncio.AbstractEventLoop) -> None:
        """Show that the event loop turns, for as long as it does."""
        self._place.beat()
        loop.call_later(HEARTBEAT, self._beat, loop)

    def _obey(self) -> None:
        told = os.read(self._place.orders, 64)
        self.stop()
        if HURRY in told:
            self.hurry()
        if not told:
            asyncio.get_running_loop().remove_reader(self._place.orders)
