"""Sealed reasoning on disk: shared by processes, private, bounded, and no reason to fail."""

import asyncio
import logging
import multiprocessing
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import pytest

from passenger.gateway import reasoning_file
from passenger.gateway.reasoning_file import ASKED, BYTES, REST, ROWS, Kept, ReasoningFile
from tests.fakes import Clock

HOUR = 3600.0


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "reasoning.sqlite"


@asynccontextmanager
async def opened(path: Path, clock: Clock) -> AsyncIterator[ReasoningFile]:
    file = ReasoningFile(path, clock)
    try:
        yield file
    finally:
        await file.close()


def kept(clock: Clock, *calls: str, reasoning: bytes = b"sealed", seat: str = "own") -> Kept:
    return Kept(seat, calls, clock.now + HOUR, reasoning)


async def test_what_one_process_has_written_another_finds(path: Path, clock: Clock) -> None:
    async with opened(path, clock) as one, opened(path, clock) as other:
        assert not other.exists()
        assert await other.find("own", ["a"]) == []
        await one.put(kept(clock, "a", "b"))
        assert other.exists()
        assert await other.find("own", ["a", "x"]) == [kept(clock, "a")]
        assert await other.find("own", ["b", "a"]) == [kept(clock, "a", "b")]
        assert await other.find("another", ["a"]) == []


async def test_what_was_kept_is_there_after_a_restart(path: Path, clock: Clock) -> None:
    async with opened(path, clock) as file:
        file.put(kept(clock, "a"))
    async with opened(path, clock) as file:
        assert await file.find("own", ["a"]) == [kept(clock, "a")]


async def test_a_call_that_comes_again_has_its_newest_reasoning(path: Path, clock: Clock) -> None:
    async with opened(path, clock) as file:
        await file.put(kept(clock, "a", reasoning=b"old"))
        await file.put(kept(clock, "a", reasoning=b"new"))
        assert await file.find("own", ["a"]) == [kept(clock, "a", reasoning=b"new")]


@pytest.mark.parametrize("call", ["", "a\0b", "\ud800", "'); DROP TABLE calls; --", "\u00e9" * 1000])
async def test_an_id_may_be_any_text(path: Path, clock: Clock, call: str) -> None:
    async with opened(path, clock) as file:
        await file.put(kept(clock, call))
        assert await file.find("own", ["other", call]) == [kept(clock, call)]


async def test_after_its_end_nothing_is_kept_or_found(path: Path, clock: Clock) -> None:
    async with opened(path, clock) as file:
        await file.put(kept(clock, "a"))
    await file.put(kept(clock, "b"))
    assert await file.find("own", ["a"]) == []
    async with opened(path, clock) as file:
        assert await file.find("own", ["a", "b"]) == [kept(clock, "a")]


async def test_more_calls_than_one_statement_takes_are_found(path: Path, clock: Clock) -> None:
    calls = [f"call_{number}" for number in range(2 * ASKED + 1)]
    async with opened(path, clock) as file:
        await file.put(kept(clock, *calls))
        assert sorted(call for one in await file.find("own", calls) for call in one.calls) == sorted(calls)


async def test_what_is_over_is_not_found_and_then_forgotten(path: Path, clock: Clock) -> None:
    async with opened(path, clock) as file:
        await file.put(kept(clock, "a", reasoning=b"a secret signature"))
        clock.now += HOUR
        assert await file.find("own", ["a"]) == []
        await file.put(kept(clock, "b"))
    assert _rows(path) == (1, 1)
    assert not [one for one in path.parent.iterdir() if b"a secret signature" in one.read_bytes()]


