"""Foreign programs as children: each in a process group of its own, with a bound on its time, ended as a group."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

KEPT = 1_000_000
"""How much of a program's output is kept, in bytes from its end."""


@dataclass(frozen=True)
class Ended:
    """How a program ended; `code` is None where it was ended before its own end."""

    code: int | None
    stdout: str
    stderr: str


async def run(
    command: Sequence[str],
    *,
    env: Mapping[str, str],
    cwd: Path,
    stdin: str = "",
    seconds: float,
    enough: asyncio.Event | None = None,
) -> Ended:
    """Run a program to its end, to that of its time, or until there is enough; nothing of its group is left running.

    Its input and output are files: a pipe would be open for as long as a child of it lives.
    """
    with TemporaryFile() as given, TemporaryFile() as out, TemporaryFile() as err:
        given.write(stdin.encode())
        given.seek(0)
        process = await asyncio.create_subprocess_exec(
            *command, env=env, cwd=cwd, stdin=given, stdout=out, stderr=err, start_new_session=True
        )
        try:
            code = await _ended(process, seconds, enough or asyncio.Event())
        finally:
            _end_group(process.pid)
            await process.wait()
        return Ended(code, _text(out), _text(err))


async def _ended(process: asyncio.subprocess.Process, seconds: float, enough: asyncio.Event) -> int | None:
    end, stop = asyncio.ensure_future(process.wait()), asyncio.ensure_future(enough.wait())
    try:
        await asyncio.wait((end, stop), timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        return end.result() if end.done() else None
    finally:
        end.cancel()
        stop.cancel()


def _end_group(leader: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(leader, signal.SIGKILL)


def _text(output: IO[bytes]) -> str:
    end = output.seek(0, os.SEEK_END)
    output.seek(max(0, end - KEPT))
    return output.read().decode("utf-8", "replace")
