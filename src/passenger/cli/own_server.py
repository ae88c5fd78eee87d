"""A server of our own for one run of a client: started on a free port, and ended with the run, however that ends."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from passenger.cli.exits import FAILED, LOGIN_NEEDED

STARTING = 60.0
"""Seconds that it may take to listen."""

LOOK = 0.02
"""Seconds between two looks into its log."""

ENDING = 5.0
"""Seconds that it may take to stop."""

KEPT_LOGS = 5

_ADDRESS = re.compile(r"http://127\.0\.0\.1:(\d+)")


class NotStartedError(Exception):
    """It did not start; the message is its own, `code` the one that it exited with."""

    def __init__(self, message: str, code: int = FAILED) -> None:
        super().__init__(message)
        self.code = code


@contextmanager
def own_server(arguments: Sequence[str], environ: Mapping[str, str], log: Path) -> Iterator[int]:
    """Run `passenger` with these arguments, its log in a file, and give the port that it listens at.

    Raises:
        NotStartedError: it ended, or does not listen.
    """
    forget(log.parent)
    with open(log, "xb", opener=_private) as file:
        process = subprocess.Popen(  # noqa: S603 - this interpreter
            [sys.executable, "-P", "-m", "passenger.cli.attended", *arguments],
            env={**environ, "PASSENGER_LOG": "info", "NO_COLOR": "1"},
            stdin=subprocess.PIPE,
            stdout=file,
            stderr=file,
            start_new_session=True,  # Ctrl-C in the terminal is the client's
        )
    try:
        yield _port(process, log)
    finally:
        _end(process)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _port(process: "subprocess.Popen[bytes]", log: Path) -> int:
    """The port in the first address that it says it listens at."""
    until = time.monotonic() + STARTING
    while time.monotonic() < until:
        ended = process.poll()
        said = log.read_text(encoding="utf-8", errors="replace")
        if found := _ADDRESS.search(said):
            return int(found[1])
        if ended is not None:
            raise NotStartedError(_last(said), ended if ended == LOGIN_NEEDED else FAILED)
        time.sleep(LOOK)
    raise NotStartedError(f"it has not begun to listen after {STARTING:.0f} s; its log is {log}")


def _last(said: str) -> str:
    lines = [line for line in said.splitlines() if line.strip()]
    return lines[-1].removeprefix("passenger: ") if lines else "it said nothing"


def _end(process: "subprocess.Popen[bytes]") -> None:
    assert process.stdin is not None  # noqa: S101 - it was asked for above
    process.stdin.close()
    with suppress(subprocess.TimeoutExpired):
        process.wait(ENDING)
        return
    process.kill()
    process.wait()


def forget(directory: Path, now: float | None = None) -> None:
    """Remove all logs but the newest, and those that a server may be starting with; other launches do the same."""
    logs = sorted((changed, path) for path in directory.glob("server-*.log") if (changed := _changed(path)) is not None)
    for changed, old in logs[: -KEPT_LOGS + 1]:
        if (time.time() if now is None else now) - changed > 2 * STARTING:
            old.unlink(missing_ok=True)


def _changed(path: Path) -> float | None:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return None
