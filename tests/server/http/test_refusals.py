"""What the server refuses by itself is a whole answer, and the last one."""

import json

import pytest

from passenger.errors import Failure
from passenger.limits import Limits
from passenger.server.http.refusals import (
    NOT_HTTP,
    TOO_MANY_BEHIND,
    UNKNOWN_CODING,
    large_head,
    late,
    long_target,
    other_version,
    too_many_connections,
    write_refusal,
)

ALL = {
    400: NOT_HTTP,
    408: late("the body"),
    414: long_target(Limits()),
    429: TOO_MANY_BEHIND,
    431: large_head(Limits()),
    501: UNKNOWN_CODING,
    503: too_many_connections(7),
    505: other_version("2.0"),
}


@pytest.mark.parametrize(("status", "failure"), ALL.items())
def test_a_refusal_is_whole_and_closes(status: int, failure: Failure) -> None:
    head, _, body = write_refusal(failure).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 %d " % status)
    assert b"\r\nconnection: close" in head
    assert b"\r\ncontent-length: %d\r\n" % len(body) in head
    assert json.loads(body)["error"]["message"] == failure.message
    assert (b"\r\nretry-after: 1" in head) == (status == 503)
