"""`python -m benchmarks.first_minute`: from a clone to the first word in the real Claude Code, on the demo.

Each step is what a newcomer types, in an empty home and with empty caches. Ours is what git, the installer and
Passenger's own processes use; the client's own CPU time is shown beside it. Linux alone.
"""

import argparse
import asyncio
import contextlib
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from clients.install import NotInstalledError, cache, installed
from clients.programs.claude_code import PROGRAM, STREAM

from benchmarks.process import ROOT, cpu_us, family
from benchmarks.report import PAGE, rewritten

PATIENCE = 300.0
"""Seconds that a step may take."""

GLANCE = 0.002
"""Seconds between two looks at the processes that a step has started."""

OURS_AT_MOST = 15.0
LAUNCH_AT_MOST = 2.0
HELP_AT_MOST = 0.100
COMPLETION_AT_MOST = 0.150
"""What is to be reached, in seconds of CPU."""

STARTS = 7
"""How often a short command is run; its figure is the median."""

LAUNCH = ("passenger", "launch", "claude", "--demo", "--")
TALK = ("-p", "Tell me a joke.", *STREAM)


class FailedStepError(Exception):
    """A step did not do what it should; the message says what it said."""


@dataclass(frozen=True, slots=True)
class Step:
    """What a step took, in seconds: of the wall's clock, of CPU of ours, of CPU of the client's."""

    typed: str
    wall: float
    ours: float
    client: float = 0.0
    most: float | None = None

    def row(self) -> str:
        """Its line of the table."""
        most = "" if self.most is None else f"{self.most:g}"
        return f"| {self.typed} | {self.wall:.2f} | {self.ours:.2f} | {self.client:.2f} | {most} |"


HEADING = ("| step | wall s | CPU s of ours | CPU s of the client | at most |", "|---|---:|---:|---:|---:|")


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; exit 1 where a step fails or a figure is not reached."""
    options = _options(arguments)
    try:
        client = asyncio.run(installed(PROGRAM, cache()))
        with tempfile.TemporaryDirectory(prefix="first-minute-") as place:
            steps = measured(Path(place), options.revision, client)
    except (FailedStepError, NotInstalledError) as error:
        print(f"first-minute: {error}", file=sys.stderr)
        return 1
    load = " ".join(f"{one:.1f}" for one in os.getloadavg())
    client_and_load = f"{PROGRAM.title} {PROGRAM.version} on {datetime.now(UTC):%Y-%m-%d}, under a load of {load}."
    said = "\n".join((*HEADING, *(step.row() for step in steps), "", client_and_load))
    print(said)
    if options.write:
        PAGE.write_text(rewritten(PAGE.read_text(), said, "first minute"))
    return int(any(step.most is not None and step.ours > step.most for step in steps))


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.first_minute", description=__doc__)
    parser.add_argument("--revision", default="HEAD", help="What is cloned.  [HEAD]")
    parser.add_argument("--write", action="store_true", help=f"Put the table into {PAGE.parent.name}/{PAGE.name}.")
    return parser.parse_args(arguments)


def measured(place: Path, revision: str, client: Path) -> list[Step]:
    """The steps one after the other, their sum, and what a warm command takes."""
    (home := place / "home").mkdir()
    env = _newcomer(home, client)
    work = place / "passenger"
    subprocess.run(["git", "clone", "--quiet", "--bare", ROOT, place / "origin"], check=True, capture_output=True)
    steps = [
        _run("git clone", ["git", "clone", "--quiet", str(place / "origin"), str(work)], env, place),
    ]
    _run("", ["git", "checkout", "--quiet", _commit(revision)], env, work)
    steps.append(_run("make install", ["make", "install"], env, work))
    _, spoken = _talk("passenger launch claude --demo, until it speaks", env, home)
    whole = (*steps, spoken)
    steps.append(spoken)
    steps.append(
        Step(
            "**all of it**",
            sum(step.wall for step in whole),
            sum(step.ours for step in whole),
            spoken.client,
            OURS_AT_MOST,
        )
    )
    warm, _ = _talk("", env, home)
    steps.append(Step("launch, warm, until Claude Code starts", warm.wall, warm.ours, 0.0, LAUNCH_AT_MOST))
    steps.append(_short("passenger --help", ["passenger", "--help"], env, home, HELP_AT_MOST))
    asking = {**env, "_PASSENGER_COMPLETE": "bash_complete", "COMP_WORDS": "passenger models gpt", "COMP_CWORD": "2"}
    steps.append(_short("completion of a model's name", ["passenger"], asking, home, COMPLETION_AT_MOST))
    return steps


def _newcomer(home: Path, client: Path) -> dict[str, str]:
    """An environment with nothing of ours in it but how the machine reaches its package index."""
    kept = {name: value for name, value in os.environ.items() if name.startswith(("PIP_", "UV_", "SSL_", "NODE_EXTRA"))}
    path = os.pathsep.join([str(home / ".local" / "bin"), str(client.parent), os.environ["PATH"]])
    return {**kept, "HOME": str(home), "PATH": path, "LANG": "C.UTF-8", "TERM": "xterm-256color"}


def _commit(revision: str) -> str:
    return subprocess.run(
        ["git", "rev-parse", revision], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.strip()


def _run(typed: str, command: Sequence[str], env: Mapping[str, str], cwd: Path) -> Step:
    """Run a command to its end."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    ended = subprocess.run(command, env=env, cwd=cwd, capture_output=True, text=True, timeout=PATIENCE, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if ended.returncode:
        raise FailedStepError(f"{' '.join(command)}: {ended.stdout}{ended.stderr}")
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Step(typed, time.monotonic() - began, used)


