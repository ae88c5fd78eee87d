"""Every setting: its section, its kind and its default. Nothing can be set that is not listed here."""

from collections.abc import Mapping
from dataclasses import MISSING, Field, dataclass, field, fields
from typing import Any, Literal, TypeVar

from passenger.account.protocol import EDITOR_INTEGRATION
from passenger.config import kinds
from passenger.config.invocation import DEFAULT_PORT
from passenger.config.kinds import SettingKind
from passenger.limits import Limits, about
from passenger.secret import Secret

T = TypeVar("T")


def _setting(default: T, kind: SettingKind) -> T:
    return field(default=default, metadata={"kind": kind})


@dataclass(frozen=True, slots=True)
class GithubSettings:
    """Where GitHub is asked for a login, a Copilot token and a models list, and as which app."""

    device_code_url: str = _setting("https://github.com/login/device/code", kinds.URL)
    oauth_token_url: str = _setting("https://github.com/login/oauth/access_token", kinds.URL)
    copilot_token_url: str = _setting("https://api.github.com/copilot_internal/v2/token", kinds.URL)
    copilot_models_url: str = _setting("https://models.github.ai/catalog/models", kinds.URL)
    client_id: str = _setting("Iv1.b507a08c87ecfe98", kinds.HEADER)

    @property
    def login_urls(self) -> tuple[str, str, str]:
        """Where a login and its token come from."""
        return self.device_code_url, self.oauth_token_url, self.copilot_token_url


@dataclass(frozen=True, slots=True)
class CopilotSettings:
    """The Copilot API, and what it is told: the editor compatibility headers that it asks for (docs/upstream.md).

    `side_requests`: whether it is told that an agent asks what no person has typed.
    `cache_marks`: whether requests to Claude get prompt-cache breakpoints where the client set none.
    `keep_attribution`: whether Claude Code's line about itself stays in prompts.
    """

    api_base_url: str = _setting("https://api.githubcopilot.com", kinds.BASE_URL)
    editor_version: str = _setting("vscode/1.115.0", kinds.HEADER)
    editor_plugin_version: str = _setting("copilot-chat/0.43.0", kinds.HEADER)
    user_agent: str = _setting("GitHubCopilotChat/0.43.0", kinds.HEADER)
    integration_id: str = _setting(EDITOR_INTEGRATION, kinds.HEADER)
    api_version: str = _setting("2026-06-01", kinds.HEADER)
    side_requests: bool = _setting(True, kinds.BOOL)
    cache_marks: bool = _setting(True, kinds.BOOL)
    keep_attribution: bool = _setting(False, kinds.BOOL)


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """Where we listen (port 0: any free one), in how many processes, how long a stop may take, and who is let in.

    `ollama_port` is a second one, for programs that know Ollama's own alone (0: none).
    `await_login`: whether we also listen while nobody is logged in, and wait for the first login.
    Clients show one of `api_keys`, or of those in `api_key_file`, a line each; with none of either, nobody needs one.
    `allowed_hosts` are further names that we may be called by, `allowed_origins` the pages that may ask.
    `websocket`: whether Responses are served over WebSockets, too. `public_url` is the address, with TLS, by which
    other machines reach us.
    """

    port: int = _setting(DEFAULT_PORT, kinds.PORT)
    host: str = _setting("127.0.0.1", kinds.HOST)
    workers: int = _setting(1, kinds.WORKERS)
    ollama_port: int = _setting(0, kinds.PORT)
    await_login: bool = _setting(False, kinds.BOOL)
    drain_timeout: float = _setting(30, kinds.SECONDS_OR_NONE)
    api_keys: tuple[Secret, ...] = _setting((), kinds.API_KEYS)
    api_key_file: str = _setting("", kinds.FILE_OR_NONE)
    allowed_hosts: tuple[str, ...] = _setting((), kinds.HOSTS)
    allowed_origins: tuple[str, ...] = _setting((), kinds.ORIGINS)
    websocket: bool = _setting(True, kinds.BOOL)
    public_url: str = _setting("", kinds.PUBLIC_URL)


