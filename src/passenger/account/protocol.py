"""GitHub's token exchange as pure functions: its headers, answers and failures.

None of it is published; the facts are in `docs/upstream.md`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

import msgspec
from msgspec import Struct

from passenger.errors import Failure, Kind
from passenger.net.error_text import LONGEST_READ, body_text, harmless
from passenger.secret import Secret

EXCHANGE_API_VERSION = "2025-04-01"
"""`X-GitHub-Api-Version` of the token exchange; it differs from the one of the Copilot API."""


@dataclass(frozen=True, slots=True)
class EditorHeaders:
    """The editor compatibility headers, which Copilot asks for with every exchanged token.

    They are constants: configurable, disclosed in the README, never rotated or made up per request.
    """

    version: str
    plugin_version: str
    user_agent: str
    integration_id: str
    api_version: str

    def headers(self) -> dict[str, str]:
        """As they are sent on every call to Copilot."""
        return {
            "Editor-Version": self.version,
            "Editor-Plugin-Version": self.plugin_version,
            "User-Agent": self.user_agent,
            "Copilot-Integration-Id": self.integration_id,
            "X-GitHub-Api-Version": self.api_version,
        }


def exchange_headers(editor: EditorHeaders, login: Secret) -> dict[str, str]:
    """The headers of a call to GitHub's own API, which authenticates by the login itself."""
    return {
        **editor.headers(),
        "Authorization": f"token {login.reveal()}",
        "Accept": "application/json",
        "X-GitHub-Api-Version": EXCHANGE_API_VERSION,
    }


class _Endpoints(Struct):
    api: str | None = None


class _Exchanged(Struct):
    token: str
    expires_at: int | float
    refresh_in: Any = None
    endpoints: _Endpoints | None = None
    sku: str | None = None


@dataclass(frozen=True, slots=True)
class Grant:
    """The result of a token exchange. Times are Unix seconds by GitHub's clock; `refresh_in` is relative to then."""

    token: Secret
    expires_at: float
    refresh_in: float | None
    api: str | None
    sku: str | None
    server_time: float | None


def read_grant(body: bytes, headers: Mapping[str, str]) -> Grant:
    """The grant in an exchange's 200 answer.

    Raises:
        Failure: the answer is something else, such as the login page of a proxy.
    """
    try:
        answer = msgspec.json.decode(body, type=_Exchanged)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Failure(Kind.UPSTREAM, f"GitHub's token exchange answered something else: {error}") from error
    if not _SENDABLE.fullmatch(answer.token):
        raise Failure(Kind.UPSTREAM, "GitHub's token exchange answered a token that no header can carry")
    if not abs(answer.expires_at) < LATEST:
        raise Failure(Kind.UPSTREAM, "GitHub's token exchange answered a token that ends at no time there is")
    return Grant(
        token=Secret(answer.token),
        expires_at=float(answer.expires_at),
        refresh_in=_seconds(answer.refresh_in),
        api=answer.endpoints.api if answer.endpoints else None,
        sku=answer.sku,
        server_time=_read_date(headers.get("date")),
    )


LATEST = 253402300800.0
"""Unix seconds of the year 10000, the latest valid expiry."""


NEVER = LATEST - 1
"""The expiry of a GitHub login that is used without an exchange: it has none."""


def grant_of_login(login: Secret, api: str) -> Grant:
    """The grant of a login that Copilot accepts without an exchange (docs/upstream.md)."""
    return Grant(login, expires_at=NEVER, refresh_in=None, api=api, sku=None, server_time=None)


def _seconds(value: object) -> float | None:
    """Seconds, None if the value is no number or out of range."""
    return float(value) if isinstance(value, int | float) and abs(value) < LATEST else None


LONGEST_DATE = 64
"""Characters of a date."""


def _read_date(text: str | None) -> float | None:
    """Unix seconds of an HTTP date, None if there is none or it is invalid."""
    try:
        return parsedate_to_datetime(text[:LONGEST_DATE]).timestamp() if text else None
    except (ValueError, TypeError, IndexError, OverflowError, OSError):
        return None


UNUSABLE = {
    "ghp_": "it is a classic personal access token, which Copilot refuses everywhere",
    "ghr_": "it is a refresh token, not an access token",
}
"""Prefixes of GitHub tokens that nobody takes, with the reason for the user."""

INSTALLATION, FINE_GRAINED = "ghs_", "github_pat_"
"""Prefixes of GitHub tokens that Copilot takes as they are, and the exchange never: of an App that is installed in an
organisation, which pays for it, and of a person, with the permission "Copilot Requests" (docs/upstream.md)."""

EDITOR_INTEGRATION = "vscode-chat"
"""The integration by default, with which Copilot takes no fine-grained token."""


_SENDABLE = re.compile(r"[!-~]+")


def is_of_organisation(login: Secret) -> bool:
    """Whether it is an installation's token: the one identity that is nobody's own, and may serve several people."""
    return login.reveal().startswith(INSTALLATION)


