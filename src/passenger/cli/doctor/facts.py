"""What the checks look at: the settings, the machine, and what is asked of GitHub and Copilot once for all of them."""

import asyncio
import contextlib
import os
import platform
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, Generic, TypeVar
from urllib.parse import urljoin

from passenger import __version__
from passenger.account.github import GitHub
from passenger.account.protocol import CopilotUser, Grant, command_in
from passenger.account.session import Session
from passenger.account.token import Access, Login, Token
from passenger.account.token_store import FileTokenStore, TokenPaths
from passenger.cli.doctor.hops import Trace, follow
from passenger.cli.reach import key_for, secret_of
from passenger.clients.find import find_program as find_client
from passenger.clients.plan import Client, Installed, Machine, machine_of
from passenger.config.invocation import Invocation
from passenger.config.loading import Loaded
from passenger.config.login_files import (
    find_ledger,
    find_state_file,
    find_team_file,
    find_token_paths,
    login_environment,
)
from passenger.config.login_name import login_hint
from passenger.copilot.catalog import Catalog
from passenger.copilot.upstream import Copilot
from passenger.edits.journal import state_of
from passenger.edits.receipts import Receipts
from passenger.errors import Failure, Kind
from passenger.net.client import client as http_client
from passenger.net.egress import Egress
from passenger.net.origin import bracketed
from passenger.net.resolver import Resolver
from passenger.observe.redaction import Redactor
from passenger.private_file import StoreError
from passenger.server.control.client import Found, find_server
from passenger.wiring import make_catalog, make_github, make_session


@dataclass(frozen=True, kw_only=True)
class Facts:
    """Everything that a check may look at. What is asked of others is asked when a check first needs it, and once."""

    loaded: Loaded
    machine: Machine
    network: Egress
    own: Path
    """The command that belongs to the running interpreter; it need not exist."""
    token_files: Sequence[Path]
    """Those that are read and written, whether they exist or not."""
    state_dir: Path
    ledger: Path
    """The file of the ledger; it need not exist."""
    state: Path
    team: Path
    """The file of kept conversations; it need not exist."""
    log_in: str = "passenger login"
    """The command that makes the login that is meant."""
    version: str = __version__
    clients: Sequence[str] = ()
    """The clients that were asked for by name; all that are installed where there are none."""
    clock: Callable[[], float]

    server: Callable[[], Awaitable[Found]]
    """Who answers where we are set to serve."""
    listener: Callable[[int], Awaitable[Found]]
    """Who answers on another port of this machine."""
    login: Callable[[], Awaitable[Login | None]]
    access: Callable[[], Awaitable[Access]]
    seat: Callable[[], Awaitable[CopilotUser]]
    catalog: Callable[[], Awaitable[Catalog]]
    traces: Callable[[], Awaitable[Mapping[str, Trace]]]
    """The ways to all hosts that are asked, by what they are for: `github`, `copilot`."""
    version_of: Callable[[Path], Awaitable[str]]
    """What a program prints for `--version`; "" where it cannot be run."""
    installed: Callable[[Client], Awaitable[Installed | None]]
    set_up: Callable[[str], Sequence[tuple[str, str]]]
    """The files that `setup` has written for a client, by its name, each with its state now."""
    system: str = field(default_factory=platform.system)

    @property
    def environ(self) -> Mapping[str, str]:
        """The environment that it was started in."""
        return self.machine.environ

    @property
    def address(self) -> str:
        """Where we are set to serve."""
        server = self.loaded.config.server
        return f"{bracketed(server.host)}:{server.port}"


T = TypeVar("T")


class Once(Generic[T]):
    """An answer that is asked for when it is first needed; all who need it get the same one, or the same error."""

    def __init__(self, ask: Callable[[], Coroutine[Any, Any, T]]) -> None:
        self._ask = ask
        self._task: asyncio.Task[T] | None = None

    def __call__(self) -> Awaitable[T]:
        """The answer. Who stops waiting for it does not stop it for the others."""
        if self._task is None:
            self._task = asyncio.create_task(self._ask())
            self._task.add_done_callback(_note_error)
        return asyncio.shield(self._task)


def _note_error(task: "asyncio.Task[T]") -> None:
    """Retrieve the error, so that asyncio does not log it if no one awaits the task."""
    if not task.cancelled():
        task.exception()


