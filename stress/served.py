"""The process under stress: a real `passenger` on a simulator, seen from outside through /proc and its log."""

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.process import await_answer, child, free_port, own_memory_kb

from passenger.simulator import Simulator

PATIENCE = 120.0
"""Seconds that a process may take to serve, on a machine that has much else to do."""


@dataclass(frozen=True, slots=True)
class Served:
    """A running process, its port and the file that it logs to."""

    pid: int
    port: int
    log: Path

    @property
    def url(self) -> str:
        """Its address, without a slash at the end."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def rss_mb(self) -> float:
        """Its resident memory."""
        return own_memory_kb(self.pid) / 1024

    @property
    def descriptors(self) -> int:
        """How many files and sockets it has open."""
        return len(os.listdir(f"/proc/{self.pid}/fd"))  # noqa: PTH208 - its links may be gone before they are followed

    def logged(self, *texts: str) -> list[str]:
        """The lines that hold one of these texts."""
        with self.log.open(encoding="utf-8", errors="replace") as lines:
            return [line.rstrip("\n") for line in lines if any(text in line for text in texts)]

    def complaints(self) -> list[str]:
        """The lines that there must never be, whatever happens."""
        return self.logged(" ERROR ", "Traceback")


@asynccontextmanager
async def serving(
    simulator: Simulator,
    home: Path,
    settings: str = "",
    name: str = "one",
    *,
    program: Sequence[str] = ("-m", "passenger"),
    env: Mapping[str, str] | None = None,
) -> AsyncIterator[Served]:
    """A process on a free port, pointed at the simulator and logged in there; several may share a home."""
    config, log, port = home / f"{name}.toml", home / f"{name}.log", free_port()
    config.write_text(simulator.config_toml() + settings)
    command = [sys.executable, *program, "-c", str(config), "--port", str(port)]
    with child(command, {**_environment(home, simulator), **(env or {})}, log) as process:
        await asyncio.to_thread(await_answer, process, port, "/livez", log, PATIENCE)
        yield Served(process.pid, port, log)


def _environment(home: Path, simulator: Simulator) -> dict[str, str]:
    """The whole environment of the process: nothing of the user's, and a log that names all fields of a request."""
    kept = {name: os.environ[name] for name in ("PATH", "TESTS_REACHED") if name in os.environ}
    ours = {"HOME": str(home), "NO_COLOR": "1", "PASSENGER_LOG": "debug"}
    return {**kept, **ours, "COPILOT_GITHUB_TOKEN": simulator.login_token}


async def eventually(holds: Callable[[], bool], within: float) -> bool:
    """Whether something comes to hold within some seconds."""
    until = time.monotonic() + within
    while not holds():
        if time.monotonic() > until:
            return False
        await asyncio.sleep(0.01)
    return True