@dataclass(frozen=True, slots=True)
class UpstreamSettings:
    """How long Copilot may take, in seconds: to connect, to begin a stream, to answer whole, between two chunks.

    While it is silent, streaming clients get their headers after `commit_after` and then a keep-alive at each
    `keep_alive` (0: never). `strict` refuses what could only be translated by leaving something out. `keep_reasoning`:
    where reasoning is kept that clients cannot carry.
    """

    connect_timeout: float = _setting(10, kinds.SECONDS)
    first_byte_timeout: float = _setting(300, kinds.SECONDS)
    complete_timeout: float = _setting(900, kinds.SECONDS)
    idle_timeout: float = _setting(300, kinds.SECONDS)
    commit_after: float = _setting(30, kinds.SECONDS_OR_NONE)
    keep_alive: float = _setting(15, kinds.SECONDS_OR_NONE)
    strict: bool = _setting(False, kinds.BOOL)
    keep_reasoning: str = _setting("disk", kinds.KEEPING)


@dataclass(frozen=True, slots=True)
class NetworkSettings:
    """Whom to believe beside the operating system's certificate authorities: a PEM file, none where it is empty."""

    ca_bundle: str = _setting("", kinds.PATH)


@dataclass(frozen=True, slots=True)
class ModelsSettings:
    """The user's own names for models, and for how many seconds the catalogue is believed."""

    aliases: Mapping[str, str] = field(default_factory=dict, metadata={"kind": kinds.ALIASES})
    lifetime: float = _setting(3600, kinds.SECONDS)


@dataclass(frozen=True, slots=True)
class ClientsSettings:
    """The models that a client is given where a command names none, by the client's name: `[clients.claude]`."""

    model: Mapping[str, str] = field(default_factory=dict, metadata={"kind": kinds.CLIENT_MODELS})
    small_model: Mapping[str, str] = field(default_factory=dict, metadata={"kind": kinds.CLIENT_MODELS})


@dataclass(frozen=True, slots=True)
class AccountSettings:
    """Files in which the login without a name is kept: the GitHub login and its Copilot token, our own where empty."""

    access_token_path: str = _setting("", kinds.FIXED_PATH)
    copilot_token_path: str = _setting("", kinds.FIXED_PATH)


@dataclass(frozen=True, slots=True)
class LogSettings:
    """How the log is written: as `text` for people, or as `json`, an object a line."""

    format: str = _setting("text", kinds.LOG_FORMAT)


@dataclass(frozen=True, slots=True)
class LedgerSettings:
    """Whether what each answer has cost is kept, for how many days, and in which file: our own where it is empty.

    The sums of each day are kept for ever.
    """

    enabled: bool = _setting(True, kinds.BOOL)
    path: str = _setting("", kinds.FIXED_PATH)
    keep_days: int = _setting(90, kinds.DAYS)


@dataclass(frozen=True, slots=True)
class TeamSettings:
    """Several people with keys of their own. The first `passenger users add` begins a team, `enabled` before that.

    `stale_keys_max`: seconds for which keys that are known go on where the team's file cannot be read. `contact` is
    whom people are told to ask, empty for whoever runs Passenger. `share_personal_seat` is `i-understand` where those
    without a seat of their own use that of whoever runs Passenger.
    """

    enabled: bool = _setting(False, kinds.BOOL)
    stale_keys_max: float = _setting(600, kinds.SECONDS_OR_NONE)
    contact: str = _setting("", kinds.LINE)
    share_personal_seat: str = _setting("no", kinds.SHARING)


