"""`soak`: hours of everything at once, in minutes: all dialects, streams and not, mishaps, hang-ups, dying tokens."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import aiohttp
from benchmarks.process import child

from passenger.simulator import Simulator
from stress.churn import Client, Draw, Tally
from stress.figures import Report, settled, slope
from stress.probe import FRAMES, SOCKET, ask, grown
from stress.served import Served, eventually, serving

SETTLES = 60.0
"""Seconds until even idle connections upstream have been given up, with some to spare."""

PATIENCE = 120.0
"""Seconds after which a request that nobody gave up has failed."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How long, with how many clients at a time, how often something goes wrong, and with which random numbers.

    A Copilot token is good for 90 seconds and renewed after 20; every `revoke` seconds it dies, if it has served.
    Bodies have `smallest` to `largest` bytes, as many of each order of magnitude. With `trace` the process remembers
    that many frames of each allocation, which makes it slow, and what has grown is told by line.
    """

    minutes: float = 20.0
    streams: int = 200
    mishaps: float = 0.2
    hostile: float = 0.1
    smallest: int = 1_000
    largest: int = 2_000_000
    revoke: float = 7.0
    sample: float = 10.0
    seed: int = 4
    trace: int = 0


@dataclass(slots=True)
class Watch:
    """The process from outside: memory (hours, MB), descriptors, and the times of `GET /livez`; by its probe: what is
    in its memory."""

    probe: str
    memory: list[tuple[float, float]] = field(default_factory=list)
    descriptors: list[int] = field(default_factory=list)
    lag: list[float] = field(default_factory=list)
    counts: list[tuple[float, dict[str, float]]] = field(default_factory=list)
    """What is in the memory: see `probe.py`."""
    before: dict[str, dict[str, float]] = field(default_factory=dict)
    """The objects and allocations when half of the time was over."""

    def look(self, served: Served) -> None:
        """Take a sample."""
        hours = asyncio.get_running_loop().time() / 3600
        self.memory.append((hours, served.rss_mb))
        self.counts.append((hours, ask(self.probe, "counts")))
        self.descriptors.append(served.descriptors)


async def run(plan: Plan) -> Report:
    """Churn for so many minutes, then wait until all is quiet."""
    report = Report(f"soak: {plan.minutes:g} minutes, {plan.streams} at a time, {plan.mishaps:.0%} with a mishap")
    tally = Tally()
    with TemporaryDirectory() as home:
        watch = Watch(f"{home}/probe")
        async with (
            Simulator(token_lifetime=90, refresh_in=20, keep=1000) as simulator,
            serving(simulator, Path(home), program=("-m", "stress.probe"), env=_probing(plan, watch)) as served,
        ):
            watch.look(served)
            async with _lag(served, watch), _beside(plan, simulator, served, watch, tally):
                await _churn(plan, served, tally)
            watch.look(served)
            _tell_growth(report, watch)
            await _must_settle(report, plan, simulator)
            watch.look(served)
            _judge_answers(report, tally, simulator)
            _judge_process(report, watch, served)
    return report


def _probing(plan: Plan, watch: Watch) -> dict[str, str]:
    return {SOCKET: watch.probe, FRAMES: str(plan.trace)}


def _tell_growth(report: Report, watch: Watch) -> None:
    """What there is more of than when half of the time was over, each as much as the load of the moment has it."""
    for question, unit in (("types", ""), ("places", " bytes")):
        for name, more in grown(watch.before.get(question, {}), ask(watch.probe, question)):
            report.figure(f"grown since half-time: {name}", f"{more:,.0f}{unit}")


def _judge_answers(report: Report, tally: Tally, simulator: Simulator) -> None:
    by_dialect = ", ".join(f"{name} {count:,}" for name, count in sorted(tally.requests.items()))
    report.figure("requests", tally.requests.total())
    report.figure("by dialect", by_dialect)
    report.figure("of them streams", tally.streams)
    report.figure("of them with a mishap", tally.mishaps)
    report.figure("hostile requests, all refused", tally.refused)
    report.figure("bodies, MB in all", tally.bytes / 1e6)
    report.figure("hang-ups", tally.hang_ups)
    report.figure("answers that say what failed", tally.failures)
    report.figure("answers 401, as the new token had died, too", tally.died_again)
    report.figure("answers that do not fit", len(tally.complaints))
    report.figure("tokens that died / exchanges", f"{tally.deaths} / {simulator.exchanges}")
    report.must(not tally.complaints, f"answers do not fit: {tally.complaints[:5]}")


def _judge_process(report: Report, watch: Watch, served: Served) -> None:
    memory, complaints = [mb for _, mb in watch.memory], served.complaints()
    start, *_, end = watch.descriptors
    shown = f"{memory[0]:.1f} / {max(memory):.1f} / {memory[-1]:.1f}"
    report.figure("memory, MB RSS: start / greatest / end", shown)
    report.figure("memory, slope over the second half, MB/h", slope(settled(watch.memory[1:-2])))
    for name in watch.counts[0][1]:
        values = [(hours, counts[name]) for hours, counts in watch.counts]
        shown = " / ".join(f"{values[at][1]:,.1f}" for at in (0, len(values) // 2, -2, -1))
        report.figure(f"{name}{'' if 'blocks' in name else ', MB'}: start / half / last / quiet", shown)
        report.figure(f"{name}, slope over the second half, an hour", slope(settled(values[1:-2])))
    report.figure("descriptors: start / peak / end", f"{start} / {max(watch.descriptors)} / {end}")
    report.times(f"GET /livez, {len(watch.lag):,} times", watch.lag)
    report.figure("lines of the log with ERROR", len(complaints))
    report.must(not complaints, f"errors in the log: {complaints[:3]}")


async def _must_settle(report: Report, plan: Plan, simulator: Simulator) -> None:
    """Nothing is asked upstream any more, and, unless the soak was a short one, in the end nothing is connected."""
    quiet = await eventually(lambda: simulator.active == 0, 10)
    empty = plan.minutes < 1 or await eventually(lambda: simulator.connections == 0, SETTLES)
    report.figure("requests / connections left upstream", f"{simulator.active} / {simulator.connections}")
    report.must(quiet and empty, "something is left open upstream")


async def _churn(plan: Plan, served: Served, tally: Tally) -> None:
    until = asyncio.get_running_loop().time() + plan.minutes * 60
    connector, timeout = aiohttp.TCPConnector(limit=0), aiohttp.ClientTimeout(total=PATIENCE)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as http:
        draw = Draw(plan.mishaps, plan.hostile, plan.smallest, plan.largest, plan.seed)
        clients = [Client(n, served.url, http, draw) for n in range(plan.streams)]
        await asyncio.gather(*[client.run(until, tally) for client in clients])


@asynccontextmanager
async def _lag(served: Served, watch: Watch) -> AsyncIterator[None]:
    """Let a process of its own ask how alive the event loop is."""
    environment = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
    command = [sys.executable, "-m", "stress.lag", str(served.port)]
    with child(command, environment, served.log, talks=True) as process:
        yield
        said, _ = await asyncio.to_thread(process.communicate, b"\n", 60)
        watch.lag += json.loads(said)


@asynccontextmanager
async def _beside(plan: Plan, simulator: Simulator, served: Served, watch: Watch, tally: Tally) -> AsyncIterator[None]:
    """Watch, and let tokens die, for as long as the block lasts."""
    tasks = [
        asyncio.create_task(_every(plan.revoke, lambda: _kill_tokens(simulator, tally))),
        asyncio.create_task(_every(plan.sample, lambda: watch.look(served))),
        asyncio.create_task(_at_half_time(plan, watch)),
    ]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()


async def _at_half_time(plan: Plan, watch: Watch) -> None:
    await asyncio.sleep(plan.minutes * 30)
    watch.before |= {question: ask(watch.probe, question) for question in ("types", "places")}


def _kill_tokens(simulator: Simulator, tally: Tally) -> None:
    """Let the tokens that have served be refused from now on; one that dies on its way may fail who waits for it."""
    served = {(one.header("authorization") or "")[7:] for one in simulator.requests if one.done and one.status == 200}
    old = [one for token, one in simulator.account.minted.items() if token in served and not one.revoked]
    tally.deaths += bool(old)
    for one in old:
        one.revoked = True


async def _every(seconds: float, do: Callable[[], None]) -> None:
    while True:
        await asyncio.sleep(seconds)
        do()
