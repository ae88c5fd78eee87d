"""One large body of each hostile shape in each dialect: what it takes of memory, and how long the event loop stands.

Linux alone: the highest resident memory is reset and read through /proc.
"""

import asyncio
import io
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
from benchmarks.process import own_memory_kb

from passenger.simulator import Simulator
from stress.figures import Report
from stress.served import Served, serving
from stress.shapes import WAYS, Shape, Way, shapes

MOST_MEMORY, MOST_CPU = 400.0, 250.0
"""MB of resident memory at most, and milliseconds of CPU between two turns of the loop."""

FRESH = 90.0
"""MB of resident memory beyond which the next body gets a process of its own."""

PATIENCE = 300
"""Seconds that an answer may take."""

JSON = {"content-type": "application/json"}


@dataclass(frozen=True, slots=True)
class Plan:
    """One body of each shape; `way` and `shape` choose among them by a part of their names."""

    mb: float = 31.9
    way: str = ""
    shape: str = ""


@dataclass(frozen=True, slots=True)
class Seen:
    """What became of one body."""

    status: int
    said: str
    seconds: float
    peak_mb: float
    turn_ms: float


@dataclass(slots=True)
class Watched:
    """A process, and the file that its loop's long turns are written to."""

    served: Served
    file: Path

    def turns(self) -> list[float]:
        """The milliseconds of each."""
        return [float(line) for line in self.file.read_text().splitlines()] if self.file.exists() else []

    def forget(self) -> None:
        """Let the highest memory begin anew (proc(5))."""
        Path(f"/proc/{self.served.pid}/clear_refs").write_text("5")

    async def take(self, client: aiohttp.ClientSession, path: str, body: bytes) -> Seen:
        """Send one body."""
        self.forget()
        before, began = len(self.turns()), time.perf_counter()
        async with client.post(self.served.url + path, data=io.BytesIO(body), headers=JSON) as answer:
            said = (await answer.read()).decode("utf-8", "replace")
        seconds = time.perf_counter() - began
        async with client.get(f"{self.served.url}/livez") as alive:
            await alive.read()
        peak = own_memory_kb(self.served.pid, "VmHWM") / 1024
        return Seen(answer.status, said, seconds, peak, max(self.turns()[before:], default=0.0))


async def run(plan: Plan) -> Report:
    """Send them one after the other."""
    report = Report(f"turns: bodies of {plan.mb} MiB; answer, seconds, peak RSS in MB, longest turn in ms of CPU")
    worst: list[Seen] = []
    async with _servers() as (fresh, client):
        watched = await fresh()
        for way, name, shape in _chosen(plan):
            if watched.served.rss_mb > FRESH:
                watched = await fresh()
            seen = await watched.take(client, way.path, await asyncio.to_thread(shape, int(plan.mb * 2**20) - 300))
            worst.append(seen)
            _tell(report, f"{way.name}: {name}", seen)
        report.must(not watched.served.complaints(), f"the log: {watched.served.complaints()[:3]}")
    report.figure("worst peak RSS, MB", max(seen.peak_mb for seen in worst))
    report.figure("longest turn, ms of CPU", max(seen.turn_ms for seen in worst))
    return report


def _chosen(plan: Plan) -> Iterator[tuple[Way, str, Shape]]:
    for way in WAYS.values():
        for name, shape in shapes(way).items():
            if plan.way in way.name and plan.shape in name:
                yield way, name, shape


def _tell(report: Report, name: str, seen: Seen) -> None:
    short = "" if seen.status == 200 else f" {seen.said[:90]!r}"
    print(f"turns: {name}: {seen.status}, {seen.peak_mb:.0f} MB, {seen.turn_ms:.0f} ms", file=sys.stderr, flush=True)
    report.figure(name, f"{seen.status} {seen.seconds:6.2f} {seen.peak_mb:6.0f} {seen.turn_ms:6.0f}{short}")
    report.must(seen.status < 500, f"{name}: {seen.status}")
    report.must(seen.peak_mb <= MOST_MEMORY, f"{name}: {seen.peak_mb:.0f} MB")
    report.must(seen.turn_ms <= MOST_CPU, f"{name}: {seen.turn_ms:.0f} ms between two turns")


@asynccontextmanager
async def _servers() -> AsyncIterator[tuple["_Fresh", aiohttp.ClientSession]]:
    async with AsyncExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        simulator = await stack.enter_async_context(Simulator())
        timeout = aiohttp.ClientTimeout(total=PATIENCE)
        client = await stack.enter_async_context(aiohttp.ClientSession(timeout=timeout))
        fresh = _Fresh(simulator, home, client)
        try:
            yield fresh, client
        finally:
            await fresh.close()


class _Fresh:
    """Starts a process in the place of the last one, with a token and the models."""

    def __init__(self, simulator: Simulator, home: Path, client: aiohttp.ClientSession) -> None:
        self._simulator = simulator
        self._home = home
        self._client = client
        self._stack = AsyncExitStack()

    async def __call__(self) -> Watched:
        await self.close()
        self._simulator.requests.clear()
        file = self._home / "turns"
        program = ("-m", "stress.watched", str(file))
        served = await self._stack.enter_async_context(serving(self._simulator, self._home, program=program))
        body = b'{"model":"gpt-4o","messages":[{"role":"user","content":"hello"}]}'
        watched = Watched(served, file)
        await watched.take(self._client, "/v1/chat/completions", body)
        return watched

    async def close(self) -> None:
        await self._stack.aclose()
        self._stack = AsyncExitStack()
