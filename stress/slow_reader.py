"""`slow-reader`: clients that do not read make upstream wait; nothing piles up in between, and nothing is lost."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from stress.asking import asked, http
from stress.figures import Report
from stress.flood import WIDTH, FloodSimulator
from stress.served import Served, eventually, serving
from stress.wire import Wire, dial, request

GROWTH = 32.0
"""MB that one stalled stream may cost, at most."""

IDLE = 0.5
"""Seconds between two looks; what has not moved between them is waiting."""

BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class Plan:
    """How many MB the stream has, for how many seconds it is not read, and how many clients stall together."""

    mb: int = 300
    seconds: float = 10.0
    clients: int = 200


async def run(plan: Plan) -> Report:
    """One client first, which reads everything in the end; then many."""
    report = Report(f"slow-reader: a stream of {plan.mb} MB, {plan.seconds:.0f} s unread; then {plan.clients} clients")
    with TemporaryDirectory() as home:
        async with FloodSimulator(plan.mb) as simulator, serving(simulator, Path(home)) as served, http() as client:
            for number in range(20):
                await asked(client, served, f"prime {number}")
            await _one(report, plan, simulator, served)
            await _many(report, plan, simulator, served)
            report.must(not await asked(client, served, "afterwards"), "a request afterwards is not served")
            complaints = served.complaints()
            report.must(not complaints, f"errors in the log: {complaints[:3]}")
    return report


async def _one(report: Report, plan: Plan, simulator: FloodSimulator, served: Served) -> None:
    before, question = served.rss_mb, "<flood> one"
    wire = await dial(served, request(question, stream=True))
    await eventually(lambda: question in simulator.said, 10)
    peak = await _peak(served, plan.seconds)
    unread = simulator.said[question]
    report.figure("one client: growth while it does not read, MB RSS", peak - before)
    report.figure("one client: taken from upstream meanwhile, MB", unread / 1e6)
    report.must(peak - before <= GROWTH, f"memory grew by {peak - before:.0f} MB")
    report.must(unread < simulator.events * WIDTH, "upstream was not made to wait")
    reading = asyncio.create_task(_read(wire))
    peak = await _peak(served, reading)
    report.figure("one client: growth while it reads the rest, MB RSS", peak - before)
    received, whole = await reading
    report.figure("one client: received in the end, MB", received / 1e6)
    report.must(whole and received >= simulator.events * WIDTH, "the stream did not arrive whole")
    wire.close()


async def _peak(served: Served, until: "float | asyncio.Task[tuple[int, bool]]") -> float:
    """The most memory that it has for some seconds, or until something is done."""
    loop, peak = asyncio.get_running_loop(), 0.0
    end = loop.time() + (until if isinstance(until, float) else 300)
    while loop.time() < end and not (isinstance(until, asyncio.Task) and until.done()):
        peak = max(peak, served.rss_mb)
        await asyncio.sleep(0.05)
    return peak


async def _read(wire: Wire) -> tuple[int, bool]:
    """How many bytes come until the end of the answer, and whether it is one."""
    received, tail = 0, b""
    while not tail.endswith(b"0\r\n\r\n") and (piece := await wire.reader.read(BLOCK)):
        received += len(piece)
        tail = (tail + piece)[-100:]
    return received, b"data: [DONE]" in tail


async def _many(report: Report, plan: Plan, simulator: FloodSimulator, served: Served) -> None:
    before, descriptors = served.rss_mb, served.descriptors
    questions = [f"<flood> {number}" for number in range(plan.clients)]
    wires = [await dial(served, request(question, stream=True)) for question in questions]
    await eventually(lambda: simulator.said.keys() >= set(questions), 30)
    paused = await _paused(simulator, questions)
    growth = served.rss_mb - before
    report.figure(f"{plan.clients} clients: growth of each, KB RSS", growth * 1024 / plan.clients)
    report.figure(f"{plan.clients} clients: taken from upstream for each, KB", _taken(simulator, questions) / 1e3)
    report.figure(f"{plan.clients} clients: growth in all, MB RSS", growth)
    report.must(paused, "upstream is still being read from")
    for wire in wires:
        wire.close()
    await eventually(lambda: simulator.active == 0 and served.descriptors <= descriptors, 30)
    report.figure("descriptors before and after", f"{descriptors} and {served.descriptors}")
    report.must(simulator.active == 0, f"{simulator.active} requests are left open upstream")


def _taken(simulator: FloodSimulator, questions: Sequence[str]) -> float:
    """Bytes that upstream has got rid of, for each question."""
    return sum(simulator.said.get(question, 0) for question in questions) / max(1, len(questions))


async def _paused(simulator: FloodSimulator, questions: Sequence[str]) -> bool:
    """Whether all come to a standstill, before their end."""
    for _ in range(60):
        before = _taken(simulator, questions)
        await asyncio.sleep(IDLE)
        if _taken(simulator, questions) == before > 0:
            return before < simulator.events * WIDTH
    return False
