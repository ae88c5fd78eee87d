"""`passenger` on a terminal of its own, 80 columns wide unless told: what it shows, and keys that are typed."""

import asyncio
import contextlib
import fcntl
import os
import pty
import struct
import termios
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.proxy import PATIENCE, Process, environment, eventually, start


@dataclass
class Terminal:
    """A process at a terminal, and all that it has shown."""

    process: Process
    master: int
    data: bytearray = field(default_factory=bytearray)

    @property
    def text(self) -> str:
        return self.data.decode("utf-8", "replace").replace("\r\n", "\n")

    async def shows(self, text: str) -> None:
        """Wait until it has shown this."""
        await eventually(lambda: text in self.text or None)

    def type(self, keys: str) -> None:
        os.write(self.master, keys.encode())

    async def ended(self) -> int:
        async with asyncio.timeout(PATIENCE):
            return await self.process.wait()

    def read(self) -> None:
        with contextlib.suppress(OSError):
            self.data += os.read(self.master, 65536)


@contextlib.asynccontextmanager
async def terminal(
    home: Path, arguments: Sequence[str], env: Mapping[str, str] | None = None, columns: int = 80
) -> AsyncIterator[Terminal]:
    """`passenger` with these arguments; killed at the end if it still runs."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    variables = environment(home, {"TERM": "xterm-256color", **(env or {})})
    process = await start(home, arguments, variables, stdin=slave, stdout=slave, stderr=slave, is_at_terminal=True)
    os.close(slave)
    one = Terminal(process, master)
    loop = asyncio.get_running_loop()
    loop.add_reader(master, one.read)
    try:
        yield one
    finally:
        loop.remove_reader(master)
        if process.returncode is None:
            process.kill()
            await process.wait()
        os.close(master)
