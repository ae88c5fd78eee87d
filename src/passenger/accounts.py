"""Who asks and who pays: the login, its Copilot token, and what a call needs to be let in."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from msgspec import Struct

from passenger.copilot.protocol import NEVER, Grant
from passenger.errors import Failure, Kind
from passenger.secret import Secret

MARGIN = 60.0
"""Seconds before its end from which a token is no longer handed out without trying to renew it."""

SHORTEST_REFRESH = 30.0
"""The least that `refresh_in` is taken to mean, in seconds."""

SKEW_NOISE = 5.0
"""Seconds by which two clocks may differ before the difference is believed: a `Date` header has whole seconds."""


class Source(StrEnum):
    """Where a GitHub login came from, as the start line names it."""

    ENVIRONMENT = "COPILOT_GITHUB_TOKEN"
    SAVED = "saved login"
    GH = "GH_TOKEN"


@dataclass(frozen=True, slots=True)
class Login:
    """A GitHub token and where it was found."""

    token: Secret
    source: Source
    where: str


class Token(Struct, frozen=True):
    """A Copilot token; times are Unix seconds by this machine's clock."""

    bearer: Secret
    expires_at: float
    refresh_at: float
    api: str | None = None
    login: str | None = None
    """Fingerprint of the GitHub token it was exchanged for; None where the file does not say."""

    @property
    def lasts(self) -> bool:
        """Whether it does not end, because it is the login itself."""
        return self.expires_at >= NEVER

    def fresh(self, now: float) -> bool:
        """Whether it needs no thought."""
        return now < min(self.refresh_at, self.expires_at - MARGIN)

    def safe(self, now: float) -> bool:
        """Whether it will outlive the next minute."""
        return now < self.expires_at - MARGIN

    def good(self, now: float) -> bool:
        """Whether it has not expired yet."""
        return now < self.expires_at


class Access(Struct, frozen=True):
    """What a call needs to be let in: an exchanged token, or a GitHub login that is used as it is.

    `expires_at` is None for a bearer that needs no exchange and no renewal.
    """

    bearer: Secret
    base_url: str
    headers: Mapping[str, str]
    expires_at: float | None = None


def token_from_grant(grant: Grant, login: Login, now: float) -> Token:
    """A token with its times turned to this machine's clock.

    GitHub's own `Date` says how far the clocks are apart, so that a laptop whose clock is an hour off neither
    throws good tokens away nor uses expired ones.

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
