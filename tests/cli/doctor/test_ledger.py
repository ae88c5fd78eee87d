"""What the doctor says of the ledger."""

import os
from contextlib import closing
from pathlib import Path

import pytest

from passenger.ledger.backlog import Gap
from passenger.ledger.database import insert, open_to_write
from passenger.ledger.rows import row_of
from passenger.ledger.writers import KILLED, add_gap
from tests.cli.doctor.bench import Ward, type_it
from tests.ledger.drifting import drift
from tests.ledger.exchanges import finished


@pytest.fixture
def path(ward: Ward, tmp_path: Path) -> Path:
    found = tmp_path / "mine" / "ledger.sqlite"
    ward.config += f"[ledger]\npath = '{found}'\n"
    return found


async def test_a_ledger_that_is_well(ward: Ward, path: Path) -> None:
    found = (await ward.look("ledger"))["ledger"]
    assert (found.state, found.text) == ("ok", f"none yet at {path}")
    assert not path.parent.exists()
    with closing(open_to_write(path)) as database:
        insert(database, [row_of(finished()) for _ in range(1200)], "w", 0)
    found = (await ward.look("ledger"))["ledger"]
    assert (found.state, found.text) == ("ok", f"1,200 requests in {path}")


async def test_a_ledger_that_is_switched_off(ward: Ward) -> None:
    ward.config += "[ledger]\nenabled = false\n"
    assert (await ward.look("ledger"))["ledger"].state == "skip"


async def test_a_damaged_ledger_can_be_moved_away_as_it_says(ward: Ward, path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"no database" * 1000)
    found = (await ward.look("ledger"))["ledger"]
    assert (found.state, found.text) == ("fail", f"{path} is damaged: file is not a database")
    type_it(found)
    assert (await ward.look("ledger"))["ledger"].state == "ok"


async def test_a_ledger_of_a_newer_passenger(ward: Ward, path: Path) -> None:
    with closing(open_to_write(path)) as database:
        database.execute("UPDATE meta SET value = 99 WHERE key = 'schema'")
    found = (await ward.look("ledger"))["ledger"]
    assert found.state == "fail"
    assert "schema 99" in found.text


@pytest.mark.skipif(os.name != "posix", reason="there are no modes")
async def test_a_ledger_that_cannot_be_written(ward: Ward, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    open_to_write(path).close()
    monkeypatch.setattr(os, "access", lambda _path, mode: mode != os.W_OK)  # root may write whatever the mode
    found = (await ward.look("ledger"))["ledger"]
    assert (found.state, found.text) == ("fail", f"{path} cannot be written")
    type_it(found)


async def test_what_is_missing_is_told_for_a_week(ward: Ward, path: Path) -> None:
    async with ward.facts() as facts:
        now = int(facts.clock() * 1000)
    killed, lost = Gap(now - 5000, now - 4000, 4711, None, KILLED), Gap(now - 3000, now - 2000, 7, 1200, "it was full")
    with closing(open_to_write(path)) as database:
        for gap in (Gap(1000, 2000, 1, None, KILLED), killed, lost):
            add_gap(database, gap)
    found = (await ward.look("ledger")).all("ledger")
    assert [(one.state, one.text) for one in found] == [("warn", str(killed)), ("warn", str(lost))]
    assert "it was killed (process 4711) between" in str(killed)
    assert str(lost).startswith("1,200 requests from")


async def test_a_ledger_that_has_more_than_github(ward: Ward, path: Path) -> None:
    async with ward.facts() as facts:
        now = facts.clock()
    with closing(open_to_write(path)) as database:
        drift(database, now)
    found = (await ward.look("ledger")).all("ledger")
    assert [one.state for one in found] == ["warn"]
    assert found[0].text.startswith("the ledger has 15.00 credits ($0.15) more than GitHub, which has counted 15.00 ")
