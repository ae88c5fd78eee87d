"""The server that a client is to be wired to: the user's own that runs already, else one for this run alone."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import click

from passenger import __version__
from passenger.cli.command import DEMO_PORT, LOOPBACK
from passenger.cli.exits import FAILED
from passenger.cli.invocation import Invocation
from passenger.cli.own_server import NotStartedError, own_server
from passenger.cli.person import is_terminal
from passenger.cli.reach import key_of, look, stranger
from passenger.config import Loaded
from passenger.config.profile import login_profile
from passenger.config.schema import Clients
from passenger.control.client import Found, Server, find, reachable
from passenger.control.hello import read_or_make_secret
from passenger.control.status import Account, Status
from passenger.secret import Secret

ALONE = {"PASSENGER_SERVER_OLLAMA_PORT": "0"}
"""A second port would be the running server's, or Ollama's own."""


@dataclass(frozen=True)
class Reached:
    """A server of the user's, the name by which its proofs are remembered, and the key that it wants, if any."""

    server: Server
    name: str | None
    """It tells of the server and the account; None where the account is not known, whose proofs are not remembered."""
    key: Secret | None
    usual: str
    """The address that a server of these settings would have."""
    clients: Clients = field(default_factory=Clients)
    """The models that the settings name."""


@contextmanager
def server_for_run(invocation: Invocation, log: Path, *, demo: bool) -> Iterator[Reached]:
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
def _demo(invocation: Invocation, log: Path) -> Iterator[Reached]:
    """A simulated Copilot, at a pace that a person can follow where one watches."""
    secret, pace = read_or_make_secret(invocation.state_dir), "--pace" if is_terminal(sys.stdout) else "--no-pace"
    with own_server(["demo", "--port", "0", pace], os.environ, log) as port:
        usual = f"http://{LOOPBACK}:{DEMO_PORT}"
        yield Reached(_started(port, secret, None), "demo", None, usual)


@contextmanager
def _users(invocation: Invocation, log: Path) -> Iterator[Reached]:
    """The server of the user's settings: the one that runs already, else one for this run."""
    secret, loaded = read_or_make_secret(invocation.login_state_dir), invocation.load()
    key, place = key_of(loaded, invocation.environ), loaded.config.server
    usual, found = Server(reachable(place.host), place.port or DEMO_PORT).url, look(invocation, loaded)
    if found.state == "ours":
        yield _running(found, invocation, loaded)
        return
    if not invocation.quiet and (said := stranger(found)):
        click.echo(f"passenger: {said}; this run gets a server of its own", err=True)
    with own_server(_arguments(invocation), {**os.environ, **ALONE}, log) as port:
        server = _started(port, secret, key)
        name = _name("own", invocation, loaded, server.status())
        yield Reached(server, name, key, usual, clients=loaded.config.clients)


def _name(where: str, invocation: Invocation, loaded: Loaded, status: Status) -> str | None:
    return proof_name(where, login_profile(loaded.config), invocation.login_name, status.account)


def proof_name(where: str, hosts: str, login_name: str | None, account: Account | None) -> str | None:
    """A server and whose it is: the hosts, the user's own name for the login, and the account as GitHub calls it."""
    if account is None or not account.login:
        return None
    return f"{where} {hosts} {login_name or '-'} {account.login}"


def _running(found: Found, invocation: Invocation, loaded: Loaded) -> Reached:
    """A server that runs already; where it needs no key it is shown none."""
    server, status = found.server, found.server.status()
    key, name = server.key if status.needs_key else None, _name(server.url, invocation, loaded, status)
    if found.hello and found.hello.version != __version__:
        click.echo(f"{server.url} runs Passenger {found.hello.version}; this is {__version__}. Restart it.", err=True)
    shown = replace(server, key=key)
    return Reached(shown, name, key, server.url, clients=loaded.config.clients)


def _started(port: int, secret: bytes, key: Secret | None) -> Server:
    """The server that was started on a port, once it has proved to be that."""
    found = find(LOOPBACK, port, secret, key)
    if found.state != "ours":
        raise NotStartedError(f"what answers on port {port} is not the server that was started", FAILED)
    return found.server


def _arguments(invocation: Invocation) -> list[str]:
    """`passenger serve` with the flags that lead to the same account, on a free port of this machine."""
    named = {
        "--config": invocation.config_path,
        "--ca-bundle": invocation.ca_bundle,
        "--profile": invocation.profile,
        "--access-token-path": invocation.access_token_path,
        "--copilot-token-path": invocation.copilot_token_path,
    }
    flags = [part for flag, value in named.items() if value is not None for part in (flag, str(value))]
    workers = [] if sys.platform == "win32" else ["--workers", "1"]
    return ["serve", "--host", LOOPBACK, "--port", "0", *workers, *flags]
