"""`passenger`, `passenger serve`: serve the subscription until told to stop."""

import asyncio
import functools
import gc
import logging
import os
import signal
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from passenger import __version__
from passenger.account.login_state import Board, SharedBoard
from passenger.account.memory_vault import MemoryVault
from passenger.authority import read_host
from passenger.cli.allocator import give_back
from passenger.cli.command import DEMO_PORT
from passenger.cli.exits import FAILED, INTERRUPTED, LOGIN_NEEDED, OK
from passenger.cli.invocation import Invocation
from passenger.cli.login_hint import login_hint, with_login
from passenger.cli.networking import network_of
from passenger.cli.parts import parts_of, state_dir_of, vault_of
from passenger.cli.parts import run as run_loop
from passenger.cli.person import can_answer, confirmed, is_terminal
from passenger.cli.servable import no_workers, open_to_all, same_ports, unwritable
from passenger.config import ConfigError, Loaded
from passenger.config.credentials import GITHUB_HOST
from passenger.config.profile import login_profile
from passenger.config.schema import Server as ServerSettings
from passenger.copilot.protocol import LOG_IN, why_not_exchangeable
from passenger.log import wants_color
from passenger.network import Network
from passenger.secret import Secret
from passenger.server.server import Server
from passenger.vault import FileVault
from passenger.web.app import create_app
from passenger.web.guard import Guard
from passenger.web.health import Readiness
from passenger.web.identity import Identity
from passenger.web.key_file import KeyFile
from passenger.web.keys import Keys
from passenger.web.lifeline import Lifelines
from passenger.web.listen import PortTakenError, beside, hold, listen, reaches_beyond
from passenger.web.login_gate import LoginGate
from passenger.web.pages.server_login import ServerLogin
from passenger.web.request_log import RequestLog
from passenger.web.request_path import Patience
from passenger.web.shared_log import SharedLog
from passenger.web.signals import ignore_unused
from passenger.web.worker import Place, WorkerServer

if TYPE_CHECKING:
    from passenger.cli.panel import Show

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
    vault, network = vault_of(invocation, loaded, redactor), network_of(loaded, invocation.environ, redactor)
    complaint = login_complaint(vault, login_profile(loaded.config))
    lacks_login = bool(complaint) and vault.login() is None
    if lacks_login and may_ask and is_attended(invocation) and not loaded.config.server.await_login:
        return _log_in_first(invocation)
    if complaint and not (lacks_login and loaded.config.server.await_login):
        click.echo(f"passenger: {complaint}", err=True)
        return LOGIN_NEEDED
    for key in loaded.api_keys:
        redactor.add(key)
    if trouble := unwritable(invocation.login_state_dir):
        log.warning("%s", trouble)
    sockets = listening(loaded)
    if sockets is None:
        return FAILED
    workers, command = loaded.config.server.workers, with_login(invocation, "passenger")
    identity = Identity(
        __version__,
        os.getpid(),
        time.time(),
        invocation.login_state_dir,
        workers,
        command,
        ports_of(sockets),
    )
    shared = SharedLog(workers) if workers > 1 else None
    board = SharedBoard() if workers > 1 else None
    show = _panel(invocation, loaded, sockets, command)
    say_started = functools.partial(_say_started, sockets, vault, None if show else loaded)
    state_dir = state_dir_of(invocation, loaded)

    def work(place: Place) -> int:
        own = beside(sockets)
        return run_loop(
            serve(
                loaded,
                vault,
                own,
                place.enter,
                state_dir,
                identity=identity,
                network=network,
                place=place,
                shared=shared,
                board=board,
                show=show if place.number == 0 and not place.is_replacement else None,
                on_secret=redactor.add,
            )
        )

    if workers > 1:
        drain = loaded.config.server.drain_timeout
        from passenger.cli.workers import Supervisor  # noqa: PLC0415 - one process does without

        return Supervisor(workers, work, sockets, on_serving=say_started, drain_timeout=drain).run()
    return run_loop(
        serve(
            loaded,
            vault,
            sockets,
            say_started,
            state_dir,
            identity=identity,
            network=network,
            show=show,
            on_secret=redactor.add,
        )
    )


def is_attended(invocation: Invocation) -> bool:
    """Whether somebody sits at a terminal, and wants to hear more than problems."""
    return not invocation.quiet and can_answer()


