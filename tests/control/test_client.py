"""Our commands find the user's own server, and give nothing to anybody else."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from passenger.control.client import Found, Server, ServerError, find
from passenger.control.hello import FILE, read_or_make_secret
from passenger.secret import Secret
from passenger.simulator import Simulator
from tests.proxy import running
from tests.web.bench import asking

KEY = Secret("a-key-of-the-users-own")


def state_of(home: Path) -> Path:
    return home / ".local" / "state" / "passenger"


async def looked(url: str, state: Path, key: Secret | None = None) -> Found:
    secret = read_or_make_secret(state)
    return await asyncio.to_thread(find, "127.0.0.1", int(url.rpartition(":")[2]), secret, key)


async def test_the_users_own_server_is_known_and_tells_what_it_does(tmp_path: Path) -> None:
    read_or_make_secret(state_of(tmp_path))
    async with Simulator() as simulator, running(simulator, tmp_path) as proxy:
        found = await looked(proxy.url, state_of(tmp_path))
        assert found.state == "ours"
        assert found.hello
        assert found.hello.pid == proxy.pid
        tagged = Server("127.0.0.1", found.server.port, Secret("passenger-launch-0123456789ab"))
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
    found = find("127.0.0.1", port, read_or_make_secret(tmp_path), KEY)
    assert found.state == "other_program"
    assert found.holder
    assert found.server.key is None
    assert KEY.reveal().encode() not in b"".join(got)


def test_nobody_is_nobody() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    assert find("127.0.0.1", port, b"secret").state == "nothing"


async def test_a_server_that_cannot_read_the_secret_is_another_passenger(tmp_path: Path) -> None:
    async with Simulator() as simulator, running(simulator, tmp_path) as proxy:
        assert not (state_of(tmp_path) / FILE).exists()
        assert (await looked(proxy.url, tmp_path / "elsewhere")).state == "other_passenger"
