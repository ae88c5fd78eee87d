"""`stale`: an upstream that closes connections without a word, at the worst moments, and no client that notices.

What it has answered must never be sent again: each request is served by the simulator exactly once.
"""

import asyncio
import random
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

import aiohttp

from passenger.simulator import Fault, Simulator
from stress.asking import UP, asked, http
from stress.fickle import FickleSimulator
from stress.figures import Report
from stress.served import Served, eventually, serving

GAP = 0.005
"""Seconds, at most, between a client's answer and its next request."""

LARGE = "." * 200_000
"""In each tenth request: its connection may break while it is being sent."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How many requests, by how many clients, against which kind of upstream, with which random numbers."""

    requests: int = 10_000
    clients: int = 8
    closing: Literal["both", "at-once", "idle"] = "both"
    seed: int = 24


@dataclass(frozen=True, slots=True)
class Outcome:
    """How the requests of one kind ended."""

    failures: list[str]
    resends: int
    served: Counter[str]
    complaints: list[str]
    reused: int


async def run(plan: Plan) -> Report:
    """Half of the requests against each kind of upstream, or all of them against one."""
    report = Report(f"stale: {plan.requests:,} requests by {plan.clients} clients, 0-5 ms apart")
    kinds = ("at-once", "idle") if plan.closing == "both" else (plan.closing,)
    for kind in kinds:
        count = plan.requests // len(kinds)
        outcome = await _outcome(plan, kind, count)
        _judge(report, kind, count, outcome)
    return report


def _judge(report: Report, kind: str, count: int, outcome: Outcome) -> None:
    served_once = sum(times == 1 for times in outcome.served.values())
    for name, value in (
        ("requests", count),
        ("on a connection that had served before", outcome.reused),
        ("resends logged", outcome.resends),
        ("failures that a client saw", len(outcome.failures)),
        ("served exactly once upstream", served_once),
    ):
        report.figure(f"{kind}: {name}", value)
    report.must(not outcome.failures, f"{kind}: clients saw failures: {outcome.failures[:3]}")
    report.must(len(outcome.served) == served_once == count, f"{kind}: not every request was served exactly once")
    report.must(not outcome.complaints, f"{kind}: errors in the log: {outcome.complaints[:3]}")


async def _outcome(plan: Plan, kind: str, count: int) -> Outcome:
    simulator = Simulator(keep=2 * count) if kind == "at-once" else FickleSimulator(plan.seed, keep=2 * count)
    with TemporaryDirectory() as home:
        async with simulator, serving(simulator, Path(home)) as served, http() as client:
            await asked(client, served, "prime")
            simulator.requests.clear()
            if kind == "at-once":
                simulator.inject(Fault(close_after=True), path=UP, times=None)
            failures = await _churn(client, served, plan, count)
            await eventually(lambda: simulator.active == 0, 5)
            return _counted(simulator, served, failures)


def _counted(simulator: Simulator, served: Served, failures: list[str]) -> Outcome:
    seen = simulator.seen(UP)
    once = Counter(request.json()["messages"][0]["content"] for request in seen)
    resends = len(served.logged('retries="stale connection'))
    return Outcome(failures, resends, once, served.complaints(), sum(request.reused for request in seen))


async def _churn(client: aiohttp.ClientSession, served: Served, plan: Plan, count: int) -> list[str]:
    """All requests, by clients that take the next one each; what went wrong with them."""
    numbers, chance, failures = iter(range(count)), random.Random(plan.seed), []

    async def ask() -> None:
        for number in numbers:
            await asyncio.sleep(chance.uniform(0, GAP))
            if failure := await asked(client, served, f"request {number}", padding="" if number % 10 else LARGE):
                failures.append(failure)

    await asyncio.gather(*[ask() for _ in range(plan.clients)])
    return failures
