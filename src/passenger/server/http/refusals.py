"""The failures of requests that are refused before they are served, and how they are answered."""

from passenger.dialects.openai import chat as completions
from passenger.errors import Failure, Kind
from passenger.limits import Limits
from passenger.server.http.response_head import status_line

MOST_BEHIND = 100
"""Requests that may wait on a connection for the answer to the one before them."""

NOT_HTTP = Failure(Kind.INVALID, "this is not a request of HTTP/1.1", code="not_http")

UNKNOWN_CODING = Failure(
    Kind.INVALID, "no transfer coding is understood but chunked", status=501, code="transfer_encoding_not_supported"
)

TOO_MANY_BEHIND = Failure(
    Kind.RATE_LIMIT,
    f"more than {MOST_BEHIND} requests wait on this connection for the answer to another",
    code="too_many_requests",
)


def too_many_connections(most: int) -> Failure:
    """The failure of a connection above the limit."""
    message = f"{most} connections are open already ([limits] max_connections)"
    return Failure(Kind.UNAVAILABLE, message, code="overloaded", retry_after="1")


def late(what: str) -> Failure:
    """The failure of a request that did not come in time."""
    return Failure(Kind.INVALID, f"{what} of the request did not come in time", status=408, code="request_timeout")


def long_target(limits: Limits) -> Failure:
    """The failure of a target above the limit."""
    message = f"the request's target is longer than {limits.max_uri} bytes ([limits] max_uri)"
    return Failure(Kind.INVALID, message, status=414, code="uri_too_long")


def large_head(limits: Limits) -> Failure:
    """The failure of headers or trailers above the limits."""
    message = (
        f"the request has more than {limits.max_headers} headers, or more than {limits.max_header_bytes} bytes of them "
        "([limits] max_headers, max_header_bytes)"
    )
    return Failure(Kind.INVALID, message, status=431, code="headers_too_large")


def other_version(version: str) -> Failure:
    """The failure of an unsupported version of HTTP."""
    message = f"HTTP/{version} is not served here: send HTTP/1.1"
    return Failure(Kind.INVALID, message, status=505, code="http_version_not_supported")


def write_refusal(failure: Failure) -> bytes:
    """The whole answer to a refused request, with OpenAI's error object."""
    body = completions.INBOUND.write_failure(failure)
    wait = f"retry-after: {failure.retry_after}\r\n" if failure.retry_after else ""
    head = f"content-type: application/json\r\ncontent-length: {len(body)}\r\n{wait}connection: close\r\n\r\n"
    return status_line(failure.status) + head.encode() + body
