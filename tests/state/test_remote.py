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
from passenger.state import remote, serving
from passenger.state.calls import CALL, ReplyKind, StoreReply, read_frame, to_frame, to_msgpack
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
        await store.append(ANNA, "r", 0, [b"0"])
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
        assert await store.put(response("r")) is None
        for _ in range(2):
            with pytest.raises(Failure, match="the store has failed"):
                await store.get(ANNA, "r")
        assert await store.put(response("r")) is None
        assert caplog.text.count("RuntimeError: a mistake") == 2, "each call is asked once"
        await store.aclose()
    assert "a mistake" in caplog.text


async def test_a_store_that_hangs_is_asked_once_and_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = list[str]()

    class Hanging(MemoryStore):
        async def get(self, owner: str, response: str) -> None:
            asked.append(response)
            await asyncio.Event().wait()

    monkeypatch.setattr(remote, "PATIENCE", 0.2)
    monkeypatch.setattr(serving, "AFTERWARDS", 0.0)
    async with served(tmp_path / "s", Hanging(StoreLimits(), Clock())):
        store = RemoteStore(str(tmp_path / "s"))
        await asyncio.gather(*(store.put(response(f"r{number}")) for number in range(3)))
        with pytest.raises(Failure, match="does not answer"):
            await store.get(ANNA, "r")
        assert asked == ["r"]
        assert store.trouble() == remote.AWAY
        await store.aclose()


@pytest.mark.parametrize(("method", "times"), [("add_items", 1), ("append", 1), ("get", 2), ("delete", 2)])
async def test_what_would_be_done_twice_is_not_asked_twice(tmp_path: Path, method: str, times: int) -> None:
    asked = list[str]()

    async def answer_puts(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while (call := CALL.decode(await read_frame(reader))).method == "put":
            writer.write(to_frame(StoreReply(ReplyKind.VALUE, to_msgpack(None))))
        asked.append(call.method)
        writer.close()

    async with await asyncio.start_unix_server(answer_puts, str(tmp_path / "s")):
        store = RemoteStore(str(tmp_path / "s"))
        assert await store.put(response("r")) is None
        if method == "add_items":
            assert await store.add_items(ANNA, "c", (item("i"),)) == "out of reach"
        else:
            with pytest.raises(Failure, match="does not answer"):
                await (store.append(ANNA, "r", 0, [b"0"]) if method == "append" else getattr(store, method)(ANNA, "r"))
        assert asked == [method] * times
        await store.aclose()


async def test_who_follows_is_told_that_the_process_has_ended(tmp_path: Path) -> None:
    async def send_one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if CALL.decode(await read_frame(reader)).method == "follow":
            writer.write(to_frame(StoreReply(ReplyKind.ITEM, to_msgpack(b"0"))))
        writer.close()

    async with await asyncio.start_unix_server(send_one, str(tmp_path / "s")):
        store = RemoteStore(str(tmp_path / "s"))
        events = store.follow(ANNA, "r")
        assert await anext(events) == b"0"
        with pytest.raises(Failure, match="does not answer"):
            await anext(events)
        with pytest.raises(Failure, match="does not answer"):
            await store.cancelled(ANNA, "r")


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
