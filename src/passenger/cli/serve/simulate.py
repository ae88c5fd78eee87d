"""`passenger simulate`: GitHub and Copilot on loopback until stopped, for any client or proxy."""

import asyncio
import errno
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any
from urllib.parse import urlsplit

import click

from passenger.cli.command import LOOPBACK
from passenger.cli.outcome import complain
from passenger.config.invocation import SIMULATOR_PORT, Invocation
from passenger.server.process.exit_codes import INTERRUPTED, OK
from passenger.server.process.listen import port_taken_error
from passenger.server.process.signals import STOPS, ignore_unused, not_ignored
from passenger.simulator import Simulator


def run(
    invocation: Invocation,
    host: str,
    port: int,
    plan: str | None = None,
    token_lifetime: int | None = None,
    *,
    credits: int | None = None,  # noqa: A002 - the name of the flag
    exchange: bool = True,
) -> int:
    """Serve until SIGTERM (exit 0) or Ctrl-C (exit 130); exit 1 where the address cannot be had."""
    ignore_unused()
    invocation.start_log()
    try:
        simulator = Simulator(host=host, port=port, exchange=exchange, **_options(plan, token_lifetime, credits))
        return asyncio.run(_serve(simulator, exchange=exchange))
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            return complain(str(port_taken_error(port)))
        return complain(f"cannot listen on {host} port {port}: {_why(error)}")


def _why(error: OSError) -> str:
    """What the system says of it; asyncio puts words of its own before that."""
    return os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror or str(error)


def _options(plan: str | None, token_lifetime: int | None, entitlement: int | None) -> dict[str, Any]:
    options: dict[str, Any] = {} if plan is None else {"plan": plan}
    if entitlement is not None:
        options |= {"unit": "credits", "entitlement": entitlement}
    if token_lifetime is not None:
        options["token_lifetime"] = token_lifetime
        options["refresh_in"] = max(1, token_lifetime * 5 // 6)  # the proportion that GitHub keeps
    return options


async def _serve(simulator: Simulator, *, exchange: bool) -> int:
    loop = asyncio.get_running_loop()
    stop: asyncio.Future[int] = loop.create_future()
    for number in not_ignored(STOPS):
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


HINT = "This login is simulated. To use it: `passenger simulate`, and beside it `passenger --profile simulated`."


@asynccontextmanager
async def simulator_at_hand(url: str) -> AsyncIterator[None]:
    """A block in which a simulator is at the address in a URL; one that is there already is left as it is."""
    simulator = Simulator(LOOPBACK, urlsplit(url).port or SIMULATOR_PORT)
    try:
        await simulator.__aenter__()
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        yield
        return
    try:
        yield
    finally:
        await simulator.__aexit__(None, None, None)
