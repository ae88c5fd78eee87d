"""The body of a request as it comes, and what is told of its head."""

import asyncio

import pytest

from passenger.dialects import Request
from passenger.errors import Failure, Kind
from passenger.server.http.stream import ClientGone
from passenger.server.request_body import read_request, receive_body
from tests.server.line import Client

LIMIT = 10
BEGINNING = "POST /v1/x?beta=true&n=a%20b HTTP/1.1\r\nHost: h\r\nX-Id: 1\r\n"
CHUNKED = f"{BEGINNING}Transfer-Encoding: chunked\r\n\r\n"


class Reading:
    """A request whose body is read, and what was held of it."""

    def __init__(self, head: str) -> None:
        self.client, self.held = Client(), list[int]()
        self.client.send(head)
        self.body = asyncio.get_running_loop().create_task(
            receive_body(self.client.streams[0], LIMIT, self.held.append), name="body"
        )

    async def come(self, data: str) -> None:
        """Let something come, and be taken."""
        await asyncio.sleep(0)
        self.client.send(data)
        await asyncio.sleep(0)


@pytest.mark.parametrize("pieces", [("abcdefghij",), ("abc", "defghij"), tuple("abcdefghij")])
async def test_a_body_is_the_same_in_however_many_pieces_it_comes(pieces: tuple[str, ...]) -> None:
    reading = Reading(f"{BEGINNING}Content-Length: 10\r\n\r\n")
    for piece in pieces:
        await reading.come(piece)
    assert await reading.body == b"abcdefghij"
    assert reading.held == [len(piece) for piece in pieces]


async def test_a_body_that_came_with_its_head_is_taken_at_once() -> None:
    reading = Reading(f"{BEGINNING}Content-Length: 3\r\n\r\nabc")
    assert await reading.body == b"abc"
    assert reading.held == [3]


async def test_nothing_is_read_of_a_body_that_says_that_it_is_too_large() -> None:
    reading = Reading(f"{BEGINNING}Content-Length: 11\r\n\r\nabcdefghijk")
    with pytest.raises(Failure) as raised:
        await reading.body
    assert (raised.value.kind, raised.value.code) == (Kind.TOO_LARGE, "request_too_large")
    assert reading.held == []


async def test_a_body_of_unknown_length_is_read_up_to_the_limit() -> None:
    reading = Reading(CHUNKED)
    await reading.come("a\r\nabcdefghij\r\n")
    await reading.come("1\r\nk\r\n")
    with pytest.raises(Failure, match=r"larger than 10 bytes"):
        await reading.body
    assert reading.held == [10]


async def test_who_leaves_before_the_end_has_sent_no_body() -> None:
    reading = Reading(CHUNKED)
    await reading.come("3\r\nabc\r\n")
    reading.client.leave()
    with pytest.raises(ClientGone):
        await reading.body


async def test_headers_and_query_are_told_as_text() -> None:
    client = Client()
    client.send(f"{BEGINNING}Content-Length: 0\r\n\r\n")
    found = read_request(client.streams[0].scope, b"{}")
    assert found == Request(
        b"{}", {}, {"host": "h", "x-id": "1", "content-length": "0"}, {"beta": "true", "n": "a b"}, heavy=False
    )
