"""The team file."""

import sqlite3
import threading
from pathlib import Path

import pytest

from passenger.errors import Failure
from passenger.team.audit import Author
from passenger.team.team_file import change, change_existing, look_up, open_team
from passenger.team.users import add_user, list_users
from passenger.team.version import APPLICATION_ID, newest_version


def test_it_is_private_and_marked(path: Path) -> None:
    open_team(path).close()
    assert path.stat().st_mode & 0o777 == 0o600
    database = sqlite3.connect(path)
    assert database.execute("PRAGMA user_version").fetchone() == (newest_version(),)
    assert database.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)
    database.close()


def test_an_error_undoes_all_of_a_change(path: Path, by: Author) -> None:
    def fail(database: sqlite3.Connection) -> None:
        add_user(database, by, "ann", "x")
        raise ValueError("stop")

    with pytest.raises(ValueError, match="stop"):
        change(path, fail)
    assert look_up(path, list_users) == []


def test_of_two_that_add_the_same_name_one_succeeds(path: Path, by: Author) -> None:
    open_team(path).close()
    told: list[str | None] = []
    begin = threading.Barrier(8)

    def add() -> None:
        begin.wait()
        try:
            change(path, lambda database: add_user(database, by, "ann", "x"))
            told.append(None)
        except Failure as failure:
            told.append(failure.code)

    threads = [threading.Thread(target=add) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(told, key=str) == [None, *["name_taken"] * 7]
    assert len(look_up(path, list_users)) == 1


def test_without_a_file_there_is_no_team(path: Path) -> None:
    with pytest.raises(Failure) as missing:
        look_up(path, list_users)
    assert (missing.value.code, missing.value.status) == ("no_team", 404)
    assert not path.exists()


def test_a_change_of_a_team_that_is_none_makes_no_file(path: Path) -> None:
    with pytest.raises(Failure) as missing:
        change_existing(path, list_users)
    assert missing.value.code == "no_team"
    assert not path.exists()
    change(path, list_users)
    assert change_existing(path, list_users) == []


@pytest.mark.parametrize("content", [b"no database at all", b"SQLite format 3\0" + b"x" * 200])
def test_a_damaged_file_is_told_and_left(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    path.chmod(0o600)
    for use in (look_up, change):
        with pytest.raises(Failure) as unusable:
            use(path, list_users)
        assert unusable.value.code == "team_file_unusable"
        assert str(path) in unusable.value.message
    assert path.read_bytes() == content
