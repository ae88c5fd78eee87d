"""The load generator, in a process of its own: jobs come as lines on stdin, results go as lines to stdout.

Run as `python -m benchmarks.load`. Every job is bounded in count and in time, and reads the CPU clock of the process
that it loads right before and right after.
"""

import asyncio
import contextlib
import statistics
import sys
import time
from collections.abc import AsyncIterator, Callable, Sequence
from functools import partial
from typing import Literal, TypeVar

import msgspec
from msgspec import Struct, structs

from benchmarks.client import Asker, Chainer, Client, Listener, WrongAnswerError
from benchmarks.pacing import CALL_FOR_PINGS, PING
from benchmarks.payloads import BODIES, MODELS, PACE, PACED_BODIES, WHOLE, following, numbered
from benchmarks.process import family, family_cpu_us, get, memory_kb
from benchmarks.socket_client import SocketAsker, handshake
from benchmarks.upstream import CALL_FOR_THE_END, run_fast

C = TypeVar("C", bound=Client)

LIMIT = 90.0
"""Seconds that any job may take."""

ALL_FLOWING = 40.0
"""Seconds that a server has to let all streams of a job flow."""

KEPT = (0.8, 1.25)
"""Between which parts of the due events a slice has to bring, to count as one in which the pace was kept."""

PATIENCE = 3
"""How many times as many slices as are wanted are tried."""

AT_ONCE, BREATH = 50, 0.01
"""So many streams are asked for at once, and after so many seconds the next ones."""

IDLE = 0.1
"""Part of a core below which a server counts as idle again."""


class Job(Struct, frozen=True, kw_only=True):
    """What to send, to whom, and the processes of the server and of the upstream, whose CPU time to read.

    CPU time is read once a slice: where the machine stands still, that spoils one slice, which the median leaves out.
    `closed`: a slice is `size` requests, by connections that ask anew when they have their answer; `warm_up` slices
    come first and do not count. `open`: all connections have a paced stream, and a slice is `size` milliseconds.
    `ping-pong`: the same, but each stream is sent an event only when its last one is here, so that no read holds two.
    """

    kind: Literal["closed", "open", "ping-pong"]
    body: str
    connections: int
    slices: int
    size: int
    warm_up: int = 1
    route: str = "chat"
    """Which of a contestant's paths is asked."""
    links: int = 0
    """Responses that are made before, each of which follows the last; what is asked follows the last of them."""
    over_socket: bool = False
    """Whether each connection is a WebSocket, on which the body is a text."""
    port: int = 0
    path: str = ""
    key: str = "benchmark"
    prefix: str = ""
    """What the server wants before the name of a model."""
    may_lose: bool = False
    """Whether a stream at full speed may lose words, which are counted then."""
    pid: int = 0
    upstream: int = 0
    upstream_port: int = 0


class TooSlowError(Exception):
    """The server could not do what the job asks for."""


class Times(Struct, frozen=True, kw_only=True):
    """Microseconds: the median, and what one in a hundred exceeds."""

    p50: float
    p99: float


class Result(Struct, frozen=True, kw_only=True):
    """What a job has cost: microseconds of CPU time a request (closed) or an event (open), one for each slice.

    `rate` is requests or events a second, one for each slice; `whole` a request's time, `first` that of its first word,
    `delay` that of a paced word from the upstream to here; `upstream_share` the part of a core that the upstream took.
    `kept` is the part of the slices in which paced streams kept their pace: where there were any, `cpu_us` is theirs.
    """

    cpu_us: list[float] = []
    rate: list[float] = []
    whole: Times | None = None
    first: Times | None = None
    delay: Times | None = None
    upstream_share: float = 0.0
    rss_kb_a_stream: float = 0.0
    kept: float | None = None
    lost: int = 0
    """The most words that a stream at full speed has lost, where it may."""
    error: str = ""
    too_slow: bool = False


def times(found: Sequence[float]) -> Times | None:
    """The two figures of some times; None where there are too few to have any."""
    if len(found) < 2:
        return None
    return Times(p50=statistics.median(found), p99=statistics.quantiles(found, n=100, method="inclusive")[98])


def request(job: Job, number: int = 0) -> bytes:
    """The bytes of a job's request; a ping-pong stream has a number."""
    return _post(job, numbered(BODIES[job.body], number))


