"""Puts the parts together: from the settings to a gateway and the account behind it."""

import asyncio
import functools
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from passenger.account.copilot_user import CopilotUserCache
from passenger.account.device_flow import DeviceFlow, Granted, device_flow
from passenger.account.device_login import DeviceLogin
from passenger.account.github import GitHub
from passenger.account.login_state import SharedLoginState
from passenger.account.protocol import LOG_IN, EditorHeaders, why_unusable
from passenger.account.session import Session, TokenStore
from passenger.account.token import Login, LoginSource
from passenger.account.token_store import FileTokenStore, MemoryTokenStore, token_paths
from passenger.cache.caching_upstream import Cache, CachePolicy, CachingUpstream
from passenger.cache.clearing import ClearOrders
from passenger.config.keyfile import read_keys
from passenger.config.loading import Loaded
from passenger.config.login_files import counters_file, ledger_file, state_file, team_file
from passenger.config.profile import direct_api, is_tenant, login_profile
from passenger.config.schema import Config
from passenger.config.seat_files import OWN, seat_directory
from passenger.copilot.catalog import Model
from passenger.copilot.catalog_cache import CatalogCache, Fetch, Fetched, fetch_models
from passenger.copilot.catalog_file import CatalogFile, Owner
from passenger.copilot.known_names import FILE as NAMES
from passenger.copilot.learned import Learned
from passenger.copilot.names_file import NamesFile
from passenger.copilot.unsupported_fields import UnsupportedFieldFilter
from passenger.copilot.upstream import Copilot
from passenger.errors import Failure, Kind
from passenger.gateway import (
    Deadlines,
    Gateway,
    OneSeat,
    OpenedSeat,
    Policy,
    Seat,
    SeatRow,
    Seats,
    TeamSeats,
)
from passenger.gateway.reasoning_cache import ReasoningCache
from passenger.gateway.reasoning_file import ReasoningFile
from passenger.gateway.runaway import RunawayBreaker
from passenger.gateway.web_search import WebSearchConfig
from passenger.ledger.observer import Ledger
from passenger.net.client import HttpClient, client
from passenger.net.egress import Egress
from passenger.observe.access_log import log_exchange
from passenger.private_file import PrivateFile, StoreError
from passenger.quota.allowance import Allowance, AllowanceSettings
from passenger.quota.counters import Counters
from passenger.quota.counting_workers import CountingWorker
from passenger.quota.detectors import NANO, Thresholds
from passenger.quota.guarded_counters import GuardedCounters
from passenger.quota.local_counters import LocalCounters
from passenger.quota.monitor import QuotaMonitor
from passenger.quota.pauses import Pauses
from passenger.quota.quota import Quota, QuotaSource
from passenger.search.engine import BRAVE_URL, make_brave, make_searxng
from passenger.state.memory import MemoryStore, StoreLimits
from passenger.state.nothing import NoStore
from passenger.state.remote import RemoteStore
from passenger.state.store import Store
from passenger.team.invites import Invite, check_joined
from passenger.team.joining import Joining
from passenger.team.key_source import KeySource
from passenger.team.key_use import KeyUse
from passenger.team.users import LOCAL
from passenger.tokens.counter import Counter
from passenger.tokens.ratios import Ratios
from passenger.tokens.tokenizer import Tokenizer

if TYPE_CHECKING:
    from passenger.ledger.usage_report import ReadSpent, SpentTotals
    from passenger.quota.shared_counters import SharedCounters


def make_editor_headers(config: Config) -> EditorHeaders:
    """The editor headers of the settings."""
    copilot = config.copilot
    return EditorHeaders(
        copilot.editor_version,
        copilot.editor_plugin_version,
        copilot.user_agent,
        copilot.integration_id,
        copilot.api_version,
    )


def make_deadlines(config: Config) -> Deadlines:
    """The deadlines for Copilot of the settings."""
    upstream = config.upstream
    return Deadlines(upstream.first_byte_timeout, upstream.complete_timeout, upstream.idle_timeout)


def choose_base_url(loaded: Loaded) -> Callable[[str | None], str]:
    """A function from the API that a token names to the one that is used.

    A configured URL wins over the token's, and the token's over the default.
    """
    configured = loaded.config.copilot.api_base_url.rstrip("/")
    if not loaded.config.api_base_url_is_default:
        return lambda _: configured

    @functools.cache  # asked for every request; reading a URL strictly costs 100 us
    def choose(api: str | None) -> str:
        if api is None:
            return configured
        if not loaded.credentials.may_go_to(api):
            message = (
                f"the token names {api} as its API, which may not be sent a token. If it is of a simulator, "
                f"{LOG_IN}; if that host is yours, name it in [copilot] api_base_url"
            )
            raise Failure(Kind.UPSTREAM, message, code="untrusted_host")
        return api.rstrip("/")

    return choose


