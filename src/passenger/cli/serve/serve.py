"""`passenger`, `passenger serve`: serve the subscription until told to stop."""

import asyncio
import functools
import logging
import os
import socket
import sys
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from passenger import __version__
from passenger.account.login_state import SharedLoginState
from passenger.account.protocol import EDITOR_INTEGRATION, why_unusable
from passenger.account.token_store import FileTokenStore, MemoryTokenStore
from passenger.cli.foreign_team import refuse_foreign_team
from passenger.cli.newer_ledger import refuse_newer_ledger
from passenger.cli.newer_state import refuse_newer_state
from passenger.cli.outcome import complain
from passenger.cli.person import can_answer, confirm, is_terminal
from passenger.cli.serve.listening import (
    base_url,
    identity_notes,
    key_note,
    log_start,
    ollama_url,
    open_or_complain,
    ports_of,
    repeat_port,
    unwritable,
)
from passenger.config.credentials import GITHUB_HOST
from passenger.config.egress import make_egress
from passenger.config.invocation import Invocation
from passenger.config.loading import Loaded
from passenger.config.login_files import counters_file, find_state_dir, has_team, make_token_store
from passenger.config.login_name import login_hint, with_login
from passenger.config.problems import ConfigError
from passenger.config.profile import login_profile
from passenger.net.egress import Egress
from passenger.observe.log import wants_color
from passenger.observe.redaction import Redactor
from passenger.quota.counting_workers import CountingWorker, CountingWorkers, remove_counters
from passenger.secret import Secret
from passenger.server.admin.call import TeamPlaces
from passenger.server.control.handshake import Identity
from passenger.server.process.event_loop import run_loop
from passenger.server.process.exit_codes import FAILED, LOGIN_NEEDED
from passenger.server.process.listen import beside
from passenger.server.process.serve import Worker, serve
from passenger.server.process.signals import ignore_unused
from passenger.server.process.sockets import no_workers
from passenger.server.process.worker import WorkerSlot
from passenger.server.request_log import SharedLog
from passenger.state.serving import serve_store
from passenger.wiring import Parts, make_store, open_parts

if TYPE_CHECKING:
    from passenger.cli.serve.panel import ShowPanel
    from passenger.server.process.store_process import StoreProcess

log = logging.getLogger(__name__)


def run(invocation: Invocation, *, may_ask: bool = False) -> int:
    """Serve; exit 4 at once where there is neither a login nor a token, 1 where the address cannot be had.

    Where it `may_ask`, a person at a terminal is asked to log in first.

    Raises:
        ConfigError: the settings cannot be used, or not on this system.
    """
    ignore_unused()
    loaded, redactor = invocation.begin()
    if problem := no_workers(loaded):
        raise ConfigError([problem])
    refuse_newer_ledger(invocation, loaded)
    refuse_newer_state(invocation, loaded)
    refuse_foreign_team(invocation, loaded)
    token_store = make_token_store(invocation, loaded, redactor)
    network = make_egress(loaded, invocation.environ, redactor)
    integration = loaded.config.copilot.integration_id
    if (complaint := login_complaint(token_store, login_profile(loaded.config), integration)) is not None:
        lacks_login = token_store.login() is None
        goes_without = loaded.config.server.await_login or has_team(invocation, loaded)  # whose people have their own
        if lacks_login and may_ask and not goes_without and not invocation.quiet and can_answer():
            return _log_in_first(invocation)
        if not (lacks_login and goes_without):
            return complain(complaint, LOGIN_NEEDED)
    for key in loaded.api_keys:
        redactor.add(key)
    if trouble := unwritable(invocation.login_state_dir):
        log.warning("%s", trouble)
    for note in identity_notes(loaded, token_store.login()):
        log.warning("%s", note)
    sockets = open_or_complain(loaded, has_team=has_team(invocation, loaded))
    if sockets is None:
        return FAILED
    return _serve(invocation, loaded, token_store, sockets, network=network, redactor=redactor)


def _serve(
    invocation: Invocation,
    loaded: Loaded,
    token_store: FileTokenStore,
    sockets: list[socket.socket],
    *,
    network: Egress,
    redactor: Redactor,
) -> int:
    """Serve in this process or in several, as the settings say."""
    workers, command = loaded.config.server.workers, with_login(invocation, "passenger")
    state, ports = invocation.login_state_dir, ports_of(sockets)
    identity = Identity(__version__, os.getpid(), time.time(), state, workers, command, ports)
    show = _panel(invocation, loaded, sockets, command)
    announce = functools.partial(
        log_start, sockets, token_store, None if show else loaded, has_team=has_team(invocation, loaded)
    )
    ours = functools.partial(
        serve_and_show,
        loaded,
        token_store,
        state_dir=find_state_dir(invocation, loaded),
        identity=identity,
        network=network,
        on_secret=redactor.add,
        on_token=redactor.add_passing,
    )
    if workers == 1:
        return run_loop(ours(sockets, announce, show=show))
    store = _make_store_process(loaded, sockets, find_state_dir(invocation, loaded))
    counters = counters_file(find_state_dir(invocation, loaded))
    return _supervise(ours, loaded, sockets, announce, show=show, store=store, counters=counters)


