"""What is measured, as tables: the jobs of the load generator, and the lines of the report with their bars."""

from collections.abc import Mapping
from dataclasses import dataclass

from benchmarks.answers import EVENTS
from benchmarks.bars import BARE, BUN, NGINX, RS, Bar, Limit
from benchmarks.load import Job
from benchmarks.payloads import LINKS


@dataclass(frozen=True, slots=True)
class Plan:
    """How long a run takes: starts of every contestant, rounds of every job, and by what their slices are divided.

    Of the time that the rounds take, none is begun after so many seconds, except for the first, and no job after twice
    as many.
    """

    starts: int
    rounds: int
    divisor: int
    seconds: float


FULL = Plan(starts=5, rounds=5, divisor=1, seconds=95)
QUICK = Plan(starts=1, rounds=2, divisor=4, seconds=240)
BESIDE_PEERS = Plan(starts=3, rounds=3, divisor=1, seconds=600)
"""Peers are slow to start and slow to answer."""

AGAINST = Plan(starts=3, rounds=7, divisor=1, seconds=900)
"""Two that are nearly alike: what tells them apart is small, so that it takes more rounds."""


def _streams(body: str, route: str = "chat", *, over_socket: bool = False) -> Job:
    return Job(kind="closed", body=body, route=route, connections=8, slices=8, size=8, over_socket=over_socket)


def _turns(body: str, links: int = 0) -> Job:
    """One agent, which asks when it has its answer: what a turn costs, and not what several take from each other."""
    return Job(kind="closed", body=body, route="responses", connections=1, slices=16, size=24, links=links)


JOBS: Mapping[str, Job] = {
    "whole": Job(kind="closed", body="small", connections=8, slices=24, size=48, warm_up=6),
    "agent": Job(kind="closed", body="agent", connections=8, slices=20, size=24, warm_up=2),
    "agent stream": Job(kind="closed", body="agent stream", connections=8, slices=16, size=8, warm_up=2),
    "stream": Job(kind="closed", body="small stream", connections=8, slices=16, size=8, warm_up=2),
    "cut": Job(kind="closed", body="cut stream", connections=8, slices=16, size=8, warm_up=2),
    "ping-pong": Job(kind="ping-pong", body="ping-pong stream", connections=200, slices=16, size=60),
    "paced": Job(kind="open", body="paced stream", connections=200, slices=24, size=50),
    "crowd": Job(kind="open", body="crowd stream", connections=1000, slices=16, size=80),
    "messages": _streams("messages", "messages"),
    "responses": _streams("responses", "responses"),
    "gemini": _streams("gemini", "gemini"),
    "chat to responses": _streams("chat to responses"),
    "chat to messages": _streams("chat to messages"),
    "messages to responses": _streams("messages to responses", "messages"),
    "responses to messages": _streams("responses to messages", "responses"),
    "relayed responses": _streams("relayed responses", "responses"),
    "socket": _streams("responses", "responses", over_socket=True),
    "relayed socket": _streams("relayed responses", "responses", over_socket=True),
    "turn": _turns("turn"),
    "chained turn": _turns("chained turn", LINKS),
    "images": Job(kind="closed", body="images", connections=2, slices=6, size=2),
    "one by one": Job(kind="closed", body="small", connections=1, slices=10, size=30),
    "first word": Job(kind="closed", body="small stream", connections=1, slices=6, size=20),
}
TRANSLATIONS = frozenset(name for name, job in JOBS.items() if job.route != "chat" or name.startswith("chat to "))
"""The jobs that not everybody can do."""

WARMING = Job(kind="closed", body="small stream", connections=8, slices=1, size=16)
MEMORY = Job(kind="open", body="crowd stream", connections=200, slices=5, size=100)
"""Streams to count memory by, after a few others in a process that has done nothing else yet."""

TWO_WORKERS: Mapping[str, Job] = {
    "pair": Job(kind="closed", body="small", connections=16, slices=24, size=96, warm_up=4),
    "pair ping-pong": JOBS["ping-pong"],
}
"""What is asked of two workers."""

OVER_TLS: Mapping[str, Job] = {f"TLS {name}": JOBS[name] for name in ("whole", "stream", "ping-pong")}
"""What is asked where the upstream speaks TLS."""

ON_DISK: Mapping[str, Job] = {"chained turn on disk": JOBS["chained turn"]}
"""What is asked of a server that keeps conversations on disk."""

PAIRED_TURNS: Mapping[str, Job] = {"pair chained turn": JOBS["chained turn"]}

MANY_STREAMS = 4000
MANY: Mapping[str, Job] = {
    "many": Job(kind="open", body="many streams", connections=MANY_STREAMS, slices=8, size=200),
}
"""What is asked of a server that is told to let so many streams flow at once."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the report: a figure of a job, per unit of it; without a bar it is shown and not judged.

    `added`: it is what a contestant adds to the direct call. `more`: more is better.
    """

    title: str
    unit: str
    source: str
    per: float = 1.0
    bar: Bar | None = None
    added: bool = False
    more: bool = False


TRANSLATED = Bar(Limit(8, {NGINX: 3.3}), Limit(5, {NGINX: 2.0}), beside="stream cpu", per=EVENTS)
"""Set in microseconds; the ratio is that of the figure to an event of (c) through nginx on the machine of the bars."""

COUNT = "number"
A_STREAM = Bar(Limit(16), Limit(12))

