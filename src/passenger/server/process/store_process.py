"""The process that has the store of all workers: forked by their supervisor, and started anew where it ends."""

import contextlib
import functools
import logging
import math
import os
import shutil
import signal
import socket
import tempfile
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

STORE_BEAT = 127
"""Its heartbeat in the pipe that wakes its supervisor: between the numbers of signals and those of workers."""

LONGEST = 100
"""Bytes of the path of a Unix socket that every system allows (108 on Linux, 104 on macOS, with a NUL)."""

SHORT = "/tmp"  # noqa: S108 - the directory in it is made for its user alone


class StoreProcess:
    """Has a Unix socket in a directory of its own, which only its user can enter; `serve` serves on it in the child.

    `serve` is given the socket, the pipe of orders, whose end tells it to stop, and what sends a heartbeat.
    The supervisor's clock is passed in as `now`.
    """

    def __init__(
        self,
        serve: Callable[[socket.socket, int, Callable[[], None]], None],
        sockets: list[socket.socket],
    ) -> None:
        self._serve = serve
        self._sockets = sockets
        self._supervisor = os.getpid()
        self._directory = _make_directory()
        self.path = str(self._directory / "store")
        self._listening = socket.socket(socket.AF_UNIX)
        self._listening.bind(self.path)
        self._listening.listen(BACKLOG)
        self.pid = 0
        self._orders = -1
        self._due = 0.0
        self._heard = 0.0
        """The time of its last heartbeat."""

    # --- starting ----------------------------------------------------------------------------------------------------

    @property
    def due(self) -> float:
        """When it is to be started, infinite while it runs."""
        return math.inf if self.pid else self._due

    def start(self, now: float, wake_fd: int, prepare_child: Callable[[], None]) -> None:
        """Start it. `prepare_child` is called in the child. What prevents it is logged, and tried again."""
        reading, writing = os.pipe()
        try:
            self.pid = os.fork()
        except OSError as error:
            os.close(reading)
            os.close(writing)
            self._postpone(now, f"the store of conversations cannot be started: {error.strerror}")
            return
        self._orders = writing
        if self.pid:
            os.close(reading)
            self._heard = now
            return
        self._run(reading, wake_fd, prepare_child)

    def _run(self, orders: int, wake_fd: int, prepare_child: Callable[[], None]) -> NoReturn:
        code = FAILED
        try:
            prepare_child()
            self.close_orders()
            with contextlib.suppress(OSError):
                Path("/proc/self/comm").write_text(NAME)
            for one in self._sockets:
                one.close()
            self._serve(self._listening, orders, functools.partial(_beat, wake_fd))
            code = OK
        except BaseException:
            log.exception("the store of conversations has failed")
        finally:
            # Told to stop, it is not started again: where its supervisor was killed, nobody else removes anything. One
            # that is being killed is still the parent for a moment after its end of the pipe is closed.
            if code == OK or os.getppid() != self._supervisor:
                self._remove()
            logging.shutdown()
            os._exit(code)

    def close_orders(self) -> None:
        """Close the end that tells it to stop: to stop it, and in every child, so that it notices a dead supervisor."""
        if self._orders >= 0:
            os.close(self._orders)
        self._orders = -1

    def note_beat(self, now: float) -> None:
        """Note a heartbeat."""
        self._heard = now

    # --- ending ------------------------------------------------------------------------------------------------------

    def reap(self, now: float) -> None:
        """Note that it has ended; what it had in memory is lost."""
        if (status := self._ended()) is None:
            return
        code = os.waitstatus_to_exitcode(status)
        how = f"by signal {-code}" if code < 0 else f"with {code}"
        why = f"the store of conversations (process {self.pid}) has ended {how}: what was in its memory is lost"
        self._postpone(now, why)
        self.pid = 0
        self.close_orders()

    def _postpone(self, now: float, why: str) -> None:
        self._due = now + PAUSE
        log.warning("%s; the next one in %.0f s", why, PAUSE)

    def kill_if_silent(self, now: float, seconds: float) -> None:
        """Kill it if it has sent no heartbeat for so long."""
        if self.pid and now - self._heard > seconds:
            log.warning("the store of conversations (process %d) hangs: no sign of life in %.0f s", self.pid, seconds)
            self._heard = now
            self._kill()

    def is_running(self) -> bool:
        """Whether it has yet to end, once it was told to stop."""
        if self._ended() is not None:
            self.pid = 0
        return self.pid > 0

    def close(self) -> None:
        """Kill it where it still runs, and remove its directory."""
        if self.pid:
            log.warning("the store of conversations (process %d) does not stop and is killed", self.pid)
            self._kill()
            os.waitpid(self.pid, 0)
        self._listening.close()
        self._remove()

    def _ended(self) -> int | None:
        """The status with which it has ended."""
        pid, status = os.waitpid(self.pid, os.WNOHANG) if self.pid else (0, 0)
        return status if pid else None

    def _kill(self) -> None:
        with contextlib.suppress(OSError):
            os.kill(self.pid, signal.SIGKILL)

    def _remove(self) -> None:
        shutil.rmtree(self._directory, ignore_errors=True)


def _make_directory() -> Path:
    """A directory of our own, with a path that is short enough for a socket."""
    fits = len(os.fsencode(tempfile.gettempdir())) <= LONGEST - len("/passenger-12345678/store")
    return Path(tempfile.mkdtemp(prefix="passenger-", dir=None if fits else SHORT))


def _beat(wake_fd: int) -> None:
    with contextlib.suppress(OSError):  # the supervisor is gone, or has not listened for long
        os.write(wake_fd, bytes([STORE_BEAT]))
