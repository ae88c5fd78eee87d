"""A server that is one of several workers: it sends heartbeats to its supervisor and stops when told to."""

import asyncio
import contextlib
import os
import signal
import socket
from dataclasses import dataclass
from types import FrameType
from typing import Any

from passenger.server.process.server import Server
from passenger.server.process.worker_states import WorkerStates

HEARTBEAT = 2.0
"""Seconds between two heartbeats to the supervisor."""

BEAT = 128
"""A heartbeat is this plus the worker's number: more than any signal number, which comes through the same pipe."""

STOP, HURRY = b"s", b"h"
"""The supervisor's orders: stop gracefully, and at once. The end of the pipe means to stop, too."""


@dataclass(frozen=True, slots=True)
class WorkerSlot:
    """A worker's number from 0, the pipe of its orders, and the pipe that wakes its supervisor."""

    worker_states: WorkerStates
    number: int
    orders: int
    wake_fd: int
    is_replacement: bool = False
    """Whether it replaces a worker that has ended."""

    def enter(self) -> None:
        """Record for all workers that this one serves."""
        self.worker_states.enter(self.number)
        self.beat()

    def beat(self) -> None:
        """Send a heartbeat."""
        with contextlib.suppress(OSError):  # the supervisor is gone, or has not listened for long
            os.write(self.wake_fd, bytes([BEAT + self.number]))

    def leave(self) -> None:
        """Record for all workers that this one no longer serves."""
        self.worker_states.leave(self.number)


class WorkerServer(Server):
    """Ignores Ctrl-C and SIGHUP, which a terminal sends to the whole group, and a second SIGTERM."""

    signals: tuple[signal.Signals, ...] = (signal.SIGTERM,)

    def __init__(self, place: WorkerSlot, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._place = place

    async def startup(self, sockets: list[socket.socket]) -> None:
        """Start to serve, to read orders, and to send heartbeats."""
        await super().startup(sockets)
        os.set_blocking(self._place.orders, False)
        loop = asyncio.get_running_loop()
        loop.add_reader(self._place.orders, self._obey)
        self._beat(loop)

    async def shutdown(self) -> None:
        """Record that it no longer serves, then stop as any server does."""
        self._place.leave()
        await super().shutdown()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop gracefully."""
        self.stop()

    def _beat(self, loop: asyncio.AbstractEventLoop) -> None:
        """Send a heartbeat regularly, which shows that the event loop runs."""
        self._place.beat()
        loop.call_later(HEARTBEAT, self._beat, loop)

    def _obey(self) -> None:
        told = os.read(self._place.orders, 64)
        self.stop()
        if HURRY in told:
            self.hurry()
        if not told:
            asyncio.get_running_loop().remove_reader(self._place.orders)
