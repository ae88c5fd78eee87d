"""The process that has the store of all workers: forked by their supervisor, and started anew where it ends."""

import contextlib
import logging
import os
import shutil
import signal
import socket
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from passenger.server.process.exit_codes import FAILED, OK

log = logging.getLogger(__name__)

PAUSE = 1.0
"""Seconds until it is started again."""

BACKLOG = 128

NAME = "passenger-store"
"""What `ps` shows, on Linux."""


class StoreProcess:
    """Has a Unix socket in a directory of its own, which only its user can enter; `serve` serves on it in the child.

    `serve` is given the socket and the pipe of orders, whose end tells it to stop.
    """

    def __init__(
        self,
        serve: Callable[[socket.socket, int], None],
        sockets: list[socket.socket],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._serve = serve
        self._sockets = sockets
        self._clock = clock
        self._directory = Path(tempfile.mkdtemp(prefix="passenger-"))
        self.path = str(self._directory / "store")
        self._listening = socket.socket(socket.AF_UNIX)
        self._listening.bind(self.path)
        self._listening.listen(BACKLOG)
        self.pid = 0
        self._orders = -1
        self._due = 0.0

    def start_due(self, prepare_child: Callable[[], None]) -> None:
        """Start it, if it does not run and is due. `prepare_child` is called in the child."""
        if self.pid or self._clock() < self._due:
            return
        reading, self._orders = os.pipe()
        self.pid = os.fork()
        if self.pid:
            os.close(reading)
            return
        self._run(reading, prepare_child)

    def _run(self, orders: int, prepare_child: Callable[[], None]) -> NoReturn:
        code = FAILED
        try:
            prepare_child()
            self.close_orders()
            with contextlib.suppress(OSError):
                Path("/proc/self/comm").write_text(NAME)
            for one in self._sockets:
                one.close()
            self._serve(self._listening, orders)
            code = OK
        except BaseException:
            log.exception("the store of conversations has failed")
        finally:
            logging.shutdown()
            os._exit(code)

    def close_orders(self) -> None:
        """In a child: close the end that tells it to stop, so that it notices when the supervisor dies."""
        if self._orders >= 0:
            os.close(self._orders)
        self._orders = -1

    def reap(self) -> None:
        """Note that it has ended; what it had in memory is lost."""
        if not self.pid or os.waitpid(self.pid, os.WNOHANG)[0] == 0:
            return
        log.warning("the store of conversations (process %d) has ended; what was kept in memory is lost", self.pid)
        self.pid = 0
        self.close_orders()
        self._due = self._clock() + PAUSE

    @property
    def due(self) -> float:
        """When it is to be started, infinite while it runs."""
        return float("inf") if self.pid else self._due

    def stop(self, patience: float) -> None:
        """End it once the workers have ended, and remove its directory. It is killed if it takes longer."""
        self.close_orders()
        deadline = time.monotonic() + patience
        while self.pid and os.waitpid(self.pid, os.WNOHANG)[0] == 0:
            if time.monotonic() > deadline:
                with contextlib.suppress(OSError):
                    os.kill(self.pid, signal.SIGKILL)
                os.waitpid(self.pid, 0)
                break
            time.sleep(0.01)
        self.pid = 0
        self._listening.close()
        shutil.rmtree(self._directory, ignore_errors=True)
