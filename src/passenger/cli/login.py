"""`passenger login`: the device flow carried out in front of a person, or a token taken from elsewhere.

Nothing is saved before everything is there: whoever stops it half-way leaves nothing behind.
"""

import asyncio
import sys
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import replace
from typing import Any

import click

from passenger.account.device_login import carry_out
from passenger.accounts import Login, Source
from passenger.cli.exits import FAILED, OK
from passenger.cli.invocation import Invocation
from passenger.cli.login_hint import with_login
from passenger.cli.networking import network_of
from passenger.cli.parts import catalog_of, flow_of, github_of, session_of, vault_of
from passenger.cli.parts import run as run_loop
from passenger.cli.screen import Screen, screen_for
from passenger.config import Loaded
from passenger.config.login_name import SIMULATED
from passenger.control.plans import plan_name
from passenger.copilot.device import Flow, Granted
from passenger.copilot.protocol import why_not_exchangeable
from passenger.errors import Failure, Kind
from passenger.github import GitHub
from passenger.net.client import client
from passenger.network import Network
from passenger.secret import Secret
from passenger.session import Session
from passenger.store import StoreError
from passenger.upstream import Copilot
from passenger.vault import FileVault
from passenger.web.signals import heed_interrupts

SHORT = 5.0
"""Seconds that GitHub may take to say who is logged in before another login begins."""

_REFUSED = frozenset({Kind.LOGIN, Kind.FORBIDDEN})


def run(invocation: Invocation, *, browser: bool, token_stdin: bool, simulated: bool = False) -> int:
    """Log in; exit 1 where GitHub refuses, says why, or cannot be reached."""
    if simulated:
        invocation = _in_simulation(invocation)
    heed_interrupts()
    loaded, redactor = invocation.begin()
    vault, network = vault_of(invocation, loaded, redactor), network_of(loaded, invocation.environ, redactor)
    granted = _from_stdin() if token_stdin else None
    screen = screen_for(sys.stderr, invocation.environ, browser=browser)
    try:
        serve = with_login(invocation, "passenger")
        login = _login(loaded, vault, granted, screen, redactor.add, network=network, serve=serve)
        return run_loop(_simulated(loaded, login, screen) if invocation.login_name == SIMULATED else login)
    except (Failure, StoreError) as error:
        click.echo(f"passenger: {error}", err=True)
        return FAILED


def _in_simulation(invocation: Invocation) -> Invocation:
    if invocation.profile not in {None, SIMULATED}:
        raise click.UsageError(f"--simulated has a profile of its own: leave out --profile {invocation.profile}.")
    return replace(invocation, profile=SIMULATED)


async def _simulated(loaded: Loaded, login: Coroutine[Any, Any, int], screen: Screen) -> int:
    from passenger.cli.simulated import HINT, simulator_at_hand  # noqa: PLC0415 - only this profile needs the simulator

    async with simulator_at_hand(loaded.config.github.device_code_url):
        code = await login
    screen.say(HINT)
    return code


def _from_stdin() -> Granted:
    text = sys.stdin.readline().strip() if sys.stdin is not None else ""
    if not text:
        raise Failure(Kind.INVALID, "there is no token on stdin")
    return Granted(Secret(text), "bearer", "")


async def _login(
    loaded: Loaded,
    vault: FileVault,
    granted: Granted | None,
    screen: Screen,
    on_secret: Callable[[str], None],
    *,
    network: Network,
    serve: str,
) -> int:
    async with client(connect_timeout=loaded.config.proxy.connect_timeout, network=network) as http:
        github = github_of(loaded, http)
        vault.check_writable()
        if before := await _before(vault, github):
            screen.say(before)
        granted = granted or await _carry_out(flow_of(loaded), github, screen)
        on_secret(granted.token.reveal())
        session = session_of(loaded, vault, github)
        late = await _exchange(session, granted)
        vault.save_login(granted.token, granted.token_type, granted.scope)
        screen.say("Logged in" + await _who(github, granted.token) + ".")
        if over := _used_before(vault):
            screen.say(over)
        if late is not None:
            screen.say(f"The login is saved; a Copilot token will be fetched on first use ({late}).")
        elif vault.unsaved:
            raise StoreError(f"{vault.unsaved} cannot be written")
        else:
            screen.say(await _models(loaded, session, Copilot(session, http), serve))
    return OK


def _used_before(vault: FileVault) -> str | None:
    """That another login is still the one in use."""
    with suppress(Failure):
        login = vault.login()
        if login is not None and login.source is Source.ENVIRONMENT:
            return f"But {login.where} is set in the environment, and is used before this login."
    return None


async def _before(vault: FileVault, github: GitHub) -> str | None:
    """That somebody is logged in already, and who, as far as GitHub tells at once."""
    with suppress(Failure):  # what cannot be read can still be replaced
        if login := vault.login_to_replace():
            with suppress(Failure, TimeoutError):
                async with asyncio.timeout(SHORT):
                    name = (await github.user(login.token)).login
                    return f"You are logged in already, as {name}. Once it is done, the new login replaces this one."
            return f"A login is saved already in {login.where}. Once it is done, the new one replaces it."
    return None


async def _carry_out(flow: Flow, github: GitHub, screen: Screen) -> Granted:
    """Carry out the flow until it gives a login."""
    try:
        return await carry_out(flow, github.post, screen.show_code, screen.wait)
    finally:
        screen.close()


async def _exchange(session: Session, granted: Granted) -> Failure | None:
    """Exchange the new login; what only waiting can cure is given back, what only a person can cure is raised."""
    if reason := why_not_exchangeable(granted.token):
        raise Failure(Kind.FORBIDDEN, f"this token cannot be used: {reason}")
    try:
        await session.exchange(Login(granted.token, Source.SAVED, "this login"))
    except Failure as failure:
        if failure.kind in _REFUSED:
            raise
        return failure
    return None


async def _who(github: GitHub, token: Secret) -> str:
    """Whose login it is and on which plan, as far as GitHub tells; a login does not fail on it."""
    name, plan = None, ""
    with suppress(Failure):
        name = (await github.user(token)).login
    with suppress(Failure):
        seat = await github.copilot_user(token)
        name, plan = name or seat.login, plan_name(seat.copilot_plan)
    return (f" as {name}" if name else "") + (f" ({plan})" if plan else "")


async def _models(loaded: Loaded, session: Session, upstream: Copilot, serve: str) -> str:
    try:
        async with asyncio.timeout(15):
            catalog = await catalog_of(loaded, session, upstream).list()
    except (Failure, TimeoutError):
        return f"The list of models could not be had just now. `{serve}` serves."
    return f"The account has {len(catalog.models)} models. `{serve}` serves them."