def make_session(
    loaded: Loaded, token_store: TokenStore, github: GitHub, log_in: str | None = None, who_to_ask: str = ""
) -> Session:
    """The session of an account; `log_in` says what to do without a login, else the store does."""
    return Session(
        token_store,
        github.exchange,
        clock=time.time,
        base_url=choose_base_url(loaded),
        headers=make_editor_headers(loaded.config).headers(),
        log_in=log_in or (token_store.log_in if isinstance(token_store, FileTokenStore) else LOG_IN),
        who_to_ask=who_to_ask,
    )


def make_catalog(
    loaded: Loaded,
    session: Session,
    upstream: Copilot,
    shared: PrivateFile | None = None,
    names: NamesFile | None = None,
) -> CatalogCache:
    """The live catalogue: the account's own, or the one at a configured URL, which may not be sent a token.

    With a `shared` file, processes that have the same one fetch it once for all. Its names are kept in `names`.
    """
    config, fetch = loaded.config, _make_fetch(loaded, session, upstream, shared)
    return CatalogCache(
        names.keep_names_of(fetch) if names else fetch,
        clock=time.monotonic,
        lifetime=config.models.lifetime,
        aliases=config.models.aliases,
        max_name=config.limits.max_name,
    )


def _make_fetch(loaded: Loaded, session: Session, upstream: Copilot, shared: PrivateFile | None) -> Fetch:
    """What fetches the list of models for this process, or for all that have the `shared` file."""
    config = loaded.config
    own = config.copilot_models_url_is_default
    url = "/models" if own else config.github.copilot_models_url
    anonymous = not own and not loaded.credentials.may_go_to(url)

    async def ask() -> list[Model]:
        patience = config.upstream
        return await fetch_models(
            upstream,
            url=url,
            is_anonymous=anonymous,
            first_byte=patience.first_byte_timeout,
            idle=patience.idle_timeout,
        )

    async def owner() -> Owner:
        integration = config.copilot.integration_id
        if anonymous:
            return Owner("", url, integration)
        access = await session.access()
        return Owner(session.account(access), access.base_url + url if own else url, integration)

    async def ask_always(_believed: float) -> Fetched:
        return Fetched(await ask())

    return CatalogFile(shared, ask, owner, clock=time.time).fetch if shared else ask_always


def make_github(loaded: Loaded, http: HttpClient) -> GitHub:
    """GitHub, where the settings say it is."""
    config, api = loaded.config, direct_api(loaded.config)
    trusted = api if api is not None and loaded.credentials.may_go_to(api) else None
    editor, exchanges = make_editor_headers(config), not is_tenant(login_profile(config))
    return GitHub(http, config.github.copilot_token_url, editor, api=trusted, exchanges=exchanges)


def make_device_flow(loaded: Loaded) -> DeviceFlow:
    """The steps of a login, where the settings say that GitHub is."""
    github = loaded.config.github
    return device_flow(
        client_id=github.client_id,
        device_code_url=github.device_code_url,
        oauth_token_url=github.oauth_token_url,
    )


def make_device_login(
    loaded: Loaded, token_store: TokenStore, github: GitHub, session: Session, login_states: SharedLoginState | None
) -> DeviceLogin | None:
    """The server's own device login, None if a login cannot be kept."""
    if not isinstance(token_store, FileTokenStore):
        return None
    files: FileTokenStore = token_store

    def flow() -> DeviceFlow:
        _write_or_fail(files.check_writable)
        return make_device_flow(loaded)

    async def keep(granted: Granted) -> None:
        if reason := why_unusable(granted.token, loaded.config.copilot.integration_id):
            raise Failure(Kind.FORBIDDEN, f"this token cannot be used: {reason}")
        await session.exchange(Login(granted.token, LoginSource.SAVED, "this login"))
        _write_or_fail(lambda: files.save_login(granted.token, granted.token_type, granted.scope))

    return DeviceLogin(
        flow, github.post, keep, needed=lambda: not session.is_usable(), clock=time.time, login_states=login_states
    )


def _write_or_fail(write: Callable[[], None]) -> None:
    """Write, and turn the error of a file that cannot be written into a failure."""
    try:
        write()
    except StoreError as error:
        raise Failure(Kind.INTERNAL, str(error), code="not_saved") from error


