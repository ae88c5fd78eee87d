"""What the page tells of today and of this month, by the ledger of a real server, however that is."""

import asyncio
import re
import sqlite3
from contextlib import closing
from html import unescape
from pathlib import Path

from tests.ledger.looking import is_made, totals
from tests.proxy import eventually, profile_of
from tests.server.bench import Bench, bench

HTML = {"Accept": "text/html"}


async def tiles(one: Bench) -> dict[str, str]:
    """The tiles of the page, by name."""
    answer = await one.get("/", HTML)
    assert answer.status == 200
    found = re.findall(r"<dt>([^<]*)</dt><dd><strong>([^<]*)</strong> <span[^>]*>([^<]*)<", answer.body.decode())
    return {unescape(name): unescape(f"{value} {detail}".strip()) for name, value, detail in found}


def ledger_of(one: Bench) -> Path:
    return profile_of(one.sim, one.proxy.home / ".local" / "state" / "passenger") / "ledger.sqlite"


async def test_today_and_this_month_are_what_the_ledger_has(tmp_path: Path) -> None:
    async with bench(tmp_path) as one:
        path = ledger_of(one)
        await eventually(lambda: is_made(path) and totals(path)[0] == 1)
        assert (await one.chat()).status == 200
        await eventually(lambda: totals(path)[0] == 2)
        found = await tiles(one)
        assert "2 requests" in found["Today (UTC)"]
        assert "2 requests" in found["This month"]
        assert "Spent" not in found


async def test_without_a_ledger_it_tells_what_was_spent_since_the_start(tmp_path: Path) -> None:
    async with bench(tmp_path, env={"PASSENGER_LEDGER_ENABLED": "false"}) as one:
        found = await tiles(one)
        assert "Spent" in found
        assert {"Today (UTC)", "This month"} & found.keys() == set()


async def page_of(one: Bench) -> dict[str, str]:
    """The page's tiles, while others are answered."""
    page = asyncio.ensure_future(tiles(one))
    assert (await one.get("/health")).body == b"OK"
    return await page


async def test_a_damaged_ledger_stops_nobody(tmp_path: Path) -> None:
    (path := tmp_path / "ledger").write_bytes(b"no database" * 1000)
    async with bench(tmp_path, env={"PASSENGER_LEDGER_PATH": str(path)}) as one:
        assert "Spent" in await page_of(one)
        path.unlink()


async def test_a_locked_ledger_stops_nobody(tmp_path: Path) -> None:
    path = tmp_path / "ledger"
    with closing(sqlite3.connect(path, isolation_level=None)) as holder:
        holder.execute("PRAGMA locking_mode = EXCLUSIVE")
        holder.execute("BEGIN EXCLUSIVE")
        async with bench(tmp_path, env={"PASSENGER_LEDGER_PATH": str(path)}) as one:
            assert "Spent" in await page_of(one)
            holder.close()