@dataclass(frozen=True, slots=True)
class BreakerSettings:
    """What becomes of a session that runs away: its client is warned (`warn`), it is paused (`pause`), or nothing.

    `repeats` are equal requests within 10 minutes, `tool_loop` equal steps among the last 7, `velocity_credits` credits
    within 5 minutes, `chain` steps since a person typed; 0 switches one off.
    """

    action: Literal["off", "warn", "pause"] = _setting("warn", kinds.BREAKER_ACTION)
    repeats: int = _setting(4, kinds.COUNT_OR_NONE)
    tool_loop: int = _setting(5, kinds.STEPS_OR_NONE)
    velocity_credits: int = _setting(200, kinds.COUNT_OR_NONE)
    chain: int = _setting(400, kinds.COUNT_OR_NONE)


@dataclass(frozen=True, slots=True)
class QuotaSettings:
    """How many requests a seat has at once (0: any number), and how many seconds they wait.

    `queue_wait`: for a place, where as many run as a limit allows. `budget_wait`: for those that hold some of a budget,
    before it refuses. The two together should be less than `[upstream] commit_after`, so that a refusal has its status.
    `on_failure`: where several workers cannot count together, each has its share (`open`), or nobody with limits is
    served (`closed`).
    `cut_streams`: whether a stream is cut that costs more than its budgets have left.
    """

    seat_concurrency: int = _setting(0, kinds.PLACES)
    queue_wait: float = _setting(10, kinds.SECONDS_OR_NONE)
    budget_wait: float = _setting(15, kinds.SECONDS_OR_NONE)
    on_failure: Literal["open", "closed"] = _setting("open", kinds.ON_FAILURE)
    cut_streams: bool = _setting(False, kinds.BOOL)


@dataclass(frozen=True, slots=True)
class StateSettings:
    """Where responses and conversations are kept that clients refer to: in `memory`, on `disk`, or nowhere (`none`).

    `size` and `largest` are bytes, of everything and of one response; `lifetime` is seconds (0: our own choice, which
    is more on disk). `background`: how many responses run in the background at once. `finish_dropped`: whether an
    answer is finished and kept whose client has gone.
    """

    keep: str = _setting("memory", kinds.STATE)
    size: int = _setting(0, kinds.BYTES_OR_OWN)
    largest: int = _setting(8 * 1024 * 1024, kinds.BYTES_OR_OWN)
    lifetime: float = _setting(0, kinds.SECONDS_OR_NONE)
    background: int = _setting(4, kinds.AT_ONCE)
    finish_dropped: bool = _setting(False, kinds.BOOL)


@dataclass(frozen=True, slots=True)
class CacheSettings:
    """Whether embeddings and chats are kept in memory and given again, for `ttl` seconds, in `max_mb` MiB at most.

    `scope`: who shares what is kept on a seat: all keys of a `user`, one `key`, or everybody on the `seat`.
    """

    embeddings: bool = _setting(True, kinds.BOOL)
    chat: bool = _setting(False, kinds.BOOL)
    ttl: float = _setting(86_400, kinds.SECONDS)
    max_mb: int = _setting(64, kinds.MEGABYTES)
    scope: Literal["user", "key", "seat"] = _setting("user", kinds.CACHE_SCOPE)


@dataclass(frozen=True, slots=True)
class SearchSettings:
    """Who searches the web for models that cannot: a model of `copilot`, `searxng` at `url`, `brave`, or `none`.

    `model` is the model of Copilot that searches, a small one where it is empty; `key_file` holds the key of a search
    engine; `daily_cap` is the maximum of searches a day.
    """

    provider: str = _setting("copilot", kinds.SEARCHER)
    model: str = _setting("", kinds.PATH)
    url: str = _setting("", kinds.URL_OR_NONE)
    key_file: str = _setting("", kinds.FIXED_PATH)
    daily_cap: int = _setting(200, kinds.SEARCHES)


