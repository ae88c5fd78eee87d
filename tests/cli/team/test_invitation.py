"""`passenger users invite`."""

import json
import re

import pytest

from passenger.cli.team.invitation import choose_join_url
from passenger.config.schema import Config, ServerSettings
from passenger.errors import Failure
from tests.cli.conftest import Command

SECRET = r"psgi_[\w-]{43}"


def test_a_link_is_printed_alone_and_each_replaces_the_one_before(command: Command) -> None:
    command("users", "add", "alice", "--github", "alice-gh")
    first = command("users", "invite", "alice")
    assert first.code == 0, first.err
    assert re.fullmatch(rf"http://localhost:\d+/join/{SECRET}\n", first.out)
    assert "24 hours, and once" in first.err
    second = command("users", "invite", "alice")
    assert second.out != first.out


def test_a_program_gets_it_as_json(command: Command) -> None:
    command("users", "add", "alice", "--github", "alice-gh")
    told = json.loads(command("users", "invite", "alice", "--json").out)
    assert re.search(rf"/join/{SECRET}$", told.pop("link"))
    assert told == {"user": "alice", "expires_in": 86_400, "any_github": False}


def test_that_any_login_will_do_is_said(command: Command) -> None:
    command("users", "add", "alice", "--github", "alice-gh")
    assert "whoever opens it first" in command("users", "invite", "alice", "--any-github").err


def test_nobody_who_is_not_there_is_invited(command: Command) -> None:
    command("users", "add", "alice", "--github", "alice-gh")
    ended = command("users", "invite", "bob")
    assert (ended.code, "there is no user 'bob'" in ended.err) == (1, True)


@pytest.mark.parametrize(
    ("server", "url"),
    [
        (ServerSettings(port=8081), "http://localhost:8081"),
        (ServerSettings(host="::1", port=9000), "http://localhost:9000"),
        (ServerSettings(host="0.0.0.0", public_url="https://box.example"), "https://box.example"),
        (ServerSettings(port=0, public_url="https://box.example"), "https://box.example"),
    ],
)
def test_a_link_leads_to_this_machine_or_to_the_address_with_tls(server: ServerSettings, url: str) -> None:
    assert choose_join_url(Config(server=server)) == url


@pytest.mark.parametrize(
    ("server", "why"),
    [
        (ServerSettings(host="0.0.0.0"), "without TLS"),
        (ServerSettings(port=0), "another one at each start"),
    ],
)
def test_where_no_address_will_do_it_says_why(server: ServerSettings, why: str) -> None:
    with pytest.raises(Failure, match=why) as refused:
        choose_join_url(Config(server=server))
    assert refused.value.code == "no_public_url"
