"""What the doctor says of kept conversations."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from passenger.state.memory import StoreLimits
from passenger.state.sqlite import SqliteStore
from tests.cli.doctor.bench import Ward, type_it
from tests.state.cases import response


@pytest.fixture
async def path(ward: Ward) -> Path:
    ward.config += '[state]\nkeep = "disk"\n'
    async with ward.facts() as facts:
        return facts.state


async def fill(path: Path) -> SqliteStore:
    store = SqliteStore(path, StoreLimits(lifetime=1e6))
    assert await store.put(response("r")) is None
    return store


async def test_conversations_that_are_not_on_disk(ward: Ward) -> None:
    assert (await ward.look("conversations"))["conversations"].state == "skip"


async def test_a_file_that_is_well(ward: Ward, path: Path) -> None:
    found = (await ward.look("conversations"))["conversations"]
    assert (found.state, found.text) == ("ok", f"none yet at {path}")
    store = await fill(path)
    found = (await ward.look("conversations"))["conversations"]
    assert (found.state, found.text) == ("ok", f"a server uses {path}")
    await store.aclose()
    found = (await ward.look("conversations"))["conversations"]
    assert (found.state, found.text) == ("ok", f"1 responses in {path}")


async def test_a_damaged_file_can_be_moved_away_as_it_says(ward: Ward, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"no database" * 1000)
    found = (await ward.look("conversations"))["conversations"]
    assert (found.state, found.text) == ("fail", f"{path} is damaged: file is not a database")
    type_it(found)
    assert (await ward.look("conversations"))["conversations"].state == "ok"


async def test_a_file_that_was_set_aside_is_told_of(ward: Ward, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f"{path.name}.damaged-1")
    aside.write_bytes(b"no database")
    none, found = (await ward.look("conversations")).all("conversations")
    assert none.state == "ok"
    assert (found.state, found.text) == ("warn", f"a file was damaged and is set aside: {aside}")
    type_it(found)
    assert not aside.exists()


async def test_a_file_of_a_newer_passenger(ward: Ward, path: Path) -> None:
    await (await fill(path)).aclose()
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA user_version = 99")
    found = (await ward.look("conversations"))["conversations"]
    assert found.state == "fail"
    assert "schema 99" in found.text


@pytest.mark.skipif(os.name != "posix", reason="there are no modes")
async def test_a_file_that_cannot_be_written(ward: Ward, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    await (await fill(path)).aclose()
    monkeypatch.setattr(os, "access", lambda _path, mode: mode != os.W_OK)  # root may write whatever the mode
    found = (await ward.look("conversations"))["conversations"]
    assert (found.state, found.text) == ("fail", f"{path} cannot be written")
