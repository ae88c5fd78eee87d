"""Another revision of Passenger, built beside the work tree, and what the work tree costs compared with it."""

import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from benchmarks.arena import Variant
from benchmarks.contestants import PASSENGER, PASSENGER_SETTINGS, Contestant, Stage
from benchmarks.install import do, once
from benchmarks.load import Job
from benchmarks.measured import Measured
from benchmarks.process import ROOT
from benchmarks.report import Row, as_number, value
from benchmarks.variants import on_disk
from benchmarks.workloads import JOBS, LINES, ON_DISK, Line

CACHE = ROOT / ".cache" / "bench-against"

TOLERANCE = 1.04
"""The work tree is no worse where it costs at most so many times what the revision does."""

JUDGED = ("whole cpu", "agent cpu", "stream cpu", "paced cpu", "ping-pong cpu")
"""The sources of (a), (b'), (c), (d) and (d'), on which the verdict stands."""

BY_THE_CLOCK = frozenset({"one by one", "first word"})
"""Jobs whose figures are wall-clock times: a busy machine decides them, not the code."""


class NoRevisionError(Exception):
    """The repository has no such revision, or Passenger is not in it."""


def jobs(names: Sequence[str] = ()) -> Mapping[str, Job]:
    """The jobs to compare by: those named, else all that are judged by CPU time."""
    return {name: job for name, job in JOBS.items() if name in names or (not names and name not in BY_THE_CLOCK)}


def variants(other: Contestant, names: Sequence[str] = ()) -> list[Variant]:
    """Both of them set up to keep conversations on disk, for the jobs that are named."""
    asked = {source: job for source, job in ON_DISK.items() if not names or source in names}
    return [Variant("kept on disk", asked, (on_disk(other), on_disk(PASSENGER)))] if asked else []


def build(revision: str, repository: Path = ROOT, cache: Path = CACHE) -> Contestant:
    """Check a revision out into the cache, with an environment of the packages that it pins itself.

    Raises:
        NoRevisionError: there is no such revision.
        LeftOutError: its packages cannot be installed.
    """
    commit = _resolve(revision, repository)
    where = cache / commit[:12]
    python = str(where / "bin" / "python")
    once(where, lambda: _install(commit, repository, where))

    def serve(stage: Stage) -> list[str]:
        settings = stage.home / "settings.toml"
        settings.write_text(PASSENGER_SETTINGS.format(upstream=stage.upstream))
        return [python, "-m", "passenger", "-c", str(settings), "--port", str(stage.port)]

    return replace(
        PASSENGER,
        name=commit[:7],
        command=serve,
        help_command=(python, "-m", "passenger", "--help"),
        env={"PYTHONPATH": ""},  # ours may name the work tree
        peer=True,  # an older one cannot do every job
        size=None,
    )


def _resolve(revision: str, repository: Path) -> str:
    command = ["git", "-C", str(repository), "rev-parse", "--verify", "--quiet", "--end-of-options"]
    found = subprocess.run([*command, f"{revision}^{{commit}}"], capture_output=True, text=True, check=False)
    if found.returncode:
        raise NoRevisionError(f"there is no revision {revision!r} in {repository}")
    return found.stdout.strip()


def _install(commit: str, repository: Path, where: Path) -> None:
    do([sys.executable, "-m", "venv", "--without-pip", str(where)], where)
    source = where / "source"
    do(["git", "clone", "--quiet", "--no-checkout", "--shared", str(repository), str(source)], where)
    do(["git", "-C", str(source), "checkout", "--quiet", "--detach", commit], where)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", "--python", str(where / "bin/python")]
    lock = source / "requirements" / "run.txt"
    do([*pip, "install", "--no-deps", "--require-hashes", "-r", str(lock)], where)
    packages = next((where / "lib").glob("python*/site-packages"))
    (packages / "passenger.pth").write_text(f"{source / 'src'}\n")


# --- the comparison ----------------------------------------------------------------------------------------------


def rows(measured: Measured, other: Contestant) -> list[Row]:
    """The table: what the revision costs, what the work tree does, and how many times as much that is."""
    head = ["workload", "unit", other.name, "work tree", "ratio", "quartiles", "verdict"]
    lines = [line for line in LINES if not line.more and ratio(measured, line, other) is not None]
    return [head, *(_row(measured, line, other) for line in lines)]


def worse(measured: Measured, other: Contestant) -> list[str]:
    """The titles of the judged lines in which the work tree costs more than it may."""
    found = {
        line.source: line.title for line in reversed(LINES) if _verdict(line, ratio(measured, line, other)) == "WORSE"
    }
    return [*reversed(found.values())]


def ratio(measured: Measured, line: Line, other: Contestant) -> float | None:
    """How many times what the revision costs the work tree does, by the medians; None where one was not measured."""
    before, now = value(measured, line, other.name), value(measured, line, PASSENGER.name)
    return now / before if before and now is not None else None


def _row(measured: Measured, line: Line, other: Contestant) -> Row:
    times = ratio(measured, line, other)
    return [
        line.title,
        line.unit,
        as_number(value(measured, line, other.name)),
        as_number(value(measured, line, PASSENGER.name)),
        "-" if times is None else f"{times:.3f}",
        _quartiles(measured.samples[PASSENGER.name, line.source], line.per),
        _verdict(line, times),
    ]


def _quartiles(samples: Sequence[float], per: float) -> str:
    """Between which figures the middle half of the work tree's samples lies."""
    if len(samples) < 4:
        return "-"
    low, _, high = statistics.quantiles(samples, n=4)
    return f"{as_number(low / per)} - {as_number(high / per)}"


def _verdict(line: Line, times: float | None) -> str:
    if line.source not in JUDGED or times is None:
        return "-"
    return "no worse" if times <= TOLERANCE else "WORSE"
