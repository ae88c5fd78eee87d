"""Memory that was freed is the system's again, whatever lies between; a little of it is kept."""

import asyncio
import sys

import pytest

from tests.proxy import PATIENCE

SMALL_BETWEEN_LARGE = """
import re, sys
from passenger.server.process.allocator import give_back

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


COPIES_OF_BODIES = """
import resource
from passenger.server.process.allocator import give_back

def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

def request():
    [bytes(b"x" * 100_000) for _ in range(25)]

give_back()
request()
before = faults()
for _ in range(100):
    request()
print(faults() - before)
"""


async def _said_by(program: str) -> list[int]:
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", program, stdout=asyncio.subprocess.PIPE)
    async with asyncio.timeout(PATIENCE):
        said, _ = await process.communicate()
    return [*map(int, said.split())]


@pytest.mark.proves("promise 8")
async def test_large_bodies_that_are_gone_leave_no_memory_behind() -> None:
    held, left = await _said_by(SMALL_BETWEEN_LARGE)
    assert held > 90_000
    assert left < 5_000


async def test_memory_of_a_request_serves_the_next_one() -> None:
    [faults] = await _said_by(COPIES_OF_BODIES)
    assert faults < 1000, "a page of 4 KB each time would be 60,000"
