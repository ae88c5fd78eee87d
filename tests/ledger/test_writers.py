"""Who writes, and who was killed while writing."""

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from passenger.ledger.backlog import Gap
from passenger.ledger.database import open_to_write
from passenger.ledger.writers import KILLED, WriterMark, add_gap, find_killed, gaps, living

DIES = """
import os, signal, sys
from pathlib import Path
from passenger.ledger.database import open_to_write
from passenger.ledger.writers import WriterMark

path = Path(sys.argv[1])
mark = WriterMark(path, "dead")
mark.enter(open_to_write(path), 1000)
print("in", flush=True)
sys.stdin.read()
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.sqlite"


@pytest.fixture
def database(path: Path) -> Iterator[sqlite3.Connection]:
    opened = open_to_write(path)
    yield opened
    opened.close()


def test_a_writer_that_ends_in_good_order_leaves_nothing(database: sqlite3.Connection, path: Path) -> None:
    before = {*path.parent.iterdir()}
    mark = WriterMark(path, "one")
    mark.enter(database, 1000)
    assert living(database, path) == [os.getpid()]
    assert find_killed(database, path, 2000) == []
    mark.leave(database)
    mark.release()
    assert living(database, path) == []
    assert {*path.parent.iterdir()} == before


def test_a_writer_that_is_killed_is_found_once_and_not_while_it_lives(database: sqlite3.Connection, path: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", DIES, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdin is not None
    with process.stdout, process.stdin:
        assert process.stdout.readline() == b"in\n"
        assert find_killed(database, path, 2000) == []
        assert living(database, path) == [process.pid]
    assert process.wait() == -signal.SIGKILL
    assert living(database, path) == []
    gap = Gap(1000, 2000, process.pid, None, KILLED)
    assert find_killed(database, path, 2000) == [gap]
    assert find_killed(database, path, 3000) == []
    assert gaps(database) == [gap]
    assert not [file for file in path.parent.iterdir() if file.name.endswith(".lock")]


def test_a_clock_that_has_jumped_back_makes_no_gap_that_ends_before_it_begins(
    database: sqlite3.Connection, path: Path
) -> None:
    database.execute("INSERT INTO writer VALUES ('gone', 7, 5000, 5000)")
    assert find_killed(database, path, 1000) == [Gap(1000, 1000, 7, None, KILLED)]


def test_gaps_are_told_from_a_time_on(database: sqlite3.Connection) -> None:
    one, other = Gap(1, 2, 7, 5, "the disk is full"), Gap(3, 4, 7, None, KILLED)
    add_gap(database, other)
    add_gap(database, one)
    assert gaps(database) == [one, other]
    assert gaps(database, 3) == [other]
