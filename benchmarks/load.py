"""The load generator, in a process of its own: jobs come as lines on stdin, results go as lines to stdout.

Run as `python -m benchmarks.load`. Every job is bounded in count and in time, and reads the CPU clock of the process
that it loads right before and right after.
"""

import asyncio
import statistics
import sys
import time
from typing import Literal, cast

import msgspec
from msgspec import Struct

from benchmarks.payloads import BODIES, LENGTHS
from benchmarks.process import cpu_us, rss_kb
from benchmarks.upstream import run_fast

LIMIT = 60.0
"""Seconds that any job may take."""

FIRST_EVENTS = 3
"""Events after which a stream counts as flowing."""


class Job(Struct, frozen=True, kw_only=True):
    """What to send, to whom, and the processes of the server and of the upstream, whose CPU time to read.

    CPU time is read once a slice: where the machine stands still, that spoils one slice, which the median leaves out.
    `closed`: a slice is `size` requests, by connections that ask anew when they have their answer; `warm_up` slices
    come first and do not count. `open`: all connections have a paced stream, and a slice is `size` milliseconds.
    """

    kind: Literal["closed", "open"]
    body: str
    connections: int
    slices: int
    size: int
    warm_up: int = 1
    port: int = 0
    path: str = ""
    """Where to ask; a job that names none is done on the contestant's own route of Chat Completions."""
    pid: int = 0
    upstream: int = 0


class Result(Struct, frozen=True, kw_only=True):
    """What a job has cost: microseconds of CPU time a request (closed) or an event (open), one for each slice.

    `p50_us` is a request's time on the clock, `upstream_share` the part of a core that the upstream took.
    """

    cpu_us: list[float] = []
    upstream_share: float = 0.0
    p50_us: float = 0.0
    rss_kb_a_stream: float = 0.0
    error: str = ""


class WrongAnswerError(Exception):
    """The answer is not the one that was to be measured."""


class Client(asyncio.Protocol):
    """One keep-alive connection that knows the end of an answer and how many events it has had."""

    def __init__(self, job: Job) -> None:
        body = BODIES[job.body]
        head = f"POST {job.path} HTTP/1.1\r\nHost: 127.0.0.1:{job.port}\r\nAuthorization: Bearer benchmark\r\n"
        head += f"Accept: */*\r\nUser-Agent: benchmark\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
        self._request = head.encode() + b"\r\n\r\n" + body
        self._expected = LENGTHS.get(job.body, 0)
        self._pieces: list[bytes] = []
        self._transport: asyncio.Transport | None = None
        self._answered: asyncio.Future[None] | None = None
        self._closed = asyncio.Event()
        self.flowing = asyncio.Event()
        self.events = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Be ready to ask."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one in all but its ancestry

    def connection_lost(self, exc: Exception | None) -> None:
        """Fail who waits."""
        self._closed.set()
        if self._answered is not None and not self._answered.done():
            self._answered.set_exception(WrongAnswerError("the connection was closed in the middle of an answer"))

    def data_received(self, data: bytes) -> None:
        """Collect the answer."""
        self._pieces.append(data)
        self.events += data.count(b"data: ")
        if self.events > FIRST_EVENTS:
            self.flowing.set()
        if self._answered is not None and not self._answered.done() and self._whole(data):
            self._answered.set_result(None)

    def _whole(self, last: bytes) -> bool:
        """Whether the answer is all there: by its length, or by the last chunk."""
        if self._expected and not last.endswith(b"0\r\n\r\n"):
            return False
        head, blank, body = b"".join(self._pieces).partition(b"\r\n\r\n")
        _, length, rest = head.lower().partition(b"content-length:")
        if length:
            return len(body) >= int(rest.split(b"\r\n", 1)[0])
        return bool(blank) and body.endswith(b"0\r\n\r\n")

    async def ask(self) -> None:
        """Ask, and wait for the whole answer."""
        assert self._transport is not None
        self._pieces.clear()
        self._answered = asyncio.get_running_loop().create_future()
        self._transport.write(self._request)
        await self._answered

    def check(self) -> None:
        """Make sure that the last answer was the one expected."""
        answer = b"".join(self._pieces)
        if not answer.startswith(b"HTTP/1.1 200"):
            raise WrongAnswerError(answer[:1000].decode("utf-8", "replace"))
        if answer.count(b"data: ") != self._expected:
            raise WrongAnswerError(f"a stream of {answer.count(b'data: ')} events, not {self._expected}")

    async def close(self) -> None:
        """Hang up, and wait until that is done."""
        assert self._transport is not None
        self._transport.abort()
        await self._closed.wait()


