"""`passenger backup` and `passenger restore`, beside a server and without one."""

import asyncio
from contextlib import closing
from pathlib import Path

import pytest

from passenger.ledger.database import insert, open_to_read, open_to_write
from passenger.ledger.rows import row_of
from tests.cli.conftest import Command, Ended
from tests.ledger.exchanges import finished
from tests.ledger.looking import is_made
from tests.proxy import eventually, profile_of
from tests.server.bench import bench


@pytest.fixture
def path(home: Path) -> Path:
    found = home / ".local" / "state" / "passenger" / "ledger.sqlite"
    with closing(open_to_write(found)) as database:
        insert(database, [row_of(finished()) for _ in range(1200)], "w", 0)
    return found


def count(path: Path) -> int:
    with closing(open_to_read(path)) as database:
        return int(database.execute("SELECT count(*) FROM ledger").fetchone()[0])


def test_a_copy_is_made_and_put_back(command: Command, path: Path, home: Path) -> None:
    ended = command("backup", "copy.sqlite")
    assert (ended.code, ended.out, ended.err) == (0, f"copy.sqlite: 1,200 requests of {path}\n", "")
    path.write_bytes(b"no database" * 1000)
    ended = command("backup", "copy.sqlite")
    assert ended.code == 1
    assert f"{path} is damaged: file is not a database; mv {path} {path}.damaged" in ended.err
    ended = command("restore", "copy.sqlite")
    assert ended.code == 0
    assert f"{path}: 1,200 requests of copy.sqlite\nWhat was there is kept as {path}." in ended.out
    assert count(path) == 1200
    assert count(home / "copy.sqlite") == 1200


def test_without_a_ledger_there_is_nothing_to_copy(command: Command, home: Path) -> None:
    ended = command("backup", "copy.sqlite")
    assert ended.code == 1
    assert "there is no ledger yet at" in ended.err
    assert not (home / "copy.sqlite").exists()


def test_what_is_no_copy_is_neither_replaced_nor_put_anywhere(command: Command, path: Path, home: Path) -> None:
    (home / "thesis").write_text("mine")
    ended = command("backup", "thesis")
    assert (ended.code, ended.err) == (1, "passenger: thesis is left as it is: it is no copy of a ledger\n")
    ended = command("restore", "thesis")
    assert (ended.code, ended.err) == (2, "passenger: thesis is no copy of a ledger: file is not a database\n")
    assert (home / "thesis").read_text() == "mine"
    assert count(path) == 1200


def test_a_copy_of_a_newer_passenger_is_refused(command: Command, path: Path, home: Path) -> None:
    with closing(open_to_write(home / "copy.sqlite")) as database:
        database.execute("UPDATE meta SET value = 99 WHERE key = 'schema'")
    ended = command("restore", "copy.sqlite")
    assert ended.code == 2
    assert "schema 99" in ended.err
    assert count(path) == 1200


async def test_beside_a_server_a_copy_is_made_and_none_put_back(command: Command, tmp_path: Path, home: Path) -> None:
    async with bench(tmp_path) as one:
        path = profile_of(one.sim, home / ".local" / "state" / "passenger") / "ledger.sqlite"
        await eventually(lambda: is_made(path) and count(path))

        async def ran(*arguments: str) -> Ended:
            return await asyncio.to_thread(command, "-c", "settings.toml", *arguments)

        ended = await ran("backup", "copy.sqlite")
        assert (ended.code, ended.out) == (0, f"copy.sqlite: 1 requests of {path}\n")
        stop = f"passenger: a server runs on the ledger; stop it first: kill {one.proxy.pid}\n"
        for found_by in (("--port", "1"), ("--port", one.proxy.url.rpartition(":")[2])):
            ended = await ran("restore", "copy.sqlite", *found_by)
            assert (ended.code, ended.err) == (1, stop)
        assert (await one.chat()).status == 200
        await eventually(lambda: count(path) == 2)
    ended = await asyncio.to_thread(command, "-c", "settings.toml", "restore", "copy.sqlite")
    assert ended.code == 0
    assert count(path) == 1


def team_of(home: Path) -> Path:
    return home / ".local" / "state" / "passenger" / "team.sqlite"


def test_a_team_goes_with_the_ledger(command: Command, path: Path, home: Path) -> None:
    assert command("users", "add", "alice", "--github", "alice-gh").code == 0
    key = command("keys", "create", "alice").out.split()[0]
    ended = command("backup", "november.sqlite")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.splitlines()[0] == f"november.team.sqlite: 1 person of {team_of(home)}"
    assert key.encode() not in (home / "november.team.sqlite").read_bytes()
    assert command("users", "add", "bob", "--github", "bob-gh").code == 0
    ended = command("restore", "november.sqlite")
    assert ended.code == 0
    assert "open again" in ended.err
    assert f"{team_of(home)}: 1 person of november.team.sqlite\nWhat was there is kept as {team_of(home)}." in ended.out
    assert count(path) == 1200
    listed = command("users", "list").out
    assert ("alice" in listed, "bob" in listed) == (True, False)


def test_a_team_without_a_ledger_is_copied_alone(command: Command, home: Path) -> None:
    command("users", "add", "alice", "--github", "alice-gh")
    assert command("backup", "copy.sqlite").code == 0
    assert not (home / "copy.sqlite").exists()
    team_of(home).unlink()
    assert command("restore", "copy.sqlite").code == 0
    assert "alice" in command("users", "list").out


def test_where_the_teams_copy_cannot_be_used_nothing_is_replaced(command: Command, path: Path, home: Path) -> None:
    command("users", "add", "alice", "--github", "alice-gh")
    assert command("backup", "copy.sqlite").code == 0
    (home / "copy.team.sqlite").write_text("mine")
    ended = command("backup", "copy.sqlite")
    assert (ended.code, "no copy of a team's file" in ended.err) == (2, True)
    ended = command("restore", "copy.sqlite")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err == "passenger: copy.team.sqlite cannot be used: it is no copy of a team's file\n"
    assert (home / "copy.team.sqlite").read_text() == "mine"
    assert [*path.parent.glob("*.sqlite.*")] == []


async def test_beside_a_server_no_team_is_put_back(command: Command, tmp_path: Path, home: Path) -> None:
    async with bench(tmp_path, config="[ledger]\nenabled = false\n") as one:

        async def ran(*arguments: str) -> Ended:
            return await asyncio.to_thread(command, "-c", "settings.toml", *arguments)

        assert (await ran("users", "add", "alice", "--github", "alice-gh")).code == 0
        assert (await ran("backup", "copy.sqlite")).code == 0
        ended = await ran("restore", "copy.sqlite", "--port", one.proxy.url.rpartition(":")[2])
        assert (ended.code, ended.out) == (1, "")
        assert "stop it first" in ended.err