@pytest.mark.proves("promise 8")
async def test_no_more_is_kept_than_so_many_bytes_and_answers(path: Path, clock: Clock) -> None:
    size = BYTES // 10
    async with opened(path, clock) as file:
        for number in range(15):
            await file.put(kept(clock, f"large_{number}", reasoning=bytes(size)))
        found = [number for number in range(15) if await file.find("own", [f"large_{number}"])]
        assert found == list(range(5, 15))
        assert sum(one.stat().st_size for one in path.parent.iterdir()) < 2 * BYTES
        for number in range(ROWS // reasoning_file.WAITING + 1):
            for small in range(reasoning_file.WAITING):
                written = file.put(kept(clock, f"small_{number}_{small}", reasoning=b"x"))
            await written
    assert _rows(path) == (ROWS, ROWS)


def _rows(path: Path) -> tuple[int, int]:
    with sqlite3.connect(path) as database:
        (answers,), (calls,) = (database.execute(f"SELECT count(*) FROM {table}").fetchone()
                                for table in ("answers", "calls"))  # fmt: skip
    database.close()
    return answers, calls


# --- private -----------------------------------------------------------------------------------------------------


async def test_only_its_owner_may_read_it(path: Path, clock: Clock) -> None:
    async with opened(path, clock) as file:
        await file.put(kept(clock, "a"))
        found = {one.name: one.stat().st_mode & 0o777 for one in path.parent.iterdir()}
    assert found == {path.name + ending: 0o600 for ending in ("", "-wal", "-shm")}
    assert path.parent.stat().st_mode & 0o777 == 0o700


async def test_a_file_that_others_may_read_is_made_private(path: Path, clock: Clock) -> None:
    path.parent.mkdir()
    path.touch(mode=0o644)
    async with opened(path, clock) as file:
        await file.put(kept(clock, "a"))
        assert path.stat().st_mode & 0o777 == 0o600


# --- faults ------------------------------------------------------------------------------------------------------


def _garbage(path: Path) -> None:
    path.write_bytes(b"this is no database " * 500)


def _torn(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[:100] + bytes(len(content) - 100))


def _of_tomorrow(path: Path) -> None:
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA user_version = 99")
    database.close()


@pytest.mark.proves("promise 9")
@pytest.mark.parametrize("damage", [_garbage, _torn, _of_tomorrow])
async def test_a_damaged_file_is_a_warning_and_forgotten(
    path: Path, clock: Clock, caplog: pytest.LogCaptureFixture, damage: object
) -> None:
    async with opened(path, clock) as file:
        await file.put(kept(clock, "a"))
    assert callable(damage)
    damage(path)
    async with opened(path, clock) as file:
        assert await file.find("own", ["a"]) == []
        await file.put(kept(clock, "b"))
        assert await file.find("own", ["b"]) == [kept(clock, "b")]
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert "kept reasoning is forgotten" in caplog.text


def _directory(path: Path) -> None:
    path.mkdir(parents=True)


def _link(path: Path) -> None:
    path.parent.mkdir()
    (path.parent / "elsewhere").touch()
    path.symlink_to(path.parent / "elsewhere")


def _no_directory(path: Path) -> None:
    path.parent.touch()


@pytest.mark.proves("T3")
@pytest.mark.parametrize("obstacle", [_directory, _link, _no_directory])
async def test_where_there_can_be_no_file_it_is_a_warning_and_nothing_is_found(
    path: Path, clock: Clock, caplog: pytest.LogCaptureFixture, obstacle: object
) -> None:
    assert callable(obstacle)
    obstacle(path)
    async with opened(path, clock) as file:
        await file.put(kept(clock, "a"))
        assert await file.find("own", ["a"]) == []
    assert {record.levelno for record in caplog.records} == {logging.WARNING}
    assert "kept in memory alone" in caplog.text


async def test_a_file_that_is_removed_is_made_anew_and_shared_again(path: Path, clock: Clock) -> None:
    async with opened(path, clock) as one, opened(path, clock) as other:
        await one.put(kept(clock, "a"))
        assert await other.find("own", ["a"]) == [kept(clock, "a")]
        for part in [*path.parent.iterdir()]:
            part.unlink()
        await one.put(kept(clock, "b"))
        assert await other.find("own", ["a", "b"]) == [kept(clock, "b")]
        await other.put(kept(clock, "c"))
        assert len(await one.find("own", ["b", "c"])) == 2
    async with opened(path, clock) as file:
        assert len(await file.find("own", ["b", "c"])) == 2


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Somebody else writes, and does not come to an end."""
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    try:
        yield
    finally:
        other.close()


@pytest.mark.proves("promise 9")
async def test_a_locked_file_is_tried_once_and_then_left_alone_for_a_while(
    path: Path, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    async with opened(path, clock) as file:
        await file.put(kept(clock, "a"))
        with locked(path):
            await asyncio.gather(*(file.put(kept(clock, f"b{number}")) for number in range(8)))
            assert file.rests
            assert await file.find("own", ["a"]) == []
        assert len(caplog.records) == 1
        clock.now += REST
        assert not file.rests
        await file.put(kept(clock, "c"))
        assert len(await file.find("own", ["a", "b0", "b7", "c"])) == 4
    assert len(caplog.records) == 1


async def test_a_locked_file_gets_at_its_end_what_waited(path: Path, clock: Clock) -> None:
    async with opened(path, clock) as file:
        await file.put(kept(clock, "a"))
        with locked(path):
            await file.put(kept(clock, "b"))
    async with opened(path, clock) as file:
        assert len(await file.find("own", ["a", "b"])) == 2


# --- processes ---------------------------------------------------------------------------------------------------

WRITERS, EACH = 3, 40


def _write(path: Path, name: int) -> None:
    async def all_of_them() -> None:
        clock = Clock()
        async with opened(path, clock) as file:
            for number in range(EACH):
                await file.put(kept(clock, f"call_{name}_{number}"))

    asyncio.run(all_of_them())


async def test_processes_that_write_at_once_lose_nothing(path: Path, clock: Clock) -> None:
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_write, args=(path, name)) for name in range(WRITERS)]
    for writer in writers:
        writer.start()
    for writer in writers:
        await asyncio.to_thread(writer.join)
    assert [writer.exitcode for writer in writers] == [0] * WRITERS
    calls = [f"call_{name}_{number}" for name in range(WRITERS) for number in range(EACH)]
    async with opened(path, clock) as file:
        assert len(list(_flat(await file.find("own", calls)))) == WRITERS * EACH


def _flat(found: list[Kept]) -> Iterator[str]:
    for one in found:
        yield from one.calls