def _post(job: Job, body: bytes) -> bytes:
    for model in MODELS if job.prefix else ():
        body = body.replace(b'"model":"%b"' % model.encode(), b'"model":"%b%b"' % (job.prefix.encode(), model.encode()))
    head = f"POST {job.path} HTTP/1.1\r\nHost: 127.0.0.1:{job.port}\r\nAuthorization: Bearer {job.key}\r\n"
    head += f"Accept: */*\r\nUser-Agent: benchmark\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
    return head.encode() + b"\r\n\r\n" + body


@contextlib.asynccontextmanager
async def _connected(job: Job, kind: Callable[[int], C]) -> AsyncIterator[list[C]]:
    """The job's connections, each made of its number, hung up when the block is left."""
    loop, clients = asyncio.get_running_loop(), list[C]()
    try:
        for number in range(job.connections):
            make = partial(kind, number)
            clients.append((await loop.create_connection(make, "127.0.0.1", job.port))[1])
        yield clients
    finally:
        await asyncio.gather(*(client.close() for client in clients))


async def _ask_in_turn(clients: Sequence[Asker], count: int) -> list[tuple[float, float]]:
    """Let every connection ask until there were `count` answers; how long each took, and its first word."""
    left = iter(range(count))
    found: list[tuple[float, float]] = []

    async def go_on(client: Asker) -> None:
        mine = [(await client.ask(), client.first_us) for _ in left]
        if mine:
            client.check()
        found.extend(mine)

    async with asyncio.TaskGroup() as group:
        for client in clients:
            group.create_task(go_on(client))
    return found


class Clocks:
    """The CPU clocks of the server and of the upstream, and the wall's, since the last look."""

    def __init__(self, job: Job) -> None:
        self._server, self._upstream = family(job.pid), job.upstream
        self._start = self._last = self._now()
        self.cpu_us: list[float] = []
        self.rate: list[float] = []

    def slice(self, units: int) -> None:
        """End a slice in which so many units were served."""
        now = self._now()
        self.cpu_us.append((now[0] - self._last[0]) / max(1, units))
        self.rate.append(units / (now[2] - self._last[2]) * 1e6)
        self._last = now

    def keep(self, good: Callable[[float], bool]) -> float:
        """Forget the CPU time of slices with another than a good rate, if there are good ones; the part of these."""
        kept = [cpu for cpu, rate in zip(self.cpu_us, self.rate, strict=True) if good(rate)]
        share = len(kept) / len(self.cpu_us)
        self.cpu_us = kept or self.cpu_us
        return share

    def result(
        self,
        *,
        whole: Times | None = None,
        first: Times | None = None,
        delay: Times | None = None,
        rss_kb_a_stream: float = 0.0,
        kept: float | None = None,
    ) -> Result:
        """What was seen between the first look and the last."""
        share = (self._last[1] - self._start[1]) / (self._last[2] - self._start[2])
        return Result(
            cpu_us=self.cpu_us,
            rate=self.rate,
            whole=whole,
            first=first,
            delay=delay,
            upstream_share=share,
            rss_kb_a_stream=rss_kb_a_stream,
            kept=kept,
        )

    def _now(self) -> tuple[float, float, float]:
        return family_cpu_us(self._server), family_cpu_us([self._upstream]), time.perf_counter() * 1e6


async def _closed(job: Job) -> Result:
    async with _connected(job, partial(_asker, job)) as clients:
        await asyncio.gather(*(client.prepare() for client in clients))
        for _ in range(job.warm_up):
            await _ask_in_turn(clients, job.size)
        clocks, found = Clocks(job), list[tuple[float, float]]()
        for _ in range(job.slices):
            found += await _ask_in_turn(clients, job.size)
            clocks.slice(job.size)
    whole, first = zip(*found, strict=True)
    result = clocks.result(whole=times(whole), first=times([us for us in first if us]))
    return structs.replace(result, lost=max(client.lost for client in clients))


def _asker(job: Job, _: int) -> Asker:
    """One connection that asks again and again."""
    if job.links:
        return Chainer(lambda previous: _post(job, following(previous)), job.links)
    if job.over_socket:
        text = b'{"type":"response.create",' + BODIES[job.body][1:]
        return SocketAsker(handshake(job.port, job.path, job.key), text)
    return Asker(request(job), streams=job.body not in WHOLE, may_lose=job.may_lose)


