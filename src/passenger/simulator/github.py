"""github.com and api.github.com: login, exchange, who am I."""

import asyncio
import email.utils
import itertools
import urllib.parse
from collections.abc import Iterator
from typing import Any

import msgspec

from passenger.simulator import device_page
from passenger.simulator.account import EXCHANGEABLE, SKUS, TRACKING_ID, Account
from passenger.simulator.device import DeviceFlow, Outcome
from passenger.simulator.quota import RESET_DATE, snapshots
from passenger.simulator.recorded import Recorded
from passenger.simulator.refusals import rest, unicorn
from passenger.simulator.reply import HTML_TYPE, JSON_TYPE, TEXT_TYPE, Fields, Reply, go_json

DEVICE_PAGE = "/login/device"
DEVICE_CODE = "/login/device/code"
OAUTH_TOKEN = "/login/oauth/access_token"  # noqa: S105 - a path
EXCHANGE = "/copilot_internal/v2/token"
COPILOT_USER = "/copilot_internal/user"
USER = "/user"
PATHS = {DEVICE_PAGE, DEVICE_CODE, OAUTH_TOKEN, EXCHANGE, COPILOT_USER, USER}

RESET = 1796083200  # the same day as Unix seconds
PAT_PREFIXES = ("ghp_", "github_pat_")


class GitHub:
    """GitHub as one account sees it; the device flow is for all of them."""

    def __init__(
        self, account: Account, device: DeviceFlow, *, exchanges: bool = True, numbers: Iterator[int] | None = None
    ) -> None:
        self._exchanges = exchanges
        self._account = account
        self._device = device
        self._exchanged = 0
        self._numbers = numbers or itertools.count(1)

    def answer(self, request: Recorded) -> Reply:
        """Answer a request to one of `PATHS`."""
        if not request.header("user-agent"):
            headers = (("content-type", TEXT_TYPE), *self.headers())
            return Reply(403, headers, b"Request forbidden by administrative rules.\r\n")
        match request.method, request.route:
            case "GET" | "HEAD", "/login/device":
                return self._page(device_page.waiting(self._device.show(_now()), [*self._device.people]))
            case "POST", "/login/device":
                return self._decide(request)
            case "POST", "/login/device/code":
                return self._begin(request)
            case "POST", "/login/oauth/access_token":
                return self._poll(request)
            case "GET", route if route in {EXCHANGE, USER, COPILOT_USER}:
                return self._rest(request, route)
        return rest(404, "Not Found", self.headers())

    def headers(self, client_id: str | None = None) -> Fields:
        """What every answer of GitHub carries, with the app's id when a token was sent."""
        number = next(self._numbers)
        fields: Fields = (
            ("server", "github.com"),
            ("date", email.utils.formatdate(self._account.clock(), usegmt=True)),
            ("x-github-request-id", f"51A0:{number:06X}:0:0:0"),
        )
        if client_id is None:
            return fields
        limit = 15000 if self._account.plan == "enterprise" else 5000
        return (
            *fields,
            ("x-oauth-client-id", client_id),
            ("x-oauth-scopes", ""),
            ("x-ratelimit-limit", str(limit)),
            ("x-ratelimit-remaining", str(limit - self._exchanged)),
            ("x-ratelimit-used", str(self._exchanged)),
            ("x-ratelimit-reset", str(int(self._account.clock()) + 3600)),
            ("x-ratelimit-resource", "core"),
            ("access-control-expose-headers", "ETag, Link, Retry-After, X-RateLimit-Limit, X-RateLimit-Remaining"),
        )

    def refuse(self, status: int | None, code: str | None) -> Reply:
        """The error of that status, or the 403 that names a code as its `notification_id`."""
        headers = self.headers()
        if code == "rate_limited":
            return rest(403, "API rate limit exceeded for user ID 5130. (simulated)", headers)
        if code is not None:
            return Reply(status or 403, (("content-type", JSON_TYPE), *headers), go_json(_no_access(code)))
        if status is None or status >= 500:
            return unicorn(status or 502, headers)
        return rest(status, MESSAGES.get(status, f"Simulated {status}"), headers)

    def exchange_body(self) -> dict[str, Any]:
        """Mint a Copilot token, and say so in the words of the plan."""
        minted = self._account.mint()
        base = {
            **FEATURES,
            "endpoints": self._endpoints(),
            "expires_at": minted.expires_at,
            "refresh_in": self._account.refresh_in,
            "sku": SKUS[self._account.plan],
            "token": minted.token,
        }
        return base | PLAN_FEATURES[_family(self._account.plan)]

    def _page(self, body: bytes) -> Reply:
        fields = (("content-type", HTML_TYPE), ("content-security-policy", device_page.CONTENT_SECURITY))
        return Reply(200, (*fields, ("cache-control", "no-store"), *self.headers()), body)

    def _decide(self, request: Recorded) -> Reply:
        form = _form(request)
        outcome: Outcome = "approved" if form.get("answer") == "yes" else "denied"
        code, who = form.get("user_code", ""), form.get("login", "")
        return self._page(device_page.answered(self._device.decide(code, outcome, _now(), who)))

    def _begin(self, request: Recorded) -> Reply:
        answer = self._device.begin(_form(request).get("client_id", ""), _now())
        if answer is None:
            return Reply(404, (("content-type", JSON_TYPE), *self.headers()), b'{"error":"Not Found"}')
        return self._oauth(request, answer)

    def _poll(self, request: Recorded) -> Reply:
        return self._oauth(request, self._device.poll(_form(request), _now()))

    def _oauth(self, request: Recorded, answer: dict[str, object]) -> Reply:
        if "json" in (request.header("accept") or ""):
            headers = (("content-type", "application/json; charset=utf-8"), *self.headers())
            return Reply(200, headers, msgspec.json.encode(answer))
        headers = (("content-type", "application/x-www-form-urlencoded; charset=utf-8"), *self.headers())
        return Reply(200, headers, urllib.parse.urlencode(answer).encode())

    def _rest(self, request: Recorded, route: str) -> Reply:
        token = _credential(request)
        if route == EXCHANGE and not self._exchanges:
            return rest(404, "Not Found", self.headers())
        if route == EXCHANGE and token.startswith(PAT_PREFIXES):
            return rest(403, "Resource not accessible by personal access token", self.headers())
        if self._account.owns(token) and token.startswith("ghs_"):
            return rest(403, MESSAGES[403], self.headers())
        client = self._account.client_of(token)
        if client is None:
            return rest(401, "Bad credentials", self.headers())
        if route != USER and client not in EXCHANGEABLE:
            return rest(404, "Not Found", self.headers(client))
        if route == EXCHANGE and not self._account.licensed:
            return self.refuse(403, "no_copilot_access")
        self._exchanged += 1
        headers = (("content-type", JSON_TYPE), *self.headers(client))
        return Reply(200, headers, go_json(self._bodies(route)))

    def _bodies(self, route: str) -> dict[str, Any]:
        if route == EXCHANGE:
            return self.exchange_body()
        return self._copilot_user() if route == COPILOT_USER else WHO | {"login": self._account.login}

    def _endpoints(self) -> dict[str, str]:
        ours = dict.fromkeys(("origin-tracker", "proxy", "telemetry"), self._account.url)
        return {"api": self._account.api_url, **ours}

    def _copilot_user(self) -> dict[str, Any]:
        account = self._account
        base = USER_BASE | {
            "access_type_sku": SKUS[account.plan],
            "copilot_plan": account.plan,
            "endpoints": self._endpoints(),
            "login": account.login,
        }
        if account.unit == "credits":
            base |= {"token_based_billing": True}
        elif account.plan == "free":
            return base | FREE_USER
        if _family(account.plan) != "individual":
            base |= {
                "organization_login_list": ["simulated"],
                "organization_list": [{"login": "simulated", "name": None}],
            }
        return base | {"quota_snapshots": snapshots(account)}


