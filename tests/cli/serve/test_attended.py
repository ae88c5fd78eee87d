"""A command that ends when whoever started it is gone."""

import asyncio
import sys
from pathlib import Path

from tests.proxy import environment


async def test_it_serves_until_its_stdin_is_closed(home: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "passenger.cli.serve.attended", "demo", "--port", "0"),
        cwd=home,
        env=environment(home),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    assert b"http://127.0.0.1:" in await process.stdout.readuntil(b"/v1\n")
    assert process.returncode is None
    process.stdin.close()
    await process.stdout.read()
    assert await process.wait() == 0