def is_fine_grained(login: Secret) -> bool:
    """Whether it is a person's fine-grained token."""
    return login.reveal().startswith(FINE_GRAINED)


def goes_as_it_is(login: Secret) -> bool:
    """Whether Copilot takes a token of this kind itself, and the exchange never."""
    return is_of_organisation(login) or is_fine_grained(login)


def why_unusable(login: Secret, integration: str = EDITOR_INTEGRATION) -> str | None:
    """Why this GitHub token cannot be used with that integration id, None if only GitHub can tell."""
    text = login.reveal()
    if not _SENDABLE.fullmatch(text):
        return "it is empty, or has characters that no header can carry"
    if is_fine_grained(login) and integration == EDITOR_INTEGRATION:
        return (
            "it is a fine-grained personal access token, which Copilot takes only where [copilot] integration_id is "
            "set to what GitHub requires for those"
        )
    return next((reason for prefix, reason in UNUSABLE.items() if text.startswith(prefix)), None)


class _ErrorDetails(Struct):
    message: str | None = None
    notification_id: str | None = None
    title: str | None = None
    url: str | None = None


class _Refusal(Struct):
    message: str | None = None
    error_details: _ErrorDetails | None = None


LOG_IN = "run `passenger login`"
"""What the user does about a missing or invalid login."""


def command_in(log_in: str) -> str:
    """The command in such a sentence."""
    return log_in.split("`")[1]


def read_exchange_failure(status: int, headers: Mapping[str, str], body: bytes) -> Failure:
    """The failure for a refused token exchange; its message says what to do."""
    refusal = _read_refusal(body)
    said = (refusal.message or body_text(body) or "no reason given")[:LONGEST_READ]
    details = refusal.error_details
    retry_after = harmless(headers.get("retry-after"))
    match status:
        case 401:
            return Failure(Kind.LOGIN, f"GitHub no longer accepts this login ({said}): {LOG_IN}", code="login_needed")
        case 403 if said.startswith("API rate limit exceeded"):
            return Failure(Kind.RATE_LIMIT, said, code="github_rate_limited", retry_after=retry_after)
        case 403 if "personal access token" in said.lower():
            message = f"GitHub does not exchange personal access tokens: {LOG_IN}"
            return Failure(Kind.LOGIN, message, code="login_needed")
        case 403:
            return _no_access(said, details)
        case 404:
            message = f"GitHub exchanges only logins made by Copilot's own apps, and this one is not (404): {LOG_IN}"
            return Failure(Kind.LOGIN, message, code="login_needed")
        case 429:
            return Failure(Kind.RATE_LIMIT, f"GitHub limits token exchanges: {said}", retry_after=retry_after)
        case _:
            message = f"GitHub's token exchange answered {status}: {said}"
            return Failure(Kind.UNAVAILABLE, message, code="exchange_failed", retry_after=retry_after)


def read_admission_failure(status: int, headers: Mapping[str, str], body: bytes) -> Failure:
    """The failure for a GitHub login that Copilot does not accept without an exchange."""
    said = (_read_refusal(body).message or body_text(body) or "no reason given")[:LONGEST_READ]
    retry_after = harmless(headers.get("retry-after"))
    match status:
        case 400 | 401:
            return Failure(Kind.LOGIN, f"Copilot does not accept this login ({said}): {LOG_IN}", code="login_needed")
        case 403:
            return Failure(Kind.FORBIDDEN, f"Copilot gives this account no access: {said}", code="no_copilot_access")
        case 429:
            return Failure(Kind.RATE_LIMIT, f"Copilot limits requests: {said}", retry_after=retry_after)
        case _:
            return Failure(Kind.UNAVAILABLE, f"Copilot answered {status}: {said}", code="exchange_failed")


def _no_access(said: str, details: _ErrorDetails | None) -> Failure:
    reason = details.message if details and details.message else said
    where = f" ({details.url})" if details and details.url else ""
    code = details.notification_id if details and details.notification_id else "no_copilot_access"
    return Failure(Kind.FORBIDDEN, f"GitHub gives this account no Copilot token: {reason}{where}", code=code)


def _read_refusal(body: bytes) -> _Refusal:
    try:
        return msgspec.json.decode(body, type=_Refusal)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return _Refusal()


class User(Struct):
    """`GET /user`: whose login it is."""

    login: str | None = None


class CopilotUser(Struct):
    """`GET /copilot_internal/user`: the seat. Its counters may have any shape."""

    login: str | None = None
    copilot_plan: str | None = None
    access_type_sku: str | None = None
    quota_snapshots: Any = None
    """Of each counter by name: `entitlement`, `remaining`, `percent_remaining`, `unlimited` and more."""
    quota_reset_date: Any = None
    quota_reset_date_utc: Any = None
    token_based_billing: Any = None
    """Whether tokens are billed, in AI credits, and not premium requests."""
    limited_user_quotas: Any = None
    """What is left on the free plan in its old form, by counter."""
    monthly_quotas: Any = None
    """What the free plan gives a month, by counter."""
    limited_user_reset_date: Any = None
