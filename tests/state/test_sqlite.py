"""The store on disk: what every store does, what restarts find, and a file that cannot be used."""

import asyncio
import json
import os
import sqlite3
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from passenger.errors import Failure
from passenger.state import state_file
from passenger.state.memory import StoreLimits
from passenger.state.sqlite import SqliteStore
from passenger.state.store import LostError, Store
from passenger.state.stored import Status, StoredConversation, StoredResponse
from tests.fakes import Clock
from tests.state.cases import ANNA, BERT, StoreCases, gather, item, response

POSIX = pytest.mark.skipif(os.name != "posix", reason="modes are of POSIX")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state.sqlite"


@asynccontextmanager
async def opened(path: Path, clock: Clock, **limits: Any) -> AsyncIterator[SqliteStore]:
    store = SqliteStore(path, StoreLimits(**{"lifetime": 1_000_000.0, **limits}), clock, clock)
    try:
        yield store
    finally:
        await store.aclose()


@pytest.fixture
async def judged(path: Path, clock: Clock) -> AsyncIterator[Store]:
    async with opened(path, clock) as store:
        yield store


class TestSqlite(StoreCases):
    """What every store does."""


class TestSqliteWithoutMemory(StoreCases):
    """The same where the memory has forgotten it all, and the file alone knows."""

    @pytest.fixture(autouse=True)
    def _forgetful(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("passenger.state.sqlite.MEMORY", 1)


async def chained(store: Store, owner: str, name: str) -> tuple[bytes, ...] | None:
    try:
        return await store.chain(owner, name)
    except LostError:
        return None


def count(path: Path, table: str) -> int:
    database = sqlite3.connect(path)
    (number,) = database.execute(f"SELECT count(*) FROM {table}").fetchone()
    database.close()
    return int(number)


def everything(path: Path) -> bytes:
    return b"".join(one.read_bytes() for one in sorted(path.parent.iterdir()) if one.is_file())


# --- restarts --------------------------------------------------------------------------------------------------------


async def test_a_restart_finds_everything(path: Path, clock: Clock) -> None:
    conversation = StoredConversation("conv", ANNA, 1, b'{"topic":"x"}')
    async with opened(path, clock) as store:
        for name, parent in (("a", None), ("b", "a"), ("c", "b")):
            assert await store.put(response(name, parent)) is None
        await store.put_conversation(conversation)
        await store.add_items(ANNA, "conv", (item("1"), item("2")))
        await store.append(ANNA, "c", 0, [b"0", b"1"])
        await store.close_log(ANNA, "c")
    async with opened(path, clock) as store:
        assert await store.get(ANNA, "b") == response("b", "a")
        assert await store.find_items(ANNA, ["a-in", "2"]) == {"a-in": item("a-in"), "2": item("2")}
        assert await store.chain(ANNA, "c") == tuple(item(f"{n}-{way}") for n in "abc" for way in ("in", "out"))
        assert await store.get_conversation(ANNA, "conv") == conversation
        assert await store.conversation_items(ANNA, "conv") == (item("1"), item("2"))
        assert await gather(store.follow(ANNA, "c", 0)) == [b"1"]


@pytest.mark.parametrize("status", [Status.QUEUED, Status.IN_PROGRESS])
async def test_what_ran_when_the_process_ended_has_failed(path: Path, clock: Clock, status: Status) -> None:
    async with opened(path, clock) as store:
        await store.put(response("r", status=status))
        await store.put(response("done"))
    async with opened(path, clock) as store:
        found = await store.get(ANNA, "r")
        assert found is not None
        assert (found.status, found.input) == (Status.FAILED, response("r").input)
        assert json.loads(found.answer) == {
            "id": "r",
            "output": [],
            "status": "failed",
            "error": {"code": "server_error", "message": "Passenger was restarted"},
        }
        assert await store.get(ANNA, "done") == response("done")


async def test_what_was_used_in_memory_lives_on_in_the_file(path: Path, clock: Clock) -> None:
    async with opened(path, clock, lifetime=100) as store:
        await store.put(response("a"))
        await store.put(response("b", "a"))
        await store.put(response("other"))
        clock.now += 60
        assert await chained(store, ANNA, "b") is not None
    clock.now += 60
    async with opened(path, clock, lifetime=100) as store:
        assert await store.get(ANNA, "other") is None
        assert await chained(store, ANNA, "b") is not None
        clock.now += 101
        assert await chained(store, ANNA, "b") is None
    assert (count(path, "response"), count(path, "tree"), count(path, "place")) == (0, 0, 0)


async def test_the_events_of_a_response_go_some_time_after_its_end(path: Path, clock: Clock) -> None:
    async with opened(path, clock) as store:
        await store.append(ANNA, "r", 0, [b"0"])
        await store.close_log(ANNA, "r")
    clock.now += 601
    async with opened(path, clock) as store:
        with pytest.raises(LostError):
            await gather(store.follow(ANNA, "r"))
    assert count(path, "log") == 0


# --- room ------------------------------------------------------------------------------------------------------------


async def test_the_owner_who_holds_the_most_loses_first_and_the_oldest_of_it(path: Path, clock: Clock) -> None:
    async with opened(path, clock, size=1_000_000) as store:
        await store.put(response("berts", owner=BERT))
        for number in range(60):
            clock.now += 1
            assert await store.put(response(f"annas-{number}", text=os.urandom(20_000).hex())) is None
    assert path.stat().st_size <= 1_000_000
    async with opened(path, clock) as store:
        assert await store.get(BERT, "berts") is not None
        assert await store.get(ANNA, "annas-0") is None
        assert await store.get(ANNA, "annas-59") is not None


async def test_what_alone_is_more_than_there_is_room_for_is_not_kept(path: Path, clock: Clock) -> None:
    async with opened(path, clock, size=400_000) as store:
        await store.put(response("small"))
        assert await store.put(response("r", text=os.urandom(200_000).hex())) == "full"
        assert await store.get(ANNA, "r") is None
        assert await store.put(response("s", text="x" * 9_000_000)) == "too large"
        assert await store.put(response("later")) is None


async def test_a_chain_longer_than_the_limit_is_not_found(path: Path, clock: Clock) -> None:
    async with opened(path, clock) as store:
        for number in range(4):
            await store.put(response(f"r{number}", f"r{number - 1}" if number else None))
    async with opened(path, clock, links=3) as store:
        assert await chained(store, ANNA, "r2") is not None
        assert await chained(store, ANNA, "r3") is None


async def test_a_history_that_is_too_large_for_memory_is_not_found(
    path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(path, clock) as store:
        for number in range(4):
            await store.put(response(f"r{number}", f"r{number - 1}" if number else None, text="x" * 1_000))
    monkeypatch.setattr("passenger.state.response_rows.LONGEST", 7_000)
    async with opened(path, clock) as store:
        assert await chained(store, ANNA, "r2") is not None
        assert await chained(store, ANNA, "r3") is None


async def test_a_chain_of_ten_thousand_items_is_whole_after_a_restart(path: Path, clock: Clock) -> None:
    items = tuple(item(f"i{number}") for number in range(5_000))
    first = StoredResponse("a", ANNA, 1, Status.COMPLETED, b"{}", items, items)
    async with opened(path, clock) as store:
        await store.put(first)
    async with opened(path, clock) as store:
        assert await store.chain(ANNA, "a") == items + items


async def test_a_conversation_has_limits(path: Path, clock: Clock) -> None:
    async with opened(path, clock, items=2, largest=1_000) as store:
        await store.put_conversation(StoredConversation("conv", ANNA, 1))
        assert await store.add_items(ANNA, "conv", (item("1", "x" * 900),)) is None
        assert await store.add_items(ANNA, "conv", (item("2", "x" * 900),)) == "too large"
        assert await store.add_items(ANNA, "conv", (item("2"), item("3"))) == "too many items"
        assert await store.conversation_items(ANNA, "conv") == (item("1", "x" * 900),)


# --- images and privacy ----------------------------------------------------------------------------------------------


def picture(name: str, letter: str) -> bytes:
    return b'{"id":"%b","image_url":"data:image/png;base64,%b"}' % (name.encode(), letter.encode() * 100_000)


async def test_a_large_image_is_kept_once_and_gone_with_its_last_user(path: Path, clock: Clock) -> None:
    def looking(name: str) -> StoredResponse:
        return StoredResponse(name, ANNA, 1, Status.COMPLETED, b"{}", (picture(f"{name}-in", "A"),))

    async with opened(path, clock) as store:
        await store.put(looking("a"))
        await store.put(looking("b"))
        await store.put_conversation(StoredConversation("conv", ANNA, 1))
        await store.add_items(ANNA, "conv", (picture("c", "A"), picture("d", "B")))
    assert (count(path, "image"), count(path, "image_use")) == (2, 4)
    async with opened(path, clock) as store:
        assert await store.chain(ANNA, "b") == (picture("b-in", "A"),)
        assert await store.conversation_items(ANNA, "conv") == (picture("c", "A"), picture("d", "B"))
        await store.delete(ANNA, "a")
        assert await store.get(ANNA, "b") == looking("b")
        await store.delete_item(ANNA, "conv", "c")
        await store.delete(ANNA, "b")
    assert count(path, "image") == 1
    async with opened(path, clock) as store:
        await store.delete_conversation(ANNA, "conv")
    assert (count(path, "image"), count(path, "image_use"), count(path, "tree")) == (0, 0, 0)


@POSIX
async def test_the_file_is_its_owners_alone(path: Path, clock: Clock) -> None:
    async with opened(path, clock) as store:
        await store.put(response("r"))
        assert {stat.S_IMODE(one.stat().st_mode) for one in path.parent.iterdir()} == {0o600}


async def test_what_is_deleted_is_nowhere_in_the_file(path: Path, clock: Clock) -> None:
    canary = os.urandom(500).hex()  # does not shrink so far that nothing of it would be seen
    async with opened(path, clock) as store:
        await store.put(StoredResponse("keep-me-in-the-file", ANNA, 1, Status.COMPLETED, b"{}"))
        await store.put(response("canary-response", text=canary))
        assert b"canary-response" in everything(path)
        await store.delete(ANNA, "canary-response")
        assert b"canary-response" not in everything(path)
        await store.put_conversation(StoredConversation("conv", ANNA, 1, b'{"topic":"canary-topic"}'))
        await store.add_items(ANNA, "conv", (item("canary-item"),))
        assert b"canary-item" in everything(path)
        assert await store.delete_item(ANNA, "conv", "canary-item") is True
        assert b"canary-item" not in everything(path)
        await store.delete_conversation(ANNA, "conv")
        assert b"canary-topic" not in everything(path)
    assert b"keep-me-in-the-file" in everything(path)


# --- a file that cannot be used --------------------------------------------------------------------------------------


async def test_a_damaged_file_is_set_aside_and_the_memory_goes_on(path: Path, clock: Clock) -> None:
    path.write_bytes(b"no database at all " * 1000)
    async with opened(path, clock) as store:
        await store.open()
        assert "is damaged" in (store.trouble() or "")
        assert await store.put(response("a")) is None
        assert await store.put(response("b", "a")) is None
        assert len(await store.chain(ANNA, "b")) == 4
        await store.put_conversation(StoredConversation("conv", ANNA, 1))
        assert await store.add_items(ANNA, "conv", (item("1"),)) is None
        assert await store.conversation_items(ANNA, "conv") == (item("1"),)
        assert await store.find_items(ANNA, ["1", "a-in"]) == {"1": item("1"), "a-in": item("a-in")}
        assert await store.delete(ANNA, "a") is True
        assert await store.delete_conversation(ANNA, "conv") is True
    (aside,) = path.parent.glob("state.sqlite.damaged-*")
    assert aside.read_bytes().startswith(b"no database")
    assert not path.exists()


async def test_a_file_whose_rows_are_damaged_is_set_aside(path: Path, clock: Clock) -> None:
    async with opened(path, clock) as store:
        await store.put(response("r"))
    database = sqlite3.connect(path)
    database.execute("UPDATE response SET data = x'00'")
    database.commit()
    database.close()
    async with opened(path, clock) as store:
        assert await store.get(ANNA, "r") is None
        assert "is damaged" in (store.trouble() or "")
        assert await store.put(response("s")) is None
        assert await store.get(ANNA, "s") == response("s")


async def test_a_file_of_a_newer_passenger_or_another_program_is_left_as_it_is(path: Path, clock: Clock) -> None:
    async with opened(path, clock) as store:
        await store.put(response("r"))
    for change in ("PRAGMA user_version = 99", "PRAGMA application_id = 7"):
        database = sqlite3.connect(path)
        database.execute(change)
        database.close()
        before = path.read_bytes()
        async with opened(path, clock) as store:
            assert await store.put(response("s")) is None
            assert "in memory alone" in (store.trouble() or "")
        assert path.read_bytes() == before


async def test_a_locked_file_is_told_of_and_used_again_later(path: Path, clock: Clock) -> None:
    async with opened(path, clock) as first:
        await first.put(response("a"))
        async with opened(path, clock) as second:
            assert await second.put(response("b")) == "the file is locked"
            assert await second.get(ANNA, "b") is None
            assert "locked" in (second.trouble() or "")
            with pytest.raises(Failure) as refused:
                await second.delete(ANNA, "a")
            assert refused.value.code == "not_deleted"
            await first.aclose()
            clock.now += 31
            assert await second.put(response("b")) is None
            assert second.trouble() is None
            assert await second.get(ANNA, "a") == response("a")


async def test_a_full_disk_is_told_of_and_takes_no_answer_down(
    path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(path, clock) as store:
        await store.put(response("a"))
        with monkeypatch.context() as patched:
            patched.setattr("passenger.state.response_rows.write", _full)
            assert await store.put(response("b")) == "the disk is full"
        assert "full" in (store.trouble() or "")
        assert await store.get(ANNA, "b") is None
        clock.now += 31
        assert await store.put(response("b")) is None
        assert store.trouble() is None


def _full(*_: object) -> int:
    raise sqlite3.OperationalError("database or disk is full")


async def test_a_file_that_was_taken_away_is_begun_anew(path: Path, clock: Clock) -> None:
    async with opened(path, clock) as store:
        await store.put(response("a"))
        path.unlink()
        assert await store.put(response("b")) is None
    assert count(path, "response") == 1


async def test_a_closed_store_refuses(path: Path, clock: Clock) -> None:
    async with opened(path, clock) as store:
        await store.put(response("a"))
        await store.aclose()
        assert await store.put(response("b")) == "the server stops"
        assert await store.get(ANNA, "a") is None


async def test_many_turns_at_once_are_all_kept(path: Path, clock: Clock) -> None:
    async with opened(path, clock) as store:
        await store.put(response("root"))
        await asyncio.gather(*(store.put(response(f"fork-{number}", "root")) for number in range(50)))
    async with opened(path, clock) as store:
        for number in range(50):
            assert len(await store.chain(ANNA, f"fork-{number}")) == 4


# --- any order of anything -------------------------------------------------------------------------------------------

NAMES = st.sampled_from("abcdef")
ACTIONS = st.one_of(
    st.tuples(st.just("put"), NAMES, st.none() | NAMES, st.integers(0, 60)),
    st.tuples(st.just("fail"), NAMES, st.none() | NAMES, st.just(0)),
    st.tuples(st.just("delete"), NAMES, st.none(), st.just(0)),
    st.tuples(st.just("clock"), st.just(""), st.none(), st.integers(-90, 90)),
    st.tuples(st.just("restart"), st.just(""), st.none(), st.just(0)),
)


def whole(kept: dict[str, StoredResponse], name: str) -> tuple[bytes, ...] | None:
    """The chain as a store without bounds would have it; None of one that is lost or goes in a circle."""
    items, seen, wanted = list[bytes](), set[str](), name
    while wanted not in seen and (link := kept.get(wanted)) is not None and link.status.is_chainable:
        seen.add(wanted)
        items = [*link.input, *link.output, *items]
        if link.parent is None:
            return tuple(items)
        wanted = link.parent
    return None


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(actions=st.lists(ACTIONS, max_size=25), memory=st.sampled_from([1, 12_000, 1_000_000]))
async def test_a_chain_is_exact_or_not_found(
    actions: list[tuple[Any, ...]], memory: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("passenger.state.sqlite.MEMORY", memory)
    hasty = [setting.replace("= NORMAL", "= OFF") for setting in state_file._SETTINGS]  # no power is cut here
    monkeypatch.setattr(state_file, "_SETTINGS", hasty)
    clock, limits = Clock(), StoreLimits(size=200_000, largest=150_000, lifetime=100)
    path = tmp_path / os.urandom(8).hex() / "state.sqlite"
    store, kept = SqliteStore(path, limits, clock, clock), dict[str, StoredResponse]()
    try:
        for number, (what, name, parent, size) in enumerate(actions):
            match str(what):
                case "put" | "fail":
                    status = Status.FAILED if what == "fail" else Status.COMPLETED
                    new = response(name, parent, status=status, text=f"{number}" + os.urandom(500 * size).hex())
                    if await store.put(new) is None:
                        kept[name] = new
                case "delete":
                    await store.delete(ANNA, name)
                    kept.pop(name, None)
                case "clock":
                    clock.now += size
                case _:
                    await store.aclose()
                    store = SqliteStore(path, limits, clock, clock)
            for one in "abcdef":
                assert await chained(store, ANNA, one) in {None, whole(kept, one)}
        assert store.trouble() is None
    finally:
        await store.aclose()
