"""What is measured, as tables: the jobs of the load generator, and the lines of the report with their bars."""

from dataclasses import dataclass
from typing import Literal

from benchmarks.load import Job
from benchmarks.payloads import EVENTS, FULL_SPEED

Figure = Literal["cpu", "p50", "memory"]


@dataclass(frozen=True, slots=True)
class Plan:
    """How long a run takes: starts of every contestant, rounds of every job, and by what their slices are divided."""

    starts: int
    rounds: int
    divisor: int


FULL = Plan(starts=5, rounds=5, divisor=1)
QUICK = Plan(starts=1, rounds=2, divisor=2)

JOBS = {
    "whole": Job(kind="closed", body="small", connections=8, slices=24, size=48, warm_up=6),
    "agent": Job(kind="closed", body="agent", connections=8, slices=20, size=24, warm_up=2),
    "agent stream": Job(kind="closed", body="agent stream", connections=8, slices=16, size=8, warm_up=2),
    "stream": Job(kind="closed", body="small stream", connections=8, slices=16, size=8, warm_up=2),
    "paced": Job(kind="open", body="paced stream", connections=100, slices=24, size=50),
    "messages": Job(kind="closed", body="messages", path="/v1/messages", connections=8, slices=8, size=8),
    "responses": Job(kind="closed", body="responses", path="/v1/responses", connections=8, slices=8, size=8),
    "gemini": Job(
        kind="closed",
        body="gemini",
        path=f"/v1beta/models/{FULL_SPEED}:streamGenerateContent?alt=sse",
        connections=8,
        slices=8,
        size=8,
    ),
    "one by one": Job(kind="closed", body="small", connections=1, slices=10, size=30),
}
WARMING = Job(kind="closed", body="small stream", connections=8, slices=1, size=16)
MEMORY = Job(kind="open", body="paced stream", connections=200, slices=5, size=100)
"""Streams to count memory by, after a few others in a process that has done nothing else yet."""


@dataclass(frozen=True, slots=True)
class Bar:
    """What Passenger must and should reach, and what the bare relay took on the machine where that was set."""

    must: float
    should: float
    bare: float


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the report: a figure of a job, per unit of it; without a bar it is shown and not judged."""

    title: str
    unit: str
    source: str
    figure: Figure = "cpu"
    per: float = 1.0
    bar: Bar | None = None


LINES = (
    Line("(a) 1 KB, answered whole", "us CPU/request", "whole", bar=Bar(250, 150, 167)),
    Line("(b) 110 KB agent request, 200-event stream", "us CPU/stream", "agent stream"),
    Line("(b') 110 KB agent request, answered whole", "us CPU/request", "agent", bar=Bar(450, 300, 512)),
    Line("(c) 200-event stream, full speed", "us CPU/stream", "stream", bar=Bar(1300, 900, 1200)),
    Line("(c) the same", "us CPU/event", "stream", per=EVENTS),
    Line("(d) 100 streams, an event each 20 ms", "us CPU/event", "paced", bar=Bar(35, 22, 29.5)),
    Line("(e) as (c), for a Messages client", "us CPU/event", "messages", per=EVENTS, bar=Bar(40, 25, 0)),
    Line("(e) as (c), for a Responses client", "us CPU/event", "responses", per=EVENTS, bar=Bar(40, 25, 0)),
    Line("(e) as (c), for a Gemini client", "us CPU/event", "gemini", per=EVENTS, bar=Bar(40, 25, 0)),
    Line("(a) one by one: p50", "us", "one by one", "p50"),
    Line("start to the first answer", "ms CPU", "start cpu", bar=Bar(700, 500, 500)),
    Line("start to the first answer", "ms", "start wall"),
    Line("`--help`", "ms CPU", "help cpu", bar=Bar(200, 150, 0)),
    Line("`--help`", "ms", "help wall"),
    Line("memory, idle", "MB RSS", "idle", "memory", bar=Bar(45, 38, 0)),
    Line("memory, per open stream of 200", "KB RSS", "open", "memory", bar=Bar(60, 35, 0)),
)
