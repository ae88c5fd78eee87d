"""A server proves that it is the user's own, and no other can."""

import http.client
import itertools
import socket
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import pytest

from passenger.private_file import StoreError
from passenger.server.control.handshake import (
    FILE,
    MOST,
    PATIENCE,
    Hello,
    Identity,
    NotIntroducedError,
    SocketEnd,
    introduce,
    is_signed,
    plain_address,
    read_or_make_secret,
    read_secret,
    sign,
)

HELLO = Hello("1.2", 77, 1_700_000_000.25)
PLACE: SocketEnd = ("127.0.0.1", 8081)
OURS, THEIRS = b"o" * 32, b"t" * 32


def answer(secret: bytes, nonce: str = "n", place: SocketEnd = PLACE, hello: Hello = HELLO) -> Hello:
    return msgspec.structs.replace(hello, signature=sign(secret, nonce, place, hello))


def test_the_same_secret_is_known_by_its_signature() -> None:
    assert is_signed(OURS, "n", PLACE, answer(OURS))


@pytest.mark.parametrize(
    "other",
    [
        answer(THEIRS),
        answer(OURS, nonce="m"),
        answer(OURS, place=("127.0.0.1", 8082)),
        answer(OURS, place=("::1", 8081)),
        msgspec.structs.replace(answer(OURS), pid=78),
        msgspec.structs.replace(answer(OURS), version="1.3"),
        msgspec.structs.replace(answer(OURS), started=1.0),
        HELLO,
    ],
    ids=[
        "another secret",
        "an old nonce",
        "another port",
        "another address",
        "another pid",
        "another version",
        "another start",
        "none",
    ],
)
def test_nothing_else_is(other: Hello) -> None:
    assert not is_signed(OURS, "n", PLACE, other)


def test_no_nonce_makes_one_answer_pass_for_another() -> None:
    """A stranger on port 8081 asks our server on 8082, with a nonce that looks like an answer's other parts."""
    relayed = answer(OURS, nonce="n\n127.0.0.1\n8081\n1\n1.0\nX", place=("127.0.0.1", 8082))
    version = f"X\n127.0.0.1\n8082\n{HELLO.pid}\n{HELLO.started!r}\n{HELLO.version}"
    assert not is_signed(OURS, "n", PLACE, Hello(version, 1, 1.0, relayed.signature))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("127.0.0.1", "::ffff:127.0.0.1"),
        ("::1", "0:0:0:0:0:0:0:1"),
        ("fe80::1%eth0", "fe80::1"),
        ("192.168.1.5", "::FFFF:c0a8:105"),
    ],
)
def test_an_address_is_the_same_in_all_its_spellings(one: str, other: str) -> None:
    assert plain_address(one) == plain_address(other)
    assert is_signed(OURS, "n", (one, 8081), answer(OURS, place=(other, 8081)))


def test_what_is_no_address_is_left_as_it_is() -> None:
    assert plain_address("localhost") == "localhost"


@pytest.mark.parametrize("signature", ["", "\u00e9", "z" * 64])
def test_what_is_no_signature_is_none(signature: str) -> None:
    assert not is_signed(OURS, "n", PLACE, msgspec.structs.replace(HELLO, signature=signature))


def test_the_secret_is_made_once_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    state = tmp_path / "state"
    assert read_secret(state) is None
    with ThreadPoolExecutor(8) as threads:
        made = set(threads.map(lambda _: read_or_make_secret(state), range(32)))
    assert len(made) == 1
    assert made == {read_secret(state)}
    assert stat.S_IMODE((state / FILE).stat().st_mode) == 0o600
    assert stat.S_IMODE(state.stat().st_mode) == 0o700
    assert [path.name for path in state.iterdir()] == [FILE]


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"secret": 7}', '{"secret": "zz"}'])
def test_a_file_that_holds_no_secret_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / FILE).write_text(content)
    assert read_secret(tmp_path) is None
    with pytest.raises(StoreError, match=FILE):
        read_or_make_secret(tmp_path)
    assert (tmp_path / FILE).read_text() == content


# --- identity ---------------------------------------------------------------------------------------------------------


def test_it_signs_with_a_secret_that_was_made_after_its_start(tmp_path: Path) -> None:
    identity = Identity("1", 2, 3.0, tmp_path)
    assert identity.hello("n", ("::1", 80)).signature is None
    secret = read_or_make_secret(tmp_path)
    assert is_signed(secret, "n", ("::1", 80), identity.hello("n", ("::1", 80)))


def test_without_a_state_directory_it_is_nobodys() -> None:
    assert Identity("1", 2, 3.0).hello("n", ("::1", 80)).signature is None


# --- the command's side -----------------------------------------------------------------------------------------------


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
