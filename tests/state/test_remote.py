"""A store in another process: what every store does, over a Unix socket, and what happens when that process is away."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import pytest_asyncio

from passenger.errors import Failure, Kind
from passenger.state import remote
from passenger.state.memory import MemoryStore, StoreLimits
from passenger.state.remote import RemoteStore
from passenger.state.serving import serve_store
from passenger.state.store import Store
from tests.fakes import Clock
from tests.proxy import eventually
from tests.state.cases import ANNA, StoreCases, gather, item, response


@asynccontextmanager
async def served(path: Path, store: Store) -> AsyncIterator[None]:
    """Serve a store at this path, and stop as a supervisor does."""
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(str(path))
    listening.listen()
    reading, writing = os.pipe()
    work = asyncio.ensure_future(serve_store(store, listening, reading))
    try:
        yield
    finally:
        os.close(writing)
        await work


@pytest_asyncio.fixture
async def judged(tmp_path: Path) -> AsyncIterator[Store]:
    async with served(tmp_path / "s", MemoryStore(StoreLimits(), Clock())):
        store = RemoteStore(str(tmp_path / "s"))
        yield store
        await store.aclose()


class TestRemote(StoreCases):
    """What every store does."""


async def test_many_calls_at_once_find_their_answers(judged: Store) -> None:
    assert set(await asyncio.gather(*(judged.put(response(f"r{number}")) for number in range(100)))) == {None}
    found = await asyncio.gather(*(judged.chain(ANNA, f"r{number}") for number in range(100)))
    assert found == [(item(f"r{number}-in"), item(f"r{number}-out")) for number in range(100)]


async def test_a_large_response_goes_over(judged: Store) -> None:
    large = response("r", text="x" * 3_000_000)
    assert await judged.put(large) is None
    assert await judged.get(ANNA, "r") == large


async def test_what_cannot_be_asked_is_a_failure_and_not_a_gap(tmp_path: Path) -> None:
    store = RemoteStore(str(tmp_path / "s"))
    assert await store.put(response("r")) == "out of reach"
    for lookup in (store.chain(ANNA, "r"), store.get(ANNA, "r"), gather(store.follow(ANNA, "r"))):
        with pytest.raises(Failure) as caught:
            await lookup
        assert caught.value.kind is Kind.UNAVAILABLE
        assert caught.value.code == "state_unavailable"
    assert store.trouble() == remote.AWAY


async def test_it_goes_on_once_the_process_is_there_again(tmp_path: Path) -> None:
    path, kept = tmp_path / "s", MemoryStore(StoreLimits(), Clock())
    store = RemoteStore(str(path))
    async with served(path, kept):
        assert await store.put(response("r")) is None
        await store.aclose()
    path.unlink()
    with pytest.raises(Failure):
        await store.get(ANNA, "r")
    async with served(path, MemoryStore(StoreLimits(), Clock())):
        assert await store.get(ANNA, "r") is None
        assert store.trouble() is None
        await store.aclose()


async def test_a_follower_that_leaves_is_forgotten(tmp_path: Path) -> None:
    kept = MemoryStore(StoreLimits(), Clock())
    async with served(tmp_path / "s", kept):
        store = RemoteStore(str(tmp_path / "s"))
        await store.append(ANNA, "r", [b"0"])
        before = len(asyncio.all_tasks())
        events = store.follow(ANNA, "r")
        assert await anext(events) == b"0"
        await events.aclose()  # type: ignore[attr-defined]  # it is a generator
        await store.aclose()
        await eventually(lambda: len(asyncio.all_tasks()) < before)


async def test_a_store_that_fails_is_told_apart(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    class Failing(MemoryStore):
        async def get(self, owner: str, response: str) -> None:
            raise RuntimeError("a mistake")

    async with served(tmp_path / "s", Failing(StoreLimits(), Clock())):
        store = RemoteStore(str(tmp_path / "s"))
        with pytest.raises(Failure, match="the store has failed"):
            await store.get(ANNA, "r")
        assert await store.put(response("r")) is None
        await store.aclose()
    assert "a mistake" in caplog.text


async def test_nonsense_on_the_socket_ends_that_connection_alone(tmp_path: Path) -> None:
    async with served(tmp_path / "s", MemoryStore(StoreLimits(), Clock())):
        for nonsense in (b"\xff\xff\xff\xff", b"\x00\x00\x00\x01\xc1", b"\x00\x00\x00\x04\x92\xa3bad"):
            reader, writer = await asyncio.open_unix_connection(str(tmp_path / "s"))
            writer.write(nonsense)
            writer.write_eof()
            assert await reader.read() == b""
            writer.close()
        store = RemoteStore(str(tmp_path / "s"))
        assert await store.put(response("r")) is None
        await store.aclose()
