"""`passenger demo`: the proxy on a simulated Copilot, in a temporary directory of its own.

Neither the user's settings nor tokens are read, nothing is left behind, and no other machine is talked to.
"""

import tempfile
from collections.abc import Callable
from pathlib import Path

import click

from passenger.cli.exits import FAILED
from passenger.cli.invocation import Invocation
from passenger.cli.parts import run as run_loop
from passenger.cli.serve import base_url, listening, serve
from passenger.config import load
from passenger.simulator import Simulator
from passenger.vault import FileVault, token_paths
from passenger.web.signals import ignore_unused

MODEL = "gpt-4o"


def run(invocation: Invocation, host: str, port: int) -> int:
    """Serve the demo until told to stop; exit 1 where the address cannot be had."""
    ignore_unused()
    redactor = invocation.start_log()
    with tempfile.TemporaryDirectory(prefix="passenger-demo-") as directory:
        return run_loop(_demo(Path(directory), host, port, redactor.add_passing))


async def _demo(directory: Path, host: str, port: int, on_secret: Callable[[str], None]) -> int:
    async with Simulator() as simulator:
        config = directory / "config.toml"
        config.write_text(simulator.config_toml())
        flags = {"server.host": host, "server.port": port}
        loaded = load(flags=flags, config_path=config, environ={}, cwd=directory, user_dir=directory)
        login = {"COPILOT_GITHUB_TOKEN": simulator.login_token}
        vault = FileVault(token_paths(directory, directory), login, on_secret=on_secret)
        sockets = listening(loaded)
        if sockets is None:
            return FAILED
        return await serve(loaded, vault, sockets, lambda: click.echo(greeting(base_url(sockets))))


def greeting(url: str) -> str:
    """What to try first."""
    return f"""\
Passenger is up, on a simulated Copilot: no account, nothing kept, Ctrl-C stops it.

  Base URL  {url}
  API key   anything

Three things to try in another terminal:

  curl {url}/chat/completions -H 'content-type: application/json' \\
    -d '{{"model": "{MODEL}", "messages": [{{"role": "user", "content": "Hello, who are you?"}}]}}'

  curl -N {url}/chat/completions -H 'content-type: application/json' \\
    -d '{{"model": "{MODEL}", "stream": true, "messages": [{{"role": "user", "content": "Stream it to me"}}]}}'

  curl {url}/models
"""
