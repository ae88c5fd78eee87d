"""`passenger doctor`: gathers what the checks look at, and prints what they have found. It mends nothing."""

import asyncio
import json as json_text
import logging
import os
import platform
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TypeVar
from urllib.parse import urljoin

import click

from passenger import __version__
from passenger.cli.exits import FAILED, OK
from passenger.cli.given_flags import with_flags
from passenger.cli.invocation import Invocation
from passenger.cli.login_hint import login_hint
from passenger.cli.machine import machine_of
from passenger.cli.networking import network_of
from passenger.cli.parts import catalog_of, github_of, login_environ, paths_of, session_of
from passenger.cli.parts import run as run_loop
from passenger.cli.reach import key_of, secret_of
from passenger.clients.find import find as find_client
from passenger.config import ConfigError, Loaded
from passenger.config.problems import nearest
from passenger.control.client import find
from passenger.copilot.protocol import CopilotUser, command_in
from passenger.doctor import config as config_check
from passenger.doctor.clients import CLIENTS
from passenger.doctor.examine import examine
from passenger.doctor.facts import Facts
from passenger.doctor.finding import Finding
from passenger.doctor.hops import Trace, follow
from passenger.doctor.once import Once
from passenger.doctor.onlooker import Onlooker, only_read
from passenger.doctor.report import MARKS, PLAIN, as_json, has_failed, lines, report
from passenger.doctor.threads import in_thread
from passenger.edits.journal import state_of
from passenger.edits.receipts import Receipts
from passenger.errors import Failure, Kind
from passenger.log import Redactor, wants_color
from passenger.net.client import client as http_client
from passenger.net.resolver import Resolver
from passenger.network import Network
from passenger.session import Session
from passenger.store import StoreError
from passenger.upstream import Copilot
from passenger.vault import FileVault

T = TypeVar("T")

STARTING = 5.0
"""Seconds that another program may take to tell its version."""


def run(invocation: Invocation, *, client: str | None, json: bool, report: bool) -> int:
    """Look, and print; exit 1 where anything does not work."""
    if client is not None and client not in CLIENTS:
        near = nearest(client, CLIENTS)
        hint = f" Did you mean '{near}'?" if near else f" There are {', '.join(CLIENTS)}."
        raise click.UsageError(f"No such client '{client}'.{hint}")
    redactor = invocation.start_log()
    if not invocation.verbosity:  # what is odd is told as a finding
        logging.getLogger("passenger").setLevel(logging.CRITICAL)
    found, login = _found(invocation, redactor, [client] if client else [])
    findings = [replace(one, fix=with_flags(invocation, one.fix)) if one.fix else one for one in found]
    _print(findings, invocation, redactor, login, json=json, for_pasting=report)
    return FAILED if has_failed(findings) else OK


def _found(invocation: Invocation, redactor: Redactor, clients: Sequence[str]) -> tuple[Sequence[Finding], str]:
    """What there is to tell, and the name of the account where it is known."""
    try:
        loaded = invocation.load()
        network = network_of(loaded, invocation.environ, redactor)
    except ConfigError as error:
        return list(config_check.unusable(error)), ""
    return run_loop(_examined(invocation, loaded, network, redactor, clients))


async def _examined(
    invocation: Invocation, loaded: Loaded, network: Network, redactor: Redactor, clients: Sequence[str]
) -> tuple[Sequence[Finding], str]:
    async with facts_of(invocation, loaded, network, redactor, clients) as facts:
        found = await examine(facts)
        try:
            return found, (await facts.seat()).login or ""
        except Failure:
            return found, ""


# --- what the checks look at -------------------------------------------------------------------------------------


