"""What the server itself refuses, and how it says so: no application has seen such a request."""

from passenger.dialects import completions
from passenger.errors import Failure, Kind
from passenger.limits import Limits
from passenger.server.head import status_line

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
    """A client beyond the connections that there may be."""
    message = f"{most} connections are open already ([limits] max_connections)"
    return Failure(Kind.UNAVAILABLE, message, code="overloaded", retry_after="1")


def late(what: str) -> Failure:
    """A request of which a part has not come."""
    return Failure(Kind.INVALID, f"{what} of the request did not come in time", status=408, code="request_timeout")


def long_target(limits: Limits) -> Failure:
    """A target beyond its limit."""
    message = f"the request's target is longer than {limits.max_uri} bytes ([limits] max_uri)"
    return Failure(Kind.INVALID, message, status=414, code="uri_too_long")


def large_head(limits: Limits) -> Failure:
    """Headers or trailers beyond their limits."""
    message = (
        f"the request has more than {limits.max_headers} headers, or more than {limits.max_header_bytes} bytes of them "
        "([limits] max_headers, max_header_bytes)"
    )
    return Failure(Kind.INVALID, message, status=431, code="headers_too_large")


def other_version(version: str) -> Failure:
    """A version of HTTP that is not spoken here."""
    message = f"HTTP/{version} is not served here: send HTTP/1.1"
    return Failure(Kind.INVALID, message, status=505, code="http_version_not_supported")


def write_refusal(failure: Failure) -> bytes:
    """A whole answer, in the dialect that most clients read."""
    body = completions.write_failure(failure)
    wait = f"retry-after: {failure.retry_after}\r\n" if failure.retry_after else ""
    head = f"content-type: application/json\r\ncontent-length: {len(body)}\r\n{wait}connection: close\r\n\r\n"
    return status_line(failure.status) + head.encode() + body