async def _connected(job: Job) -> list[Client]:
    loop = asyncio.get_running_loop()
    wires = [await loop.create_connection(lambda: Client(job), "127.0.0.1", job.port) for _ in range(job.connections)]
    return [client for _, client in wires]


async def _ask_in_turn(clients: list[Client], count: int) -> list[float]:
    """Let every connection ask until there were `count` answers; how long each took, in microseconds."""
    left = iter(range(count))
    times: list[float] = []

    async def go_on(client: Client) -> None:
        for _ in left:
            asked = time.perf_counter()
            await client.ask()
            times.append((time.perf_counter() - asked) * 1e6)
        if times:
            client.check()

    async with asyncio.TaskGroup() as group:
        for client in clients:
            group.create_task(go_on(client))
    return times


class Clocks:
    """The CPU clocks of the server and of the upstream, and the wall's, since the last look."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._start = self._last = self._now()
        self.cpu_us: list[float] = []

    def slice(self, units: int) -> None:
        """End a slice in which so many units were served."""
        now = self._now()
        self.cpu_us.append((now[0] - self._last[0]) / max(1, units))
        self._last = now

    def upstream_share(self) -> float:
        """The upstream's CPU time by the wall's, over all slices."""
        return (self._last[1] - self._start[1]) / (self._last[2] - self._start[2])

    def _now(self) -> tuple[float, float, float]:
        return cpu_us(self._job.pid), cpu_us(self._job.upstream), time.perf_counter() * 1e6


async def _closed(job: Job, clients: list[Client]) -> Result:
    for _ in range(job.warm_up):
        await _ask_in_turn(clients, job.size)
    clocks, times = Clocks(job), list[float]()
    for _ in range(job.slices):
        times += await _ask_in_turn(clients, job.size)
        clocks.slice(job.size)
    return Result(cpu_us=clocks.cpu_us, upstream_share=clocks.upstream_share(), p50_us=statistics.median(times))


async def _open(job: Job, clients: list[Client], memory: int) -> Result:
    async with asyncio.TaskGroup() as group:
        for client in clients:
            group.create_task(client.ask())
        await asyncio.gather(*(client.flowing.wait() for client in clients))
        clocks = Clocks(job)
        for _ in range(job.slices):
            before = sum(client.events for client in clients)
            await asyncio.sleep(job.size / 1000)
            clocks.slice(sum(client.events for client in clients) - before)
        grown = (rss_kb(job.pid) - memory) / len(clients)
    for client in clients:
        client.check()
    return Result(cpu_us=clocks.cpu_us, upstream_share=clocks.upstream_share(), rss_kb_a_stream=grown)


async def measure(job: Job) -> Result:
    """Do one job."""
    memory = rss_kb(job.pid)
    clients = await _connected(job)
    try:
        async with asyncio.timeout(LIMIT):
            return await (_closed(job, clients) if job.kind == "closed" else _open(job, clients, memory))
    finally:
        await asyncio.gather(*(client.close() for client in clients))


async def answered(job: Job) -> Result:
    """The result of a job; a server that answers otherwise than expected is one too."""
    try:
        return await measure(job)
    except ExceptionGroup as errors:
        return Result(error=repr(errors.exceptions[0]))
    except (OSError, TimeoutError, WrongAnswerError) as error:
        return Result(error=repr(error))


async def work() -> None:
    """Do the jobs that come, until stdin ends; between two jobs nothing else is to be done, so reading may block."""
    for line in sys.stdin:
        result = await answered(msgspec.json.decode(line, type=Job))
        sys.stdout.write(msgspec.json.encode(result).decode() + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    run_fast(work())
