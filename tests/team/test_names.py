"""The names of a team's people."""

import sqlite3
from pathlib import Path

from passenger.team.audit import Author
from passenger.team.keys import KeyGrant, create_key
from passenger.team.names import TeamNames, read_names
from passenger.team.users import add_user, delete_user


def test_names_outlive_their_people(team: sqlite3.Connection, path: Path, by: Author) -> None:
    ann = add_user(team, by, "ann", "ann-gh")
    key = create_key(team, by, ann, KeyGrant()).key
    delete_user(team, by, "ann")
    assert read_names(path) == TeamNames({ann.id: "ann"}, {key.id: key.shown})


def test_without_a_file_there_are_none(tmp_path: Path) -> None:
    assert read_names(tmp_path / "none") == TeamNames()
    (tmp_path / "damaged").write_bytes(b"x" * 100)
    assert read_names(tmp_path / "damaged") == TeamNames()
