"""GitHub's device flow (RFC 8628) as a value."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from passenger.simulator.account import CLIENTS

GRANT_TYPE = "urn:ietf:params:oauth:grant-type:device_code"
EARLY = (
    0.05  # a client that waits exactly `interval` may seem this much (of the interval) early; GitHub minds no jitter
)

Answer = dict[str, object]
Outcome = Literal["approved", "denied"]

PROBLEMS = {
    "authorization_pending": "The authorization request is still pending.",
    "slow_down": "Too many requests have been made in the same timeframe.",
    "expired_token": "This 'device_code' has expired.",
    "access_denied": "The authorization request was denied.",
    "incorrect_device_code": "The device_code provided is not valid.",
    "incorrect_client_credentials": "The client_id passed is incorrect.",
    "unsupported_grant_type": "The grant type provided is not supported.",
}


@dataclass(slots=True)
class Grant:
    """A login that has begun; times are seconds of the event loop's clock."""

    client_id: str
    interval: float
    expires: float
    pending: int
    user_code: str
    last_poll: float | None = None
    outcome: Outcome | None = None
    shown: bool = False
    login: str = ""


@dataclass(slots=True)
class DeviceFlow:
    """The logins under way; `outcome` overrides the approval after `approve_after` pending polls.

    A login whose code is on a page in front of a person waits for that person. `people` are those who may be logged in
    at GitHub, by login, each with what makes a token of the first one theirs; `login` is who is asked, the first of
    them where it is empty.
    """

    url: str
    interval: float
    approve_after: int
    lifetime: float
    outcome: Outcome | None = None
    grants: dict[str, Grant] = field(default_factory=dict)
    begun: int = 0
    people: dict[str, Callable[[str], str]] = field(default_factory=dict)
    login: str = ""

    def begin(self, client_id: str, now: float) -> Answer | None:
        """Answer a request for a code; None for an app GitHub does not know. Any scope is accepted."""
        if client_id not in CLIENTS:
            return None
        self.begun += 1
        code = f"simulated-device-code-{self.begun:04}"
        user_code = f"SIMU-{self.begun:04}"
        self.grants[code] = Grant(client_id, self.interval, now + self.lifetime, self.approve_after, user_code)
        return {
            "device_code": code,
            "user_code": user_code,
            "verification_uri": f"{self.url}/login/device",
            "expires_in": _number(self.lifetime),
            "interval": _number(self.interval),
        }

    def poll(self, form: dict[str, str], now: float) -> Answer:
        """Answer a poll: a token, or one of the errors GitHub sends with status 200."""
        code = form.get("device_code", "")
        grant = self.grants.get(code)
        if form.get("grant_type") != GRANT_TYPE:
            return _problem("unsupported_grant_type")
        if grant is None:
            return _problem("incorrect_device_code")
        if grant.client_id != form.get("client_id"):
            return _problem("incorrect_client_credentials")
        if now >= grant.expires:
            return _problem("expired_token")
        return self._poll(code, grant, now)

    def _poll(self, code: str, grant: Grant, now: float) -> Answer:
        last, grant.last_poll = grant.last_poll, now
        if last is not None and now - last < grant.interval * (1 - EARLY):
            grant.interval += 5
            return _problem("slow_down") | {"interval": _number(grant.interval)}
        outcome = grant.outcome or self.outcome
        if outcome == "denied":
            return _problem("access_denied")
        if outcome != "approved" and (grant.pending > 0 or grant.shown):
            grant.pending -= 1
            return _problem("authorization_pending")
        del self.grants[code]
        scope = "" if grant.client_id.startswith("Iv1.") else "read:user"
        own = self.people.get(grant.login or self.login, next(iter(self.people.values()), str))
        return {"access_token": own(CLIENTS[grant.client_id]), "scope": scope, "token_type": "bearer"}

    def show(self, now: float) -> list[str]:
        """The codes that wait for a person, who has them in front of him from now on."""
        found = [grant for grant in self.grants.values() if grant.outcome is None and now < grant.expires]
        for grant in found:
            grant.shown = True
        return [grant.user_code for grant in found]

    def decide(self, user_code: str, outcome: Outcome, now: float, login: str = "") -> Outcome | None:
        """Note what the person, logged in as `login`, has said to a code; None where it does not wait."""
        for grant in self.grants.values():
            if grant.user_code == user_code and grant.outcome is None and now < grant.expires:
                grant.outcome, grant.login = outcome, login
                return outcome
        return None

    def expire(self) -> None:
        """End every code that is out."""
        for grant in self.grants.values():
            grant.expires = 0.0


def _problem(error: str) -> Answer:
    uri = "https://docs.github.com/developers/apps/authorizing-oauth-apps#error-codes-for-the-device-flow"
    return {"error": error, "error_description": PROBLEMS[error], "error_uri": uri}


def _number(value: float) -> int | float:
    return int(value) if value == int(value) else value