def make_shared_catalog_file(config: Config, state_dir: Path | None) -> PrivateFile | None:
    """The file by which workers share the catalogue; None if there is only one, which fetches it at each start."""
    return PrivateFile(state_dir / "models.json") if state_dir and config.server.workers > 1 else None


def make_names_file(config: Config, state_dir: Path | None) -> NamesFile | None:
    """Where shell completion finds the names of models; nowhere without a state directory."""
    return NamesFile(PrivateFile(state_dir / NAMES), config.models.aliases) if state_dir else None


def make_learned(state_dir: Path | None) -> Learned:
    """What models do not take, in the state directory where there is one."""
    return Learned(PrivateFile(state_dir / "learned.json") if state_dir else None, time.time)


def make_reasoning_file(config: Config, state_dir: Path | None) -> ReasoningFile | None:
    """The file of reasoning that clients cannot carry, None if the settings or no state directory forbid it."""
    if state_dir is None or config.upstream.keep_reasoning == "memory":
        return None
    return ReasoningFile(state_dir / "reasoning.sqlite", time.time)


@asynccontextmanager
async def open_counter(state_dir: Path | None) -> AsyncIterator[Counter]:
    """The counter of tokens; where there is a state directory, it keeps there what it learns, for each seat apart."""

    def file_of(seat: str) -> PrivateFile | None:
        return PrivateFile(seat_directory(state_dir, seat) / "ratios.json") if state_dir else None

    counter = Counter(Ratios(file_of), Tokenizer(), clock=time.monotonic)
    try:
        yield counter
    finally:
        await counter.close()


@asynccontextmanager
async def open_key_source(config: Config, state_dir: Path | None) -> AsyncIterator[KeySource | None]:
    """The keys of the team, None where there is no place for one. Its file is opened by the first use."""
    if state_dir is None:
        yield None
        return
    source = KeySource(team_file(state_dir), required=config.team.enabled, stale=config.team.stale_keys_max)
    try:
        yield source
    finally:
        source.close()


@asynccontextmanager
async def open_key_use(state_dir: Path | None) -> AsyncIterator[KeyUse | None]:
    """What notes when keys were used last; at the end all of it is written."""
    if state_dir is None:
        yield None
        return
    use = KeyUse(team_file(state_dir))
    try:
        yield use
    finally:
        await use.aclose()


@contextmanager
def open_ledger(config: Config, state_dir: Path | None) -> Iterator[Ledger | None]:
    """The ledger, None where there is no place for one or the settings want none; at the end all of it is written."""
    if state_dir is None or not config.ledger.enabled:
        yield None
        return
    ledger = Ledger(ledger_file(config, state_dir), config.ledger.keep_days)
    try:
        yield ledger
    finally:
        ledger.close()


@asynccontextmanager
async def open_allowance(
    config: Config, state_dir: Path | None, worker: CountingWorker | None = None
) -> AsyncIterator[Allowance]:
    """What keeps the limits of a team; its budgets begin with what the ledger has.

    A `worker` counts together with the others in a file, and has its share of places alone.
    """
    quota, together = config.quota, worker is not None and state_dir is not None
    settings = AllowanceSettings(
        quota.seat_concurrency,
        quota.queue_wait,
        quota.budget_wait,
        share=config.server.workers,
        cut_streams=quota.cut_streams,
        counts_together=together,
    )

    def read_spent(scope: str, since: float) -> int:
        if state_dir is None or not config.ledger.enabled:
            return 0
        from passenger.ledger.scope_spent import read_scope_spent  # noqa: PLC0415 - a server without budgets does without

        return read_scope_spent(ledger_file(config, state_dir), scope, since)

    def make(counters: Counters) -> Allowance:
        return Allowance(counters, settings, clock=time.time, monotonic=time.monotonic, read_spent=read_spent)

    if worker is None or state_dir is None:
        yield make(LocalCounters())
        return
    counters = make_guarded_counters(config, counters_file(state_dir), worker)
    allowance, loop = make(counters), asyncio.get_running_loop()

    def wake() -> None:
        worker.clear()
        allowance.wake_all()

    woken = worker.clear()
    loop.add_reader(woken, wake)
    try:
        yield allowance
    finally:
        loop.remove_reader(woken)
        counters.close()


