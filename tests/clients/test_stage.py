"""The directory of one run."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from passenger.clients.plan import OwnedFile, OwnedLink, Plan
from passenger.clients.stage import clean, directory_for, make, put


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_it_is_private_and_gone_afterwards(tmp_path: Path) -> None:
    with directory_for(tmp_path / "a" / "b", "run") as directory:
        assert directory == tmp_path / "a" / "b" / "run"
        assert (mode(directory), mode(directory.parent)) == (0o700, 0o700)
        (directory / "file").write_text("x")
    assert list((tmp_path / "a" / "b").iterdir()) == []


def test_files_are_private_links_lead_out_and_what_is_kept_is_made(tmp_path: Path) -> None:
    kept, run = tmp_path / "kept", tmp_path / "run"
    links = [OwnedLink(run / "home/tmp", kept / "tmp"), OwnedLink(run / "home/x", tmp_path / "user/x")]
    put(Plan(argv=["x"], files=[OwnedFile(run / "sub/file", "text")], links=links), kept)
    assert (run / "sub/file").read_text() == "text"
    assert mode(run / "sub/file") == 0o600
    assert (kept / "tmp").is_dir()
    assert (run / "home/x").readlink() == tmp_path / "user/x"
    assert not (tmp_path / "user").exists()


def test_what_the_user_has_behind_a_link_survives_the_run(tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "file").write_text("x")
    with directory_for(tmp_path / "runs", "run") as directory:
        put(Plan(argv=["x"], links=[OwnedLink(directory / "link", mine)]), tmp_path / "kept")
    assert (mine / "file").read_text() == "x"


def test_only_the_directories_of_ended_runs_are_removed_and_never_what_is_kept(tmp_path: Path) -> None:
    for name, owner in (("dead", "999999999"), ("alive", str(os.getpid())), ("odd", "x"), ("kept", None)):
        (tmp_path / name).mkdir()
        if owner is not None:
            (tmp_path / name / "pid").write_text(owner)
    with directory_for(tmp_path, "run"):
        assert {path.name for path in tmp_path.iterdir()} == {"alive", "kept", "run"}


def test_a_file_in_the_way_is_an_error_with_its_name(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="file"):
        make(tmp_path / "file")


def test_launches_at_once_leave_each_others_directories_alone(tmp_path: Path) -> None:
    def launch(number: int) -> None:
        for turn in range(100):
            with directory_for(tmp_path, f"{number}-{turn}") as directory:
                clean(tmp_path)
                assert (directory / "pid").read_text() == str(os.getpid())

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(launch, range(4)))
    assert list(tmp_path.iterdir()) == []


def test_what_an_ended_process_had_begun_to_make_is_removed(tmp_path: Path) -> None:
    for owner in (999999999, os.getpid()):
        (tmp_path / f".new-{owner}.run").mkdir()
    clean(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [f".new-{os.getpid()}.run"]
