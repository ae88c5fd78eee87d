"""One run: the upstream, the load generator and the contestants side by side, in rounds that alternate."""

import contextlib
import os
import resource
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from subprocess import Popen
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import TypeVar

import msgspec
import trustme

from benchmarks.contestants import LOGIN, Contestant, Stage
from benchmarks.load import Job, Result
from benchmarks.measured import Measured
from benchmarks.process import (
    NotStartedError,
    await_answer,
    child,
    cpu_of_run,
    family,
    family_cpu_us,
    free_port,
    machine_ticks,
    memory_kb,
    stolen_share,
)
from benchmarks.workloads import JOBS, MEMORY, TRANSLATIONS, WARMING, Plan

T = TypeVar("T")

PATIENCE = 2
"""How many times its own time a run may take on a machine that is slow; no job is begun after that."""

Progress = Callable[[str], None]
NOTHING: Mapping[str, str] = MappingProxyType({})


class FailedJobError(Exception):
    """A contestant gave another answer than the one to be measured."""


class TooSlowError(FailedJobError):
    """A contestant could not do what was asked for."""


@dataclass(frozen=True, slots=True)
class Variant:
    """Servers that are set up otherwise, and the jobs that they are given, by source.

    No round of it is begun after `share` of a run's time, except for the first.
    """

    name: str
    jobs: Mapping[str, Job]
    contestants: Sequence[Contestant]
    share: float = 0.125


@dataclass(frozen=True, slots=True)
class Server:
    """A contestant that serves: its process and its port."""

    contestant: Contestant
    pid: int
    port: int


class Arena:
    """The upstream and the load generator, and a directory in which contestants are at home."""

    def __init__(self, directory: Path, stack: contextlib.ExitStack) -> None:
        self._directory = directory
        self._log = directory / "stderr"
        self._port, self._secure_port = free_port(), free_port()
        self._authority, certificate = _issued(directory)
        ports = [str(self._port), str(self._secure_port)]
        self._upstream = self._start(stack, [sys.executable, "-m", "benchmarks.upstream", *ports, str(certificate)])
        self._load = self._start(stack, [sys.executable, "-m", "benchmarks.load"], talks=True)
        await_answer(self._upstream, self._port, "/health", self._log)

    @contextlib.contextmanager
    def serving(self, contestant: Contestant, measured: Measured | None = None) -> Iterator[Server]:
        """A contestant that serves, with what its start has cost."""
        if contestant.command is None:
            yield Server(contestant, self._upstream.pid, self._port)
            return
        with TemporaryDirectory(dir=self._directory) as home, contextlib.ExitStack() as stack:
            port = free_port()
            command = contestant.command(self._stage(port, Path(home)))
            began = time.perf_counter()
            process = self._start(stack, command, Path(home), env=contestant.env)
            await_answer(process, port, contestant.ready_path, self._log, contestant.patience)
            if measured is not None:
                measured.add(contestant.name, "start wall", (time.perf_counter() - began) * 1e3)
                measured.add(contestant.name, "start cpu", family_cpu_us(family(process.pid)) / 1e3)
                measured.add(contestant.name, "idle", memory_kb(process.pid) / 1024)
            yield Server(contestant, process.pid, port)

    def _stage(self, port: int, home: Path) -> Stage:
        upstream, secure = f"http://127.0.0.1:{self._port}", f"https://127.0.0.1:{self._secure_port}"
        return Stage(port, upstream, home, secure, self._authority)

    def do(self, job: Job, server: Server) -> Result:
        """Let the load generator do a job.

        Raises:
            FailedJobError: the answers were not the expected ones.
        """
        asked = msgspec.structs.replace(
            job,
            port=server.port,
            path=server.contestant.routes[job.route],
            key=server.contestant.key,
            prefix=server.contestant.prefix,
            may_lose=server.contestant.may_lose,
            pid=server.pid,
            upstream=self._upstream.pid,
            upstream_port=self._port,
        )
        assert self._load.stdin is not None
        assert self._load.stdout is not None
        self._load.stdin.write(msgspec.json.encode(asked) + b"\n")
        self._load.stdin.flush()
        line = self._load.stdout.readline()
        result = msgspec.json.decode(line, type=Result) if line else Result(error="the load generator has ended")
        if result.too_slow:
            raise TooSlowError(f"{server.contestant.name}: {result.error}")
        if result.error:
            raise FailedJobError(f"{server.contestant.name}: {result.error}\n{self._log.read_text()[-2000:]}")
        return result

    def _start(
        self,
        stack: contextlib.ExitStack,
        command: Sequence[str],
        home: Path | None = None,
        *,
        talks: bool = False,
        env: Mapping[str, str] = NOTHING,
    ) -> Popen[bytes]:
        surroundings = {**environment(home or self._directory), **env}
        return stack.enter_context(child(command, surroundings, self._log, talks=talks))


