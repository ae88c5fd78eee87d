"""Whether there is memory to spare, as Linux says it."""

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


def test_there_is_an_answer_on_this_machine() -> None:
    assert has_room() in {True, False}
