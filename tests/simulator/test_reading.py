import pytest

from passenger.simulator.reading import BadRequestError, Inbox
from passenger.simulator.recorded import Recorded

PLAIN = b"POST /chat?x=1 HTTP/1.1\r\nHost: a\r\nX-CASED: One\r\ncontent-length: 5\r\n\r\nhello"
CHUNKED = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3;ext=1\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n"


def taken(data: bytes, width: int) -> list[Recorded]:
    inbox, found = Inbox(), []
    for at in range(0, len(data), width):
        inbox.feed(data[at : at + width])
        while (request := inbox.take()) is not None:
            found.append(request)
    return found


@pytest.mark.parametrize("width", [1, 2, 3, 7, 1000])
def test_requests_come_out_whole_however_their_bytes_came_in(width: int) -> None:
    first, second, third = taken(PLAIN + CHUNKED + PLAIN, width)
    assert (first.method, first.path, first.route, first.body) == ("POST", "/chat?x=1", "/chat", b"hello")
    assert second.body == b"hello"
    assert third.headers == first.headers


def test_headers_keep_their_case_and_order_and_are_found_in_any_case() -> None:
    request = taken(PLAIN, 1000)[0]
    assert request.headers == [("Host", "a"), ("X-CASED", "One"), ("content-length", "5")]
    assert request.header("x-cased") == "One"
    assert request.header("absent") is None


@pytest.mark.parametrize(
    "data",
    [
        b"nonsense\r\n\r\n",
        b"GET / HTTP/2\r\n\r\n",
        b"GET / HTTP/1.1\r\ncontent-length: many\r\n\r\n",
        b"GET / HTTP/1.1\r\ncontent-length: 99999999999\r\n\r\n",
        b"GET / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        b"x" * 300_000,
    ],
)
def test_bytes_that_are_no_request_are_refused(data: bytes) -> None:
    with pytest.raises(BadRequestError):
        taken(data, len(data))


def test_a_client_that_waits_for_100_continue_is_noticed_until_its_body_came() -> None:
    inbox = Inbox()
    inbox.feed(b"POST / HTTP/1.1\r\nExpect: 100-continue\r\ncontent-length: 1\r\n\r\n")
    assert inbox.take() is None
    assert inbox.wants_continue
    inbox.feed(b"x")
    assert inbox.take() is not None
    assert not inbox.wants_continue