def _log_in_first(invocation: Invocation) -> int:
    """Let a person log in, then serve."""
    from passenger.cli.login import run as log_in  # noqa: PLC0415 - only who is not logged in needs it

    click.echo("Nobody is logged in to GitHub here.", err=True)
    if not confirmed("Log in now?", default=True):
        click.echo(f"To log in later, {login_hint(invocation)}. Without an account: `passenger demo`.", err=True)
        return LOGIN_NEEDED
    return log_in(invocation, browser=True, token_stdin=False) or run(invocation)


def _panel(invocation: Invocation, loaded: Loaded, sockets: list[socket.socket], command: str) -> "Show | None":
    """What to show a person who looks at stdout; None where nobody does, or wants to."""
    if invocation.quiet or loaded.config.log.format == "json" or not is_terminal(sys.stdout):
        return None
    from passenger.cli.panel import Panel, showing  # noqa: PLC0415 - only who is looked at needs it

    url = base_url(sockets).removesuffix("/v1")
    port = "" if invocation.port is None else port_flag(sockets)
    steps = [
        (f"{command}{port} launch claude", "Claude Code, for this run"),
        (f"{url}/", "the page of this server"),
    ]
    keys = _keys(loaded)
    panel = Panel(
        f"Passenger {__version__}",
        url,
        f"one of [server] {keys}" if keys else "any will do",
        steps,
        ollama_url(sockets, loaded),
    )
    return showing(panel, sys.stdout, color=wants_color(sys.stdout, invocation.environ))


async def serve(
    loaded: Loaded,
    vault: FileVault | MemoryVault,
    sockets: list[socket.socket],
    on_listening: Callable[[], None],
    state_dir: Path | None = None,
    *,
    identity: Identity,
    network: Network | None = None,
    place: Place | None = None,
    shared: SharedLog | None = None,
    board: Board | None = None,
    show: "Show | None" = None,
    on_secret: Callable[[Secret], None] = lambda _: None,
) -> int:
    """Serve on these sockets until a signal comes: exit 0 on SIGTERM, 130 on Ctrl-C.

    With a `place` it is one of several workers, has its share of the limits, and stops when its supervisor says so.
    What there is to `show` is shown beside the first requests.
    """
    config, proxy = loaded.config.server, loaded.config.proxy
    async with parts_of(loaded, vault, state_dir, network, board) as parts:
        roster = place.roster if place else None
        guard = guard_of(loaded, on_secret)
        readiness = Readiness(parts.seat, lambda: vault.unsaved, roster=roster, keys=lambda: guard.trouble)
        lifelines = Lifelines()
        patience = Patience(proxy.commit_after, proxy.keep_alive)
        gateway, login = parts.gateway, parts.seat.device_login
        limits = loaded.config.limits.divided(roster.workers if roster else 1)
        app = create_app(
            gateway,
            readiness,
            lifelines,
            guard,
            limits=limits,
            patience=patience,
            identity=identity,
            log=RequestLog(time.time, shared, place.number if place else 0),
            login=ServerLogin(login, time.time) if login else None,
            gate=LoginGate(readiness.is_usable, _log_in(vault)) if config.await_login else None,
            named=loaded.config.clients.model,
        )
        shown = list[asyncio.Task[None]]()

        def listens() -> None:
            on_listening()
            if show is not None:
                shown.append(asyncio.ensure_future(show(parts.seat)))

        server = (functools.partial(WorkerServer, place) if place else Server)(
            app, readiness, lifelines, limits=limits, drain_timeout=config.drain_timeout, on_listening=listens
        )
        _settle()
        if place is None:  # the tokenizer of each worker would take its own memory
            gateway.warm(lambda: not len(lifelines) and app.rests)
        await server.serve(sockets)
        for task in shown:
            task.cancel()
    return INTERRUPTED if server.stopped_by is signal.SIGINT else OK


def _log_in(vault: FileVault | MemoryVault) -> str:
    return vault.log_in if isinstance(vault, FileVault) else LOG_IN


def guard_of(loaded: Loaded, on_secret: Callable[[Secret], None]) -> Guard:
    """Who is let in, as it is set."""
    server = loaded.config.server

    def hide(keys: tuple[Secret, ...]) -> None:
        for key in keys:
            on_secret(key)

    file = KeyFile(Path(server.api_key_file), on_keys=hide) if server.api_key_file else None
    named = [host for host in (read_host(server.host.encode()),) if host is not None]
    return Guard(
        Keys(server.api_keys, file),
        hosts=[*server.allowed_hosts, *named],
        origins=server.allowed_origins,
        exposed=bool(loaded.api_keys) and reaches_beyond(server.host, server.port),
    )


