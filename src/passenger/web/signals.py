"""Which signals tell a process that serves to stop, and which tell it nothing. None makes it read anything again."""

import signal
from collections.abc import Iterable

HANGUP: signal.Signals | None = getattr(signal, "SIGHUP", None)
"""The terminal has closed. It is often said twice, by the system and by the shell, and so never hurries anybody."""

STOPS: tuple[signal.Signals, ...] = tuple(filter(None, (signal.SIGINT, signal.SIGTERM, HANGUP)))

UNUSED = ("SIGUSR1", "SIGUSR2")
"""They would kill if they were not ignored, and whoever sends one means no harm."""


def heeded(numbers: Iterable[signal.Signals]) -> list[signal.Signals]:
    """These signals without a hang-up that we were started to survive, as `nohup` does."""
    return [number for number in numbers if number is not HANGUP or signal.getsignal(number) is not signal.SIG_IGN]


def ignore_unused() -> None:
    """Let the signals that mean nothing to us do nothing."""
    for number in (getattr(signal, name, None) for name in UNUSED):
        if number is not None:
            signal.signal(number, signal.SIG_IGN)


def heed_interrupts() -> None:
    """Let Ctrl-C end us though we were started to ignore it, as a shell starts what it puts in the background."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
