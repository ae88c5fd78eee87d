"""Who answers on a connection is asked with bounds in time and size."""

import http.client
import itertools
import socket
from collections.abc import Iterator

import pytest

from passenger.control.introduction import MOST, PATIENCE, NotIntroducedError, introduce


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Both ends of a connection: ours and a stranger's."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        ours = socket.create_connection(listening.getsockname(), PATIENCE)
        theirs, _ = listening.accept()
        with ours, theirs:
            yield ours, theirs


def test_an_answer_that_comes_by_drops_has_one_deadline(pair: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = pair
    theirs.sendall(b"HTTP/1.1 200 OK\r\nContent-Le")
    moments = itertools.chain([0.0, PATIENCE / 2], itertools.repeat(PATIENCE))
    with pytest.raises(TimeoutError):
        introduce(ours, "127.0.0.1", b"secret", moments.__next__)


@pytest.mark.parametrize(
    "begin",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 16777216\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: ",
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"",
    ],
    ids=["declared", "head", "until the end", "no HTTP"],
)
def test_a_long_answer_is_not_read_to_its_end(pair: tuple[socket.socket, socket.socket], begin: bytes) -> None:
    ours, theirs = pair
    sent = begin + b"x" * 2 * MOST
    theirs.sendall(sent)
    with pytest.raises((OSError, http.client.HTTPException)):
        introduce(ours, "127.0.0.1", b"secret")
    ours.setblocking(False)
    assert len(ours.recv(len(sent))) >= len(sent) - MOST


@pytest.mark.parametrize("answer", [b"404 Not Found", b"200 OK"])
def test_another_answer_is_no_introduction(pair: tuple[socket.socket, socket.socket], answer: bytes) -> None:
    ours, theirs = pair
    theirs.sendall(b"HTTP/1.1 %b\r\nContent-Length: 2\r\n\r\n{}" % answer)
    with pytest.raises(NotIntroducedError):
        introduce(ours, "127.0.0.1", b"secret")
    assert theirs.recv(4096).startswith(b"GET /v1/passenger/hello?nonce=")
