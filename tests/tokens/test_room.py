"""Whether there is memory to spare, as Linux says it."""

import subprocess
import sys
from pathlib import Path

import pytest

from passenger.tokens.room import NEEDED, has_room

MUCH, LITTLE = str(NEEDED * 2), str(NEEDED - 1)


def system(root: Path, files: dict[str, str]) -> Path:
    """A system's files below a directory."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def available(kibibytes: int) -> str:
    return f"MemTotal:       16000000 kB\nMemAvailable:   {kibibytes} kB\n"


@pytest.mark.parametrize(
    ("files", "room"),
    [
        ({}, True),
        ({"proc/meminfo": available(8_000_000)}, True),
        ({"proc/meminfo": available(400_000)}, False),
        ({"sys/fs/cgroup/memory.max": "max", "sys/fs/cgroup/memory.current": MUCH}, True),
        ({"sys/fs/cgroup/memory.max": MUCH, "sys/fs/cgroup/memory.current": "0"}, True),
        ({"sys/fs/cgroup/memory.max": MUCH, "sys/fs/cgroup/memory.current": MUCH}, False),
        ({"sys/fs/cgroup/memory.max": LITTLE, "sys/fs/cgroup/memory.current": "0"}, False),
        ({"sys/fs/cgroup/memory.max": LITTLE}, True),
        (
            {
                "proc/self/cgroup": "0::/a/b\n",
                "sys/fs/cgroup/a/b/memory.max": LITTLE,
                "sys/fs/cgroup/a/b/memory.current": "0",
            },
            False,
        ),
        (
            {
                "proc/self/cgroup": "0::/a/b\n",
                "sys/fs/cgroup/a/memory.max": LITTLE,
                "sys/fs/cgroup/a/memory.current": "0",
            },
            False,
        ),
        (
            {
                "proc/self/cgroup": "0::/a/b\n",
                "sys/fs/cgroup/c/memory.max": LITTLE,
                "sys/fs/cgroup/c/memory.current": "0",
            },
            True,
        ),
        ({"proc/self/cgroup": "0::/../..\n", "sys/fs/cgroup/memory.max": "max"}, True),
        (
            {
                "sys/fs/cgroup/memory/memory.limit_in_bytes": LITTLE,
                "sys/fs/cgroup/memory/memory.usage_in_bytes": "0",
            },
            False,
        ),
    ],
)
def test_a_limit_that_leaves_little_leaves_no_room(tmp_path: Path, files: dict[str, str], room: bool) -> None:
    assert has_room(system(tmp_path, files)) is room


def test_a_process_with_a_limit_of_its_own_has_none(tmp_path: Path) -> None:
    root = f"Path({str(tmp_path)!r})"
    ask = f"from pathlib import Path; from passenger.tokens.room import has_room; print(has_room({root}))"
    limit = "import resource; resource.setrlimit(resource.RLIMIT_AS, (2**33, resource.RLIM_INFINITY)); "
    said = [subprocess.check_output([sys.executable, "-c", code], text=True).strip() for code in (ask, limit + ask)]
    assert said == ["True", "False"]
