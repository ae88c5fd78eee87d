"""One target in a process of its own; hides libFuzzer's flags, its directories, and how it says what it did."""

import hashlib
import os
import re
import resource
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

HERE = Path(__file__).parent
SEEDS = HERE / "corpus"
CRASHES = HERE / "crashes"
FINDS = HERE.parent / ".cache" / "fuzz"
"""Inputs that reached new code, as long as nobody cleans up."""

_LIMITS = ("-timeout=20", "-rss_limit_mb=2048", "-print_final_stats=1")
_LENGTHS = {"framing": 64, "host": 64, "any_request": 2048, "any_answer": 1024, "broken_answer": 1024}
"""Bytes that an input may have where little says all; what else is read may have 4096."""

_DONE = re.compile(r"stat::number_of_executed_units:\s*(\d+)")
_MEMORY = Path("/dev/shm")


@dataclass(frozen=True, slots=True)
class Bounds:
    """When a target has had enough: after so many executions or minutes, whichever comes first; 0 is no bound."""

    runs: int
    minutes: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one target. `cpu` is what the operating system counted; `said` is libFuzzer's own log."""

    target: str
    executions: int
    seconds: float
    cpu: float
    corpus: int
    crashes: tuple[Path, ...]
    said: str


def run(target: str, bounds: Bounds, clock: Callable[[], float]) -> Outcome:
    """Fuzz one target within its bounds, or until its first crash, whose input is kept."""
    finds = FINDS / target
    finds.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix="passenger-fuzz-", dir=_MEMORY if _MEMORY.is_dir() else None) as scratch:
        begun, used = clock(), _cpu()
        said = _fuzzed([target, *_flags(target, bounds, Path(scratch)), str(finds), str(SEEDS / target)], scratch)
        seconds, cpu = clock() - begun, _cpu() - used
        crashes = tuple(_keep(found, target) for found in sorted(Path(scratch).glob("found-*")))
    done = _DONE.search(said)
    return Outcome(target, int(done[1]) if done else 0, seconds, cpu, len(list(finds.iterdir())), crashes, said)


def _flags(target: str, bounds: Bounds, scratch: Path) -> list[str]:
    flags = [*_LIMITS, f"-max_len={_LENGTHS.get(target, 4096)}", f"-artifact_prefix={scratch / 'found-'}"]
    if bounds.runs:
        flags.append(f"-runs={bounds.runs}")
    if bounds.minutes:
        flags.append(f"-max_total_time={max(1, round(bounds.minutes * 60))}")
    return flags


def _fuzzed(arguments: list[str], scratch: str) -> str:
    """What the process said; the files that the targets themselves write lie in memory where there is a place."""
    command = [sys.executable, "-m", "fuzz.child", *arguments]
    done = subprocess.run(
        command,
        cwd=HERE.parent,
        env={**os.environ, "TMPDIR": scratch},
        stderr=subprocess.STDOUT,
        stdout=subprocess.PIPE,
        text=True,
        errors="replace",
        check=False,
    )
    return done.stdout


def _cpu() -> float:
    """Seconds of the processor that the children have taken so far."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _keep(found: Path, target: str) -> Path:
    """A crash's input among those that the tests replay."""
    content = found.read_bytes()
    kept = CRASHES / target / hashlib.sha256(content).hexdigest()[:16]
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_bytes(content)
    return kept
