"""The sessions that are paused, in one process and in several."""

import os
import stat
import time
from pathlib import Path

from passenger.quota.pauses import MOST, PausedSession, Pauses


class Clock:
    def __init__(self, now: float = 1_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def one(session: str = "a1", until: float = 2_000.0) -> PausedSession:
    return PausedSession(session, until, "repeats", "the same request", "ann", "my session")


def test_a_pause_ends_with_its_time() -> None:
    clock = Clock()
    pauses = Pauses(None, clock)
    assert not pauses
    pauses.pause(one())
    assert pauses
    assert pauses.find("a1") == one()
    assert pauses.find("b2") is None
    clock.now = 2_000.0
    assert pauses.all() == []
    assert pauses.find("a1") is None
    assert not pauses


def test_no_directory_is_made_before_there_is_a_pause(tmp_path: Path) -> None:
    pauses = Pauses(tmp_path / "paused", time.time)
    assert not pauses
    assert pauses.find("a1") is None
    assert pauses.all() == []
    assert not pauses.resume("a1")
    assert not (tmp_path / "paused").exists()


def test_what_one_process_pauses_and_resumes_all_know_at_once(tmp_path: Path) -> None:
    here, there = (Pauses(tmp_path / "paused", time.time) for _ in range(2))
    for _ in range(20):  # faster than the date of a directory changes
        for pauses, other in ((here, there), (there, here)):
            pauses.pause(one(until=time.time() + 900))
            assert other
            assert other.find("a1") is not None
            assert other.resume("a1")
            assert pauses.find("a1") is None
            assert not pauses
            assert not other


def test_a_directory_that_has_not_changed_is_not_read_again(tmp_path: Path) -> None:
    directory = tmp_path / "paused"
    Pauses(directory, time.time).pause(one(until=time.time() + 900))
    long_ago = time.time_ns() - 10**10
    os.utime(directory, ns=(long_ago, long_ago))
    pauses = Pauses(directory, time.time)
    assert pauses.find("a1")
    (directory / "a1.json").write_text("{}")  # writing into a file does not date its directory
    assert pauses.find("a1")


def test_the_files_are_the_owners_alone_and_outlive_the_process(tmp_path: Path) -> None:
    Pauses(tmp_path / "paused", time.time).pause(one(until=time.time() + 900))
    (path,) = (tmp_path / "paused").iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [found.session for found in Pauses(tmp_path / "paused", time.time).all()] == ["a1"]


def test_a_file_that_cannot_be_read_pauses_nothing(tmp_path: Path) -> None:
    directory = tmp_path / "paused"
    directory.mkdir()
    (directory / "a1.json").write_text("no JSON")
    (directory / "b2.json").write_text('{"session": "another", "until": 1e12, "detector": "repeats", "why": "x"}')
    (directory / "c3.json").write_text('{"session": "c3", "until": "soon"}')
    assert Pauses(directory, time.time).all() == []


def test_where_nothing_can_be_written_a_pause_holds_in_this_process(tmp_path: Path) -> None:
    (tmp_path / "paused").write_text("a file, and no directory")
    pauses = Pauses(tmp_path / "paused", Clock())
    pauses.pause(one())
    assert pauses.find("a1") == one()
    assert pauses.resume("a1")
    assert pauses.find("a1") is None


def test_the_one_that_ends_first_makes_room() -> None:
    pauses = Pauses(None, Clock())
    for number in range(MOST + 1):
        pauses.pause(one(f"s{number}", 2_000.0 + number))
    assert len(pauses.all()) == MOST
    assert pauses.find("s0") is None
    assert pauses.find(f"s{MOST}") is not None
