"""Failures as Responses spells them, in an answer's body and in a stream, and Copilot's events as failures.

https://platform.openai.com/docs/api-reference/responses-streaming/error
"""

from typing import Any

import msgspec

from passenger.chat.prompt import JSON
from passenger.dialects.copilot_errors import recognize_overflow
from passenger.dialects.framing import StreamMessage
from passenger.dialects.openai.errors import error_object
from passenger.dialects.openai.responses.stream_events import ResponseObject, StreamEvent
from passenger.errors import BUDGET_EXCEEDED, STATUS, Failure, Kind

_CODE = {Kind.RATE_LIMIT: "rate_limit_exceeded", Kind.QUOTA: "insufficient_quota"}
"""The codes by which Codex knows what to retry."""


def write_failure(failure: Failure) -> bytes:
    """The body of an error answer."""
    error = error_object(failure)
    if failure.code == BUDGET_EXCEEDED:  # Codex shows when a limit of its plan ends, and asks no more
        error |= {"type": "usage_limit_reached", "resets_in_seconds": int(failure.retry_after or 0)}
    return msgspec.json.encode({"error": error})


def write_break(failure: Failure) -> StreamMessage:
    """The event that ends a relayed stream which has broken."""
    return StreamMessage("error", msgspec.json.encode(error_event(failure, 0)))


def error_event(failure: Failure, number: int) -> JSON:
    """The flat `error` event of the API reference; the official SDKs look for the nested `error` object as well."""
    error = error_object(failure)
    flat = {"code": error["code"] or error["type"], "message": failure.message, "param": failure.param}
    return {"type": "error", "sequence_number": number, **flat, "error": error}


def response_error(failure: Failure) -> JSON:
    """The `error` of a failed response. Codex reads from its message how long to wait."""
    is_spent = failure.code == BUDGET_EXCEEDED
    code = _CODE[Kind.QUOTA] if is_spent else _CODE.get(failure.kind) or failure.code
    message = failure.message
    if failure.kind is Kind.RATE_LIMIT and not is_spent and (failure.retry_after or "").isdecimal():
        message = f"{message} Please try again in {failure.retry_after}s."
    return {"code": code or ("invalid_prompt" if failure.status < 500 else "server_error"), "message": message}


# --- from upstream -----------------------------------------------------------------------------------------------

_KIND = {
    "invalid_prompt": Kind.INVALID,
    "invalid_request_error": Kind.INVALID,
    "invalid_request_body": Kind.INVALID,
    "bad_request": Kind.INVALID,
    "content_filter": Kind.INVALID,
    "cyber_policy": Kind.INVALID,
    "request_too_large": Kind.TOO_LARGE,
    "not_found": Kind.NOT_FOUND,
    "quota_exceeded": Kind.QUOTA,
    "free_quota_exceeded": Kind.QUOTA,
    "overage_limit_reached": Kind.QUOTA,
    "billing_not_configured": Kind.QUOTA,
    "insufficient_quota": Kind.QUOTA,
    "rate_limit_exceeded": Kind.RATE_LIMIT,
    "rate_limited": Kind.RATE_LIMIT,
    "user_model_rate_limited": Kind.RATE_LIMIT,
    "user_global_rate_limited": Kind.RATE_LIMIT,
    "integration_rate_limited": Kind.RATE_LIMIT,
    "agent_mode_limit_exceeded": Kind.RATE_LIMIT,
    "model_overloaded": Kind.UNAVAILABLE,
    "server_is_overloaded": Kind.UNAVAILABLE,
    "slow_down": Kind.UNAVAILABLE,
    "service_unavailable": Kind.UNAVAILABLE,
}
"""The codes of events that end a stream; every other is `Kind.UPSTREAM`."""


FAILED = frozenset({"response.failed", "response.cancelled", "error"})
"""The types of the events that end a stream with a failure."""


def read_failure(event: StreamEvent) -> Failure | None:
    """The failure that an event reports: in its response, nested, flat, or as CAPI's own errors without a type."""
    if event.type not in FAILED and (event.type or event.error is None):
        return None
    flat = {"code": event.code, "message": event.message, "param": event.param}
    error = (event.response.error if event.response else None) or event.error or flat
    otherwise = "Copilot cancelled the answer" if event.type == "response.cancelled" else "Copilot's answer failed"
    return _failure(error, otherwise)


def read_end_failure(response: ResponseObject) -> Failure | None:
    """The failure that a response reports though its event says that it is complete."""
    if response.error is None and response.status not in {"failed", "cancelled"}:
        return None
    return _failure(response.error, "Copilot's answer failed")


def _failure(error: Any, otherwise: str) -> Failure:
    """The failure of an error object. A code may end with a detail after a colon."""
    fields = error if isinstance(error, dict) else {}
    message = str(fields.get("message") or otherwise)
    code = str(fields["code"]) if fields.get("code") else None
    kind = _status_kind(code) or _KIND.get((code or "").partition(":")[0], Kind.UPSTREAM)
    param = fields.get("param")
    return recognize_overflow(Failure(kind, message, code=code, param=param if isinstance(param, str) else None))


def _status_kind(code: str | None) -> Kind | None:
    """The kind of a code that is an HTTP status, as CAPI's own are in mid stream."""
    kinds = {str(status): kind for kind, status in STATUS.items()}
    return kinds.get(code or "")