class Place:
    """Where a contestant serves all through the rounds; begun anew after a job that it could not do."""

    def __init__(self, arena: Arena, contestant: Contestant, stack: contextlib.ExitStack) -> None:
        self._arena = arena
        self._stack = stack.enter_context(contextlib.ExitStack())
        self._peak = 0
        self.contestant = contestant
        self.server = self._stack.enter_context(arena.serving(contestant))

    def renew(self) -> None:
        """Serve from a new process: the old one may still be at what it could not do."""
        self._peak = self.peak_kb()
        self._stack.close()
        self.server = self._stack.enter_context(self._arena.serving(self.contestant))

    def peak_kb(self) -> int:
        """The most memory that it has had."""
        with contextlib.suppress(OSError):  # it may have ended
            return max(self._peak, memory_kb(self.server.pid, "VmHWM"))
        return self._peak


def _issued(directory: Path) -> tuple[Path, Path]:
    """An authority of our own, and a certificate with its key that it has signed for this machine."""
    authority, certificate = directory / "authority.pem", directory / "certificate.pem"
    root = trustme.CA()
    root.cert_pem.write_to_path(authority)
    root.issue_cert("localhost", "127.0.0.1").private_key_and_cert_chain_pem.write_to_path(certificate)
    return authority, certificate


def environment(home: Path) -> dict[str, str]:
    """The whole environment of a child: nothing of the user's."""
    paths = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
    return {**paths, "HOME": str(home), "COPILOT_GITHUB_TOKEN": LOGIN, "NO_COLOR": "1"}


def run(
    contestants: Sequence[Contestant],
    variants: Sequence[Variant],
    plan: Plan,
    progress: Progress,
    jobs: Mapping[str, Job] = JOBS,
) -> Measured:
    """Measure everybody, and some once more as they are set up otherwise."""
    _allow_open_files()
    measured, before = Measured(load=os.getloadavg()[0]), machine_ticks()
    with TemporaryDirectory() as directory, contextlib.ExitStack() as stack:
        arena = Arena(Path(directory), stack)
        contestants = _measure_starts(arena, contestants, plan, measured, progress)
        for variant in variants:
            _measure_variant(arena, variant, plan, measured, progress)
        shorter = {source: _shortened(job, plan.divisor) for source, job in jobs.items()}
        places = [Place(arena, contestant, stack) for contestant in contestants]
        began = time.monotonic()
        for number in range(plan.rounds):
            if number and time.monotonic() > began + plan.seconds:
                break
            measured.rounds = number + 1
            for source, job in shorter.items():
                if time.monotonic() > began + PATIENCE * plan.seconds:
                    progress(f"no time for {source!r}")
                    continue
                progress(f"round {number + 1} of {plan.rounds}: {source}")
                _measure_everybody(arena, source, job, _rotated(places, number), measured)
        for place in places:
            measured.add(place.contestant.name, "peak", place.peak_kb() / 1024)
    measured.stolen = stolen_share(before, machine_ticks())
    return measured


