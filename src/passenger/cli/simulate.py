"""`passenger simulate`: GitHub and Copilot on loopback until told to stop, for anybody's client or proxy."""

import asyncio
import errno
import os
import signal
from contextlib import suppress
from typing import Any

import click

from passenger.cli.exits import FAILED, INTERRUPTED, OK
from passenger.cli.invocation import Invocation
from passenger.simulator import Simulator
from passenger.web.listen import taken
from passenger.web.signals import STOPS, heeded, ignore_unused


def run(
    invocation: Invocation,
    host: str,
    port: int,
    plan: str | None = None,
    token_lifetime: int | None = None,
    *,
    exchange: bool = True,
) -> int:
    """Serve until SIGTERM (exit 0) or Ctrl-C (exit 130); exit 1 where the address cannot be had."""
    ignore_unused()
    invocation.start_log()
    try:
        simulator = Simulator(host=host, port=port, exchange=exchange, **_options(plan, token_lifetime))
        return asyncio.run(_serve(simulator, exchange=exchange))
    except OSError as error:
        why = taken(port) if error.errno == errno.EADDRINUSE else f"cannot listen on {host} port {port}: {_why(error)}"
        click.echo(f"passenger: {why}", err=True)
        return FAILED


def _why(error: OSError) -> str:
    """What the system says of it; asyncio puts words of its own before that."""
    return os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror or str(error)


def _options(plan: str | None, token_lifetime: int | None) -> dict[str, Any]:
    options: dict[str, Any] = {} if plan is None else {"plan": plan}
    if token_lifetime is not None:
        options["token_lifetime"] = token_lifetime
        options["refresh_in"] = max(1, token_lifetime * 5 // 6)  # the proportion that GitHub keeps
    return options


async def _serve(simulator: Simulator, *, exchange: bool) -> int:
    loop = asyncio.get_running_loop()
    stop: asyncio.Future[int] = loop.create_future()
    for number in heeded(STOPS):
        with suppress(NotImplementedError):  # Windows, where Ctrl-C is a KeyboardInterrupt
            loop.add_signal_handler(number, _settle, stop, INTERRUPTED if number is signal.SIGINT else OK)
    async with simulator:
        click.echo(greeting(simulator, exchange=exchange))
        return await stop


def _settle(stop: asyncio.Future[int], code: int) -> None:
    if not stop.done():
        stop.set_result(code)


def greeting(simulator: Simulator, *, exchange: bool = True) -> str:
    """What a person needs to point a client or a proxy at it: a comment, then config lines."""
    return "\n".join(
        [
            f"# Simulated GitHub and Copilot at {simulator.url}",
            f"# GitHub token it accepts: {simulator.login_token}",
            "# A proxy gets there with these settings (passenger -c FILE):",
            simulator.config_toml().strip(),
            *([] if exchange else ["[copilot]", f'api_base_url = "{simulator.url}"']),
        ]
    )
