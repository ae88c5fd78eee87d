"""The keys with which this machine's own commands ask a server that has a team."""

import asyncio
import json
import sqlite3
from contextlib import closing
from pathlib import Path

import aiohttp
import pytest

from passenger.cli.team.own_key import COMMANDS, OwnKey, command_key, prepare_key, revoke_setup_key, run_key, setup_key
from passenger.private_file import PrivateFile
from passenger.simulator import Simulator
from passenger.team.audit import Author, local_author
from passenger.team.keys import RUNS_KEPT, TeamKey, list_keys, revoke_key
from passenger.team.team_file import change, look_up
from passenger.team.users import add_user
from tests.cli.conftest import Command
from tests.cli.launch.test_launch import install, port_of, seen, world
from tests.cli.setup.test_setup import CLAUDE, THEIRS, settings
from tests.cli.setup.test_setup import install as install_for_setup
from tests.proxy import Proxy, profile_of, running


@pytest.fixture
def team(tmp_path: Path) -> Path:
    path = tmp_path / "team.sqlite"
    change(path, lambda database: add_user(database, local_author("ann"), "alice", "alice-gh"))
    return path


def keys_of(team: Path) -> list[TeamKey]:
    return look_up(team, list_keys)


def test_who_only_looks_makes_none(team: Path) -> None:
    assert command_key(team, may_make=False) is None
    assert keys_of(team) == []
    assert command_key(team) == command_key(team, may_make=False)


def test_commands_have_one_key_until_it_is_revoked(team: Path) -> None:
    first = command_key(team)
    assert first is not None
    assert first == command_key(team)
    (key,) = keys_of(team)
    assert (key.user_name, key.name.partition(" ")[0]) == ("local", "commands")
    file = team.parent / COMMANDS
    assert file.stat().st_mode & 0o777 == 0o600
    change(team, lambda database: revoke_key(database, local_author("ann"), key.id))
    second = command_key(team)
    assert second not in {None, first}
    file.write_text("{}")
    assert command_key(team) not in {first, second}
    assert sorted(one.revoked is None for one in keys_of(team)) == [False, False, True]


def test_where_the_file_cannot_be_used_there_is_none(tmp_path: Path) -> None:
    (tmp_path / "team.sqlite").write_bytes(b"damaged" * 100)
    assert command_key(tmp_path / "team.sqlite") is None


def test_a_run_has_a_key_that_ends_with_it(team: Path) -> None:
    with run_key(team, "claude", "0123abcd"):
        (key,) = keys_of(team)
        assert key.name.startswith("launch claude ")
        assert key.name.endswith(" 0123abcd")
        assert key.expires is not None
        assert key.revoked is None
    (key,) = keys_of(team)
    assert key.revoked is not None


def test_the_keys_of_old_runs_are_forgotten(team: Path) -> None:
    with run_key(team, "claude", "one"):
        pass
    with closing(sqlite3.connect(team)) as database, database:
        database.execute("UPDATE key SET revoked = revoked - ?", (RUNS_KEPT + 1,))
    with run_key(team, "claude", "two"):
        pass
    (key,) = keys_of(team)
    assert key.name.endswith(" two")


def test_the_key_of_a_setup_is_kept_until_it_is_undone(team: Path, tmp_path: Path) -> None:
    own = setup_key(team, tmp_path / "setup", "claude")
    secret, is_new = prepare_key(own)
    assert is_new
    assert keys_of(team) == []  # nothing is made before it is wanted
    own.keep(secret)
    assert prepare_key(own) == (secret, False)
    revoke_setup_key(tmp_path / "setup", "claude")
    (key,) = keys_of(team)
    assert key.revoked is not None
    assert own.find() is None
    revoke_setup_key(tmp_path / "setup", "codex")


