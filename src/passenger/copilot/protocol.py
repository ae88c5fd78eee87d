"""How GitHub and Copilot want to be asked and what their answers mean, without any network.

None of this is a published contract. The facts were collected in `docs/upstream.md`.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

import msgspec
from msgspec import Struct

from passenger.copilot.call import Call, Operation
from passenger.copilot.negotiation import is_overflow
from passenger.errors import LONGEST, STATUS, Failure, Kind, kind_of
from passenger.secret import Secret

EXCHANGE_API_VERSION = "2025-04-01"
"""`X-GitHub-Api-Version` of the token exchange; it differs from the one of the Copilot API."""

LONGEST_VALUE = 2000
"""Characters of an upstream header that is passed down."""

_READ = LONGEST + 1
"""Characters of a message that are read; a failure says that it was longer."""


PASSED_DOWN = frozenset(
    {
        "retry-after",
        "x-request-id",
        "x-github-request-id",
        "x-copilot-service-request-id",
        "x-ratelimit-exceeded",
        "x-usage-ratelimit-session",
        "x-usage-ratelimit-weekly",
        "x-quota-snapshot-chat",
        "x-quota-snapshot-completions",
        "x-quota-snapshot-premium_interactions",
        "x-quota-snapshot-premium_models",
    }
)
"""The headers of an upstream answer that a client gets to see; all others stay here."""


# --- asking ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Editor:
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


def exchange_headers(editor: Editor, login: Secret) -> dict[str, str]:
    """The headers of a call to GitHub's own API, which authenticates by the login itself."""
    return {
        **editor.headers(),
        "Authorization": f"token {login.reveal()}",
        "Accept": "application/json",
        "X-GitHub-Api-Version": EXCHANGE_API_VERSION,
    }


def call_headers(call: Call) -> dict[str, str]:
    """The headers that tell Copilot what kind of request this is, truthfully."""
    headers = {"Accept": "text/event-stream" if call.stream else "application/json"}
    if call.operation is not Operation.LIST_MODELS:
        headers["Content-Type"] = "application/json"
    if call.operation is Operation.CHAT:
        headers["OpenAI-Intent"] = "conversation-agent" if call.is_agents else "conversation-panel"
        headers["X-Initiator"] = call.initiator.value
    if call.vision:  # a picture to be answered or to be counted
        headers["Copilot-Vision-Request"] = "true"
    return {**headers, **call.headers}


# --- the token exchange ------------------------------------------------------------------------------------------


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
    """What a token exchange gave. Times are Unix seconds by GitHub's clock, `refresh_in` is seconds from then."""

    token: Secret
    expires_at: float
    refresh_in: float | None
    api: str | None
    sku: str | None
    server_time: float | None


