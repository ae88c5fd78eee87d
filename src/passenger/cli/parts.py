"""How the parts are put together: from the settings to a gateway that serves, and to the account behind it."""

import asyncio
import functools
import sys
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from passenger.access import log_exchange
from passenger.account.device_login import DeviceLogin
from passenger.account.login_state import Board
from passenger.account.overview import Overview
from passenger.accounts import Login, Source
from passenger.catalogfile import CatalogFile, Owner
from passenger.cli.invocation import Invocation
from passenger.cli.login_hint import login_hint
from passenger.cli.seat_files import OWN, seat_directory
from passenger.config import Config, ConfigError, Loaded, Origin, Problem
from passenger.config.credentials import GITHUB_HOST
from passenger.config.login_name import FLAG, home_of
from passenger.config.profile import direct_api, directory_of, is_githubs_own, is_tenant, login_profile, state_profile
from passenger.control.known_names import FILE as NAMES
from passenger.control.names_file import NamesFile
from passenger.copilot.device import Flow, Granted, device_flow
from passenger.copilot.live import Fetch, Fetched, LiveCatalog
from passenger.copilot.models import Model
from passenger.copilot.protocol import LOG_IN, Editor, why_not_exchangeable
from passenger.copilot.reasoning_file import ReasoningFile
from passenger.errors import Failure, Kind
from passenger.gateway import Deadlines, Gateway, OneSeat, Policy, Seat, fetch_models
from passenger.github import GitHub
from passenger.learned import Learned
from passenger.log import Redactor
from passenger.negotiate import Negotiator
from passenger.net.client import Client, client
from passenger.network import Network
from passenger.session import Session, Vault
from passenger.store import PrivateFile, StoreError
from passenger.thoughts import Thoughts
from passenger.tokens.counter import Counter
from passenger.tokens.ratios import Ratios
from passenger.tokens.tokenizer import Tokenizer
from passenger.upstream import Copilot
from passenger.vault import FileVault, TokenPaths, token_paths

_T = TypeVar("_T")


def run(main: Coroutine[Any, Any, _T]) -> _T:
    """Run it on uvloop, where there is one."""
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        return runner.run(main)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    if sys.platform == "win32" or sys.implementation.name != "cpython":
        return None
    import uvloop  # noqa: PLC0415 - there is none elsewhere

    return uvloop.new_event_loop


def paths_of(invocation: Invocation, loaded: Loaded) -> TokenPaths:
    """The token files that the flags or settings ask for, or the user's own for the login and the hosts that are meant.

    passenger-rs knows no other files than those of one login at github.com.
    """
    profile = login_profile(loaded.config)
    legacy = invocation.legacy_dir if profile == GITHUB_HOST and invocation.login_name is None else None
    return token_paths(logins_dir_of(invocation, loaded), legacy, *_asked_for(invocation, loaded))


def logins_dir_of(invocation: Invocation, loaded: Loaded) -> Path:
    """Where the token files are unless a path is asked for."""
    return directory_of(home_of(invocation.user_dir, invocation.login_name), login_profile(loaded.config))


def _asked_for(invocation: Invocation, loaded: Loaded) -> tuple[Path | None, Path | None]:
    """The paths of the flags, else of the settings, which hold for the login without a name."""
    flags = invocation.access_token_path, invocation.copilot_token_path
    if invocation.profile is not None and any(flags):
        raise ConfigError([Problem(Origin("flag", FLAG), "leave it out where a flag names the token file itself")])
    account, name = loaded.config.account, invocation.login_name
    access, copilot = ("", "") if name else (account.access_token_path, account.copilot_token_path)
    return flags[0] or _set_path(access), flags[1] or _set_path(copilot)


def _set_path(text: str) -> Path | None:
    return Path(text).expanduser() if text else None


def vault_of(invocation: Invocation, loaded: Loaded, redactor: Redactor) -> FileVault:
    """The token files, and the login in the environment."""
    environ, hint = login_environ(invocation, loaded), login_hint(invocation)
    return FileVault(paths_of(invocation, loaded), environ, on_secret=redactor.add_passing, log_in=hint)


def login_environ(invocation: Invocation, loaded: Loaded) -> Mapping[str, str]:
    """The environment in which a login is looked for; gh's own is for GitHub's own hosts alone.

    Who names a login means that one: the environment's is not looked at.
    """
    if invocation.login_name is not None:
        return {}
    environ = dict(invocation.environ)
    if not is_githubs_own(login_profile(loaded.config)):
        environ.pop(Source.GH.value, None)
    return environ


