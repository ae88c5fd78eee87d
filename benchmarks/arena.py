"""One run: the upstream, the load generator and the contestants side by side, in rounds that alternate."""

import contextlib
import os
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import Popen
from tempfile import TemporaryDirectory

import msgspec

from benchmarks.contestants import LOGIN, Contestant
from benchmarks.load import Job, Result
from benchmarks.process import (
    await_answer,
    child,
    cpu_of_run,
    cpu_us,
    free_port,
    machine_ticks,
    rss_kb,
    stolen_share,
)
from benchmarks.workloads import JOBS, MEMORY, WARMING, Plan

Progress = Callable[[str], None]


class FailedJobError(Exception):
    """A contestant gave another answer than the one to be measured."""


@dataclass(frozen=True, slots=True)
class Server:
    """A contestant that serves: its process and its port."""

    contestant: Contestant
    pid: int
    port: int


@dataclass(slots=True)
class Measured:
    """All samples of a run, by contestant and source; `upstream` is the part of a core that the upstream took,
    `stolen` the part of the machine that its hypervisor gave to others."""

    samples: dict[tuple[str, str], list[float]] = field(default_factory=lambda: defaultdict(list))
    upstream: list[float] = field(default_factory=list)
    stolen: float = 0.0

    def add(self, name: str, source: str, *values: float) -> None:
        """Keep some samples."""
        self.samples[name, source] += values

    def median(self, name: str, source: str) -> float | None:
        """The median of what was measured, None where nothing was."""
        found = self.samples.get((name, source))
        return statistics.median(found) if found else None


class Arena:
    """The upstream and the load generator, and a directory in which contestants are at home."""

    def __init__(self, directory: Path, stack: contextlib.ExitStack) -> None:
        self._directory = directory
        self._log = directory / "stderr"
        self._port = free_port()
        self._upstream = self._start(stack, [sys.executable, "-m", "benchmarks.upstream", str(self._port)])
        self._load = self._start(stack, [sys.executable, "-m", "benchmarks.load"])
        await_answer(self._upstream, self._port, "/health", self._log)

    @contextlib.contextmanager
    def serving(self, contestant: Contestant, measured: Measured | None = None) -> Iterator[Server]:
        """A contestant that serves, with what its start has cost."""
        if contestant.command is None:
            yield Server(contestant, self._upstream.pid, self._port)
            return
        with TemporaryDirectory(dir=self._directory) as home, contextlib.ExitStack() as stack:
            port = free_port()
            command = contestant.command(port, f"http://127.0.0.1:{self._port}", Path(home))
            began = time.perf_counter()
            process = self._start(stack, command, Path(home))
            await_answer(process, port, contestant.ready_path, self._log)
            if measured is not None:
                measured.add(contestant.name, "start wall", (time.perf_counter() - began) * 1e3)
                measured.add(contestant.name, "start cpu", cpu_us(process.pid) / 1e3)
                measured.add(contestant.name, "idle", rss_kb(process.pid) / 1024)
            yield Server(contestant, process.pid, port)

    def do(self, job: Job, server: Server) -> Result:
        """Let the load generator do a job.

        Raises:
            FailedJobError: the answers were not the expected ones.
        """
        path, pids = job.path or server.contestant.chat_path, {"pid": server.pid, "upstream": self._upstream.pid}
        asked = msgspec.structs.replace(job, port=server.port, path=path, **pids)
        assert self._load.stdin is not None
        assert self._load.stdout is not None
        self._load.stdin.write(msgspec.json.encode(asked) + b"\n")
        self._load.stdin.flush()
        line = self._load.stdout.readline()
        result = msgspec.json.decode(line, type=Result) if line else Result(error="the load generator has ended")
        if result.error:
            raise FailedJobError(f"{server.contestant.name}: {result.error}\n{self._log.read_text()[-2000:]}")
        return result

    def _start(self, stack: contextlib.ExitStack, command: Sequence[str], home: Path | None = None) -> Popen[bytes]:
        return stack.enter_context(child(command, environment(home or self._directory), self._log))


def environment(home: Path) -> dict[str, str]:
    """The whole environment of a child: nothing of the user's."""
    paths = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
    return {**paths, "HOME": str(home), "COPILOT_GITHUB_TOKEN": LOGIN, "NO_COLOR": "1"}


def run(contestants: Sequence[Contestant], plan: Plan, progress: Progress) -> Measured:
    """Measure everybody."""
    measured, before = Measured(), machine_ticks()
    with TemporaryDirectory() as directory, contextlib.ExitStack() as stack:
        arena = Arena(Path(directory), stack)
        _measure_starts(arena, contestants, plan, measured, progress)
        servers = [stack.enter_context(arena.serving(contestant)) for contestant in contestants]
        for round_number in range(plan.rounds):
            progress(f"round {round_number + 1} of {plan.rounds}")
            for source, job in JOBS.items():
                for server in _rotated([s for s in servers if s.contestant.translates or not job.path], round_number):
                    _measure_job(arena, source, _sized(job, plan), server, measured)
    measured.stolen = stolen_share(before, machine_ticks())
    return measured


def _measure_starts(
    arena: Arena, contestants: Sequence[Contestant], plan: Plan, measured: Measured, progress: Progress
) -> None:
    """Start-up, and memory in a process that has done nothing else yet."""
    for number in range(plan.starts):
        progress(f"start {number + 1} of {plan.starts}")
        for contestant in (c for c in contestants if c.command is not None):
            with arena.serving(contestant, measured) as server:
                if number < (plan.starts + 1) // 2:
                    _measure_memory(arena, server, measured)
            if contestant.help_command:
                _measure_help(contestant, measured)


def _measure_memory(arena: Arena, server: Server, measured: Measured) -> None:
    arena.do(WARMING, server)
    measured.add(server.contestant.name, "open", arena.do(MEMORY, server).rss_kb_a_stream)


def _measure_help(contestant: Contestant, measured: Measured) -> None:
    with TemporaryDirectory() as home:
        cpu, wall = cpu_of_run(contestant.help_command, environment(Path(home)))
    measured.add(contestant.name, "help cpu", cpu / 1e3)
    measured.add(contestant.name, "help wall", wall / 1e3)


def _measure_job(arena: Arena, source: str, job: Job, server: Server, measured: Measured) -> None:
    result = arena.do(job, server)
    name = server.contestant.name
    measured.add(name, source, *result.cpu_us)
    measured.add(name, f"{source} p50", result.p50_us)
    if server.contestant.command is not None:
        measured.upstream.append(result.upstream_share)


def _sized(job: Job, plan: Plan) -> Job:
    return msgspec.structs.replace(job, slices=max(1, job.slices // plan.divisor))


def _rotated(servers: Sequence[Server], by: int) -> list[Server]:
    """The servers, each time another one first."""
    at = by % len(servers)
    return [*servers[at:], *servers[:at]]
