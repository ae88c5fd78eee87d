"""`cancel`: clients hang up at random moments, and the request upstream is closed at once."""

import asyncio
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from passenger.simulator import Fault, Recorded, Simulator
from stress.asking import UP, asked, http
from stress.figures import Report
from stress.served import Served, eventually, serving
from stress.stampede import EXCHANGE
from stress.wire import dial, request

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
    """How many hang-ups in all, how many clients at a time, and with which random numbers."""

    requests: int = 500
    clients: int = 5
    seed: int = 7


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
        async with Simulator() as simulator, serving(simulator, Path(home)) as served, http() as client:
            stage, every = Stage(plan, simulator, served), list[float]()
            await asked(client, served, "prime")
            for number, kind in enumerate(KINDS):
                every += await _kind(report, stage, kind, (plan.requests + number) // share)
            report.times("all of these", every)
            _judge(report, stage)
            report.must(not await asked(client, served, "afterwards"), "a request afterwards is not served")
    return report


def _judge(report: Report, stage: Stage) -> None:
    plan, simulator, served = stage.plan, stage.simulator, stage.served
    gone, complaints = _gone(stage), served.complaints()
    report.figure("hang-ups that the log has as such", gone)
    report.figure("requests left open upstream", simulator.active)
    report.must(gone == plan.requests, f"{gone} of {plan.requests} hang-ups are logged as such")
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
    took = _closing_times(left, simulator.seen(UP))
    report.times(f"{kind} ({len(took)} of {count})", took)
    report.must("exchange" not in kind or simulator.exchanges > before, "no exchange took place")
    return took


def _gone(stage: Stage) -> int:
    return len(stage.served.logged("outcome=client_gone"))


async def _all_left(stage: Stage, kind: str, count: int) -> Mapping[str, float]:
    """When each client left, by its name."""
    chance, gate, left = random.Random(f"{stage.plan.seed} {kind}"), asyncio.Semaphore(stage.plan.clients), {}

    async def one(name: str) -> None:
        async with gate:
            if "exchange" in kind:
                _kill_tokens(stage.simulator)
            left[name] = await _hang_up(stage.served, kind, name, chance)

    await asyncio.gather(*[one(f"<{kind} {number}>") for number in range(count)])
    return left


def _kill_tokens(simulator: Simulator) -> None:
    simulator.revoke_tokens()
    simulator.clear()
    simulator.inject(Fault(delay=EXCHANGING), path=EXCHANGE, times=None)


async def _hang_up(served: Served, kind: str, name: str, chance: random.Random) -> float:
    """Ask, stay a moment, and leave: when that was, by the event loop's clock."""
    text, stream = KINDS[kind]
    wire = await dial(served, request(f"{name} {text}", stream=stream))
    await wire.writer.drain()
    await asyncio.sleep(chance.uniform(0.001, LATEST))
    wire.close(reset=chance.random() < 0.5)
    return asyncio.get_running_loop().time()


def _closing_times(left: Mapping[str, float], seen: Sequence[Recorded]) -> list[float]:
    """How long upstream was kept open for clients that had left."""
    names = [(request, request.json()["messages"][0]["content"]) for request in seen]
    ended = [(request.closed, left[name[: name.index(">") + 1]]) for request, name in names if "<" in name]
    return [closed - when for closed, when in ended if closed is not None and closed >= when]
