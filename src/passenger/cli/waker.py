"""Waiting for signals and children without an event loop or a thread; hides the pipe that makes nothing be missed."""

import contextlib
import os
import select
import signal
from collections.abc import Iterator
from types import FrameType, TracebackType

from passenger.web.signals import HANGUP, STOPS, heeded


class Waker:
    """While its block runs, a signal or a byte in `bell` ends `wait`; `stops` are the orders to stop that have come.

    See https://docs.python.org/3/library/signal.html#signal.set_wakeup_fd: what comes before `wait` is not lost.
    """

    def __init__(self) -> None:
        self.stops: list[signal.Signals] = []
        self._heard, self.bell = os.pipe()
        os.set_blocking(self._heard, False)
        os.set_blocking(self.bell, False)

    @property
    def is_insisted_on(self) -> bool:
        """Whether we were told to stop twice; that a terminal has closed is often said twice, and does not count."""
        return len([number for number in self.stops if number is not HANGUP]) > 1

    def wait(self, seconds: float) -> bytes:
        """Wait until something has come, at most so long: what came, a byte for each."""
        select.select([self._heard], [], [], seconds)
        came = b""
        with contextlib.suppress(BlockingIOError):
            while more := os.read(self._heard, 4096):
                came += more
        return came

    @contextlib.contextmanager
    def deaf(self) -> Iterator[None]:
        """Let signals wait until the block is left: around a fork, that they find the new process's own handlers."""
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {*STOPS, signal.SIGCHLD})
        try:
            yield
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def forget(self) -> None:
        """In a forked worker: take no signal until it has handlers of its own, and hear no bell."""
        signal.set_wakeup_fd(-1)
        for number in STOPS:
            signal.signal(number, signal.SIG_IGN)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.close(self._heard)

    def __enter__(self) -> "Waker":
        signal.set_wakeup_fd(self.bell, warn_on_full_buffer=False)
        self._before = {number: signal.signal(number, self._told) for number in (*heeded(STOPS), signal.SIGCHLD)}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(-1)
        os.close(self._heard)
        os.close(self.bell)

    def _told(self, number: int, _frame: FrameType | None) -> None:
        if number in STOPS:
            self.stops.append(signal.Signals(number))
