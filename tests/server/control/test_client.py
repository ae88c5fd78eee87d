"""Our commands find the user's own server, and give nothing to anybody else."""

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec
import pytest

from passenger.secret import Secret
from passenger.server.control.client import Found, RunningServer, ServerError, find_server, reachable
from passenger.server.control.handshake import FILE, Hello, read_or_make_secret, sign
from passenger.simulator import Simulator
from tests.proxy import running
from tests.server.bench import asking

KEY = Secret("a-key-of-the-users-own")


def state_of(home: Path) -> Path:
    return home / ".local" / "state" / "passenger"


async def looked(url: str, state: Path, key: Secret | None = None) -> Found:
    secret = read_or_make_secret(state)
    return await asyncio.to_thread(find_server, "127.0.0.1", int(url.rpartition(":")[2]), secret, key)


async def test_the_users_own_server_is_known_and_tells_what_it_does(tmp_path: Path) -> None:
    read_or_make_secret(state_of(tmp_path))
    async with Simulator() as simulator, running(simulator, tmp_path) as proxy:
        found = await looked(proxy.url, state_of(tmp_path))
        assert found.state == "ours"
        assert found.hello
        assert found.hello.pid == proxy.pid
        tagged = RunningServer("127.0.0.1", found.server.port, Secret("passenger-launch-0123456789ab"))
        await asyncio.to_thread(tagged.post, "/v1/chat/completions", asking("Hello", model="gpt-5.5"))
        await asyncio.to_thread(tagged.post, "/v1/chat/completions", asking("Hello", model="no-such"))
        first, second = await asyncio.to_thread(found.server.requests)
        assert (first.tag, first.asked, first.model, first.mode) == ("0123456789ab", "gpt-5.5", "gpt-5.5", "translated")
        assert first.input
        assert first.credits
        assert (first.status, first.outcome, first.error_code) == (200, "ok", None)
        assert (second.status, second.outcome, second.error_code) == (404, "failed", "model_not_found")
        assert list(await asyncio.to_thread(found.server.requests, first.ended)) == [second]
        status = await asyncio.to_thread(found.server.status)
        assert (status.pid, status.ready, status.needs_key, status.logged_in) == (proxy.pid, True, False, True)
        assert (status.requests.requests, status.requests.failed) == (2, 1)
        assert status.models
        cards = {card.id: card for card in await asyncio.to_thread(found.server.models)}
        assert cards["grok-code-fast-1"].is_hidden
        assert cards["gpt-5.5"].dialects == ["responses"]


async def test_all_workers_tell_of_the_requests_of_all(tmp_path: Path) -> None:
    read_or_make_secret(state_of(tmp_path))
    async with Simulator() as simulator, running(simulator, tmp_path, "--workers", "2") as proxy:
        found = await looked(proxy.url, state_of(tmp_path))
        assert found.hello
        assert found.hello.pid == proxy.pid

        def ask(number: int) -> None:
            assert found.server.post("/v1/chat/completions", asking(f"number {number}"))[0] == 200

        for number in range(12):
            await asyncio.to_thread(ask, number)
        async with asyncio.timeout(30):
            while len({record.id for record in await asyncio.to_thread(found.server.requests)}) < 12:
                await asyncio.sleep(0.05)
            while (await asyncio.to_thread(found.server.status)).requests.requests < 12:
                await asyncio.sleep(0.05)


async def test_another_users_server_is_given_nothing(tmp_path: Path) -> None:
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    read_or_make_secret(state_of(theirs))
    async with Simulator() as simulator, running(simulator, theirs) as proxy:
        found = await looked(proxy.url, tmp_path / "ours", KEY)
        assert found.state == "other_passenger"
        assert found.server.key is None


