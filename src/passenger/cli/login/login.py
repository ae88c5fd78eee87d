"""`passenger login`: the device flow carried out in front of a person, or a token taken from elsewhere.

Nothing is saved before everything is there: whoever stops it half-way leaves nothing behind.
"""

import asyncio
import sys
import time
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import replace
from typing import Any

import click

from passenger.account.copilot_user import plan_name
from passenger.account.device_flow import Granted
from passenger.account.device_login import carry_out
from passenger.account.github import GitHub
from passenger.account.protocol import why_unusable
from passenger.account.session import Session
from passenger.account.token import Login, LoginSource
from passenger.account.token_store import FileTokenStore
from passenger.cli.login.screen import Screen, screen_for
from passenger.cli.outcome import complain
from passenger.config.egress import make_egress
from passenger.config.invocation import Invocation
from passenger.config.loading import Loaded
from passenger.config.login_files import make_token_store
from passenger.config.login_name import SIMULATED, with_login
from passenger.copilot.upstream import Copilot
from passenger.errors import Failure, Kind
from passenger.net.client import client
from passenger.net.egress import Egress
from passenger.private_file import StoreError
from passenger.secret import Secret
from passenger.server.process.event_loop import run_loop
from passenger.server.process.exit_codes import OK
from passenger.server.process.signals import heed_interrupts
from passenger.wiring import make_catalog, make_device_flow, make_github, make_session

SHORT = 5.0
"""Seconds that GitHub may take to say who is logged in before another login begins."""

_REFUSED = frozenset({Kind.LOGIN, Kind.FORBIDDEN})


def run(invocation: Invocation, *, browser: bool, token_stdin: bool, simulated: bool = False) -> int:
    """Log in; exit 1 where GitHub refuses, says why, or cannot be reached."""
    if simulated:
        if invocation.profile not in {None, SIMULATED}:
            raise click.UsageError(f"--simulated has a profile of its own: leave out --profile {invocation.profile}.")
        invocation = replace(invocation, profile=SIMULATED)
    heed_interrupts()
    loaded, redactor = invocation.begin()
    token_store = make_token_store(invocation, loaded, redactor)
    network = make_egress(loaded, invocation.environ, redactor)
    granted = _from_stdin() if token_stdin else None
    screen = screen_for(sys.stderr, invocation.environ, browser=browser)
    try:
        serve = with_login(invocation, "passenger")
        login = _login(loaded, token_store, granted, screen, redactor.add, network=network, serve=serve)
        return run_loop(_log_in_simulated(loaded, login, screen) if invocation.login_name == SIMULATED else login)
    except (Failure, StoreError) as error:
        return complain(str(error))


async def _log_in_simulated(loaded: Loaded, login: Coroutine[Any, Any, int], screen: Screen) -> int:
    from passenger.cli.serve.simulate import HINT, simulator_at_hand  # noqa: PLC0415 - only this profile needs the simulator

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
    token_store: FileTokenStore,
    granted: Granted | None,
    screen: Screen,
    on_secret: Callable[[str], None],
    *,
    network: Egress,
    serve: str,
) -> int:
    async with client(connect_timeout=loaded.config.upstream.connect_timeout, network=network) as http:
        github = make_github(loaded, http)
        token_store.check_writable()
        if before := await _before(token_store, github):
            screen.say(before)
        try:
            granted = granted or await carry_out(make_device_flow(loaded), github.post, screen.show_code, screen.wait)
        finally:
            screen.close()
        on_secret(granted.token.reveal())
        session = make_session(loaded, token_store, github)
        late = await _exchange(session, granted, loaded.config.copilot.integration_id)
        token_store.save_login(granted.token, granted.token_type, granted.scope)
        screen.say("Logged in" + await _who(github, granted.token) + ".")
        if over := _used_before(token_store):
            screen.say(over)
        if late is not None:
            screen.say(f"The login is saved; a Copilot token will be fetched on first use ({late}).")
        elif token_store.unsaved:
            raise StoreError(f"{token_store.unsaved} cannot be written")
        else:
            screen.say(await _models(loaded, session, Copilot(session, http), serve))
    return OK


def _used_before(token_store: FileTokenStore) -> str | None:
    """That another login is still the one in use."""
    with suppress(Failure):
        login = token_store.login()
        if login is not None and login.source is LoginSource.ENVIRONMENT:
            return f"But {login.where} is set in the environment, and is used before this login."
    return None


async def _before(token_store: FileTokenStore, github: GitHub) -> str | None:
    """A line that someone is logged in already, with the name if GitHub gives it in time."""
    with suppress(Failure):  # what cannot be read can still be replaced
        if login := token_store.login_to_replace():
            with suppress(Failure, TimeoutError):
                async with asyncio.timeout(SHORT):
                    name = (await github.user(login.token)).login
                    return f"You are logged in already, as {name}. Once it is done, the new login replaces this one."
            return f"A login is saved already in {login.where}. Once it is done, the new one replaces it."
    return None


async def _exchange(session: Session, granted: Granted, integration: str) -> Failure | None:
    """Exchange the new login; what only waiting can cure is given back, what only a person can cure is raised."""
    if reason := why_unusable(granted.token, integration):
        raise Failure(Kind.FORBIDDEN, f"this token cannot be used: {reason}")
    try:
        await session.exchange(Login(granted.token, LoginSource.SAVED, "this login"))
    except Failure as failure:
        if failure.kind in _REFUSED:
            raise
        return failure
    return None


async def _who(github: GitHub, token: Secret) -> str:
    """The account and its plan, if GitHub gives them; a login does not fail without."""
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
            catalog = await make_catalog(loaded, session, upstream).list()
    except (Failure, TimeoutError):
        return f"The list of models could not be had just now. `{serve}` serves."
    return f"The account has {len(catalog.models)} models. `{serve}` serves them."


def refresh(invocation: Invocation) -> int:
    """Exchange and save."""
    loaded, redactor = invocation.begin()
    network = make_egress(loaded, invocation.environ, redactor)
    heed_interrupts()
    return run_loop(_refresh(loaded, make_token_store(invocation, loaded, redactor), network))


async def _refresh(loaded: Loaded, token_store: FileTokenStore, network: Egress) -> int:
    async with client(connect_timeout=loaded.config.upstream.connect_timeout, network=network) as http:
        token = await make_session(loaded, token_store, make_github(loaded, http)).exchange()
    if token.lasts:
        click.echo("Copilot takes this login as it is: there is no token to renew.")
        return OK
    if token_store.unsaved:
        raise Failure(Kind.INTERNAL, f"the new token could not be saved in {token_store.unsaved}")
    minutes = (token.expires_at - time.time()) / 60
    click.echo(f"New Copilot token saved, good for {minutes:.0f} minutes.")
    return OK