def test_a_team_that_has_gone_does_not_come_back_by_an_undo(team: Path, tmp_path: Path) -> None:
    own = setup_key(team, tmp_path / "setup", "claude")
    own.keep(prepare_key(own)[0])
    with run_key(team, "claude", "one"):
        for file in team.parent.glob("team.sqlite*"):
            file.unlink()
    revoke_setup_key(tmp_path / "setup", "claude")
    assert not team.exists()


def test_two_of_one_name_are_never_accepted_at_once(team: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        own = OwnKey(team, PrivateFile(tmp_path / f"{name}.json"), "setup x host")
        own.keep(prepare_key(own)[0])
    assert sorted(key.revoked is None for key in keys_of(team)) == [False, True]
    assert OwnKey(team, PrivateFile(tmp_path / "one.json"), "setup x host").find() is None


# --- the commands themselves -----------------------------------------------------------------------------------------


async def begin(proxy: Proxy, simulator: Simulator, home: Path) -> Path:
    """Let there be a team, and the server know."""
    path = profile_of(simulator, home / ".local" / "state" / "passenger") / "team.sqlite"
    change(path, lambda database: add_user(database, Author("test", 0.0), "alice", "alice-gh"))
    async with asyncio.timeout(20), aiohttp.ClientSession() as http:
        while True:
            async with http.get(f"{proxy.url}/v1/models") as answer:
                if answer.status == 401:
                    return path


def at(proxy: Proxy) -> tuple[str, ...]:
    return ("-c", "settings.toml", "--port", port_of(proxy))


async def test_a_launch_has_a_key_of_its_own_and_its_bill(command: Command, home: Path, simulator: Simulator) -> None:
    install(home)
    async with running(simulator, home) as proxy:
        team = await begin(proxy, simulator, home)
        ended = await asyncio.to_thread(command, "launch", "claude", *at(proxy), env=world(home))
        assert ended.code == 0, ended.err
        key = seen(home)["settings"]["ANTHROPIC_AUTH_TOKEN"]
        assert key.startswith("psgr_")
        assert "Claude Code: 1 request, " in ended.err
        shown = await asyncio.to_thread(command, "launch", "claude", "--print", *at(proxy), env=world(home))
        assert "psgr_" not in shown.out
        (one,) = [held for held in keys_of(team) if held.name.startswith("launch ")]
        assert one.revoked is not None
        assert one.shown == f"{key[:9]}…{key[-4:]}"
        named = await asyncio.to_thread(
            command, "launch", "claude", *at(proxy), env=world(home, PASSENGER_KEY=str(command_secret(team)))
        )
        assert named.code == 0, named.err
        assert len([held for held in keys_of(team) if held.name.startswith("launch ")]) == 1


def command_secret(team: Path) -> str:
    return str(json.loads((team.parent / COMMANDS).read_text())["key"])


async def test_a_setup_has_a_key_of_its_own_until_it_is_undone(
    command: Command, home: Path, simulator: Simulator
) -> None:
    file = settings(home)
    path = install_for_setup(home, CLAUDE)
    async with running(simulator, home) as proxy:
        team = await begin(proxy, simulator, home)

        async def setup(*flags: str) -> tuple[int, str]:
            ended = await asyncio.to_thread(command, "setup", "claude", *flags, *at(proxy), env=path)
            return ended.code, ended.out + ended.err

        def held() -> list[TeamKey]:
            return [key for key in keys_of(team) if key.name.startswith("setup claude ")]

        assert (await setup("--dry-run"))[0] == 0
        assert held() == []
        code, said = await setup("--write", "--yes")
        assert code == 0, said
        assert "Written and proven" in said
        assert "psgr_" not in said
        assert "psgr_" in file.read_text()
        written = file.read_bytes()
        assert "as it should be" in (await setup("--write", "--yes"))[1]
        assert file.read_bytes() == written
        (key,) = held()
        assert key.revoked is None
        assert (await setup("--undo"))[0] == 0
        assert file.read_bytes() == THEIRS
        (key,) = held()
        assert key.revoked is not None