@dataclass(frozen=True, slots=True)
class Config:
    """All settings. Each section is an attribute, each key an attribute of that."""

    github: GithubSettings = field(default_factory=GithubSettings)
    copilot: CopilotSettings = field(default_factory=CopilotSettings)
    server: ServerSettings = field(default_factory=ServerSettings)
    upstream: UpstreamSettings = field(default_factory=UpstreamSettings)
    network: NetworkSettings = field(default_factory=NetworkSettings)
    models: ModelsSettings = field(default_factory=ModelsSettings)
    clients: ClientsSettings = field(default_factory=ClientsSettings)
    account: AccountSettings = field(default_factory=AccountSettings)
    log: LogSettings = field(default_factory=LogSettings)
    ledger: LedgerSettings = field(default_factory=LedgerSettings)
    state: StateSettings = field(default_factory=StateSettings)
    cache: CacheSettings = field(default_factory=CacheSettings)
    search: SearchSettings = field(default_factory=SearchSettings)
    team: TeamSettings = field(default_factory=TeamSettings)
    breaker: BreakerSettings = field(default_factory=BreakerSettings)
    quota: QuotaSettings = field(default_factory=QuotaSettings)
    limits: Limits = field(default_factory=Limits)

    @property
    def api_base_url_is_default(self) -> bool:
        """Whether the token's `endpoints.api` decides which host is asked."""
        return self.copilot.api_base_url == CopilotSettings().api_base_url

    @property
    def copilot_models_url_is_default(self) -> bool:
        """Whether the models are the account's live ones, from `{api}/models`."""
        return self.github.copilot_models_url == GithubSettings().copilot_models_url


SECTIONS: Mapping[str, type[Any]] = {one.name: type(getattr(Config(), one.name)) for one in fields(Config)}
"""The class of each section, in the order of a file."""

RENAMED_SECTIONS: Mapping[str, str] = {"proxy": "upstream"}
"""Sections by the names that they had before, which go on working with a warning."""

SettingKey = tuple[str, str]
"""A setting's section and name."""


def _kind(setting: Field[Any]) -> SettingKind:
    return kinds.LIMITS[about(setting).unit] if "about" in setting.metadata else setting.metadata["kind"]


def _default(setting: Field[Any]) -> object:
    return setting.default if setting.default is not MISSING else {}


KINDS: Mapping[SettingKey, SettingKind] = {
    (section, setting.name): _kind(setting) for section, shape in SECTIONS.items() for setting in fields(shape)
}
DEFAULTS: Mapping[SettingKey, object] = {
    (section, setting.name): _default(setting) for section, shape in SECTIONS.items() for setting in fields(shape)
}

ALIASES: SettingKey = ("models", "aliases")
TABLES: frozenset[SettingKey] = frozenset({ALIASES, ("clients", "model"), ("clients", "small_model")})
"""Settings that are tables themselves: their names are merged one by one, as keys are."""

CREDENTIAL_URLS: frozenset[SettingKey] = frozenset(
    {
        ("github", "device_code_url"),
        ("github", "oauth_token_url"),
        ("github", "copilot_token_url"),
        ("copilot", "api_base_url"),
    }
)
"""The URLs that are sent a GitHub token, a Copilot token or a device code."""

FORBIDDEN_IN_FOUND = frozenset(
    {
        *("client_id", "api_keys", "api_key_file", "allowed_hosts", "allowed_origins", "access_token_path"),
        "public_url",
        *("ca_bundle", "copilot_token_path", "http_proxy", "https_proxy", "proxy_url"),
        *("keep", "provider", "url", "key_file"),
        *(one.name for one in fields(TeamSettings)),
        *(one.name for one in fields(BreakerSettings)),
        *(one.name for one in fields(LedgerSettings)),
        *(one.name for one in fields(QuotaSettings)),
        *(one.name for one in fields(CacheSettings)),
    }
)
"""Settings that a config.toml found in the working directory cannot change: a stranger's checkout could otherwise grant
itself access, read traffic, keep what is said, or have the ledger deleted."""

SECRET_KEYS = frozenset({"api_keys"})
"""Keys whose values are never shown."""
