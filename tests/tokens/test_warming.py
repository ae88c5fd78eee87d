"""The tokenizer is there before anybody has asked, and only where that harms nobody."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from passenger.tokens.tokenizer import Tokenizer
from passenger.tokens.warming import NEEDED, Warming, has_room
from tests.proxy import eventually


@pytest.fixture
async def tokenizer() -> AsyncIterator[Tokenizer]:
    """One that lets its process go at the end."""
    tokenizer = Tokenizer()
    yield tokenizer
    await tokenizer.close()


async def test_the_process_is_started_where_nothing_is_served(tokenizer: Tokenizer) -> None:
    warming = Warming(tokenizer, quiet=0, room=lambda: True)
    warming.begin(lambda: True)
    process = await eventually(lambda: tokenizer._process)
    assert await tokenizer.count(["hello world"]) == 2
    assert tokenizer._process is process
    await warming.close()


@pytest.mark.parametrize(("idle", "room"), [(False, True), (True, False)])
async def test_it_is_not_where_something_is_served_or_memory_is_short(
    tokenizer: Tokenizer, idle: bool, room: bool
) -> None:
    asked = asyncio.Event()

    def told() -> bool:
        asked.set()
        return idle

    warming = Warming(tokenizer, quiet=0, room=lambda: room)
    warming.begin(told)
    await asked.wait()
    await warming.close()
    assert tokenizer._process is None


async def test_a_count_that_comes_first_starts_the_only_one(tokenizer: Tokenizer) -> None:
    warming = Warming(tokenizer, quiet=0, room=lambda: True)
    warming.begin(lambda: True)
    first = await tokenizer.count(["hello world"])
    process = tokenizer._process
    counts = await asyncio.gather(*(tokenizer.count(["hello world"]) for _ in range(3)))
    assert (first, counts, tokenizer._process) == (2, [2, 2, 2], process)
    await warming.close()


@pytest.mark.proves("F50")
async def test_an_end_in_the_middle_of_it_leaves_no_process(tokenizer: Tokenizer) -> None:
    warming = Warming(tokenizer, quiet=0, room=lambda: True)
    warming.begin(lambda: True)
    process = await eventually(lambda: tokenizer._process)
    await warming.close()
    await tokenizer.close()
    assert process.returncode is not None


async def test_an_end_before_it_begins_nothing(tokenizer: Tokenizer) -> None:
    warming = Warming(tokenizer, room=lambda: True)
    await warming.close()
    warming.begin(lambda: True)
    await warming.close()
    assert tokenizer._process is None


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
    ask = f"from pathlib import Path; from passenger.tokens.warming import has_room; print(has_room({root}))"
    limit = "import resource; resource.setrlimit(resource.RLIMIT_AS, (2**33, resource.RLIM_INFINITY)); "
    said = [subprocess.check_output([sys.executable, "-c", code], text=True).strip() for code in (ask, limit + ask)]
    assert said == ["True", "False"]
