"""A file that takes the place of a database, and what was there."""

import stat
from pathlib import Path

from passenger.database_file import fresh_beside, set_aside


def test_a_fresh_file_is_private_and_gone_unless_it_took_its_place(tmp_path: Path) -> None:
    path = tmp_path / "one.sqlite"
    with fresh_beside(path) as fresh:
        assert stat.S_IMODE(fresh.stat().st_mode) == 0o600
        fresh.with_name(fresh.name + "-wal").touch()
    assert not [*tmp_path.iterdir()]
    with fresh_beside(path) as fresh:
        fresh.replace(path)
    assert [*tmp_path.iterdir()] == [path]


def test_a_database_is_set_aside_with_its_changes(tmp_path: Path) -> None:
    path = tmp_path / "one.sqlite"
    assert set_aside(path, "then") is None
    for ending in ("", "-wal", "-shm"):
        path.with_name(path.name + ending).write_text(ending)
    assert set_aside(path, "then") == tmp_path / "one.sqlite.then"
    assert {file.name: file.read_text() for file in tmp_path.iterdir()} == {
        f"one.sqlite.then{ending}": ending for ending in ("", "-wal", "-shm")
    }