def state_dir_of(invocation: Invocation, loaded: Loaded) -> Path:
    """Where is kept what was learned at the hosts that are set."""
    return directory_of(invocation.login_state_dir, state_profile(loaded.config))


def editor_of(config: Config) -> Editor:
    """The editor compatibility headers as they are set."""
    copilot = config.copilot
    return Editor(
        copilot.editor_version,
        copilot.editor_plugin_version,
        copilot.user_agent,
        copilot.integration_id,
        copilot.api_version,
    )


def deadlines_of(config: Config) -> Deadlines:
    """How long Copilot may take, as it is set."""
    proxy = config.proxy
    return Deadlines(proxy.first_byte_timeout, proxy.complete_timeout, proxy.idle_timeout)


def base_url_of(loaded: Loaded) -> Callable[[str | None], str]:
    """Which Copilot API a token is used at, given the one that it names itself.

    A configured URL wins over the token's, the token's over the default.
    """
    configured = loaded.config.copilot.api_base_url.rstrip("/")
    if not loaded.config.api_base_url_is_default:
        return lambda _: configured

    @functools.cache  # asked for every request; reading a URL strictly costs 100 us
    def named(api: str | None) -> str:
        if api is None:
            return configured
        if not loaded.credentials.may_go_to(api):
            message = (
                f"the token names {api} as its API, which may not be sent a token. If it is of a simulator, "
                f"{LOG_IN}; if that host is yours, name it in [copilot] api_base_url"
            )
            raise Failure(Kind.UPSTREAM, message, code="untrusted_host")
        return api.rstrip("/")

    return named


def session_of(loaded: Loaded, vault: Vault, github: GitHub, log_in: str | None = None) -> Session:
    """The session of the one account there is; `log_in` says what to do without a login, else the vault does."""
    return Session(
        vault,
        github.exchange,
        clock=time.time,
        base_url=base_url_of(loaded),
        headers=editor_of(loaded.config).headers(),
        log_in=log_in or (vault.log_in if isinstance(vault, FileVault) else LOG_IN),
    )


def catalog_of(
    loaded: Loaded,
    session: Session,
    upstream: Copilot,
    shared: PrivateFile | None = None,
    names: NamesFile | None = None,
) -> LiveCatalog:
    """The live catalogue: the account's own, or the one at a configured URL, which may not be sent a token.

    With a `shared` file, processes that have the same one fetch it once for all. Its names are kept in `names`.
    """
    config = loaded.config
    own = config.copilot_models_url_is_default
    url = "/models" if own else config.github.copilot_models_url
    anonymous = not own and not loaded.credentials.may_go_to(url)

    async def ask() -> list[Model]:
        return await fetch_models(upstream, url=url, is_anonymous=anonymous, deadlines=deadlines_of(config))

    async def owner() -> Owner:
        integration = config.copilot.integration_id
        if anonymous:
            return Owner("", url, integration)
        access = await session.access()
        return Owner(session.account(access), access.base_url + url if own else url, integration)

    async def ask_always(_believed: float) -> Fetched:
        return Fetched(await ask())

    fetch: Fetch = CatalogFile(shared, ask, owner, clock=time.time).fetch if shared else ask_always
    return LiveCatalog(
        names.kept(fetch) if names else fetch,
        clock=time.monotonic,
        lifetime=config.models.lifetime,
        aliases=config.models.aliases,
        max_name=config.limits.max_name,
    )


def github_of(loaded: Loaded, http: Client) -> GitHub:
    """GitHub, where the settings say it is."""
    config, api = loaded.config, direct_api(loaded.config)
    trusted = api if api is not None and loaded.credentials.may_go_to(api) else None
    editor, exchanges = editor_of(config), not is_tenant(login_profile(config))
    return GitHub(http, config.github.copilot_token_url, editor, api=trusted, exchanges=exchanges)


def flow_of(loaded: Loaded) -> Flow:
    """The steps of a login, where the settings say that GitHub is."""
    github = loaded.config.github
    return device_flow(
        client_id=github.client_id,
        device_code_url=github.device_code_url,
        oauth_token_url=github.oauth_token_url,
    )


def device_login_of(
    loaded: Loaded, vault: Vault, github: GitHub, session: Session, board: Board | None
) -> DeviceLogin | None:
    """How the server itself makes a login; None where none can be kept."""
    if not isinstance(vault, FileVault):
        return None
    files: FileVault = vault

    def flow() -> Flow:
        _said(files.check_writable)
        return flow_of(loaded)

    async def keep(granted: Granted) -> None:
        if reason := why_not_exchangeable(granted.token):
            raise Failure(Kind.FORBIDDEN, f"this token cannot be used: {reason}")
        await session.exchange(Login(granted.token, Source.SAVED, "this login"))
        _said(lambda: files.save_login(granted.token, granted.token_type, granted.scope))

    return DeviceLogin(flow, github.post, keep, needed=lambda: not session.usable(), clock=time.time, board=board)


