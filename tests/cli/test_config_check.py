"""`passenger config check`: whether the settings can be served with."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Command


def test_settings_that_can_be_used_are_said_to_be(command: Command, home: Path) -> None:
    (home / "mine.toml").write_text("[server]\nport = 1\n")
    ended = command("config", "check", "-c", "mine.toml")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out == "The settings can be used. Files read: mine.toml.\n"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[server]\nprot = 1\n", "mine.toml:2: [server] prot: unknown key; did you mean port?"),
        ("[server]\nport = \n", "mine.toml:2: is not TOML"),
        ('[server]\nhost = "0.0.0.0"\n', "mine.toml:2: [server] host: listening on 0.0.0.0 would let"),
        ('[server]\nhost = "no-such-host.invalid"\n', "mine.toml:2: [server] host: no-such-host.invalid: "),
        ('[network]\nca_bundle = "nowhere.pem"\n', "mine.toml:2: [network] ca_bundle: nowhere.pem: "),
    ],
)
def test_what_a_server_would_refuse_is_refused_here(command: Command, home: Path, text: str, complaint: str) -> None:
    (home / "mine.toml").write_text(text)
    ended = command("config", "check", "-c", "mine.toml")
    assert (ended.code, ended.out) == (2, "")
    assert complaint in ended.err
    told = json.loads(command("config", "check", "-c", "mine.toml", "--json").out)
    assert told["ok"] is False
    assert told["problems"][0]["origin"] == {"kind": "file", "name": "mine.toml", "line": 2}
    assert (home / "mine.toml").read_text() == text


def test_all_problems_are_told_at_once_and_a_wrong_proxy_too(command: Command) -> None:
    env = {"HTTPS_PROXY": "ftp://nowhere", "PASSENGER_SERVER_HOST": "0.0.0.0"}
    told = json.loads(command("config", "check", "--json", env=env).out)
    assert {one["origin"]["name"] for one in told["problems"]} == {"HTTPS_PROXY", "PASSENGER_SERVER_HOST"}


def test_oddities_are_told_and_are_no_problem(command: Command) -> None:
    ended = command("config", "check", env={"PASSENGER_NOPE": "x"})
    assert (ended.code, ended.out) == (0, "The settings can be used. Files read: none.\n")
    assert ended.err == "warning: PASSENGER_NOPE is ignored: unknown variable\n"
    told = json.loads(command("config", "check", "--json", env={"PASSENGER_NOPE": "x"}).out)
    assert set(told) == {"ok", "problems", "warnings", "files"}
    assert (told["ok"], told["warnings"]) == (True, ["PASSENGER_NOPE is ignored: unknown variable"])