MESSAGES = {
    401: "Bad credentials",
    403: "Resource not accessible by integration",
    404: "Not Found",
    429: "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.",
}

WHO = {"id": 5130, "name": "Simulated Octo", "plan": {"name": "free"}, "type": "User"}

FEATURES = {
    "agent_mode_auto_approval": True,
    "azure_only": False,
    "blackbird_clientside_indexing": False,
    "chat_enabled": True,
    "chat_jetbrains_enabled": True,
    "code_quote_enabled": True,
    "code_review_enabled": False,
    "codesearch": True,
    "copilotignore_enabled": False,
    "individual": True,
    "limited_user_quotas": None,
    "limited_user_reset_date": None,
    "public_suggestions": "disabled",
    "telemetry": "enabled",
    "tracking_id": TRACKING_ID,
    "vsc_electron_fetcher_v2": False,
}
_PERSONAL = {
    "annotations_enabled": True,
    "prompt_8k": True,
    "snippy_load_test_enabled": False,
    "xcode": True,
    "xcode_chat": False,
}
_SEAT = {"blackbird_external_indexing": False, "individual": False, "organization_list": ["51a1"]}
PLAN_FEATURES: dict[str, dict[str, Any]] = {
    "free": _PERSONAL | {"limited_user_quotas": {"chat": 173, "completions": 1890}, "limited_user_reset_date": RESET},
    "individual": _PERSONAL,
    "business": _SEAT,
    "enterprise": _SEAT | {"enterprise_list": [5130]},
}

USER_BASE = {
    "analytics_tracking_id": TRACKING_ID,
    "assigned_date": "2026-01-12T09:30:00+01:00",
    "can_signup_for_limited": False,
    "chat_enabled": True,
    "organization_list": [],
    "organization_login_list": [],
    "quota_reset_date": RESET_DATE,
    "quota_reset_date_utc": f"{RESET_DATE}T00:00:00.000Z",
}
FREE_USER = {
    "limited_user_quotas": {"chat": 173, "completions": 1890},
    "limited_user_reset_date": RESET_DATE,
    "monthly_quotas": {"chat": 200, "completions": 2000},
}


def _no_access(notification_id: str) -> dict[str, Any]:
    details = {
        "message": f"Simulated refusal: {notification_id}.",
        "notification_id": notification_id,
        "title": "No access to GitHub Copilot",
        "url": "https://github.com/settings/copilot",
    }
    message = "Resource not accessible by integration"
    return {"can_signup_for_limited": False, "error_details": details, "message": message}


def _now() -> float:
    return asyncio.get_running_loop().time()


def _family(plan: str) -> str:
    return plan.partition("_")[0]


def _credential(request: Recorded) -> str:
    scheme, _, token = (request.header("authorization") or "").partition(" ")
    return token.strip() if scheme.lower() in {"token", "bearer"} else ""


def _form(request: Recorded) -> dict[str, str]:
    """The fields of a JSON or form body; GitHub takes both."""
    if "json" not in (request.header("content-type") or ""):
        return dict(urllib.parse.parse_qsl(request.body.decode("utf-8", "replace")))
    try:
        found = request.json()
    except msgspec.DecodeError:
        return {}
    return {str(key): str(value) for key, value in found.items()} if isinstance(found, dict) else {}
