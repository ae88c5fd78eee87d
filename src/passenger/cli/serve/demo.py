"""`passenger demo`: the proxy on a simulated Copilot, with all it has in memory.

Neither the user's settings nor tokens are read, no file is written, and no other machine is talked to. What is read is
the secret by which our own commands know a server of the same user.
"""

import os
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path

import click

from passenger import __version__
from passenger.account.token import Login, LoginSource
from passenger.account.token_store import MemoryTokenStore
from passenger.cli.person import is_terminal
from passenger.cli.serve.listening import base_url, ollama_url, open_or_complain, port_flag, ports_of
from passenger.cli.serve.panel import Panel, ShowPanel, make_show
from passenger.cli.serve.serve import serve_and_show
from passenger.config.invocation import Invocation
from passenger.config.loading import Loaded, load
from passenger.config.simulated import flags_of
from passenger.observe.log import wants_color
from passenger.secret import Secret
from passenger.server.control.handshake import Identity
from passenger.server.process.event_loop import run_loop
from passenger.server.process.exit_codes import FAILED
from passenger.server.process.signals import ignore_unused
from passenger.simulator import READABLE, Simulator

MODEL = "gpt-4o"

_NOWHERE = Path(os.devnull)
"""In place of a directory with settings."""


def run(invocation: Invocation, host: str, port: int, *, pace: bool | None = None) -> int:
    """Serve the demo until told to stop; exit 1 where the address cannot be had.

    Answers are paced as `pace` says, else where stdout is a terminal.
    """
    ignore_unused()
    redactor = invocation.start_log()
    seconds = pace_for(pace, is_watched=is_terminal(sys.stdout))
    return run_loop(_demo(invocation, host, port, seconds, redactor.add_passing))


async def _demo(invocation: Invocation, host: str, port: int, pace: float, on_secret: Callable[[str], None]) -> int:
    async with Simulator(pace=pace) as simulator:
        loaded = _settings(simulator, host, port, invocation.ollama_port)
        on_secret(simulator.login_token)
        token_store = MemoryTokenStore(
            Login(Secret(simulator.login_token), LoginSource.ENVIRONMENT, "the simulator"), on_secret
        )
        sockets = open_or_complain(loaded)
        if sockets is None:
            return FAILED
        identity = Identity(__version__, os.getpid(), time.time(), invocation.state_dir, ports=ports_of(sockets))
        show = _panel(invocation, sockets, loaded)

        def greet() -> None:
            if show is None and not invocation.quiet:
                click.echo(greeting(base_url(sockets)))

        return await serve_and_show(loaded, token_store, sockets, greet, identity=identity, show=show)


def _panel(invocation: Invocation, sockets: list[socket.socket], loaded: Loaded) -> ShowPanel | None:
    """The panel for a terminal on stdout; None without a terminal or with --quiet."""
    if invocation.quiet or not is_terminal(sys.stdout):
        return None
    url, port = base_url(sockets).removesuffix("/v1"), port_flag(sockets)
    steps = [
        (f"passenger launch claude{port}", "Claude Code, for this run"),
        (f"{url}/", "the page of this server"),
        ("Ctrl-C", "stops it; nothing is kept"),
    ]
    title = f"Passenger {__version__}, on a simulated Copilot: no account, no network"
    panel = Panel(title, url, "any will do", steps, ollama_url(sockets, loaded))
    return make_show(panel, sys.stdout, color=wants_color(sys.stdout, invocation.environ))


def pace_for(pace: bool | None, *, is_watched: bool) -> float:
    """Seconds between two events of an answer: a person sees it grow, a program gets it at once."""
    return READABLE if (is_watched if pace is None else pace) else 0.0


def _settings(simulator: Simulator, host: str, port: int, ollama_port: int | None) -> Loaded:
    """The settings that lead to the simulator; the user's own are not read."""
    flags = {**flags_of(simulator.config_toml()), "server.host": host, "server.port": port}
    flags["server.ollama_port"] = ollama_port or 0
    return load(flags=flags, config_path=None, environ={}, cwd=_NOWHERE, user_dir=_NOWHERE)


def greeting(url: str) -> str:
    """What to try first."""
    return f"""\
Passenger is up, on a simulated Copilot: no account, nothing kept, Ctrl-C stops it.

  Base URL  {url}
            {url.removesuffix("/v1")}  for Anthropic's, Gemini's and Ollama's clients
  API key   anything

Three things to try in another terminal:

  curl {url}/chat/completions -H 'content-type: application/json' \\
    -d '{{"model": "{MODEL}", "messages": [{{"role": "user", "content": "Who are you?"}}]}}'

  curl -N {url}/chat/completions -H 'content-type: application/json' \\
    -d '{{"model": "{MODEL}", "stream": true, "messages": [{{"role": "user", "content": "Say hello"}}]}}'

  curl {url}/models
"""