@asynccontextmanager
async def facts_of(
    invocation: Invocation, loaded: Loaded, network: Network, redactor: Redactor, clients: Sequence[str] = ()
) -> AsyncIterator[Facts]:
    """Everything that the checks may look at; nobody is asked before a check needs it."""
    paths = paths_of(invocation, loaded)
    environ = login_environ(invocation, loaded)
    hint = login_hint(invocation)
    vault = Onlooker(FileVault(only_read(paths), environ, on_secret=redactor.add, log_in=hint))
    for one in loaded.api_keys:
        redactor.add(one)
    secret, key = secret_of(invocation), key_of(loaded, invocation.environ)
    if key:
        redactor.add(key)
    server = loaded.config.server
    async with http_client(connect_timeout=loaded.config.proxy.connect_timeout, network=network) as http:
        github = github_of(loaded, http)
        session = session_of(loaded, vault, github, hint)
        catalog = catalog_of(loaded, session, Copilot(session, http))

        async def seat() -> CopilotUser:
            login = vault.login()
            if login is None:
                raise Failure(Kind.LOGIN, "nobody is logged in")
            return await github.copilot_user(login.token)

        yield Facts(
            loaded=loaded,
            machine=machine_of(invocation),
            network=network,
            own=own_command(),
            token_files=[paths.access.path, paths.copilot.path],
            state_dir=invocation.login_state_dir,
            log_in=command_in(hint),
            clients=clients,
            clock=time.time,
            server=Once(lambda: in_thread(lambda: find(server.host, server.port, secret, key))),
            listener=lambda port: in_thread(lambda: find("127.0.0.1", port, secret, key)),
            login=Once(lambda: _now(vault.login)),
            access=Once(session.access),
            seat=Once(seat),
            catalog=Once(catalog.list),
            traces=Once(lambda: _traces(loaded, network, session)),
            version_of=lambda program: in_thread(lambda: version_of(program, invocation.environ)),
            installed=lambda client: in_thread(lambda: find_client(client, invocation.environ, Path.home())),
            set_up=lambda name: set_up(name, invocation.state_dir),
        )


async def _now(ask: Callable[[], T]) -> T:
    return ask()


async def _traces(loaded: Loaded, network: Network, session: Session) -> Mapping[str, Trace]:
    """The ways to GitHub and to the Copilot API that the token names, or the one that is set."""
    names, config = Resolver(), loaded.config
    urls = {"github": urljoin(config.github.copilot_token_url, "/"), "copilot": f"{config.copilot.api_base_url}/_ping"}
    with suppress(Failure):
        urls["copilot"] = f"{(await session.access()).base_url}/_ping"
    found = await asyncio.gather(*(follow(url, network, names) for url in urls.values()))
    return dict(zip(urls, found, strict=True))


def own_command() -> Path:
    """The command that was installed with this interpreter's package."""
    return Path(sys.executable).with_name("passenger.exe" if os.name == "nt" else "passenger")


def version_of(program: Path, environ: Mapping[str, str]) -> str:
    """What a program prints for `--version`, its first line; "" where it cannot be run."""
    try:
        done = subprocess.run(  # noqa: S603 - the user's own program, as he would run it
            [program, "--version"],
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=STARTING,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    text = done.stdout.decode("utf-8", "replace").strip()
    return text.splitlines()[0][:100] if text and done.returncode == 0 else ""


def set_up(name: str, state_dir: Path) -> Sequence[tuple[str, str]]:
    """The files that `setup` has written for a client, and whether each still stands as it was written."""
    try:
        return [(receipt.path, state_of(receipt)) for receipt in Receipts(state_dir / "setup" / name).all()]
    except (StoreError, OSError) as error:
        return [(str(state_dir / "setup" / name), str(error))]


# --- what is printed ---------------------------------------------------------------------------------------------


def _print(
    findings: Sequence[Finding],
    invocation: Invocation,
    redactor: Redactor,
    login: str,
    *,
    json: bool,
    for_pasting: bool,
) -> None:
    if json:
        text = json_text.dumps(redactor.clean(as_json(findings, __version__)), indent=2)
    elif for_pasting:
        private = {str(Path.home()): "~", login: "LOGIN"}
        text = redactor.redact("\n".join(report(findings, _about(), private)))
    else:
        color = wants_color(sys.stdout, invocation.environ)
        marks = MARKS if _shows(sys.stdout.encoding, MARKS.values()) else PLAIN
        text = redactor.redact("\n".join(lines(findings, color=color, marks=marks)))
    click.echo(text)


def _shows(encoding: str | None, texts: Iterable[str]) -> bool:
    try:
        "".join(texts).encode(encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def _about() -> Mapping[str, str]:
    """What one asks first who is to help."""
    return {
        "Passenger": __version__,
        "Python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
    }
