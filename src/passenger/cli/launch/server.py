"""The server for a run of a client: the user's own that runs already, else one that ends with the run."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import click

from passenger import __version__
from passenger.cli.command import LOGIN, LOOPBACK, given_flags
from passenger.cli.outcome import complain
from passenger.cli.person import is_terminal
from passenger.cli.reach import key_for, key_of, look, stranger, usual_url
from passenger.config.invocation import DEFAULT_PORT, Invocation
from passenger.config.loading import Loaded
from passenger.config.login_files import find_team_file
from passenger.config.profile import login_profile
from passenger.config.schema import ClientsSettings
from passenger.secret import Secret
from passenger.server.control.client import Found, RunningServer, find_server
from passenger.server.control.handshake import read_or_make_secret
from passenger.server.control.status import SeatAccount, ServerStatus
from passenger.server.process.exit_codes import FAILED, LOGIN_NEEDED

STARTING = 60.0
"""Seconds that it may take to listen."""

LOOK = 0.02
"""Seconds between two looks into its log."""

ENDING = 5.0
"""Seconds that it may take to stop."""

KEPT_LOGS = 5

_ADDRESS = re.compile(r"http://127\.0\.0\.1:(\d+)")


class NotStartedError(Exception):
    """It did not start; the message is its own, `code` the one that it exited with."""

    def __init__(self, message: str, code: int = FAILED) -> None:
        super().__init__(message)
        self.code = code


@contextmanager
def own_server(arguments: Sequence[str], environ: Mapping[str, str], log: Path) -> Iterator[int]:
    """Run `passenger` with these arguments, its log in a file, and give the port that it listens at.

    Raises:
        NotStartedError: it ended, or does not listen.
    """
    forget(log.parent)
    with open(log, "xb", opener=_private) as file:
        process = subprocess.Popen(  # noqa: S603 - this interpreter
            [sys.executable, "-P", "-m", "passenger.cli.serve.attended", *arguments],
            env={**environ, "PASSENGER_LOG": "info", "NO_COLOR": "1"},
            stdin=subprocess.PIPE,
            stdout=file,
            stderr=file,
            start_new_session=True,  # Ctrl-C in the terminal is the client's
        )
    try:
        yield _port(process, log)
    finally:
        _end(process)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _port(process: "subprocess.Popen[bytes]", log: Path) -> int:
    """The port in the first address that it says it listens at."""
    until = time.monotonic() + STARTING
    while time.monotonic() < until:
        ended = process.poll()
        said = log.read_text(encoding="utf-8", errors="replace")
        if found := _ADDRESS.search(said):
            return int(found[1])
        if ended is not None:
            raise NotStartedError(_last(said), ended if ended == LOGIN_NEEDED else FAILED)
        time.sleep(LOOK)
    raise NotStartedError(f"it has not begun to listen after {STARTING:.0f} s; its log is {log}")


def _last(said: str) -> str:
    lines = [line for line in said.splitlines() if line.strip()]
    return lines[-1].removeprefix("passenger: ") if lines else "it said nothing"


def _end(process: "subprocess.Popen[bytes]") -> None:
    assert process.stdin is not None  # noqa: S101 - it was asked for above
    process.stdin.close()
    with suppress(subprocess.TimeoutExpired):
        process.wait(ENDING)
        return
    process.kill()
    process.wait()


def forget(directory: Path, now: float | None = None) -> None:
    """Remove all logs but the newest, and those that a server may be starting with; other launches do the same."""
    logs = sorted(
        (changed, path) for path in directory.glob("server-*.log") if (changed := _modified_at(path)) is not None
    )
    for changed, old in logs[: -KEPT_LOGS + 1]:
        if (time.time() if now is None else now) - changed > 2 * STARTING:
            old.unlink(missing_ok=True)


def _modified_at(path: Path) -> float | None:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return None


ALONE = {"PASSENGER_SERVER_OLLAMA_PORT": "0"}
"""A second port would be the running server's, or Ollama's own."""


@dataclass(frozen=True)
class LaunchServer:
    """A server of the user's that answers."""

    server: RunningServer
    name: str | None
    """The name under which proofs are kept: server and account. None, and nothing kept, if the account is unknown."""
    key: Secret | None
    usual: str
    """The address that a server of these settings would have."""
    clients: ClientsSettings = field(default_factory=ClientsSettings)
    """The models that the settings name."""
    team: Path | None = None
    """The file of the team in which a run gets a key of its own; None where it takes the one that there is."""
    is_tagged: bool = False
    """Whether the key tells this run's requests from those of others."""


