"""`stampede`: many processes that share one token file find their token dead at once, and exchange it once.

Odd rounds: Copilot refuses the token (401). Even rounds: the file says that it has expired.
"""

import asyncio
import json
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import aiohttp

from passenger.simulator import Fault, Simulator
from stress.asking import asked, http
from stress.figures import Report
from stress.served import Served, serving

EXCHANGE = "/copilot_internal/v2/token"

A_LOOK = 1.2
"""Seconds after which every process has looked whether the token file is another one."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How often, by how many processes and requests in all, and how many seconds an exchange takes."""

    rounds: int = 50
    processes: int = 4
    requests: int = 200
    delay: float = 0.3


@dataclass(frozen=True, slots=True)
class Round:
    """What one round has cost, in exchanges and in seconds, and what went wrong for clients."""

    exchanges: int
    seconds: float
    failures: list[str]


async def run(plan: Plan) -> Report:
    """All rounds, one after the other."""
    title = f"stampede: {plan.rounds} rounds of {plan.requests} requests at {plan.processes} processes on one home"
    report = Report(title)
    with TemporaryDirectory() as home:
        async with Simulator() as simulator, AsyncExitStack() as stack, http() as client:
            start = [serving(simulator, Path(home), name=f"passenger-{n}") for n in range(plan.processes)]
            served = [await stack.enter_async_context(one) for one in start]
            for one in served:
                await asked(client, one, "prime")
            rounds = [await _round(plan, number, simulator, served, client) for number in range(plan.rounds)]
            _judge(report, plan, rounds)
            complaints = [line for one in served for line in one.complaints()]
            report.must(not complaints, f"errors in the log: {complaints[:3]}")
    return report


def _judge(report: Report, plan: Plan, rounds: Sequence[Round]) -> None:
    counts = Counter(one.exchanges for one in rounds)
    failures = [failure for one in rounds for failure in one.failures]
    report.figure("requests", plan.rounds * plan.requests)
    report.figure("rounds by their number of exchanges", ", ".join(f"{n}: {counts[n]}" for n in sorted(counts)))
    report.figure("failures that a client saw", len(failures))
    report.times("a round of requests", [one.seconds for one in rounds])
    report.must(set(counts) == {1}, "a round did not cost exactly one exchange")
    report.must(not failures, f"clients saw failures: {failures[:3]}")


async def _round(
    plan: Plan, number: int, simulator: Simulator, served: Sequence[Served], client: aiohttp.ClientSession
) -> Round:
    if number % 2:
        _expire(served[0].log.parent)
        await asyncio.sleep(A_LOOK)
    else:
        simulator.revoke_tokens()
    simulator.requests.clear()
    simulator.clear()
    simulator.inject(Fault(delay=plan.delay), path=EXCHANGE, times=None)
    before, began = simulator.exchanges, time.perf_counter()
    asking = [asked(client, served[n % len(served)], f"{number}-{n}") for n in range(plan.requests)]
    failures = [failure for failure in await asyncio.gather(*asking) if failure]
    return Round(simulator.exchanges - before, time.perf_counter() - began, failures)


def _expire(home: Path) -> None:
    """Let the token file say that its token has expired, and every process be due to look at it."""
    (path,) = home.rglob("token.json")
    content = json.loads(path.read_bytes())
    past = int(time.time()) - 60
    content |= {"expires_at": past, "passenger": content["passenger"] | {"expires_at": past, "refresh_at": past}}
    new = path.with_suffix(".new")
    new.touch(0o600)
    new.write_text(json.dumps(content))
    new.replace(path)
