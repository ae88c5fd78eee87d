"""Which server a client is wired to; that it is found or started is seen in `test_launch.py`."""

import pytest

from passenger.cli.launch_server import ALONE, proof_name
from passenger.control.status import Account


def test_the_server_of_one_run_opens_no_second_port() -> None:
    assert ALONE == {"PASSENGER_SERVER_OLLAMA_PORT": "0"}


def test_a_proof_is_remembered_for_one_server_login_and_account() -> None:
    names = [
        proof_name(where, hosts, login, Account(account))
        for where in ("own", "http://127.0.0.1:8081")
        for hosts in ("github.com", "octocorp.ghe.com")
        for login in (None, "work")
        for account in ("mona", "hubot")
    ]
    assert len(set(names)) == len(names) == 16


@pytest.mark.parametrize("account", [None, Account(), Account("")])
def test_where_github_does_not_tell_whose_it_is_nothing_is_remembered(account: Account | None) -> None:
    assert proof_name("own", "github.com", None, account) is None
