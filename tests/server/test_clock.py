"""A clock that jumps under a serving process, as one that is set, or a machine that slept, has it."""

import importlib.util
import platform
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest

from passenger.simulator import Simulator
from tests.proxy import Proxy, running

LIBRARIES = [
    library
    for spec in [importlib.util.find_spec("libfaketime")]
    if spec is not None
    for place in spec.submodule_search_locations or ()
    for library in Path(place).rglob("libfaketime.so.1")
]
"""What gives a process another time: there is one where its package has a wheel (pyproject.toml)."""

assert LIBRARIES or (sys.platform, platform.machine()) != ("linux", "x86_64")

DAY, YEAR = 86_400, 31_536_000
BODY = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hello"}]}


@dataclass
class Bench:
    """A proxy whose clock is off by what stands in a file; GitHub's own goes on."""

    proxy: Proxy
    simulator: Simulator
    http: aiohttp.ClientSession
    offset: Path

    def jump(self, seconds: int) -> None:
        self.offset.write_text(f"{seconds:+d}\n")

    async def ask(self) -> None:
        for stream in (False, True):
            async with self.http.post(f"{self.proxy.url}/v1/chat/completions", json=BODY | {"stream": stream}) as reply:
                assert reply.status == 200, await reply.text()
                assert not stream or (await reply.text()).endswith("data: [DONE]\n\n")


@asynccontextmanager
async def benched(library: Path, home: Path, http: aiohttp.ClientSession) -> AsyncIterator[Bench]:
    offset = home / "offset"
    env = {
        "LD_PRELOAD": str(library),
        "FAKETIME_TIMESTAMP_FILE": str(offset),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "DONT_FAKE_MONOTONIC": "1",
        "NO_FAKE_STAT": "1",
    }
    async with Simulator() as simulator:
        offset.write_text("+0\n")
        async with running(simulator, home, env=env) as proxy:
            yield Bench(proxy, simulator, http, offset)


@pytest.mark.proves("F10", "promise 4")
@pytest.mark.parametrize("library", LIBRARIES, ids=lambda path: path.name)
@pytest.mark.parametrize("seconds", [DAY, -YEAR])
async def test_a_clock_that_jumps_costs_one_exchange_at_most_and_no_request(
    library: Path, seconds: int, home: Path, http: aiohttp.ClientSession
) -> None:
    async with benched(library, home, http) as bench:
        await bench.ask()
        assert bench.simulator.exchanges == 1
        bench.jump(seconds)
        for _ in range(3):
            await bench.ask()
        assert bench.simulator.exchanges == (2 if seconds > 0 else 1)
        bench.simulator.account.revoke_tokens()
        await bench.ask()
        assert bench.simulator.exchanges == (3 if seconds > 0 else 2)
        bench.jump(0)
        await bench.ask()
        assert not bench.proxy.logged("ERROR")
        assert not bench.proxy.logged("Traceback")
