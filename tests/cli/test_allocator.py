"""Memory that was freed is the system's again, whatever lies between."""

import asyncio
import sys

import pytest

from tests.proxy import PATIENCE

SMALL_BETWEEN_LARGE = """
import re, sys
from passenger.cli.allocator import give_back

def resident_kb():
    return int(re.search(r"VmRSS:\\s+(\\d+) kB", open("/proc/self/status").read())[1])

def large():
    made = bytearray(1_000_000)
    made[::1000] = b"x" * 1000  # each page is there once it is written
    return made

give_back()
bytearray(24_000_000)  # freed at once; from here on glibc would keep anything smaller in its heap
before = resident_kb()
pairs = [(large(), bytearray(2000)) for _ in range(100)]
between = resident_kb()
kept = [small for _, small in pairs]
del pairs
print(between - before, resident_kb() - before)
"""


@pytest.mark.proves("promise 8")
async def test_large_bodies_that_are_gone_leave_no_memory_behind() -> None:
    command = [sys.executable, "-c", SMALL_BETWEEN_LARGE]
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    async with asyncio.timeout(PATIENCE):
        said, _ = await process.communicate()
    held, left = map(int, said.split())
    assert held > 90_000
    assert left < 5_000
