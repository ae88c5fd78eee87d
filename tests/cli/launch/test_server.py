"""Which server a client is wired to; that it is found or started is seen in `test_launch.py`."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from passenger.cli.launch.server import ALONE, KEPT_LOGS, STARTING, NotStartedError, forget, own_server, proof_name
from passenger.server.control.status import SeatAccount


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


def test_the_server_of_one_run_opens_no_second_port() -> None:
    assert ALONE == {"PASSENGER_SERVER_OLLAMA_PORT": "0"}


def test_a_proof_is_remembered_for_one_server_login_and_account() -> None:
    names = [
        proof_name(where, hosts, login, SeatAccount(account))
        for where in ("own", "http://127.0.0.1:8081")
        for hosts in ("github.com", "octocorp.ghe.com")
        for login in (None, "work")
        for account in ("mona", "hubot")
    ]
    assert len(set(names)) == len(names) == 16


@pytest.mark.parametrize("account", [None, SeatAccount(), SeatAccount("")])
def test_where_github_does_not_tell_whose_it_is_nothing_is_remembered(account: SeatAccount | None) -> None:
    assert proof_name("own", "github.com", None, account) is None
