"""The errors GitHub and Copilot answer with, as a table."""

from dataclasses import dataclass, replace
from typing import Any, Protocol

from passenger.simulator.reply import HTML_TYPE, JSON_TYPE, TEXT_TYPE, Fields, Reply, go_json

UNICORN = (
    b"<!DOCTYPE html>\n<html>\n  <head><title>Unicorn! &middot; GitHub</title></head>\n  <body>\n"
    b"    <h1>We had issues producing the response to your request.</h1>\n    <p>(simulated)</p>\n  </body>\n</html>\n"
)


@dataclass(frozen=True, slots=True)
class Refusal:
    """One error answer: a text, or with a `code` CAPI's JSON envelope; both are text/plain and end in a newline."""

    status: int
    message: str
    code: str | None = None
    param: str | None = None
    type: str | None = None
    headers: Fields = ()

    def reply(self, headers: Fields) -> Reply:
        """The answer under these headers."""
        fields = (("content-type", TEXT_TYPE), ("x-content-type-options", "nosniff"), *headers, *self.headers)
        return Reply(self.status, fields, self.body())

    def body(self) -> bytes:
        """The body: text, or JSON with sorted keys; both end in a newline."""
        if self.code is None:
            return self.message.encode() + b"\n"
        error: dict[str, Any] = {"code": self.code, "message": self.message}
        error |= {key: value for key in ("param", "type") if (value := getattr(self, key)) is not None}
        return go_json({"error": error}) + b"\n"


class Refuses(Protocol):
    """Any error answer, whoever wrote it."""

    @property
    def message(self) -> str:
        """What is wrong."""

    def reply(self, headers: Fields) -> Reply:
        """The answer under these headers."""


class RefusedError(Exception):
    """A request is refused, and how."""

    def __init__(self, refusal: Refuses) -> None:
        super().__init__(refusal.message)
        self.refusal = refusal


TERMS = "[Terms of Service](https://docs.github.com/en/site-policy/github-terms/github-terms-of-service)"

EXPIRED = Refusal(401, "unauthorized: token expired")
UNLICENSED = Refusal(403, "unauthorized: not licensed to use Copilot")
UNAUTHENTICATED = Refusal(401, "unauthorized: unauthorized: AuthenticateToken authentication failed")
PAT_BEARER = Refusal(
    400,
    "checking third-party user token: bad request: Personal Access Tokens are not supported for this endpoint",
)
NO_EDITOR = Refusal(400, "bad request: missing Editor-Version header for IDE auth")
ODD_EDITOR = Refusal(400, "bad request: unknown Editor-Version header for IDE auth")
MISDIRECTED = Refusal(421, "Misdirected Request")
NOT_FOUND = Refusal(404, "404 page not found")
NO_VISION = Refusal(400, "missing required Copilot-Vision-Request header for vision requests", "")
UNSUPPORTED_MODEL = Refusal(
    400, "The requested model is not supported.", "model_not_supported", "model", "invalid_request_error"
)
BAD_TOOL_ARGUMENTS = Refusal(400, "Invalid JSON format in tool call arguments", "invalid_tool_call_format")
INVALID_BODY = Refusal(400, "invalid request body", "invalid_request_body")
TOO_LARGE = Refusal(413, "failed to parse request", "")


def _limit(message: str, code: str, *, retry_after: int | None = 2, status: int = 429) -> Refusal:
    headers: Fields = (("x-ratelimit-exceeded", f"global-chat:{code.partition(':')[0]}:userID:COPILOT_PLAN_SIMULATED"),)
    if retry_after is not None:
        headers = (("retry-after", str(retry_after)), *headers)
    return Refusal(status, message, code, headers=headers)


SESSION_LIMIT = f"Sorry, you've exceeded your 5 hour session limits. Please review our {TERMS}."
WEEKLY_LIMIT = f"Sorry, you've exceeded your weekly rate limit. Please review our {TERMS}."
RATE_LIMIT = f"Sorry, you've exceeded your rate limits. Please review our {TERMS}."