def make_guarded_counters(config: Config, path: Path, worker: CountingWorker) -> GuardedCounters:
    """What a worker counts together with the others; the file is opened by the first use."""

    def make() -> "SharedCounters":
        from passenger.quota.shared_counters import SharedCounters  # noqa: PLC0415 - it loads SQLite

        return SharedCounters(path, worker)

    closed = config.quota.on_failure == "closed"
    return GuardedCounters(make, worker.workers, time.monotonic, refuses=closed)


def make_reader(config: Config, state_dir: Path | None) -> "ReadSpent":
    """What reads from the ledger what was spent. It waits for the disk, and is not for the event loop."""
    if state_dir is None or not config.ledger.enabled:
        return lambda: None
    path = ledger_file(config, state_dir)

    def read() -> "SpentTotals | None":
        from passenger.ledger.usage_report import read_spent  # noqa: PLC0415 - a server that no browser visits does without

        return read_spent(path, time.time())

    return read


def make_user_cache(
    name: str, token_store: TokenStore, github: GitHub, ledger: "Ledger | None" = None
) -> tuple[CopilotUserCache, QuotaMonitor]:
    """What GitHub says of the seat, and what is left of its quota, of which that tells, too; a ledger keeps that."""

    def keep(counter: Quota, source: QuotaSource) -> None:
        if ledger is not None:
            ledger.keep_quota(name, counter, source)

    quota = QuotaMonitor(lambda: user.ask_soon(), clock=time.monotonic, keep=keep)  # noqa: PLW0108 - each knows the other
    user = CopilotUserCache(token_store.login, github.copilot_user, clock=time.monotonic, tell=quota.note_user)
    return user, quota


@asynccontextmanager
async def open_store(config: Config, state_dir: Path | None, shared: str = "") -> AsyncIterator[Store]:
    """What keeps responses and conversations, as the settings say; it is closed at the end.

    `shared` is the address of the one that several processes have together.
    """
    if config.state.keep == "none":
        yield NoStore()
        return
    store = RemoteStore(shared) if shared else make_store(config, state_dir)
    try:
        yield store
    finally:
        await store.aclose()


def make_store(config: Config, state_dir: Path | None) -> Store:
    """The store of one process. Its file is opened by the first use."""
    limits = make_store_limits(config)
    if config.state.keep == "memory" or state_dir is None:
        return MemoryStore(limits, time.monotonic)
    from passenger.state.sqlite import SqliteStore  # noqa: PLC0415 - it loads SQLite

    return SqliteStore(state_file(state_dir), limits)


def make_store_limits(config: Config) -> StoreLimits:
    """The bounds of the store in the settings; where they leave it to us, more on disk than in memory."""
    state, on_disk = config.state, config.state.keep == "disk"
    return StoreLimits(
        size=state.size or (1024 if on_disk else 64) * 1024 * 1024,
        largest=state.largest,
        lifetime=state.lifetime or (30 * 86_400 if on_disk else 3600),
    )


def make_search(config: Config, http: HttpClient) -> WebSearchConfig | None:
    """Who searches the web, None if nobody does. The key of a search engine goes to that engine alone."""
    search, engine = config.search, None
    if search.provider == "none":
        return None
    if search.provider == "searxng":
        engine = make_searxng(http, search.url)
    if search.provider == "brave":
        engine = make_brave(http, read_keys(Path(search.key_file).expanduser())[0], search.url or BRAVE_URL)
    return WebSearchConfig(engine, search.model, search.daily_cap)


def make_cache(config: Config, state_dir: Path | None) -> Cache:
    """What keeps answers, in memory, for all seats of this process."""
    cache = config.cache
    orders = ClearOrders(state_dir) if state_dir else None
    policy = CachePolicy(embeddings=cache.embeddings, chat=cache.chat, scope=cache.scope)
    return Cache(policy, cache.max_mb * 1024 * 1024, cache.ttl, orders=orders)


def make_breaker(config: Config, state_dir: Path | None) -> RunawayBreaker | None:
    """What finds sessions that run away, None if the settings want none. No file is made before a session is paused."""
    breaker = config.breaker
    if breaker.action == "off":
        return None
    thresholds = Thresholds(breaker.repeats, breaker.tool_loop, round(breaker.velocity_credits * NANO), breaker.chain)
    pauses = Pauses(state_dir / "paused" if state_dir else None, time.time)
    return RunawayBreaker(breaker.action, thresholds, pauses, time.time)


def make_policy(config: Config) -> Policy:
    """What the settings say about every request."""
    copilot = config.copilot
    return Policy(
        strict=config.upstream.strict,
        side_requests=copilot.side_requests,
        cache_marks=copilot.cache_marks,
        keep_attribution=copilot.keep_attribution,
        searches=config.search.provider != "none",
        limits=config.limits,
        finish_dropped=config.state.finish_dropped,
    )