async def in_thread(work: Callable[[], T]) -> T:
    """The result of `work`. If the caller is cancelled, the thread goes on and its result is dropped."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()
    threading.Thread(target=_run, args=(work, loop, future), name="doctor", daemon=True).start()
    return await future


def _run(work: Callable[[], T], loop: asyncio.AbstractEventLoop, future: "asyncio.Future[T]") -> None:
    try:
        tell = partial(future.set_result, work())
    except Exception as error:  # noqa: BLE001 - it is raised to whoever waits
        tell = partial(future.set_exception, error)
    with contextlib.suppress(RuntimeError):  # the loop has ended: nobody waits
        loop.call_soon_threadsafe(lambda: None if future.done() else tell())


def only_read(paths: TokenPaths) -> TokenPaths:
    """The same files as ones that are not ours to touch."""
    access, copilot = replace(paths.access, ours=False), replace(paths.copilot, ours=False)
    return replace(paths, access=access, copilot=copilot)


class Onlooker:
    """A session's token_store that reads from files, and keeps a new token in memory alone."""

    unsaved = None
    """Nothing is written, so nothing is unsaved."""

    def __init__(self, files: FileTokenStore) -> None:
        self._files = files
        self._token: Token | None = None

    def login(self) -> Login | None:
        """The login that a server would use."""
        return self._files.login()

    def load(self) -> Token | None:
        """The last token, else the one in the file."""
        return self._token or self._files.load()

    def save(self, _grant: Grant, token: Token) -> None:
        """Remember a new token."""
        self._token = token

    def changed(self) -> bool:
        """It is looked at once."""
        return False

    def lock(self) -> AbstractAsyncContextManager[None]:
        """No lock: nothing is written."""
        return nullcontext()


STARTING = 5.0
"""Seconds that another program may take to print its version."""


@asynccontextmanager
async def open_facts(
    invocation: Invocation, loaded: Loaded, network: Egress, redactor: Redactor, clients: Sequence[str] = ()
) -> AsyncIterator[Facts]:
    """Everything that the checks may look at. Requests are made when a check first needs their answer."""
    paths, environ, hint = find_token_paths(invocation, loaded), invocation.environ, login_hint(invocation)
    logins = login_environment(invocation, loaded)
    token_store = Onlooker(FileTokenStore(only_read(paths), logins, on_secret=redactor.add, log_in=hint))
    secret, server = secret_of(invocation), loaded.config.server
    key = key_for(invocation, loaded, may_make=False)
    for one in filter(None, (*loaded.api_keys, key)):
        redactor.add(one)
    async with http_client(connect_timeout=loaded.config.upstream.connect_timeout, network=network) as http:
        github = make_github(loaded, http)
        session = make_session(loaded, token_store, github, hint)
        yield Facts(
            loaded=loaded,
            machine=machine_of(invocation),
            network=network,
            own=own_command(),
            token_files=[paths.access.path, paths.copilot.path],
            state_dir=invocation.login_state_dir,
            ledger=find_ledger(invocation, loaded),
            state=find_state_file(invocation, loaded),
            team=find_team_file(invocation, loaded),
            log_in=command_in(hint),
            clients=clients,
            clock=time.time,
            server=Once(lambda: in_thread(lambda: find_server(server.host, server.port, secret, key))),
            listener=lambda port: in_thread(lambda: find_server("127.0.0.1", port, secret, key)),
            login=Once(lambda: _now(token_store.login)),
            access=Once(session.access),
            seat=Once(lambda: _ask_seat(token_store, github)),
            catalog=Once(make_catalog(loaded, session, Copilot(session, http)).list),
            traces=Once(lambda: _traces(loaded, network, session)),
            version_of=lambda program: in_thread(lambda: version_of(program, environ)),
            installed=lambda client: in_thread(lambda: find_client(client, environ, Path.home())),
            set_up=lambda name: set_up(name, invocation.state_dir),
        )


async def _ask_seat(token_store: Onlooker, github: GitHub) -> CopilotUser:
    """What GitHub says of the account that is logged in."""
    login = token_store.login()
    if login is None:
        raise Failure(Kind.LOGIN, "nobody is logged in")
    return await github.copilot_user(login.token)


async def _now(ask: Callable[[], T]) -> T:
    return ask()


async def _traces(loaded: Loaded, network: Egress, session: Session) -> Mapping[str, Trace]:
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
        done = subprocess.run(  # noqa: S603 - the user's own program, as the user would run it
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
