"""Copies of a team's file, and the file put back from one."""

import os
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from passenger.team.audit import Author
from passenger.team.backup import back_up_team, check_team_copy, restore_team
from passenger.team.keys import KeyGrant, create_key, list_keys, revoke_key
from passenger.team.team_file import change, look_up, open_team
from passenger.team.users import add_user, list_users
from passenger.team.version import ForeignTeamFileError

BY = Author("test", 1_790_000_000)
THEN = "20261201T050000Z"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    found = tmp_path / "state" / "team.sqlite"
    found.parent.mkdir()
    _add(found, "alice")
    return found


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return tmp_path / "copy.team.sqlite"


@pytest.fixture
def used(path: Path) -> Iterator[sqlite3.Connection]:
    """The file, kept open as a server does, so that its changes are beside it."""
    with closing(open_team(path)) as database:
        yield database


def _add(path: Path, name: str) -> None:
    change(path, lambda database: create_key(database, BY, add_user(database, BY, name, name), KeyGrant("laptop")))


def _people(path: Path) -> list[str]:
    return look_up(path, lambda database: [one.name for one in list_users(database)])


def test_a_copy_is_one_private_file_with_all_that_is_there(used: sqlite3.Connection, path: Path, copy: Path) -> None:
    _add(path, "bob")
    before = os.umask(0)
    try:
        assert back_up_team(path, copy) == 2
    finally:
        os.umask(before)
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    _add(path, "carol")
    assert (_people(copy), len(_people(path))) == (["alice", "bob"], 3)
    assert back_up_team(path, copy) == 3
    assert sorted(file.name for file in copy.parent.iterdir()) == [copy.name, "state"]


def test_what_is_put_back_takes_the_place_of_what_is_kept(used: sqlite3.Connection, path: Path, copy: Path) -> None:
    back_up_team(path, copy)
    _add(path, "bob")
    change(path, lambda database: revoke_key(database, BY, list_keys(database)[0].id))
    people, aside = restore_team(path, copy, THEN)
    assert aside == path.with_name(f"team.sqlite.{THEN}")
    assert (people, _people(path), _people(aside)) == (1, ["alice"], ["alice", "bob"])
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [key.revoked for key in look_up(path, list_keys)] == [None]
    _add(path, "dave")
    assert _people(path) == ["alice", "dave"]


def test_a_copy_can_be_put_where_nothing_is(path: Path, copy: Path) -> None:
    back_up_team(path, copy)
    elsewhere = path.parent / "new" / "team.sqlite"
    assert restore_team(elsewhere, copy, THEN) == (1, None)
    assert _people(elsewhere) == ["alice"]


def _newer(path: Path) -> None:
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA user_version = 99")


def _of_another_program(path: Path) -> None:
    path.unlink()
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE bookmarks (url)")


@pytest.mark.parametrize(
    "spoil",
    [_newer, _of_another_program, lambda path: path.write_text("my thesis"), lambda path: path.write_bytes(b"")],
)
def test_what_is_no_copy_is_neither_replaced_nor_used(path: Path, copy: Path, spoil: object) -> None:
    back_up_team(path, copy)
    assert callable(spoil)
    spoil(copy)
    before = copy.read_bytes()
    for refused in (check_team_copy, back_up_team):
        with pytest.raises(ForeignTeamFileError):
            refused(path, copy)
    assert copy.read_bytes() == before
    assert _people(path) == ["alice"]


def test_the_file_is_no_copy_of_itself(path: Path) -> None:
    with pytest.raises(FileExistsError):
        back_up_team(path, path)


def test_there_is_no_copy_of_nothing(tmp_path: Path, copy: Path) -> None:
    with pytest.raises(FileNotFoundError):
        back_up_team(tmp_path / "team.sqlite", copy)
    assert not copy.exists()
