"""`cancel`: clients hang up at random moments, and the request upstream is closed at once."""

import asyncio
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from passenger.simulator import Fault, Recorded, Simulator
from stress import hangups
from stress.asking import UP, asked, http
from stress.figures import Report
from stress.served import Served, eventually, serving
from stress.stalls import stalls
from stress.stampede import EXCHANGE
from stress.wire import Wire, dial, request

KINDS = {
    "before the headers of a stream": ("[[delay 60]]", True),
    "before the headers of an answer": ("[[delay 60]]", False),
    "in a stream that is silent": ("[[stall 2]] some words for it", True),
    "in a stream that flows": ("[[drip 0.02]] [[events 300]]", True),
    "in half an answer": ("[[stall 20]]", False),
    "in a token exchange": ("[[stall 2]] some words for it", True),
}

LATEST = 0.3
"""Seconds, at most, that a client stays."""

EXCHANGING = 0.5
"""Seconds that an exchange takes."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How many hang-ups at random moments, how many clients at a time, and with which random numbers.

    Then `each` hang-ups of each pair of dialect and route, with bodies of all sizes; `agents` with a coding agent's.
    """

    requests: int = 500
    clients: int = 5
    seed: int = 7
    each: int = 20
    agents: int = 250


@dataclass(frozen=True, slots=True)
class Stage:
    """Who plays."""

    plan: Plan
    simulator: Simulator
    served: Served


async def run(plan: Plan) -> Report:
    """All kinds, one after the other."""
    report, share = Report(f"cancel: {plan.requests} hang-ups, {plan.clients} clients at a time"), len(KINDS)
    with TemporaryDirectory() as home:
        speaks = hangups.SPEAKS
        async with Simulator(speaks=speaks) as simulator, serving(simulator, Path(home)) as served, http() as client:
            stage, every = Stage(plan, simulator, served), list[float]()
            await asked(client, served, "prime")
            await hangups.memory(report, simulator, served, plan.agents)
            async with stalls() as late:
                for number, kind in enumerate(KINDS):
                    every += await _kind(report, stage, kind, (plan.requests + number) // share)
            report.times("all of these", every)
            report.times("the driver's own stalls", late)
            await hangups.every_size(report, simulator, served, plan.each)
            _judge(report, stage)
            report.must(not await asked(client, served, "afterwards"), "a request afterwards is not served")
    return report


def _judge(report: Report, stage: Stage) -> None:
    simulator, served = stage.simulator, stage.served
    gone, complaints = _gone(stage), served.complaints()
    report.figure("hang-ups that the log has as such (none where a reset came before it had read)", gone)
    report.figure("requests left open upstream", simulator.active)
    report.must(gone > 0, "the log has no hang-up as such")
    report.must(simulator.active == 0, f"{simulator.active} requests are left open upstream")
    report.must(not complaints, f"errors in the log: {complaints[:3]}")


async def _kind(report: Report, stage: Stage, kind: str, count: int) -> Sequence[float]:
    """Some hang-ups of a kind: the seconds until upstream saw each, of those whose request was open there."""
    simulator, before, gone = stage.simulator, stage.simulator.exchanges, _gone(stage)
    simulator.requests.clear()
    left = await _all_left(stage, kind, count)
    await eventually(lambda: _gone(stage) >= gone + count, 10)
    await eventually(lambda: simulator.active == 0, 10)
    simulator.clear()
    took, late = _closing_times(left, simulator.seen(UP))
    report.times(f"{kind} ({len(took)} of {count})", took)
    if "exchange" in kind:
        report.figure("exchanges that were met", simulator.exchanges - before)
        report.figure("requests sent on after their client had left", late)
    return took


def _gone(stage: Stage) -> int:
    return len(stage.served.logged("outcome=client_gone"))


async def _all_left(stage: Stage, kind: str, count: int) -> Mapping[str, float]:
    """When each client left, by its name."""
    chance, gate, left = random.Random(f"{stage.plan.seed} {kind}"), asyncio.Semaphore(stage.plan.clients), {}

    async def one(name: str) -> None:
        async with gate:
            wire = await _ask(stage, kind, name)
            await asyncio.sleep(chance.uniform(0.001, LATEST))
            wire.close(reset=chance.random() < 0.5)
            left[name] = asyncio.get_running_loop().time()

    await asyncio.gather(*[one(f"<{kind} {number}>") for number in range(count)])
    return left


async def _ask(stage: Stage, kind: str, name: str) -> Wire:
    """Ask; where an exchange is to be met, wait until one has begun."""
    text, stream = KINDS[kind]
    simulator, before = stage.simulator, stage.simulator.exchanges
    if "exchange" in kind:
        simulator.revoke_tokens()
        simulator.clear()
        simulator.inject(Fault(delay=EXCHANGING), path=EXCHANGE, times=None)
    wire = await dial(stage.served, request(f"{name} {text}", stream=stream))
    await wire.writer.drain()
    await eventually(lambda: "exchange" not in kind or simulator.exchanges > before, EXCHANGING)
    return wire


def _closing_times(left: Mapping[str, float], seen: Sequence[Recorded]) -> tuple[list[float], int]:
    """How long upstream was kept open for clients that had left, and how many were only asked for after that."""
    named = [(request, request.json()["messages"][0]["content"]) for request in seen]
    mine = [(request, left[name[: name.index(">") + 1]]) for request, name in named if ">" in name]
    open_then = [(request, when) for request, when in mine if request.closed is not None and request.closed >= when]
    return [(request.closed or when) - when for request, when in open_then], sum(r.arrived > when for r, when in mine)