@dataclass(frozen=True, slots=True)
class Parts:
    """The gateway, the seat of the user who has started it, the ledger if one is kept, and what that reads of costs."""

    gateway: Gateway
    seat: Seat
    ledger: Ledger | None = None
    spent: "ReadSpent" = lambda: None
    team: KeySource | None = None
    """The keys of the team; None where there is no place for one."""
    joining: Joining | None = None
    """Makes the logins of those who join it."""


@asynccontextmanager
async def open_seat(
    name: str,
    loaded: Loaded,
    token_store: TokenStore,
    http: HttpClient,
    state_dir: Path | None,
    *,
    login_states: SharedLoginState | None = None,
    ledger: "Ledger | None" = None,
    cache: Cache | None = None,
) -> AsyncIterator[Seat]:
    """The seat of that name, with a device login of its own for the page."""
    seat, close = make_seat(name, loaded, token_store, http, state_dir, ledger=ledger, cache=cache)
    login = make_device_login(loaded, token_store, make_github(loaded, http), seat.session, login_states)
    try:
        yield replace(seat, device_login=login)
    finally:
        await close()


def make_seat(
    name: str,
    loaded: Loaded,
    token_store: TokenStore,
    http: HttpClient,
    state_dir: Path | None,
    *,
    ledger: "Ledger | None" = None,
    cache: Cache | None = None,
    who_to_ask: str = "",
) -> OpenedSeat:
    """The seat of that name; what it learns and keeps is below the state directory, where no other seat looks."""
    config, github = loaded.config, make_github(loaded, http)
    directory = seat_directory(state_dir, name) if state_dir else None
    session = make_session(loaded, token_store, github, who_to_ask=who_to_ask)
    user, quota = make_user_cache(name, token_store, github, ledger)
    copilot = Copilot(session, http, quota)
    shared, names = make_shared_catalog_file(config, directory), make_names_file(config, directory)
    file = make_reasoning_file(config, directory)
    seat = Seat(
        name,
        session,
        make_catalog(loaded, session, copilot, shared, names),
        UnsupportedFieldFilter(
            CachingUpstream(copilot, cache) if cache else copilot,
            make_learned(directory),
            strict=config.upstream.strict,
        ),
        ReasoningCache(time.time, file),
        user,
        quota=quota,
    )
    return OpenedSeat(seat, _make_close(user, file))


def _make_close(user: CopilotUserCache, file: ReasoningFile | None) -> Callable[[], Awaitable[None]]:
    """What lets go of what a seat has open."""

    async def close() -> None:
        try:
            await user.aclose()
        finally:
            if file is not None:
                await file.close()

    return close


@dataclass(frozen=True, slots=True)
class KeyRingSeats:
    """The seats of people, as the team's keys bring them along."""

    keys: KeySource

    def seat_of(self, user_id: str) -> SeatRow | None:
        """The seat of the person with this id, None for none. This machine's own commands have the owner's."""
        found = self._look(user_id)
        if found is None:  # they may have logged in just now
            self.keys.look_again()
            found = self._look(user_id)
        return found

    def _look(self, user_id: str) -> SeatRow | None:
        ring = self.keys.ring()
        user = ring.users.get(user_id) if ring is not None else None
        if user is None:
            return None
        seat = OWN if user.name == LOCAL else user.seat
        return SeatRow(seat, user.name, user.github_login) if seat else None


@asynccontextmanager
async def open_seats(
    own: Seat,
    keys: KeySource | None,
    loaded: Loaded,
    http: HttpClient,
    state_dir: Path | None,
    *,
    ledger: "Ledger | None" = None,
    cache: Cache | None = None,
    on_secret: Callable[[str], None] = lambda _: None,
) -> AsyncIterator[Seats]:
    """The seats of a team, beside the one of whoever has started Passenger; `on_secret` gets each token of theirs."""
    if keys is None or state_dir is None:
        yield OneSeat(own)
        return
    settings = loaded.config.team

    def open_it(row: SeatRow) -> OpenedSeat:
        log_in = f"{_ask(loaded.config)} for a new link (`passenger users invite {row.user}`)"
        store = make_seat_store(state_dir, row.name, on_secret, log_in)
        who = _who_to_ask(loaded.config, row.user, row.github_login)
        return make_seat(row.name, loaded, store, http, state_dir, ledger=ledger, cache=cache, who_to_ask=who)

    def is_shared() -> bool:
        return settings.share_personal_seat == "i-understand" or own.serves_several()

    seats = TeamSeats(own, KeyRingSeats(keys), open_it, is_shared=is_shared)
    try:
        yield seats
    finally:
        await seats.aclose()