LINES = (
    Line(
        "(a) 1 KB, answered whole",
        "us CPU/request",
        "whole cpu",
        bar=Bar(Limit(90, {NGINX: 5.6, RS: 2.0, BUN: 1.0}), Limit(45, {NGINX: 2.8, RS: 1.0})),
    ),
    Line("(a) the same, two workers", "us CPU/request", "pair cpu"),
    Line("(b) 110 KB agent request, 200-event stream", "us CPU/stream", "agent stream cpu"),
    Line(
        "(b') 110 KB agent request, answered whole",
        "us CPU/request",
        "agent cpu",
        bar=Bar(Limit(240, {NGINX: 5.5}), Limit(185, {NGINX: 4.2})),
    ),
    Line(
        "(c) 200-event stream, full speed",
        "us CPU/stream",
        "stream cpu",
        bar=Bar(Limit(930, {NGINX: 1.9, RS: 1.0}), Limit(745, {RS: 0.8})),
    ),
    Line("(c) the same", "us CPU/event", "stream cpu", per=EVENTS),
    Line("(c') as (c), each read ends within an event", "us CPU/event", "cut cpu", per=EVENTS),
    Line(
        "(d) 200 streams, an event each 20 ms",
        "us CPU/event",
        "paced cpu",
        bar=Bar(Limit(18, {NGINX: 1.63, RS: 1.1}), Limit(16.5, {RS: 1.0})),
    ),
    Line(
        "(d') 200 streams by ping-pong: no read holds two events",
        "us CPU/event",
        "ping-pong cpu",
        bar=Bar(Limit(14, {NGINX: 1.6}), Limit(12, {RS: 1.15})),
    ),
    Line("(d') the same, two workers", "us CPU/event", "pair ping-pong cpu"),
    Line("(e) 1,000 streams, 10 events/s each", "us CPU/event", "crowd cpu"),
    Line("(e') 4,000 streams, an event a second each", "us CPU/event", "many cpu"),
    Line("(e') the same, two workers", "us CPU/event", "many pair cpu"),
    Line("(a) with TLS to the upstream", "us CPU/request", "TLS whole cpu"),
    Line("(c) with TLS to the upstream", "us CPU/event", "TLS stream cpu", per=EVENTS),
    Line("(d') with TLS to the upstream", "us CPU/event", "TLS ping-pong cpu"),
    Line("(f) as (c), Messages over completions", "us CPU/event", "messages cpu", EVENTS, TRANSLATED),
    Line("(f) as (c), Responses over completions", "us CPU/event", "responses cpu", EVENTS, TRANSLATED),
    Line("(f) as (c), Gemini over completions", "us CPU/event", "gemini cpu", EVENTS, TRANSLATED),
    Line("(f) as (c), completions over Responses", "us CPU/event", "chat to responses cpu", EVENTS, TRANSLATED),
    Line("(f) as (c), completions over Messages", "us CPU/event", "chat to messages cpu", EVENTS, TRANSLATED),
    Line("(f) as (c), Messages over Responses", "us CPU/event", "messages to responses cpu", EVENTS, TRANSLATED),
    Line("(f) as (c), Responses over Messages", "us CPU/event", "responses to messages cpu", EVENTS, TRANSLATED),
    Line("(i) as (c), Responses relayed", "us CPU/event", "relayed responses cpu", per=EVENTS),
    Line("(i) the same over a WebSocket", "us CPU/event", "relayed socket cpu", per=EVENTS),
    Line("(i) as (f) over a WebSocket: Responses over completions", "us CPU/event", "socket cpu", per=EVENTS),
    Line(f"(j) a turn after {LINKS} others, sent with all of them", "us CPU/request", "turn cpu"),
    Line("(j) the same by `previous_response_id`, in memory", "us CPU/request", "chained turn cpu"),
    Line("(j) the same, on disk", "us CPU/request", "chained turn on disk cpu"),
    Line("(j) the same in memory, two workers", "us CPU/request", "pair chained turn cpu"),
    Line("(g) 8 MB request with 4 images", "ms CPU/request", "images cpu", per=1000),
    Line("(a) one by one, added: p50", "us", "one by one whole p50", added=True),
    Line("(a) one by one, added: p99", "us", "one by one whole p99", added=True),
    Line("(c) one by one, added to the first word: p50", "us", "first word first p50", added=True),
    Line("(c) one by one, added to the first word: p99", "us", "first word first p99", added=True),
    Line("(d) delay of an event: p99", "ms", "paced delay p99", per=1000),
    Line("(e) delay of an event: p99", "ms", "crowd delay p99", per=1000),
    Line("(d) slices that kept the pace", "%", "paced kept", more=True),
    Line("(e) slices that kept the pace", "%", "crowd kept", more=True),
    Line("(a) answers, one worker", "1/s", "whole rate", more=True),
    Line("(a) answers, two workers", "1/s", "pair rate", more=True),
    Line("(c) events, one worker", "1/s", "stream rate", per=1 / EVENTS, more=True),
    Line(
        "(h) start to the first answer",
        "ms CPU",
        "start cpu",
        bar=Bar(Limit(210, {BARE: 1.2}), Limit(190, {BARE: 1.09})),
    ),
    Line("(h) start to the first answer", "ms", "start wall"),
    Line("(h) `--help`", "ms CPU", "help cpu", bar=Bar(Limit(200), Limit(150))),
    Line("(h) `--help`", "ms", "help wall"),
    Line("(h) installed", "MB", "size"),
    Line("(h) packages needed at run time", COUNT, "packages", bar=Bar(Limit(24))),
    Line("(h) memory, idle", "MB RSS", "idle", bar=Bar(Limit(40), Limit(36))),
    Line("memory, per open stream of 200", "KB RSS", "open", bar=A_STREAM),
    Line("memory, per open stream of 4,000", "KB RSS", "many open", bar=A_STREAM),
    Line("memory, the same, two workers", "KB RSS", "many pair open"),
    Line("memory, peak after everything above", "MB RSS", "peak"),
)
