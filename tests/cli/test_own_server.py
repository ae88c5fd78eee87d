"""A server for one run."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from passenger.cli.own_server import KEPT_LOGS, STARTING, NotStartedError, forget, own_server


def test_what_it_says_before_it_ends_is_why_it_did_not_start(tmp_path: Path) -> None:
    log = tmp_path / "server-1.log"
    with pytest.raises(NotStartedError, match="No such command"), own_server(["nonsense"], os.environ, log):
        pass
    assert log.stat().st_mode & 0o777 == 0o600


def test_only_the_newest_logs_are_kept(tmp_path: Path) -> None:
    for number in range(KEPT_LOGS + 3):
        path = tmp_path / f"server-{number}.log"
        path.write_text("")
        os.utime(path, (number, number))
    (tmp_path / "proven.json").write_text("{}")
    forget(tmp_path)
    left = sorted(path.name for path in tmp_path.iterdir())
    assert left == ["proven.json", *(f"server-{number}.log" for number in range(4, KEPT_LOGS + 3))]


def test_the_log_of_a_server_that_is_starting_is_kept(tmp_path: Path) -> None:
    for number in range(KEPT_LOGS + 3):
        path = tmp_path / f"server-{number}.log"
        path.write_text("")
        os.utime(path, (number, number))
    forget(tmp_path, now=STARTING)
    assert len(list(tmp_path.iterdir())) == KEPT_LOGS + 3


def test_launches_that_forget_at_once_do_not_stumble_over_each_other(tmp_path: Path) -> None:
    def launch(number: int) -> None:
        for turn in range(60):
            path = tmp_path / f"server-{number}-{turn}.log"
            path.write_text("")
            os.utime(path, (turn, turn))
            forget(tmp_path)

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(launch, range(4)))
    assert len(list(tmp_path.iterdir())) < KEPT_LOGS + 4
