"""Starts the tokenizer's process before a first count, when no request is served and there is memory to spare.

The memory is that of the machine and of the container around us. See
[cgroup v2](https://docs.kernel.org/admin-guide/cgroup-v2.html#memory-interface-files) and
[/proc/meminfo](https://man7.org/linux/man-pages/man5/proc_meminfo.5.html). Systems other than Linux count as having it.
"""

import asyncio
import contextlib
from collections.abc import Callable
from pathlib import Path

from passenger.tokens.tokenizer import Tokenizer

NEEDED = 512 * 1024 * 1024
"""Bytes that must be left. The process takes 120 MB; under a limit below this it would be missed elsewhere."""

_ROOT = Path("/")


def has_room(root: Path = _ROOT) -> bool:
    """Whether `NEEDED` bytes are left and `ulimit -v` sets no limit; `root` is where the system's files are."""
    left = [_left_in_machine(root), *_left_in_groups(root)]
    return not _is_limited() and all(amount >= NEEDED for amount in left if amount is not None)


def _is_limited() -> bool:
    """Whether a process of ours has a limit of its own (`ulimit -v`)."""
    try:
        import resource  # noqa: PLC0415 - there is none on Windows
    except ImportError:
        return False
    return resource.getrlimit(resource.RLIMIT_AS)[0] != resource.RLIM_INFINITY


def _left_in_machine(root: Path) -> int | None:
    for line in _lines(root / "proc/meminfo"):
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    return None


def _left_in_groups(root: Path) -> list[int | None]:
    """What the limit of each control group that we are in leaves."""
    group = next((line[3:] for line in _lines(root / "proc/self/cgroup") if line.startswith("0::")), "/")
    top = root / "sys/fs/cgroup"
    here = top / group.strip("/")
    above = [here, *here.parents]
    groups = above[: above.index(top) + 1] if top in above else [top]
    old = _left(top / "memory/memory.limit_in_bytes", top / "memory/memory.usage_in_bytes")
    return [*(_left(one / "memory.max", one / "memory.current") for one in groups), old]


def _left(limit: Path, used: Path) -> int | None:
    with contextlib.suppress(ValueError):  # "max": there is none
        return int(_lines(limit)[0]) - int(_lines(used)[0])
    return None


def _lines(path: Path) -> list[str]:
    """The lines of a file, an empty one where it cannot be read."""
    try:
        return path.read_text().splitlines() or [""]
    except (OSError, UnicodeDecodeError):
        return [""]


QUIET = 5.0
"""Seconds after the start: a first request comes before, or is not waited for."""


class Warming:
    """Starts it once, if nothing is served then and there is memory for it."""

    def __init__(self, tokenizer: Tokenizer, *, quiet: float = QUIET, room: Callable[[], bool] = has_room) -> None:
        self._tokenizer = tokenizer
        self._quiet = quiet
        self._room = room
        self._timer: asyncio.TimerHandle | None = None
        self._starting: asyncio.Task[int] | None = None

    def begin(self, idle: Callable[[], bool]) -> None:
        """Do so in a while, if `idle` says then that nothing is served."""
        self._timer = asyncio.get_running_loop().call_later(self._quiet, self._start, idle)

    def _start(self, idle: Callable[[], bool]) -> None:
        if idle() and self._room():
            self._starting = asyncio.get_running_loop().create_task(self._tokenizer.count([]))

    async def close(self) -> None:
        """Begin nothing any more."""
        if self._timer is not None:
            self._timer.cancel()
        if self._starting is not None:
            self._starting.cancel()
            await asyncio.wait([self._starting])