def _ask(config: Config) -> str:
    return f"ask {config.team.contact or 'whoever runs this Passenger'}"


def _who_to_ask(config: Config, user: str, github_login: str) -> str:
    """Whom to ask about a seat that GitHub gives no access."""
    return f"this is the seat of {user}, GitHub login {github_login}: {_ask(config)} for a Copilot licence"


def make_seat_store(
    state_dir: Path, seat: str, on_secret: Callable[[str], None] = lambda _: None, log_in: str = LOG_IN
) -> FileTokenStore:
    """The token files of a person's seat; no environment is looked at, as that is the owner's."""
    return FileTokenStore(token_paths(seat_directory(state_dir, seat), None), {}, on_secret=on_secret, log_in=log_in)


@asynccontextmanager
async def open_joining(
    loaded: Loaded, http: HttpClient, state_dir: Path | None, on_secret: Callable[[str], None] = lambda _: None
) -> AsyncIterator[Joining | None]:
    """What makes the logins of those who join the team, None where there is no place for one."""
    if state_dir is None:
        yield None
        return
    github = make_github(loaded, http)

    async def verify(invite: Invite, granted: Granted) -> str:
        on_secret(granted.token.reveal())
        login = (await github.user(granted.token)).login or ""
        check_joined(invite, login)
        who = _who_to_ask(loaded.config, invite.name, login)
        memory = MemoryTokenStore(Login(granted.token, LoginSource.SAVED, "this login"), on_secret)
        try:
            await make_session(loaded, memory, github, who_to_ask=who).exchange()
        except Failure as failure:
            if failure.kind in {Kind.LOGIN, Kind.FORBIDDEN}:
                raise
        return login

    def keep(invite: Invite, granted: Granted) -> None:
        store = make_seat_store(state_dir, invite.user, on_secret)
        _write_or_fail(lambda: store.save_login(granted.token, granted.token_type, granted.scope))

    flow = partial(make_device_flow, loaded)
    joining = Joining(team_file(state_dir), flow, github.post, verify=verify, keep=keep, clock=time.time)
    try:
        yield joining
    finally:
        await joining.aclose()


@asynccontextmanager
async def open_parts(
    loaded: Loaded,
    token_store: TokenStore,
    state_dir: Path | None = None,
    network: Egress | None = None,
    *,
    login_states: SharedLoginState | None = None,
    store: str = "",
    counting: CountingWorker | None = None,
    on_secret: Callable[[str], None] = lambda _: None,
) -> AsyncIterator[Parts]:
    """The gateway with all that is behind it; no network is touched before the first request.

    `store` is the address of the store that several processes share, `counting` this one's place among those that count
    together; `on_secret` gets the tokens of a team's seats.
    """
    with open_ledger(loaded.config, state_dir) as ledger:
        cache = make_cache(loaded.config, state_dir)
        async with (
            client(connect_timeout=loaded.config.upstream.connect_timeout, network=network) as http,
            open_counter(state_dir) as counter,
            open_store(loaded.config, state_dir, store) as kept,
            open_seat(
                OWN, loaded, token_store, http, state_dir, login_states=login_states, ledger=ledger, cache=cache
            ) as seat,
            open_key_source(loaded.config, state_dir) as team,
            open_key_use(state_dir) as use,
            open_seats(seat, team, loaded, http, state_dir, ledger=ledger, cache=cache, on_secret=on_secret) as seats,
            open_joining(loaded, http, state_dir, on_secret) as joining,
            open_allowance(loaded.config, state_dir, counting) as allowance,
        ):
            gateway = Gateway(
                seats,
                clock=time.time,
                deadlines=make_deadlines(loaded.config),
                observers=[log_exchange, *([ledger] if ledger else []), *([use] if use else [])],
                counter=counter,
                policy=make_policy(loaded.config),
                store=kept,
                search=make_search(loaded.config, http),
                background=loaded.config.state.background,
                breaker=make_breaker(loaded.config, state_dir),
                allowance=allowance,
            )
            try:
                yield Parts(gateway, seat, ledger, make_reader(loaded.config, state_dir), team, joining)
            finally:
                await gateway.background.aclose()
                gateway.recorder.flush()
