"""`slowloris`: connections that dawdle, beside clients that do not; the ones are sent away, the others are served.

A third each sends its headers a byte a second, stops in the middle of its body, or says nothing at all.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import aiohttp

from passenger.simulator import Simulator
from stress.asking import asked, http
from stress.figures import Report, percentile
from stress.served import Served, eventually, serving
from stress.wire import Wire, dial, head

KINDS = ("half-sent headers", "a stalled body", "no request")

BYTE = 1.0
"""Seconds between two bytes of a header."""

PAUSE = 0.05
"""Seconds between two requests of a normal client."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How many connections dawdle, beside how many clients, and for how many seconds each phase is watched."""

    connections: int = 500
    clients: int = 20
    before: float = 10.0
    during: float = 45.0
    settings: str = ""
    """Lines for Passenger's configuration: other deadlines, say."""


@dataclass(frozen=True, slots=True)
class Dawdled:
    """What became of a slow connection: after how many seconds it was closed (None: it was not), with which status."""

    kind: str
    closed: float | None
    status: str


async def run(plan: Plan) -> Report:
    """The normal clients alone, then beside the slow ones."""
    report = Report(f"slowloris: {plan.connections} slow connections beside {plan.clients} normal clients")
    with TemporaryDirectory() as home:
        settings = plan.settings.replace("\\n", "\n")
        async with Simulator() as simulator, serving(simulator, Path(home), settings) as served, http() as client:
            await _latencies(client, served, plan.clients, 1.0)
            descriptors = served.descriptors
            alone = await _latencies(client, served, plan.clients, plan.before)
            slow = [asyncio.create_task(_dawdle(served, KINDS[n % 3], plan.during)) for n in range(plan.connections)]
            beside = await _latencies(client, served, plan.clients, plan.during)
            dawdled = await asyncio.gather(*slow)
            back = await eventually(lambda: served.descriptors <= descriptors, 15)
            _judge_clients(report, alone, beside)
            _judge_slow(report, dawdled)
            report.figure("descriptors before and after", f"{descriptors} and {served.descriptors}")
            report.must(back, "descriptors are not back where they were")
            report.must(not (complaints := served.complaints()), f"errors in the log: {complaints[:3]}")
    return report


def _judge_clients(report: Report, alone: Sequence[float], beside: Sequence[float]) -> None:
    report.times("a normal client's request, alone", alone)
    report.times("a normal client's request, beside slow ones", beside)
    ratios = [percentile(beside, p) / max(percentile(alone, p), 1e-9) for p in (50, 99)]
    report.figure("ratio: p50 / p99", " / ".join(f"{ratio:.2f}" for ratio in ratios))


def _judge_slow(report: Report, dawdled: Sequence[Dawdled]) -> None:
    for kind in KINDS:
        some = [one for one in dawdled if one.kind == kind]
        closed = [one.closed for one in some if one.closed is not None]
        statuses = ", ".join(f"{n} x {status}" for status, n in Counter(one.status for one in some).items())
        spread = " / ".join(f"{percentile(closed, percent):.1f}" for percent in (0, 50, 100))
        report.figure(f"{kind}: closed of all", f"{len(closed)} of {len(some)}, with {statuses}")
        report.figure(f"{kind}: closed after, s: min / p50 / max", spread)


async def _latencies(client: aiohttp.ClientSession, served: Served, clients: int, seconds: float) -> list[float]:
    """How long each request of some clients takes, for some seconds."""
    until, took = time.perf_counter() + seconds, list[float]()

    async def ask(name: int) -> None:
        while (began := time.perf_counter()) < until:
            failure = await asked(client, served, f"client {name}")
            took.append(time.perf_counter() - began)
            assert not failure, failure
            await asyncio.sleep(PAUSE)

    await asyncio.gather(*[ask(name) for name in range(clients)])
    return took


async def _dawdle(served: Served, kind: str, seconds: float) -> Dawdled:
    """Be slow for some seconds, or until the connection is closed."""
    began = time.perf_counter()
    sent = {KINDS[0]: b"", KINDS[1]: head(1000) + b'{"model":', KINDS[2]: b""}[kind]
    wire = await dial(served, sent)
    dripping = asyncio.create_task(_drip(wire)) if kind == KINDS[0] else None
    said = b""
    try:
        async with asyncio.timeout(seconds):
            while piece := await wire.reader.read(1024):
                said += piece
        closed: float | None = time.perf_counter() - began
    except (TimeoutError, ConnectionError) as error:
        closed = None if isinstance(error, TimeoutError) else time.perf_counter() - began
    if dripping is not None:
        dripping.cancel()
    wire.close()
    return Dawdled(kind, closed, said[9:12].decode() or "nothing")


async def _drip(wire: Wire) -> None:
    for at in range(len(line := head(1000))):
        wire.writer.write(line[at : at + 1])
        await asyncio.sleep(BYTE)
