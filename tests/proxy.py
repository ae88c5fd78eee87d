"""A real Passenger process on a simulator, for tests that judge it from outside."""

import asyncio
import contextlib
import fcntl
import os
import re
import signal
import sys
import termios
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from passenger.simulator import Simulator
from tests import forkserver
from tests.sweep import LEVEL, Record

T = TypeVar("T")
Process = asyncio.subprocess.Process | forkserver.Process

STARTED = re.compile(r"Passenger serves (http://\S+)/v1")
PROGRAM = ("-m", "passenger")
"""What the interpreter is to run."""

SECRETS = ("COPILOT_GITHUB_TOKEN", "GH_TOKEN", "PASSENGER_API_KEYS")
"""Variables that hold secrets, which no process may say."""

LONGEST_LINE = 16 * 1024 * 1024
"""Bytes of a line that a process may say."""

PATIENCE = 60.0
"""Seconds that anything awaited may take; far more than it ever does."""


@dataclass
class Proxy:
    """A running process: `url` is its address without `/v1`, `lines` what it has said on stderr."""

    process: Process
    home: Path
    lines: list[str] = field(default_factory=list)
    url: str = ""
    record: Record = field(default_factory=Record)
    _reader: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int:
        return self.process.pid

    def signal(self, number: int) -> None:
        self.process.send_signal(number)

    async def ended(self) -> int:
        """Wait for its end and give the exit code."""
        async with asyncio.timeout(PATIENCE):
            code = await self.process.wait()
            if self._reader is not None:
                await self._reader
        return code

    async def said(self, text: str) -> str:
        """The first log line with this text, waited for."""
        return await eventually(lambda: next((line for line in self.lines if text in line), None))

    def logged(self, text: str) -> list[str]:
        """All log lines so far with this text."""
        return [line for line in self.lines if text in line]

    async def _read(self) -> None:
        assert self.process.stderr is not None
        async for line in self.process.stderr:
            self.lines.append(line.decode("utf-8", "replace").rstrip("\n"))
            self.record.add(self.lines[-1])


def profile_of(simulator: Simulator, directory: Path) -> Path:
    """The directory below one of Passenger's own in which it keeps what belongs to a simulator."""
    return directory / "profiles" / f"localhost~{simulator.url.rpartition(':')[2]}"


async def eventually(find: Callable[[], T | None]) -> T:
    """What `find` gives once it gives something."""
    async with asyncio.timeout(PATIENCE):
        while True:
            if found := find():
                return found
            await asyncio.sleep(0.005)


def environment(home: Path, extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """A process's whole environment, with a home of its own and nothing of the user's."""
    kept = {name: os.environ[name] for name in ("PATH", "TESTS_REACHED") if name in os.environ}
    return {**kept, "HOME": str(home), "NO_COLOR": "1", **(extra or {})}


async def spawn(
    home: Path,
    arguments: Sequence[str],
    env: Mapping[str, str] | None = None,
    stdin: int = asyncio.subprocess.DEVNULL,
    *,
    descriptors: int | None = None,
    program: Sequence[str] = PROGRAM,
    executed: bool = False,
) -> Proxy:
    """Start `passenger` with these arguments, and with no more file descriptors than that.

    It is forked where that makes no difference, unless it is to be `executed`.
    """
    process = await start(
        home,
        arguments,
        environment(home, {"PASSENGER_LOG": LEVEL, **(env or {})}),
        stdin=stdin,
        stderr=asyncio.subprocess.PIPE,
        descriptors=descriptors,
        program=program,
        executed=executed,
    )
    proxy = Proxy(process, home)
    proxy.record.forbid(one.strip() for name in SECRETS for one in (env or {}).get(name, "").split(",") if one.strip())
    proxy.record.add("\n".join([*program, *arguments]))
    proxy._reader = asyncio.create_task(proxy._read())
    return proxy


async def start(
    home: Path,
    arguments: Sequence[str],
    env: Mapping[str, str],
    *,
    stdin: int = asyncio.subprocess.DEVNULL,
    stdout: int = asyncio.subprocess.DEVNULL,
    stderr: int = asyncio.subprocess.DEVNULL,
    descriptors: int | None = None,
    program: Sequence[str] = PROGRAM,
    executed: bool = False,
    leads: bool = False,
    is_at_terminal: bool = False,
) -> Process:
    """Start `passenger` with just this environment and these standard streams.

    It `leads` a session of its own, whose terminal stdin is where it `is_at_terminal`.
    """
    code = program[1] if program[0] == "-c" else None
    if not executed and (code or program is PROGRAM) and forkserver.can_fork(env):
        request = forkserver.Request(
            [*arguments],
            str(home),
            {**env},
            code=code,
            descriptors=descriptors,
            leads=leads,
            is_at_terminal=is_at_terminal,
        )
        return await forkserver.start(request, stdin, stdout, stderr, limit=LONGEST_LINE)
    limited = ["/bin/sh", "-c", f'ulimit -n {descriptors}; exec "$@"', "sh"] if descriptors else []
    command = [*limited, sys.executable, *program, *arguments]
    return await asyncio.create_subprocess_exec(
        *command,
        cwd=home,
        env=env,
        stdin=stdin,
        stdout=stdout,
        stderr=stderr,
        limit=LONGEST_LINE,
        start_new_session=leads or is_at_terminal,
        preexec_fn=_own_the_terminal if is_at_terminal else None,
    )


def _own_the_terminal() -> None:
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


@contextlib.asynccontextmanager
async def running(
    simulator: Simulator,
    home: Path,
    *arguments: str,
    config: str = "",
    env: Mapping[str, str] | None = None,
    login: bool = True,
    descriptors: int | None = None,
    program: Sequence[str] = PROGRAM,
    executed: bool = False,
) -> AsyncIterator[Proxy]:
    """A proxy that serves on a free port, pointed at the simulator and logged in there; stopped at the end."""
    settings = home / "settings.toml"
    settings.write_text(simulator.config_toml() + config)
    token = {"COPILOT_GITHUB_TOKEN": simulator.login_token} if login else {}
    command = ["-c", str(settings), "--port", "0", *arguments]
    variables = {**token, **(env or {})}
    proxy = await spawn(home, command, variables, descriptors=descriptors, program=program, executed=executed)
    try:
        proxy.url = await eventually(lambda: _address(proxy))
        yield proxy
    finally:
        if proxy.process.returncode is None:
            proxy.signal(signal.SIGTERM)
        await proxy.ended()
        proxy.record.forbid([simulator.login_token, *simulator.account.minted])


def _address(proxy: Proxy) -> str | None:
    if proxy.process.returncode is not None:
        raise AssertionError("the proxy has ended: " + "\n".join(proxy.lines))
    return next((found[1] for line in proxy.lines if (found := STARTED.search(line))), None)
