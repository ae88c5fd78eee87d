"""`passenger usage` as a process: beside a server, without one, and with whatever is wrong with the file."""

import asyncio
import csv
import io
import json
import signal
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from passenger.ledger.database import insert, open_to_write
from passenger.ledger.report import GROUPINGS
from tests.cli.conftest import Command, port_of
from tests.cli.terminal import terminal
from tests.ledger.looking import is_made
from tests.ledger.looking import totals as totals_of
from tests.ledger.used import used, write
from tests.proxy import eventually, profile_of
from tests.server.bench import bench

TODAY = int(time.time()) // 86_400


@pytest.fixture
def path(home: Path) -> Path:
    return home / ".local" / "state" / "passenger" / "ledger.sqlite"


@pytest.fixture
def full(path: Path) -> Path:
    """Three requests of today and one of long ago."""
    rows = [used(TODAY, model="a"), used(TODAY, model="a"), used(TODAY, model="b"), used(TODAY - 99, model="old")]
    return write(path, rows)


def test_without_a_server_it_reads_the_file(command: Command, full: Path) -> None:
    ended = command("usage", "--since", "1d")
    assert (ended.code, ended.err) == (0, "")
    assert "spent     0.0360 credits ($0.0004)\nrequests  3\n" in ended.out
    assert [line.split()[:2] for line in ended.out.splitlines()[-3:]] == [["model", "requests"], ["a", "2"], ["b", "1"]]


@pytest.mark.parametrize("by", GROUPINGS)
def test_for_programs_there_is_the_same(command: Command, full: Path, by: str) -> None:
    told = json.loads(command("usage", "--by", by, "--since", "120d", "--json").out)
    assert set(told) == {
        "by",
        "since",
        "until",
        "total",
        "rows",
        "missing",
        "after_today",
        "outlook",
        "quota",
        "reconciliations",
    }
    assert (told["by"], told["total"]["requests"], told["total"]["nano_credits"]) == (by, 4, 48_000_000)
    assert told["total"]["usd"] == "0.00048"
    rows = list(csv.DictReader(io.StringIO(command("usage", "--by", by, "--since", "120d", "--csv").out)))
    assert len(rows) == len(told["rows"])
    for read, row in zip(rows, told["rows"], strict=True):
        assert read == {name: str(row[name]) for name in read}


def test_the_same_ledger_always_gives_the_same(command: Command, full: Path) -> None:
    first, second = (command("usage", "--json").out for _ in range(2))
    assert first == second


def test_without_a_ledger_nothing_was_spent(command: Command, path: Path) -> None:
    ended = command("usage")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out == f"There is no ledger yet at {path}: no request has reached a model.\n"
    told = json.loads(command("usage", "--json").out)
    assert (told["total"]["requests"], told["rows"], told["outlook"]) == (0, [], None)
    assert command("usage", "--csv", "--by", "day").out.startswith("day,requests,")
    assert not path.exists()


def test_a_ledger_that_is_switched_off_is_none(command: Command, home: Path) -> None:
    ended = command("usage", env={"PASSENGER_LEDGER_ENABLED": "false"})
    assert (ended.code, ended.out) == (0, "[ledger] enabled is false: what answers cost is not kept.\n")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--since", "yesterday"), "'yesterday' is no period: write 7d, 24h, "),
        (("--since", "2999-01-01"), "2999-01-01 is after today"),
        (("--by", "mood"), "'mood' is not one of"),
        (("--json", "--csv"), "--json, --csv and --watch exclude each other"),
        (("--watch", "--json"), "--json, --csv and --watch exclude each other"),
        (("--watch",), "--watch draws on a terminal, and stdout is none"),
    ],
)
def test_what_cannot_be_meant_is_refused(command: Command, full: Path, arguments: tuple[str, ...], said: str) -> None:
    ended = command("usage", *arguments)
    assert (ended.code, ended.out) == (2, "")
    assert said in ended.err


def test_a_ledger_that_cannot_be_read(command: Command, full: Path) -> None:
    with closing(open_to_write(full)) as database:
        database.execute("UPDATE meta SET value = 99 WHERE key = 'schema'")
    ended = command("usage")
    assert (ended.code, ended.out) == (2, "")
    assert "schema 99" in ended.err
    full.write_bytes(b"no database" * 1000)
    for form in ((), ("--json",), ("--csv",)):
        ended = command("usage", *form)
        assert (ended.code, ended.out) == (1, "")
        assert f"{full} is damaged: file is not a database; mv {full} {full}.damaged" in ended.err


def test_a_clock_that_has_jumped_is_told_of(command: Command, path: Path) -> None:
    write(path, [used(TODAY), used(TODAY + 400), used(0)])
    ended = command("usage", "--since", "2d")
    assert ended.code == 0
    assert "clock     1 request dated after" in ended.out
    assert "requests  1\n" in ended.out


async def test_beside_a_server_it_tells_the_quota(command: Command, tmp_path: Path, home: Path) -> None:
    async with bench(tmp_path) as one:
        path = profile_of(one.sim, home / ".local" / "state" / "passenger") / "ledger.sqlite"
        assert (await one.chat()).status == 200
        await eventually(lambda: is_made(path) and totals_of(path)[0] == 2)

        async def asked(*arguments: str) -> dict[str, Any]:
            ended = await asyncio.to_thread(
                command, "-c", "settings.toml", "usage", "--json", "--port", port_of(one.proxy), *arguments
            )
            assert (ended.code, ended.err) == (0, "")
            found: dict[str, Any] = json.loads(ended.out)
            return found

        told = await asked()
        requests, nano = totals_of(path)
        assert (told["total"]["requests"], told["total"]["nano_credits"]) == (requests, nano)
        assert told["quota"]["id"] == "premium_interactions"
        assert told["quota"]["entitlement"] > 0
    told = await asked()
    assert (told["total"]["requests"], told["quota"]) == (requests, None)


async def test_it_is_drawn_anew_until_ctrl_c(home: Path, full: Path) -> None:
    async with terminal(home, ["usage", "--watch", "--since", "1d"]) as one:
        await one.shows("requests  3")
        with closing(open_to_write(full)) as database:
            insert(database, [used(TODAY, model="c")], "w", 0)
        await one.shows("requests  4")
        one.process.send_signal(signal.SIGINT)
        assert await one.ended() == 130
    assert "Traceback" not in one.text