CATALOGUE = {
    refusal.code: refusal
    for refusal in (
        UNSUPPORTED_MODEL,
        BAD_TOOL_ARGUMENTS,
        INVALID_BODY,
        Refusal(
            400,
            'The requested model is not available for integrator "vscode-chat". Available models: [gpt-4o gpt-4.1]. '
            "Verify the correct Copilot-Integration-Id header is being sent.",
            "model_not_available_for_integrator",
            "model",
            "invalid_request_error",
        ),
        Refusal(
            400,
            'model "gpt-5.5" is not accessible via the /chat/completions endpoint',
            "unsupported_api_for_model",
        ),
        Refusal(400, "prompt token count of 14001 exceeds the limit of 12288", "model_max_prompt_tokens_exceeded"),
        Refusal(400, "store is not supported", "unsupported_value", "store"),
        Refusal(400, "Previous response was not found.", "previous_response_not_found"),
        Refusal(400, "off_topic: the question is not about programming", "off_topic"),
        Refusal(402, "You have no quota", "quota_exceeded"),
        Refusal(402, "You have no free quota left", "free_quota_exceeded"),
        Refusal(402, "Your overage limit is reached", "overage_limit_reached"),
        Refusal(402, "Billing is not configured", "billing_not_configured"),
        Refusal(
            408,
            "Timed out reading request body. Try again, or use a smaller request size.",
            "user_request_timeout",
        ),
        Refusal(422, "The request was filtered.", "cyber_policy"),
        _limit(RATE_LIMIT, "rate_limited"),
        _limit(SESSION_LIMIT, "user_global_rate_limited:pro", retry_after=2733),
        _limit(WEEKLY_LIMIT, "user_weekly_rate_limited:pro", retry_after=200000),
        _limit(RATE_LIMIT, "user_model_rate_limited:pro"),
        _limit(RATE_LIMIT, "integration_rate_limited"),
        _limit("The model is overloaded.", "model_overloaded", retry_after=None),
        _limit("The model's vendor limits us.", "upstream_provider_rate_limit", retry_after=None),
        _limit("Sorry, you've exceeded the agent mode limit.", "agent_mode_limit_exceeded"),
        Refusal(500, "internal error", "internal_error"),
    )
}
"""By code; a code that carries a plan (`user_global_rate_limited:pro`) is also found without it."""

BY_STATUS = {
    400: INVALID_BODY,
    401: UNAUTHENTICATED,
    402: CATALOGUE["quota_exceeded"],
    403: Refusal(403, "unauthorized: not authorized to use this Copilot feature"),
    404: NOT_FOUND,
    408: CATALOGUE["user_request_timeout"],
    413: TOO_LARGE,
    421: MISDIRECTED,
    422: CATALOGUE["cyber_policy"],
    424: Refusal(424, "failed dependency"),
    429: CATALOGUE["rate_limited"],
    466: Refusal(466, "client not supported"),
    500: CATALOGUE["internal_error"],
    529: Refusal(529, "Overloaded", "overloaded_error"),
}


def by_code(code: str) -> Refusal:
    """The catalogue's entry of that code, with or without its plan; an unknown code is a 400 of that code."""
    for known, refusal in CATALOGUE.items():
        if known is not None and code in {known, known.partition(":")[0]}:
            return refusal
    return Refusal(400, "Simulated failure.", code)


def by_status(status: int, headers: Fields) -> Reply:
    """What CAPI answers with that status: GitHub's HTML page for 502, 503 and 504, nothing for 499."""
    if status in {502, 503, 504}:
        return unicorn(status, headers)
    if status == 499:
        return Reply(499, (("content-type", "text/event-stream"), *headers))
    known = BY_STATUS.get(status) or Refusal(status, f"Simulated {status}")
    return replace(known, headers=()).reply(headers)  # a bare status has no Retry-After


def unicorn(status: int, headers: Fields) -> Reply:
    """GitHub's edge error page."""
    return Reply(status, (("content-type", HTML_TYPE), *headers), UNICORN)


def rest(status: int, message: str, headers: Fields, **more: object) -> Reply:
    """An error of api.github.com."""
    body = {"documentation_url": "https://docs.github.com/rest", "message": message, "status": str(status), **more}
    return Reply(status, (("content-type", JSON_TYPE), *headers), go_json(body))