def _settle() -> None:
    """Let memory go back, and the garbage collector look at what requests leave behind alone.

    Its young rounds are 14 times as seldom as by default; both together take a tenth off the CPU time of a small
    request. Full rounds come as often as by default among those: whatever is kept only by a circle waits for one.
    """
    give_back()
    gc.freeze()
    gc.set_threshold(10_000, 10, 10)


def _say_started(sockets: list[socket.socket], vault: FileVault, loaded: Loaded | None) -> None:
    log.info("%s", start_line(sockets, vault))
    if loaded is not None:
        log.info("%s", addresses_line(sockets, loaded))


def login_complaint(vault: FileVault, profile: str) -> str | None:
    """Why there is nothing to serve with, None where there is."""
    login, token = vault.login(), vault.load()
    if token is not None and token.good(time.time()):
        return None
    if login is None:
        if profile == GITHUB_HOST:
            return f"nobody is logged in to GitHub here: {vault.log_in}"
        return f"nobody is logged in at {profile} here: {vault.log_in} with the same settings"
    reason = why_not_exchangeable(login.token)
    return f"the GitHub token from {login.where} cannot be used: {reason}; {vault.log_in}" if reason else None


def listening(loaded: Loaded) -> list[socket.socket] | None:
    """The sockets that the settings ask for, None (and a word on stderr) where they cannot be had.

    Raises:
        ConfigError: other machines could reach them, and no key keeps anybody out; or both ports are the same.
    """
    server = loaded.config.server
    try:
        if problem := open_to_all(loaded) or same_ports(loaded):
            raise ConfigError([problem])
        return _listening(server)
    except PortTakenError as error:
        click.echo(f"passenger: {error}", err=True)
    except OSError as error:
        click.echo(f"passenger: cannot listen on {server.host} port {server.port}: {error.strerror or error}", err=True)
    return None


def _listening(server: ServerSettings) -> list[socket.socket]:
    """The sockets of the port, and then those of Ollama's."""
    take = listen if server.workers == 1 else hold
    sockets = take(server.host, server.port)
    try:
        return [*sockets, *(take(server.host, server.ollama_port, "--ollama-port") if server.ollama_port else [])]
    except BaseException:
        for one in sockets:
            one.close()
        raise


def start_line(sockets: list[socket.socket], vault: FileVault) -> str:
    """Where we listen, and on whose login."""
    login = vault.login()
    whose = f"login from {login.where}" if login else _without_login(sockets, vault)
    return f"Passenger serves {base_url(sockets)}  ({whose})"


def _without_login(sockets: list[socket.socket], vault: FileVault) -> str:
    if vault.load() is not None:
        return "no login, only a Copilot token that will expire"
    page = base_url(sockets).removesuffix("v1")
    return f"nobody is logged in yet: open {page} or {vault.log_in}"


def addresses_line(sockets: list[socket.socket], loaded: Loaded) -> str:
    """The address for all clients but OpenAI's, and the key that they need."""
    url, keys = base_url(sockets).removesuffix("/v1"), _keys(loaded)
    second = f", Ollama {ollama}" if (ollama := ollama_url(sockets, loaded)) else ""
    return f"Anthropic, Gemini, Ollama: {url}{second}  (API key: {f'one of {keys}' if keys else 'anything'})"


def ports_of(sockets: list[socket.socket]) -> list[int]:
    """The ports that we listen on, each once: a name may have several addresses."""
    return list(dict.fromkeys(one.getsockname()[1] for one in sockets))


def port_flag(sockets: list[socket.socket]) -> str:
    """The flag that leads to this server, empty where it has the usual port."""
    port = sockets[0].getsockname()[1]
    return "" if port == DEMO_PORT else f" --port {port}"


def ollama_url(sockets: list[socket.socket], loaded: Loaded) -> str | None:
    """The second address, None where there is none."""
    port = loaded.config.server.ollama_port
    return f"{base_url(sockets).removesuffix('/v1').rpartition(':')[0]}:{port}" if port else None


def _keys(loaded: Loaded) -> str:
    """The settings that hold keys; empty where nobody needs one."""
    server = loaded.config.server
    named = {"api_keys": bool(server.api_keys), "api_key_file": bool(server.api_key_file)}
    return ", ".join(name for name, is_set in named.items() if is_set)


def base_url(sockets: list[socket.socket]) -> str:
    """The base URL for an OpenAI client."""
    host, port = sockets[0].getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}/v1"
