"""Failures as Google's error object: https://google.aip.dev/193."""

from collections.abc import Iterator

import msgspec

from passenger.chat.prompt import JSON
from passenger.dialects.copilot_errors import OVERFLOW
from passenger.dialects.framing import StreamMessage
from passenger.errors import BUDGET_EXCEEDED, Failure, Kind
from passenger.jsontext.surrogates import replace_surrogates

_STATUS = {
    Kind.INVALID: "INVALID_ARGUMENT",
    Kind.TOO_LARGE: "INVALID_ARGUMENT",
    Kind.MEDIA_TYPE: "INVALID_ARGUMENT",
    Kind.LOGIN: "UNAUTHENTICATED",
    Kind.FORBIDDEN: "PERMISSION_DENIED",
    Kind.NOT_FOUND: "NOT_FOUND",
    Kind.QUOTA: "RESOURCE_EXHAUSTED",
    Kind.RATE_LIMIT: "RESOURCE_EXHAUSTED",
    Kind.UNAVAILABLE: "UNAVAILABLE",
    Kind.TIMEOUT: "DEADLINE_EXCEEDED",
}
_TYPE = "type.googleapis.com/google.rpc."


def write_failure(failure: Failure) -> bytes:
    """The body of an error answer."""
    status = _STATUS.get(failure.kind, "INTERNAL")
    error: JSON = {"code": failure.status, "message": replace_surrogates(_message(failure)), "status": status}
    if details := list(_details(failure)):
        error["details"] = details
    return msgspec.json.encode({"error": error})


def write_break(failure: Failure) -> StreamMessage:
    """The error object as the last message of a stream; no finish reason follows it."""
    return StreamMessage("", write_failure(failure))


def _message(failure: Failure) -> str:
    if failure.code != OVERFLOW:
        return failure.message
    if failure.overflow is None:
        return f"The input token count exceeds the maximum number of tokens allowed. ({failure.message})"
    had, limit = failure.overflow
    return f"The input token count ({had}) exceeds the maximum number of tokens allowed ({limit})."


def _details(failure: Failure) -> Iterator[JSON]:
    if failure.code is not None:
        yield {"@type": f"{_TYPE}ErrorInfo", "reason": replace_surrogates(failure.code), "domain": "passenger"}
    if failure.param is not None:
        violation = {"field": replace_surrogates(failure.param), "description": replace_surrogates(failure.message)}
        yield {"@type": f"{_TYPE}BadRequest", "fieldViolations": [violation]}
    if failure.code == BUDGET_EXCEEDED:
        quota = {"quotaId": "PassengerBudgetPerDay", "quotaMetric": "passenger/budget", "quotaValue": "0"}
        violation = {"subject": "budget", "description": replace_surrogates(failure.message), **quota}
        yield {"@type": f"{_TYPE}QuotaFailure", "violations": [violation]}
    elif failure.retry_after is not None and failure.retry_after.isdecimal():
        yield {"@type": f"{_TYPE}RetryInfo", "retryDelay": f"{failure.retry_after}s"}
