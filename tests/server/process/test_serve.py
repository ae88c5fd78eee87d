"""Passenger in a program of one's own, as docs/internals.md shows it: no command line is imported."""

import asyncio
import re
import signal
import sys
from pathlib import Path

from tests.proxy import PATIENCE

PAGE = Path(__file__).parents[3] / "docs" / "internals.md"
PROGRAM = """
import asyncio, sys
from passenger.config.simulated import flags_of
from passenger.simulator import Simulator

async def main():
    async with Simulator() as simulator:
        flags = {{**flags_of(simulator.config_toml()), "server.port": 0}}
        environ = {{"COPILOT_GITHUB_TOKEN": simulator.login_token}}
        return await embed(flags, environ)

{example}

def say(sockets):
    print(sockets[0].getsockname()[1], "click" in sys.modules or "passenger.cli" in sys.modules, flush=True)

sys.exit(asyncio.run(main()))
"""
ASKED = b'{"model": "gpt-4o", "messages": [{"role": "user", "content": "Hello"}]}'


def example() -> str:
    (text,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    return str(text)


async def ask(port: int) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    head = b"POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"
    writer.write(head + b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(ASKED) + ASKED)
    answer = await reader.read()
    writer.close()
    return answer


async def test_a_program_serves_a_gateway_until_it_is_told_to_stop(tmp_path: Path) -> None:
    program = PROGRAM.format(example=example())
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", program),
        stdout=asyncio.subprocess.PIPE,
        env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"},
    )
    assert process.stdout is not None
    async with asyncio.timeout(PATIENCE):
        port, imports_the_commands = (await process.stdout.readline()).split()
        assert imports_the_commands == b"False"
        assert (await ask(int(port))).startswith(b"HTTP/1.1 200 ")
        process.send_signal(signal.SIGTERM)
        assert await process.wait() == 0
