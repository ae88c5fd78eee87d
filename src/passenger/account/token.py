"""The login, its Copilot token, and the access that a call needs."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from msgspec import Struct

from passenger.account.protocol import NEVER, Grant
from passenger.errors import Failure, Kind
from passenger.secret import Secret

MARGIN = 60.0
"""Seconds before its expiry from which a token must be renewed before use."""

SHORTEST_REFRESH = 30.0
"""The minimum of `refresh_in`, in seconds."""

SKEW_NOISE = 5.0
"""Seconds of clock difference that are ignored: a `Date` header has whole seconds."""


class LoginSource(StrEnum):
    """Where a GitHub login came from, as the start line names it."""

    ENVIRONMENT = "COPILOT_GITHUB_TOKEN"
    SAVED = "saved login"
    GH = "GH_TOKEN"


@dataclass(frozen=True, slots=True)
class Login:
    """A GitHub token and where it was found."""

    token: Secret
    source: LoginSource
    where: str


class Token(Struct, frozen=True):
    """A Copilot token; times are Unix seconds by this machine's clock."""

    bearer: Secret
    expires_at: float
    refresh_at: float
    api: str | None = None
    login: str | None = None
    """Fingerprint of the GitHub token that it was exchanged for; None if the file does not say."""

    @property
    def lasts(self) -> bool:
        """Whether it never expires, because it is the login itself."""
        return self.expires_at >= NEVER

    def needs_no_refresh(self, now: float) -> bool:
        """Whether its refresh time has not come."""
        return now < min(self.refresh_at, self.expires_at - MARGIN)

    def usable_for_a_minute(self, now: float) -> bool:
        """Whether it is valid for another minute."""
        return now < self.expires_at - MARGIN

    def unexpired(self, now: float) -> bool:
        """Whether it has not expired yet."""
        return now < self.expires_at


class Access(Struct, frozen=True):
    """The credentials of a call: an exchanged token, or a GitHub login that needs no exchange.

    `expires_at` is None for a bearer that never expires.
    """

    bearer: Secret
    base_url: str
    headers: Mapping[str, str]
    expires_at: float | None = None


def token_from_grant(grant: Grant, login: Login, now: float) -> Token:
    """A token with its times converted to this machine's clock.

    GitHub's `Date` header tells the difference, so that a machine whose clock is an hour off neither discards valid
    tokens nor uses expired ones.

    Raises:
        Failure: the token has already expired, by GitHub's own clock.
    """
    skew = grant.server_time - now if grant.server_time is not None else 0.0
    expires_at = grant.expires_at - (skew if abs(skew) > SKEW_NOISE else 0.0)
    if expires_at <= now:
        raise Failure(Kind.UNAVAILABLE, "GitHub gave a Copilot token that has already expired", code="exchange_failed")
    refresh_in = grant.refresh_in if grant.refresh_in is not None else expires_at - now - 5 * MARGIN
    refresh_at = min(now + max(refresh_in, SHORTEST_REFRESH), expires_at - MARGIN)
    return Token(grant.token, expires_at, refresh_at, grant.api, login.token.fingerprint())