def _measure_starts(
    arena: Arena, contestants: Sequence[Contestant], plan: Plan, measured: Measured, progress: Progress
) -> list[Contestant]:
    """Start-up, and memory in a process that has done nothing else yet; the contestants that have served."""
    until = time.monotonic() + plan.seconds / 4
    for number in range(plan.starts):
        if number and time.monotonic() > until:
            break
        progress(f"start {number + 1} of {plan.starts}")
        for contestant in contestants:
            with _own_affair(contestant, "start", measured):
                if contestant.command is not None and (contestant.name, "start") not in measured.failed:
                    _measure_start(arena, contestant, measured, memory=number < (plan.starts + 1) // 2)
    for contestant in contestants:
        if contestant.size is not None:
            measured.add(contestant.name, "size", contestant.size())
        if contestant.packages is not None:
            measured.add(contestant.name, "packages", contestant.packages())
    return [contestant for contestant in contestants if (contestant.name, "start") not in measured.failed]


def _measure_start(arena: Arena, contestant: Contestant, measured: Measured, *, memory: bool) -> None:
    with arena.serving(contestant, measured) as server, _own_affair(contestant, "open", measured):
        if memory and (contestant.name, "open") not in measured.failed:
            arena.do(WARMING, server)
            measured.add(contestant.name, "open", arena.do(MEMORY, server).rss_kb_a_stream)
    if contestant.help_command:
        with TemporaryDirectory() as home:
            cpu, wall = cpu_of_run(contestant.help_command, {**environment(Path(home)), **contestant.env})
        measured.add(contestant.name, "help cpu", cpu / 1e3)
        measured.add(contestant.name, "help wall", wall / 1e3)


def _measure_variant(arena: Arena, variant: Variant, plan: Plan, measured: Measured, progress: Progress) -> None:
    """What servers that are set up otherwise take for their jobs: each is started anew in each round."""
    until = time.monotonic() + plan.seconds * variant.share
    for number in range(plan.starts if variant.contestants else 0):
        if number and time.monotonic() > until:
            break
        progress(f"{variant.name}, {number + 1} of {plan.starts}")
        for contestant in _rotated(variant.contestants, number):
            with _own_affair(contestant, variant.name, measured), arena.serving(contestant) as server:
                for source, job in variant.jobs.items():
                    shorter = _shortened(job, plan.divisor * contestant.slow)
                    _measure_job(arena, source, shorter, server, measured, memory=job.kind == "open")


def _measure_everybody(arena: Arena, source: str, job: Job, places: Sequence[Place], measured: Measured) -> None:
    """A job once by everybody who can do it and has not failed in it before."""
    for place in places:
        contestant = place.contestant
        able = source not in TRANSLATIONS or source in contestant.translates
        if able and (contestant.name, source) not in measured.failed:
            with _own_affair(contestant, source, measured):
                _measure_job(arena, source, _shortened(job, contestant.slow), place.server, measured)
            if (contestant.name, source) in measured.failed:
                with _own_affair(contestant, "start", measured):
                    place.renew()


def _measure_job(
    arena: Arena, source: str, job: Job, server: Server, measured: Measured, *, memory: bool = False
) -> None:
    """A job; what its streams take in memory counts in a server that has done nothing else."""
    result = arena.do(job, server)
    measured.add_result(server.contestant.name, source, result)
    if memory:
        measured.add(server.contestant.name, f"{source} open", result.rss_kb_a_stream)
    if server.contestant.command is not None:
        measured.upstream.append(result.upstream_share)


@contextlib.contextmanager
def _own_affair(contestant: Contestant, source: str, measured: Measured) -> Iterator[None]:
    """What a peer cannot do is noted, and what is too much for one of ours; a wrong answer of ours ends the run."""
    try:
        yield
    except (FailedJobError, NotStartedError) as error:
        if not contestant.peer and not isinstance(error, TooSlowError):
            raise
        measured.failed[contestant.name, source] = str(error)


def _shortened(job: Job, by: int) -> Job:
    """A job with fewer slices, for a short plan or a slow contestant; never fewer than two."""
    slices, warm_up = max(2, job.slices // by), max(1, job.warm_up // by)
    return msgspec.structs.replace(job, slices=slices, warm_up=warm_up)


def _allow_open_files() -> None:
    """Let the servers have as many open files as the machine lets us have."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _rotated(servers: Sequence[T], by: int) -> list[T]:
    """The servers, each time another one first."""
    at = by % len(servers)
    return [*servers[at:], *servers[:at]]