async def test_a_server_with_keys_tells_strangers_no_more_than_hello(tmp_path: Path) -> None:
    read_or_make_secret(state_of(tmp_path))
    env = {"PASSENGER_API_KEYS": KEY.reveal()}
    async with Simulator() as simulator, running(simulator, tmp_path, env=env) as proxy:
        found = await looked(proxy.url, state_of(tmp_path))
        assert found.state == "ours"
        for ask in (found.server.requests, found.server.status, found.server.models):
            with pytest.raises(ServerError, match="answered 401"):
                await asyncio.to_thread(ask)
        found = await looked(proxy.url, state_of(tmp_path), KEY)
        assert (await asyncio.to_thread(found.server.status)).needs_key


@pytest.fixture
def stranger() -> Iterator[tuple[int, list[bytes]]]:
    """A program that answers everything with a page."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        got: list[bytes] = []

        def serve() -> None:
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                with connection:
                    got.append(connection.recv(65536))
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi")

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listening.getsockname()[1], got
        listening.shutdown(socket.SHUT_RDWR)
        thread.join(10)


def test_another_program_is_named_and_given_no_key(stranger: tuple[int, list[bytes]], tmp_path: Path) -> None:
    port, got = stranger
    found = find_server("127.0.0.1", port, read_or_make_secret(tmp_path), KEY)
    assert found.state == "other_program"
    assert found.holder
    assert found.server.key is None
    assert KEY.reveal().encode() not in b"".join(got)


def test_nobody_is_nobody() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    assert find_server("127.0.0.1", port, b"secret").state == "nothing"


@pytest.mark.parametrize("nowhere", ["255.255.255.255", "ff02::1"])
def test_an_address_that_cannot_be_reached_has_nobody(nowhere: str) -> None:
    assert find_server("localhost", 9, b"secret", resolve=lambda _host, _port: [nowhere]).state == "nothing"


async def test_a_server_that_cannot_read_the_secret_is_another_passenger(tmp_path: Path) -> None:
    async with Simulator() as simulator, running(simulator, tmp_path) as proxy:
        assert not (state_of(tmp_path) / FILE).exists()
        assert (await looked(proxy.url, tmp_path / "elsewhere")).state == "other_passenger"


# --- strangers at our place ----------------------------------------------------------------------------------------


SECRET = b"s" * 32
OURS = Hello("1.2", 77, 1_700_000_000.25)
Answer = Callable[[socket.socket, bytes], None]


@contextmanager
def listening_at(host: str, port: int, answer: Answer) -> Iterator[tuple[int, list[bytes]]]:
    """A program that answers each piece that comes, on each connection until it is over; and all that came."""
    got: list[bytes] = []
    open_ones: list[socket.socket] = []
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, port), family=family) as listening:

        def serve(connection: socket.socket) -> None:
            with suppress(OSError), connection:
                while piece := connection.recv(65536):
                    got.append(piece)
                    answer(connection, piece)

        def accept() -> None:
            with suppress(OSError):
                while True:
                    open_ones.append(listening.accept()[0])
                    threading.Thread(target=serve, args=[open_ones[-1]], daemon=True).start()

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield listening.getsockname()[1], got
        for one in (listening, *open_ones):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        thread.join(10)


def introduced(more: bytes = b"") -> Answer:
    """Answers as our own server does to hello, and nothing at all to anything else."""

    def answer(connection: socket.socket, piece: bytes) -> None:
        nonce = piece.partition(b"nonce=")[2].partition(b" ")[0].decode()
        if not nonce:
            connection.close()
            return
        host, port = connection.getsockname()[:2]
        body = msgspec.json.encode(msgspec.structs.replace(OURS, signature=sign(SECRET, nonce, (host, port), OURS)))
        connection.sendall(b"HTTP/1.1 200 OK\r\n%bContent-Length: %d\r\n\r\n%b" % (more, len(body), body))

    return answer


def relaying_to(host: str, port: int) -> Answer:
    """A stranger who hands on what our own server answers."""

    def answer(connection: socket.socket, piece: bytes) -> None:
        with socket.create_connection((host, port), 10) as ours:
            ours.sendall(piece)
            connection.sendall(ours.recv(65536))

    return answer


@pytest.mark.proves("N2", "promise 2")
def test_a_stranger_at_another_address_cannot_pass_on_our_servers_answer() -> None:
    with (
        listening_at("127.0.0.1", 0, introduced()) as (port, _),
        listening_at("::1", port, relaying_to("127.0.0.1", port)) as (_, got),
    ):
        assert find_server("::1", port, SECRET, KEY).state == "other_passenger"
        found = find_server("localhost", port, SECRET, KEY, lambda _host, _port: ["::1", "127.0.0.1"])
        assert (found.state, found.server.url) == ("ours", f"http://127.0.0.1:{port}")
        with pytest.raises(ServerError):
            found.server.status()
    assert KEY.reveal().encode() not in b"".join(got)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "0.0.0.0", "", "::ffff:127.0.0.1"])
def test_our_server_is_found_by_all_names_of_its_address(host: str) -> None:
    with listening_at("127.0.0.1", 0, introduced()) as (port, _):
        assert find_server(host, port, SECRET).state == "ours"


async def test_a_server_proves_itself_at_an_address_of_ipv6(tmp_path: Path) -> None:
    secret = read_or_make_secret(state_of(tmp_path))
    async with Simulator() as simulator, running(simulator, tmp_path, "--host", "::1") as proxy:
        port = int(proxy.url.rpartition(":")[2])
        for host in ("::1", "0:0:0:0:0:0:0:1", "::"):
            found = await asyncio.to_thread(find_server, host, port, secret)
            assert found.state == "ours"
            assert (await asyncio.to_thread(found.server.status)).pid == proxy.pid


def test_a_name_that_nobody_knows_is_nobody() -> None:
    found = find_server("no-such-host.invalid", 8081, SECRET, KEY)
    assert (found.state, found.server.url, found.server.key) == ("nothing", "http://no-such-host.invalid:8081", None)


@pytest.mark.proves("N2", "promise 2")
def test_whoever_takes_the_port_afterwards_is_asked_again_and_given_no_key() -> None:
    with listening_at("127.0.0.1", 0, introduced()) as (port, _):
        found = find_server("127.0.0.1", port, SECRET, KEY)
    assert found.server.key == KEY

    def shrug(connection: socket.socket, _piece: bytes) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

    with listening_at("127.0.0.1", port, shrug) as (_, got):
        for ask in (found.server.status, lambda: found.server.post("/v1/chat/completions", asking("a prompt"))):
            with pytest.raises(ServerError, match="another program"):
                ask()
        with pytest.raises(ConnectionAbortedError):
            found.server.connect()
    assert all(piece.startswith(b"GET /v1/passenger/hello?nonce=") for piece in got)
    assert KEY.reveal().encode() not in b"".join(got)


@pytest.mark.parametrize("more", [b"", b"Connection: close\r\n"])
def test_no_second_connection_is_made_behind_the_proof(more: bytes) -> None:
    """The server hangs up after its proof, and whoever is connected to next would be somebody else."""
    connections: list[int] = []

    def answer(connection: socket.socket, piece: bytes) -> None:
        connections.append(connection.getpeername()[1])
        introduced(more)(connection, piece)
        connection.close()

    with listening_at("127.0.0.1", 0, answer) as (port, got):
        found = find_server("127.0.0.1", port, SECRET, KEY)
        with pytest.raises(ServerError):
            found.server.status()
    assert found.state == "ours"
    assert len(connections) == 2
    assert all(piece.startswith(b"GET /v1/passenger/hello?nonce=") for piece in got)


def test_what_listens_everywhere_is_reached_on_this_machine() -> None:
    asked = [reachable(host) for host in ("0.0.0.0", "::", "", "10.0.0.1")]
    assert asked == ["127.0.0.1", "::1", "127.0.0.1", "10.0.0.1"]
