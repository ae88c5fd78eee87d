"""The benchmark's children: started in a session of their own, measured by the kernel's own clocks, always ended.

Linux alone: CPU time is read from another process's CPU clock (clock_getcpuclockid(3)), memory from /proc.
"""

import contextlib
import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal

ROOT = Path(__file__).parent.parent
"""Where `python -m benchmarks...` finds itself."""

PATIENCE = 20.0
"""Seconds that a child may take to listen, or to end."""


class NotStartedError(Exception):
    """A child ended or stayed silent where it should have served; the message holds what it said."""


def cpu_us(pid: int) -> float:
    """Microseconds that all threads of a process have run, in user and kernel mode."""
    # CPUCLOCK_SCHED of a process, as <linux/posix-timers.h> encodes it: precise to the scheduler's nanoseconds,
    # where /proc/PID/stat counts hundredths of a second.
    return time.clock_gettime_ns((~pid << 3) | 2) / 1000


def family(pid: int) -> list[int]:
    """A process, its children and theirs: a server is all of its workers."""
    found = [pid]
    for member in found:
        with contextlib.suppress(OSError):
            for task in Path(f"/proc/{member}/task").iterdir():
                found += map(int, (task / "children").read_text().split())
    return found


def family_cpu_us(members: Sequence[int]) -> float:
    """Microseconds that processes have run, which are there all the while."""
    return sum(map(cpu_us, members))


def memory_kb(pid: int, kind: Literal["VmRSS", "VmHWM"] = "VmRSS") -> int:
    """Resident memory of a process and its family in KB, now or at its highest; pages that they share count twice."""
    return sum(own_memory_kb(member, kind) for member in family(pid))


def own_memory_kb(pid: int, kind: Literal["VmRSS", "VmHWM"] = "VmRSS") -> int:
    """Resident memory of one process alone, whatever it has started."""
    found = re.search(rf"{kind}:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    return int(found[1]) if found else 0  # what has ended and is not waited for yet has none


def machine_ticks() -> list[int]:
    """The machine's CPU time by kind, as the first line of proc_stat(5) has it."""
    return [int(word) for word in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]


def stolen_share(before: Sequence[int], after: Sequence[int]) -> float:
    """The part of the time that the hypervisor gave to other machines, although ours had work to do."""
    spent = [late - early for early, late in zip(before, after, strict=True)]
    return spent[7] / max(1, sum(spent))


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextlib.contextmanager
def child(
    command: Sequence[str], env: Mapping[str, str], log: Path, *, talks: bool = False
) -> Iterator[subprocess.Popen[bytes]]:
    """A process with its output in a file, or pipes for stdin and stdout; ended when the block is left."""
    with log.open("ab") as output:
        process = subprocess.Popen(
            command,
            env=env,
            cwd=ROOT,
            stdin=subprocess.PIPE if talks else subprocess.DEVNULL,
            stdout=subprocess.PIPE if talks else output,
            stderr=output,
            start_new_session=True,  # Ctrl-C is for us: the children are ended in order
        )
    try:
        yield process
    finally:
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(PATIENCE / 4)
    _kill_session(process.pid)  # a launcher that ends may leave its program behind
    process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with contextlib.suppress(OSError):
                pipe.close()


def _kill_session(leader: int) -> None:
    """End whatever is left of a child and its descendants, which are of one process group."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(leader, signal.SIGKILL)


def await_answer(process: subprocess.Popen[bytes], port: int, path: str, log: Path, patience: float = PATIENCE) -> None:
    """Wait for the first answer to a GET: what listens and does not serve yet is not ready.

    Raises:
        NotStartedError: there was none.
    """
    until = time.monotonic() + patience
    while time.monotonic() < until and process.poll() is None:
        with contextlib.suppress(OSError):
            if get(port, path, patience):
                return
        time.sleep(0.002)
    raise NotStartedError(f"it does not serve:\n{log.read_text()[-2000:]}")


def get(port: int, path: str, patience: float = PATIENCE) -> bytes:
    """The beginning of the answer to a GET; empty where the server hung up.

    Raises:
        OSError: nobody listens, or nothing came in time.
    """
    with socket.create_connection(("127.0.0.1", port), patience) as wire:
        wire.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode())
        return wire.recv(1024)


def cpu_of_run(command: Sequence[str], env: Mapping[str, str]) -> tuple[float, float]:
    """CPU and wall-clock microseconds of a command from its start to its end, its output thrown away."""
    started = time.perf_counter()
    process = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    wall = time.perf_counter() - started
    if process.returncode:
        raise NotStartedError(f"{command!r} ended with {process.returncode}")
    return (usage.ru_utime + usage.ru_stime) * 1e6, wall * 1e6