async def _open(job: Job) -> Result:
    """Measure while all streams flow, call for their end, and see that no word was lost."""
    memory = memory_kb(job.pid)
    async with _listening(job) as clients, asyncio.TaskGroup() as group:
        try:
            for number, client in enumerate(clients, 1):
                group.create_task(client.ask())
                if number % AT_ONCE == 0:
                    await asyncio.sleep(BREATH)
            await _all_flow(clients)
            clocks, kept = await _listen(job, clients)
            grown = (memory_kb(job.pid) - memory) / len(clients)
            delays = times([delay for client in clients for delay in client.delays_us])
        finally:
            await asyncio.to_thread(get, job.upstream_port, CALL_FOR_THE_END.decode())
    for client in clients:
        client.check()
    await _idle(job.pid)
    return clocks.result(delay=delays, rss_kb_a_stream=grown, kept=kept)


@contextlib.asynccontextmanager
async def _listening(job: Job) -> AsyncIterator[list[Listener]]:
    """The connections of a job of streams; in a ping-pong job the upstream is told of each event that has come."""
    if job.kind == "open":
        asked = request(job)
        async with _connected(job, lambda _: Listener(asked, streams=True)) as clients:
            yield clients
        return
    loop = asyncio.get_running_loop()
    pings, _ = await loop.create_connection(asyncio.Protocol, "127.0.0.1", job.upstream_port)
    pings.write(b"GET %b HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" % CALL_FOR_PINGS)

    def make(number: int) -> Listener:
        ping = partial(pings.write, PING.pack(number))
        return Listener(request(job, number), streams=True, on_word=ping)

    with contextlib.closing(pings):
        async with _connected(job, make) as clients:
            yield clients


async def _all_flow(clients: Sequence[Listener]) -> None:
    try:
        async with asyncio.timeout(ALL_FLOWING):
            await asyncio.gather(*(client.flowing.wait() for client in clients))
    except TimeoutError as error:
        flow = sum(client.flowing.is_set() for client in clients)
        message = f"after {ALL_FLOWING:.0f} s only {flow} of {len(clients)} streams flowed"
        raise TooSlowError(message) from error


async def _listen(job: Job, clients: Sequence[Listener]) -> tuple[Clocks, float | None]:
    """Slices until enough of them kept the pace, and the part that did, where there is a pace to keep.

    Where the machine stands still no event comes in one slice and too many in the next, for next to nothing each.
    """
    for client in clients:
        client.delays_us.clear()
    clocks = Clocks(job)
    if job.kind == "ping-pong":
        for _ in range(job.slices):
            await _slice(job, clients, clocks)
        return clocks, None
    keeps = partial(_keeps, job.connections / PACE[PACED_BODIES[job.body]])
    for _ in range(PATIENCE * job.slices):
        await _slice(job, clients, clocks)
        if sum(map(keeps, clocks.rate)) >= job.slices:
            break
    return clocks, clocks.keep(keeps)


async def _slice(job: Job, clients: Sequence[Listener], clocks: Clocks) -> None:
    before = sum(client.words for client in clients)
    await asyncio.sleep(job.size / 1000)
    clocks.slice(sum(client.words for client in clients) - before)


def _keeps(due: float, rate: float) -> bool:
    return KEPT[0] <= rate / due <= KEPT[1]


async def _idle(pid: int) -> None:
    """Wait until a server has done what many streams leave it to do, so that the next job does not pay for it."""
    members = family(pid)
    for _ in range(50):
        before = family_cpu_us(members)
        await asyncio.sleep(0.1)
        if family_cpu_us(members) - before < IDLE * 1e5:
            return


async def measure(job: Job) -> Result:
    """Do one job."""
    async with asyncio.timeout(LIMIT):
        return await (_closed(job) if job.kind == "closed" else _open(job))


async def answered(job: Job) -> Result:
    """The result of a job; a server that answers otherwise than expected is one too."""
    try:
        return await measure(job)
    except ExceptionGroup as errors:
        return _failed(_first(errors))
    except (OSError, TooSlowError, WrongAnswerError) as error:  # a TimeoutError is an OSError
        return _failed(error)


def _failed(error: Exception) -> Result:
    if isinstance(error, TimeoutError):
        return Result(error=f"not done after {LIMIT:.0f} s", too_slow=True)
    return Result(error=str(error) or repr(error), too_slow=isinstance(error, TooSlowError))


def _first(errors: ExceptionGroup[Exception]) -> Exception:
    """The first of several errors: the others follow from it."""
    error = errors.exceptions[0]
    return _first(error) if isinstance(error, ExceptionGroup) else error


async def work() -> None:
    """Do the jobs that come, until stdin ends; between two jobs nothing else is to be done, so reading may block."""
    for line in sys.stdin:
        result = await answered(msgspec.json.decode(line, type=Job))
        sys.stdout.write(msgspec.json.encode(result).decode() + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    run_fast(work())
