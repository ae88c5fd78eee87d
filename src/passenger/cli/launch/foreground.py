"""A program that has the terminal while we wait: signals, stopping and its exit code are as if we were not there.

It stays in our process group, so the terminal's own signals (Ctrl-C, Ctrl-Z, a new size) reach it without us.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from types import FrameType

FORWARDED = ("SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2")
OF_THE_TERMINAL = ("SIGINT", "SIGQUIT")
"""Sent by it to the whole process group; forwarded only where it cannot have been the terminal."""

SignalHandler = Callable[[int, FrameType | None], None]

ENDED_BY_SIGNAL = 128
"""What a shell adds to the number of a signal that ended a program."""


def run(command: Sequence[str], environ: Mapping[str, str]) -> int:
    """Run a program to its end, and give its exit code as a shell would."""
    with _signals() as started:
        process = subprocess.Popen(command, env=dict(environ))  # noqa: S603 - the user named it
        started.append(process)
        code = _wait(process)
    return ENDED_BY_SIGNAL - code if code < 0 else code


def _wait(process: "subprocess.Popen[bytes]") -> int:
    """Wait for its end. Where it is stopped we stop too: the shell's job is the two of us."""
    if sys.platform == "win32":
        return process.wait()
    while True:
        _, status = os.waitpid(process.pid, os.WUNTRACED)
        if os.WIFSTOPPED(status):
            os.kill(os.getpid(), signal.SIGSTOP)
            os.kill(process.pid, signal.SIGCONT)
        else:
            process.returncode = os.waitstatus_to_exitcode(status)
            return process.returncode


@contextmanager
def _signals() -> Iterator[list["subprocess.Popen[bytes]"]]:
    """Outlive what is meant for the program, and pass on what only we were sent.

    Handlers, for a program that is started gets the defaults back in their place; what we ignored it would ignore.
    """
    started: list[subprocess.Popen[bytes]] = []

    def handle(number: int, _frame: FrameType | None) -> None:
        if signal.Signals(number).name in FORWARDED or not in_foreground():
            for process in started:
                with suppress(ProcessLookupError):
                    process.send_signal(number)

    def outlive(_number: int, _frame: FrameType | None) -> None:
        pass

    handlers: dict[str, SignalHandler] = dict.fromkeys((*FORWARDED, *OF_THE_TERMINAL), handle) | {"SIGTSTP": outlive}
    before = {number: signal.signal(number, handler) for number, handler in _catchable(handlers)}
    try:
        yield started
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _catchable(handlers: Mapping[str, SignalHandler]) -> Iterator[tuple[signal.Signals, SignalHandler]]:
    """Those that this system has, apart from what was ignored when we were started (`nohup`)."""
    for name, handler in handlers.items():
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
            yield number, handler


def in_foreground() -> bool:
    """Whether we are in the process group that the terminal sends its signals to."""
    try:
        terminal = os.open("/dev/tty", os.O_RDWR)
    except (OSError, AttributeError):
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False
    finally:
        os.close(terminal)
