"""The signals that tell a process to stop, and a pipe on which they are waited for without an event loop."""

import contextlib
import os
import select
import signal
from collections.abc import Iterable, Iterator
from types import FrameType

HANGUP: signal.Signals | None = getattr(signal, "SIGHUP", None)
"""The terminal has closed. It is often sent twice, by the system and the shell, so it never hurries a stop."""

STOPS: tuple[signal.Signals, ...] = tuple(filter(None, (signal.SIGINT, signal.SIGTERM, HANGUP)))

UNUSED = ("SIGUSR1", "SIGUSR2")
"""They would end the process if they were not ignored."""


def not_ignored(numbers: Iterable[signal.Signals]) -> list[signal.Signals]:
    """These signals, without SIGHUP if the process was started to ignore it, as by `nohup`."""
    return [number for number in numbers if number is not HANGUP or signal.getsignal(number) is not signal.SIG_IGN]


def ignore_unused() -> None:
    """Ignore the signals that have no meaning here."""
    for number in (getattr(signal, name, None) for name in UNUSED):
        if number is not None:
            signal.signal(number, signal.SIG_IGN)


def heed_interrupts() -> None:
    """Let Ctrl-C end the process even if it was started to ignore it, as shells start background jobs."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


class SignalPipe:
    """While its block runs, a signal or a byte in `wake_fd` ends `wait`; `stops` are the orders to stop that have come.

    See https://docs.python.org/3/library/signal.html#signal.set_wakeup_fd: what comes before `wait` is not lost.
    """

    def __init__(self) -> None:
        self.stops: list[signal.Signals] = []
        self._read_fd, self.wake_fd = os.pipe()
        os.set_blocking(self._read_fd, False)
        os.set_blocking(self.wake_fd, False)

    @property
    def was_told_twice(self) -> bool:
        """Whether two signals to stop have come; SIGHUP does not count."""
        return len([number for number in self.stops if number is not HANGUP]) > 1

    def wait(self, seconds: float) -> bytes:
        """Wait for signals or bytes, at most so many seconds; a byte for each that came."""
        select.select([self._read_fd], [], [], seconds)
        came = b""
        with contextlib.suppress(BlockingIOError):
            while more := os.read(self._read_fd, 4096):
                came += more
        return came

    @contextlib.contextmanager
    def blocked(self) -> Iterator[None]:
        """Block signals in this block: around a fork, until the new process has its own handlers."""
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {*STOPS, signal.SIGCHLD})
        try:
            yield
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def reset_in_child(self) -> None:
        """In a forked worker: ignore signals until it has its own handlers, and close the wake_fd."""
        signal.set_wakeup_fd(-1)
        for number in STOPS:
            signal.signal(number, signal.SIG_IGN)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.close(self._read_fd)

    def __enter__(self) -> "SignalPipe":
        signal.set_wakeup_fd(self.wake_fd, warn_on_full_buffer=False)
        self._before = {number: signal.signal(number, self._note) for number in (*not_ignored(STOPS), signal.SIGCHLD)}
        return self

    def __exit__(self, *_error: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(-1)
        os.close(self._read_fd)
        os.close(self.wake_fd)

    def _note(self, number: int, _frame: FrameType | None) -> None:
        if number in STOPS:
            self.stops.append(signal.Signals(number))
