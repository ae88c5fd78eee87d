"""What a running server tells of itself: the answer of `GET /v1/passenger/status`."""

from collections.abc import Mapping, Sequence

from msgspec import Struct, field

from passenger.account.login_state import LoginState
from passenger.control.records import Totals


class Quota(Struct, frozen=True):
    """One of the seat's counters, as GitHub keeps it."""

    id: str
    """`premium_interactions`, `chat` or `completions`."""
    unlimited: bool = False
    entitlement: float | None = None
    remaining: float | None = None
    """Less than 0 where more was used than there is."""
    percent_remaining: float | None = None
    overage_permitted: bool = False
    """Whether more may be used, and is billed."""
    in_credits: bool = False
    """Whether it counts AI credits, and not requests."""


class Account(Struct, frozen=True):
    """Whose seat it is; what GitHub does not tell is None."""

    login: str | None = None
    plan: str | None = None
    sku: str | None = None
    quotas: Sequence[Quota] = ()
    renews: str | None = None
    """The date on which the counters begin anew, `2026-12-01`."""


class ModelCounts(Struct, frozen=True):
    """How many models the account has."""

    chat: int = 0
    embeddings: int = 0
    hidden: int = 0
    """Those that a policy keeps from being asked."""


class Status(Struct, frozen=True):
    """A running server."""

    version: str
    pid: int
    started: float
    """Unix seconds."""
    urls: Sequence[str]
    """Where it listens, without `/v1`."""
    workers: int = 1
    ready: bool = True
    status: str = "ok"
    """`ok`, `degraded`, `login_required` or `not ready`, as `/readyz` says."""
    degraded: Mapping[str, str] = field(default_factory=dict)
    needs_key: bool = False
    logged_in: bool = True
    account: Account | None = None
    models: ModelCounts | None = None
    requests: Totals = field(default_factory=Totals)


class LoginAnswer(Struct, frozen=True):
    """The answer of `GET /v1/passenger/login`: whether somebody is logged in, and the last login made on the page."""

    logged_in: bool
    login: LoginState