@contextmanager
def with_run_key(reached: LaunchServer, client: str, tag: str) -> Iterator[LaunchServer]:
    """The server with a key for one run of a client, where that is to have one of its own."""
    if reached.team is None:
        yield reached
        return
    from passenger.cli.team.own_key import run_key  # noqa: PLC0415 - few have a team

    with run_key(reached.team, client, tag) as key:
        yield replace(reached, key=key, is_tagged=True)


@contextmanager
def server_for_run(invocation: Invocation, log: Path, *, demo: bool) -> Iterator[LaunchServer]:
    """The server, for as long as the block lasts; one of our own keeps its log in that file.

    What listens at its place and is not the user's own Passenger is named and is sent nothing.

    Raises:
        NotStartedError: there was none, and none could be started.
        ServerError: it does not answer as it should.
        ConfigError: the settings cannot be used.
        StoreError: our secret can be neither read nor made.
    """
    with _demo(invocation, log) if demo else _users(invocation, log) as reached:
        yield reached


@contextmanager
def _demo(invocation: Invocation, log: Path) -> Iterator[LaunchServer]:
    """A simulated Copilot, at a pace that a person can follow where one watches."""
    secret, pace = read_or_make_secret(invocation.state_dir), "--pace" if is_terminal(sys.stdout) else "--no-pace"
    with own_server(["demo", "--port", "0", pace], os.environ, log) as port:
        usual = f"http://{LOOPBACK}:{DEFAULT_PORT}"
        yield LaunchServer(_prove_started(port, secret, None), "demo", None, usual)


@contextmanager
def _users(invocation: Invocation, log: Path) -> Iterator[LaunchServer]:
    """The server of the user's settings: the one that runs already, else one for this run."""
    secret, loaded = read_or_make_secret(invocation.login_state_dir), invocation.load()
    key, found = key_for(invocation, loaded), look(invocation, loaded)
    if found.state == "ours":
        yield _reach_running(found, invocation, loaded)
        return
    if not invocation.quiet and (said := stranger(found)):
        complain(f"{said}; this run gets a server of its own")
    with own_server(_arguments(invocation), {**os.environ, **ALONE}, log) as port:
        server = _prove_started(port, secret, key)
        name = _name("own", invocation, loaded, server.status())
        team = _team(invocation, loaded)
        yield LaunchServer(server, name, key, usual_url(loaded), clients=loaded.config.clients, team=team)


def _name(where: str, invocation: Invocation, loaded: Loaded, status: ServerStatus) -> str | None:
    return proof_name(where, login_profile(loaded.config), invocation.login_name, status.account)


def proof_name(where: str, hosts: str, login_name: str | None, account: SeatAccount | None) -> str | None:
    """A server and whose it is: the hosts, the user's own name for the login, and the account as GitHub calls it."""
    if account is None or not account.login:
        return None
    return f"{where} {hosts} {login_name or '-'} {account.login}"


def _reach_running(found: Found, invocation: Invocation, loaded: Loaded) -> LaunchServer:
    """A server that runs already; where it needs no key it is shown none."""
    server, status = found.server, found.server.status()
    key, name = server.key if status.needs_key else None, _name(server.url, invocation, loaded, status)
    if found.hello and found.hello.version != __version__:
        click.echo(f"{server.url} runs Passenger {found.hello.version}; this is {__version__}. Restart it.", err=True)
    shown = replace(server, key=key)
    team = _team(invocation, loaded) if key else None
    return LaunchServer(shown, name, key, server.url, clients=loaded.config.clients, team=team)


def _team(invocation: Invocation, loaded: Loaded) -> Path | None:
    """The team's file, if the key for this run is to be made there: there is one, and no key was named."""
    path = find_team_file(invocation, loaded)
    return path if path.exists() and key_of(loaded, invocation.environ) is None else None


def _prove_started(port: int, secret: bytes, key: Secret | None) -> RunningServer:
    """The server that was started on a port, once it has proved to be that."""
    found = find_server(LOOPBACK, port, secret, key)
    if found.state != "ours":
        raise NotStartedError(f"what answers on port {port} is not the server that was started", FAILED)
    return found.server


def _arguments(invocation: Invocation) -> list[str]:
    """`passenger serve` with the flags that lead to the same account, on a free port of this machine."""
    flags = [part for flag, value in given_flags(invocation, LOGIN) for part in (flag, str(value))]
    workers = [] if sys.platform == "win32" else ["--workers", "1"]
    return ["serve", "--host", LOOPBACK, "--port", "0", *workers, *flags]