def read_grant(body: bytes, headers: Mapping[str, str]) -> Grant:
    """The grant in an exchange's 200 answer.

    Raises:
        Failure: the answer is not one, such as the web page of a proxy that wants a login of its own.
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
"""Unix seconds of the year 10000: no token ends later, and no clock goes beyond."""

NEVER = LATEST - 1
"""The end of what does not end: a GitHub login that is used as it is."""


def as_it_is(login: Secret, api: str) -> Grant:
    """The grant of a login that needs no exchange: Copilot lets it in itself (docs/upstream.md)."""
    return Grant(login, expires_at=NEVER, refresh_in=None, api=api, sku=None, server_time=None)


def _seconds(value: object) -> float | None:
    """Some seconds, None for what is no number or more than there are."""
    return float(value) if isinstance(value, int | float) and abs(value) < LATEST else None


LONGEST_DATE = 64
"""Characters of a date."""


def _read_date(text: str | None) -> float | None:
    """Unix seconds of an HTTP date, None where there is none that can be read."""
    try:
        return parsedate_to_datetime(text[:LONGEST_DATE]).timestamp() if text else None
    except (ValueError, TypeError, IndexError, OverflowError, OSError):
        return None


UNEXCHANGEABLE = {
    "ghp_": "it is a classic personal access token, which Copilot refuses everywhere",
    "github_pat_": "it is a fine-grained personal access token, which GitHub's token exchange refuses",
    "ghs_": "it is an installation token, which GitHub's token exchange refuses",
    "ghr_": "it is a refresh token, not an access token",
}
"""Prefixes of GitHub tokens that can never be exchanged, with the reason a person needs to hear."""


_SENDABLE = re.compile(r"[!-~]+")


def why_not_exchangeable(login: Secret) -> str | None:
    """Why this GitHub token cannot become a Copilot token, None where only GitHub can tell."""
    text = login.reveal()
    if not _SENDABLE.fullmatch(text):
        return "it is empty, or has characters that no header can carry"
    return next((reason for prefix, reason in UNEXCHANGEABLE.items() if text.startswith(prefix)), None)


class _ErrorDetails(Struct):
    message: str | None = None
    notification_id: str | None = None
    title: str | None = None
    url: str | None = None


class _Refusal(Struct):
    message: str | None = None
    error_details: _ErrorDetails | None = None


LOG_IN = "run `passenger login`"
"""What a person does about a login that is missing or of no use."""


def command_in(log_in: str) -> str:
    """The command in such a sentence, to be typed as it stands."""
    return log_in.split("`")[1]


def read_exchange_failure(status: int, headers: Mapping[str, str], body: bytes) -> Failure:
    """What a refused token exchange means and what to do about it."""
    refusal = _read_refusal(body)
    said = (refusal.message or _plain(body) or "no reason given")[:_READ]
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
            return _not_entitled(said, details)
        case 404:
            message = f"GitHub exchanges only logins made by Copilot's own apps, and this one is not (404): {LOG_IN}"
            return Failure(Kind.LOGIN, message, code="login_needed")
        case 429:
            return Failure(Kind.RATE_LIMIT, f"GitHub limits token exchanges: {said}", retry_after=retry_after)
        case _:
            message = f"GitHub's token exchange answered {status}: {said}"
            return Failure(Kind.UNAVAILABLE, message, code="exchange_failed", retry_after=retry_after)


def read_admission_failure(status: int, headers: Mapping[str, str], body: bytes) -> Failure:
    """What it means that Copilot does not let a GitHub login in as it is, and what to do about it."""
    said = (_read_refusal(body).message or _plain(body) or "no reason given")[:_READ]
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


def _not_entitled(said: str, details: _ErrorDetails | None) -> Failure:
    reason = details.message if details and details.message else said
    where = f" ({details.url})" if details and details.url else ""
    code = details.notification_id if details and details.notification_id else "no_copilot_access"
    return Failure(Kind.FORBIDDEN, f"GitHub gives this account no Copilot token: {reason}{where}", code=code)


def _read_refusal(body: bytes) -> _Refusal:
    try:
        return msgspec.json.decode(body, type=_Refusal)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return _Refusal()


# --- who is logged in --------------------------------------------------------------------------------------------


class User(Struct):
    """`GET /user`: whose login it is."""

    login: str | None = None


class CopilotUser(Struct):
    """`GET /copilot_internal/user`: the seat. Its counters may have any shape: none of them is worth a failure."""

    login: str | None = None
    copilot_plan: str | None = None
    access_type_sku: str | None = None
    quota_snapshots: Any = None
    """Of each counter by name: `entitlement`, `remaining`, `percent_remaining`, `unlimited` and more."""
    quota_reset_date: Any = None
    limited_user_quotas: Any = None
    """What is left on the free plan in its old form, by counter."""
    monthly_quotas: Any = None
    """What the free plan gives a month, by counter."""
    limited_user_reset_date: Any = None


OVERFLOW = "context_length_exceeded"
"""The code of a failure which says that the prompt is too long for the model, whichever API said it."""


# --- errors of the Copilot API -----------------------------------------------------------------------------------


class _Error(Struct):
    message: str | dict[str, object] | None = None
    code: str | int | None = None
    param: str | None = None
    type: str | None = None


class _Envelope(Struct):
    error: _Error | str | None = None
    message: str | None = None


def read_failure(status: int, headers: Mapping[str, str], body: bytes, log_in: str = LOG_IN) -> Failure:
    """An error answer of the Copilot API as it was meant: JSON whatever its content type says, text, or a web page.

    A status that is none of HTTP's (some servers say 999) becomes a 502. `log_in` says how to log in.
    """
    error = _read_error(body)
    message = error.message if isinstance(error.message, str) else _plain(body)
    message = message[:_READ] or f"Copilot answered {status} without a word"
    status = status if 400 <= status < 600 else STATUS[Kind.UPSTREAM]
    kind = kind_of(status)
    if kind is Kind.LOGIN:
        message = f"{message} ({log_in} if this lasts)"
    code = str(error.code) if error.code not in (None, "") else None
    if status == 400 and is_overflow(message, code):
        code = OVERFLOW
    return Failure(
        kind,
        message,
        status=status,
        code=code,
        param=error.param or None,
        type=error.type or None,
        retry_after=harmless(headers.get("retry-after")),
        headers=passed_down(headers.items()),
    )


def passed_down(headers: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """The upstream headers that a client gets to see, of those with lower-case names; an odd value is left out."""
    return tuple([(name, value) for name, value in headers if name in PASSED_DOWN and harmless(value) is not None])


def harmless(value: str | None) -> str | None:
    """A header's value, unless it is one that could be read as more than one line, or is longer than any should be."""
    if not value or len(value) > LONGEST_VALUE or value[0] == " " or value[-1] == " ":
        return None
    return value if value.isascii() and value.isprintable() else None


def _read_error(body: bytes) -> _Error:
    try:
        envelope = msgspec.json.decode(body, type=_Envelope)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return _Error()
    match envelope.error:
        case _Error() as error:
            return error
        case str() as text:
            return _Error(message=text)
        case _:
            return _Error(message=envelope.message)


HEAD_OF_A_PAGE = 4096
"""Bytes of a web page that are searched for its title."""


def _plain(body: bytes) -> str:
    """The words of a body that is not JSON: its text, or the title of a web page."""
    text = body.strip()[:HEAD_OF_A_PAGE].decode("utf-8", "replace")
    if text.startswith("<"):
        title = _title(text)
        return f"a web page titled {title!r}" if title else "a web page"
    return text[:1000]


def _title(page: str) -> str:
    """The title of a web page, empty where there is none."""
    lowered = page.lower()
    begin = page.find(">", max(0, lowered.find("<title"))) + 1
    end = lowered.find("</title", begin)
    return page[begin:end].strip() if "<title" in lowered and 0 < begin < end else ""