def _supervise(
    ours: Callable[..., Coroutine[Any, Any, int]],
    loaded: Loaded,
    sockets: list[socket.socket],
    announce: Callable[[], None],
    *,
    show: "ShowPanel | None",
    store: "StoreProcess | None",
    counters: Path,
) -> int:
    """Serve in several processes; the first one shows what there is to show. What they count begins anew."""
    from passenger.server.process.workers import Supervisor  # noqa: PLC0415 - one process does without

    workers, drain_timeout = loaded.config.server.workers, loaded.config.server.drain_timeout
    shared, states, counting = SharedLog(workers), SharedLoginState(), CountingWorkers(workers)
    remove_counters(counters)

    def work(place: WorkerSlot) -> int:
        shown = show if place.number == 0 and not place.is_replacement else None
        own, path = beside(sockets), store.path if store else ""
        worker, counts = Worker(place, shared), counting.enter(place.number)
        return run_loop(
            ours(own, place.enter, worker=worker, login_states=states, show=shown, store=path, counting=counts)
        )

    return Supervisor(workers, work, sockets, on_serving=announce, drain_timeout=drain_timeout, store=store).run()


def _make_store_process(loaded: Loaded, sockets: list[socket.socket], state_dir: Path) -> "StoreProcess | None":
    """The process that keeps what all workers share; None where nothing is kept."""
    from passenger.server.process.store_process import StoreProcess  # noqa: PLC0415 - one process does without

    if loaded.config.state.keep == "none":
        return None

    def serve_it(listening: socket.socket, orders: int, beat: Callable[[], None]) -> None:
        run_loop(serve_store(make_store(loaded.config, state_dir), listening, orders, beat))

    return StoreProcess(serve_it, sockets)


def _log_in_first(invocation: Invocation) -> int:
    """Let a person log in, then serve."""
    from passenger.cli.login.login import run as log_in  # noqa: PLC0415 - only who is not logged in needs it

    click.echo("Nobody is logged in to GitHub here.", err=True)
    if not confirm("Log in now?", default=True):
        click.echo(f"To log in later, {login_hint(invocation)}. Without an account: `passenger demo`.", err=True)
        return LOGIN_NEEDED
    return log_in(invocation, browser=True, token_stdin=False) or run(invocation)


def _panel(invocation: Invocation, loaded: Loaded, sockets: list[socket.socket], command: str) -> "ShowPanel | None":
    """The panel for a terminal on stdout; None without one, with --quiet, or with a log in JSON."""
    if invocation.quiet or loaded.config.log.format == "json" or not is_terminal(sys.stdout):
        return None
    from passenger.cli.serve.panel import Panel, make_show  # noqa: PLC0415 - only who is looked at needs it

    url = base_url(sockets).removesuffix("/v1")
    launch = f"{command}{repeat_port(invocation, ports_of(sockets)[0])} launch claude"
    steps = [(launch, "Claude Code, for this run"), (f"{url}/", "the page of this server")]
    keys = key_note(loaded, has_team=has_team(invocation, loaded))
    key = f"one of {keys}" if keys else "any will do"
    panel = Panel(f"Passenger {__version__}", url, key, steps, ollama_url(sockets, loaded))
    return make_show(panel, sys.stdout, color=wants_color(sys.stdout, invocation.environ))


async def serve_and_show(
    loaded: Loaded,
    token_store: FileTokenStore | MemoryTokenStore,
    sockets: list[socket.socket],
    on_listening: Callable[[], None],
    *,
    identity: Identity,
    state_dir: Path | None = None,
    network: Egress | None = None,
    worker: Worker | None = None,
    login_states: SharedLoginState | None = None,
    show: "ShowPanel | None" = None,
    on_secret: Callable[[Secret], None] = lambda _: None,
    on_token: Callable[[str], None] = lambda _: None,
    store: str = "",
    counting: CountingWorker | None = None,
) -> int:
    """Serve until a signal comes, and show beside the first requests what there is to `show`."""
    shown = list[asyncio.Task[None]]()
    async with open_parts(
        loaded,
        token_store,
        state_dir,
        network,
        login_states=login_states,
        store=store,
        counting=counting,
        on_secret=on_token,
    ) as parts:
        if loaded.config.state.keep == "disk":
            await parts.gateway.store.get("", "")  # opens the file: what is wrong with it is told at once

        def listens() -> None:
            on_listening()
            if parts.ledger is not None:
                parts.ledger.begin()
            if show is not None:
                shown.append(asyncio.ensure_future(show(parts.seat)))

        code = await serve(
            loaded,
            parts.gateway,
            parts.seat,
            sockets,
            identity,
            unsaved=lambda: token_store.unsaved,
            ledger=parts.ledger.trouble if parts.ledger else lambda: None,
            spent=parts.spent,
            team=parts.team,
            joining=parts.joining,
            places=_places(parts),
            worker=worker,
            on_listening=listens,
            on_secret=on_secret,
        )
        for task in shown:
            task.cancel()
    return code


def _places(parts: Parts) -> TeamPlaces | None:
    """The files of the team and of the ledger; None where there is no place for a team."""
    return TeamPlaces(parts.team.path, parts.ledger.path if parts.ledger else None) if parts.team else None


def login_complaint(token_store: FileTokenStore, profile: str, integration: str = EDITOR_INTEGRATION) -> str | None:
    """Why there is nothing to serve with, None where there is."""
    login, token = token_store.login(), token_store.load()
    if token is not None and token.unexpired(time.time()):
        return None
    if login is None:
        if profile == GITHUB_HOST:
            return f"nobody is logged in to GitHub here: {token_store.log_in}"
        return f"nobody is logged in at {profile} here: {token_store.log_in} with the same settings"
    reason = why_unusable(login.token, integration)
    return f"the GitHub token from {login.where} cannot be used: {reason}; {token_store.log_in}" if reason else None