def _said(write: Callable[[], None]) -> None:
    """Write, and let a file that cannot be written be a failure for whoever has asked."""
    try:
        write()
    except StoreError as error:
        raise Failure(Kind.INTERNAL, str(error), code="not_saved") from error


def shared_catalog_of(config: Config, state_dir: Path | None) -> PrivateFile | None:
    """Where workers share the catalogue; None where there is but one, which then asks anew at each start."""
    return PrivateFile(state_dir / "models.json") if state_dir and config.server.workers > 1 else None


def names_of(config: Config, state_dir: Path | None) -> NamesFile | None:
    """Where shell completion finds the names of models; nowhere without a state directory."""
    return NamesFile(PrivateFile(state_dir / NAMES), config.models.aliases) if state_dir else None


def learned_of(state_dir: Path | None) -> Learned:
    """What models do not take, in the state directory where there is one."""
    return Learned(PrivateFile(state_dir / "learned.json") if state_dir else None, time.time)


@asynccontextmanager
async def thoughts_of(config: Config, state_dir: Path | None) -> AsyncIterator[Thoughts]:
    """The thoughts that clients cannot carry, kept in the state directory where there is one and they may be."""
    if state_dir is None or config.proxy.keep_reasoning == "memory":
        yield Thoughts(time.time)
        return
    file = ReasoningFile(state_dir / "reasoning.sqlite", time.time)
    try:
        yield Thoughts(time.time, file)
    finally:
        await file.close()


@asynccontextmanager
async def counter_of(state_dir: Path | None) -> AsyncIterator[Counter]:
    """The counter of tokens; where there is a state directory, it keeps there what it learns, for each seat apart."""

    def file_of(seat: str) -> PrivateFile | None:
        return PrivateFile(seat_directory(state_dir, seat) / "ratios.json") if state_dir else None

    counter = Counter(Ratios(file_of), Tokenizer(), clock=time.monotonic)
    try:
        yield counter
    finally:
        await counter.close()


def policy_of(config: Config) -> Policy:
    """What the settings say about every request."""
    copilot = config.copilot
    return Policy(
        strict=config.proxy.strict,
        side_requests=copilot.side_requests,
        cache_marks=copilot.cache_marks,
        keep_attribution=copilot.keep_attribution,
        limits=config.limits,
    )


@dataclass(frozen=True, slots=True)
class Parts:
    """What serves: the gateway, and the seat of whoever has started it."""

    gateway: Gateway
    seat: Seat


@asynccontextmanager
async def seat_of(
    name: str, loaded: Loaded, vault: Vault, http: Client, state_dir: Path | None, *, board: Board | None = None
) -> AsyncIterator[Seat]:
    """The seat of that name; what it learns and keeps is below the state directory, where no other seat looks."""
    config, github = loaded.config, github_of(loaded, http)
    directory = seat_directory(state_dir, name) if state_dir else None
    session = session_of(loaded, vault, github)
    copilot = Copilot(session, http)
    shared, names = shared_catalog_of(config, directory), names_of(config, directory)
    async with thoughts_of(config, directory) as thoughts:
        yield Seat(
            name,
            session,
            catalog_of(loaded, session, copilot, shared, names),
            Negotiator(copilot, learned_of(directory), strict=config.proxy.strict),
            thoughts,
            Overview(vault.login, github.copilot_user, clock=time.monotonic),
            device_login_of(loaded, vault, github, session, board),
        )


@asynccontextmanager
async def parts_of(
    loaded: Loaded,
    vault: Vault,
    state_dir: Path | None = None,
    network: Network | None = None,
    board: Board | None = None,
) -> AsyncIterator[Parts]:
    """The gateway with all that is behind it; no network is touched before the first request."""
    async with (
        client(connect_timeout=loaded.config.proxy.connect_timeout, network=network) as http,
        counter_of(state_dir) as counter,
        seat_of(OWN, loaded, vault, http, state_dir, board=board) as seat,
    ):
        gateway = Gateway(
            OneSeat(seat),
            clock=time.time,
            deadlines=deadlines_of(loaded.config),
            observers=[log_exchange],
            counter=counter,
            policy=policy_of(loaded.config),
        )
        try:
            yield Parts(gateway, seat)
        finally:
            gateway.recorder.flush()
