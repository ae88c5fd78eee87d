"""Whether this machine, or the container that we are in, has memory to spare for a process that may not be needed.

Facts: [cgroup v2](https://docs.kernel.org/admin-guide/cgroup-v2.html#memory-interface-files) and
[/proc/meminfo](https://man7.org/linux/man-pages/man5/proc_meminfo.5.html). Other systems than Linux are believed to
have it.
"""

import contextlib
from pathlib import Path

NEEDED = 512 * 1024 * 1024
"""Bytes that must be left: the process takes 120 MB, and whoever set a limit below this has counted them."""

_ROOT = Path("/")


def has_room(root: Path = _ROOT) -> bool:
    """Whether that much memory is left, and nobody has set a limit; `root` is where the system's files are."""
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
    return [*(_left(one / "memory.max", one / "memory.current") for one in groups), _left_in_old_group(top)]


def _left_in_old_group(top: Path) -> int | None:
    return _left(top / "memory/memory.limit_in_bytes", top / "memory/memory.usage_in_bytes")


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
