"""The answer of `GET /v1/passenger/status`, and how the account in it is read from GitHub's answer."""

from collections.abc import Mapping, Sequence
from datetime import date

from msgspec import Struct, field

from passenger.account.login_state import LoginState
from passenger.account.protocol import CopilotUser
from passenger.observe.records import Totals
from passenger.quota.pauses import PausedSession
from passenger.quota.quota import Quota
from passenger.quota.snapshots import read_snapshots


class SeatAccount(Struct, frozen=True):
    """The account; what GitHub does not tell is None."""

    login: str | None = None
    plan: str | None = None
    sku: str | None = None
    quotas: Sequence[Quota] = ()
    renews: str | None = None
    """The date on which the counters are reset, `2026-12-01`."""


class ModelCounts(Struct, frozen=True):
    """How many models the account has."""

    chat: int = 0
    embeddings: int = 0
    hidden: int = 0
    """Models that a policy disables."""


class ServerStatus(Struct, frozen=True):
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
    account: SeatAccount | None = None
    models: ModelCounts | None = None
    requests: Totals = field(default_factory=Totals)
    paused: Sequence[PausedSession] = ()
    """Sessions that the breaker has paused."""


class Resumed(Struct, frozen=True):
    """The answer of `POST /v1/passenger/sessions/{session}/resume`: the ids of the sessions that go on."""

    sessions: Sequence[str]


class LoginAnswer(Struct, frozen=True):
    """The answer of `GET /v1/passenger/login`: whether somebody is logged in, and the last login made on the page."""

    logged_in: bool
    login: LoginState


# --- from GitHub's answer --------------------------------------------------------------------------------------------


def account_of(seat: CopilotUser) -> SeatAccount:
    """Convert GitHub's answer; counters of an unknown shape are left out."""
    renews = _iso_day(seat.quota_reset_date) or _iso_day(seat.limited_user_reset_date)
    return SeatAccount(seat.login, seat.copilot_plan, seat.access_type_sku, read_snapshots(seat), renews)


def _iso_day(value: object) -> str | None:
    """A day as `2026-12-01`, None for what is none."""
    try:
        return date.fromisoformat(value[:10]).isoformat() if isinstance(value, str) else None
    except ValueError:
        return None