def _short(typed: str, command: Sequence[str], env: Mapping[str, str], cwd: Path, most: float) -> Step:
    runs = [_run(typed, command, env, cwd) for _ in range(STARTS)]
    return Step(typed, median(one.wall for one in runs), median(one.ours for one in runs), 0.0, most)


# --- the talk ----------------------------------------------------------------------------------------------------


def _talk(typed: str, env: Mapping[str, str], cwd: Path) -> tuple[Step, Step]:
    """What it took until the client was started, and until its first word came."""
    began = time.monotonic()
    with _talking(env, cwd) as talking:
        seen = _Seen(talking.pid)
        started: Step | None = None
        for line in _lines(talking, began, seen.look):
            if started is None and seen.client:
                started = Step(typed, time.monotonic() - began, seen.ours())
            if is_a_word(line):
                return started or Step(typed, 0.0, 0.0), Step(
                    typed, time.monotonic() - began, seen.ours(), seen.theirs()
                )
        raise FailedStepError(f"{' '.join(LAUNCH)}: no word came")


@contextlib.contextmanager
def _talking(env: Mapping[str, str], cwd: Path) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(
        [*LAUNCH, *TALK],
        env=env,
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=sys.stderr,
        start_new_session=True,
    ) as process:
        try:
            yield process
        finally:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.terminate()
                process.communicate(timeout=20)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # whoever it has left behind


def _lines(process: subprocess.Popen[bytes], began: float, look: Callable[[], None]) -> Iterator[bytes]:
    """Each line that it says, and an empty one after each look while it says nothing."""
    assert process.stdout is not None
    os.set_blocking(process.stdout.fileno(), False)
    rest = b""
    while time.monotonic() - began < PATIENCE:
        look()
        piece = process.stdout.read()
        if piece == b"":
            return
        *lines, rest = (rest + (piece or b"")).split(b"\n")
        yield from lines
        yield b""
        time.sleep(GLANCE)


def is_a_word(line: bytes) -> bool:
    """Whether a line of Claude Code's stream is a piece of text that the model says."""
    with contextlib.suppress(ValueError):
        event = json.loads(line or b"null")
        return isinstance(event, dict) and event.get("event", {}).get("delta", {}).get("type") == "text_delta"
    return False


class _Seen:
    """The processes of a talk and what each has used so far, those that have ended included."""

    def __init__(self, root: int) -> None:
        self._root = root
        self._used: dict[int, float] = {}
        self._ours: dict[int, bool] = {}
        self.client = False
        """Whether the client itself has been seen to run."""

    def look(self) -> None:
        for pid in family(self._root):
            with contextlib.suppress(OSError):
                words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
                self._ours[pid] = b"/.venv/bin/" in words[0]
                self._used[pid] = cpu_us(pid) / 1e6
                self.client = self.client or (not self._ours[pid] and TALK[1].encode() in words)

    def ours(self) -> float:
        return sum(used for pid, used in self._used.items() if self._ours[pid])

    def theirs(self) -> float:
        return sum(used for pid, used in self._used.items() if not self._ours[pid])


if __name__ == "__main__":
    sys.exit(main())
