"""`passenger simulate`: the simulator as a process."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import tomllib
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from passenger.config.invocation import Invocation
from passenger.config.schema import Config, GithubSettings
from passenger.config.simulated import leads_to_one, settings
from passenger.simulator.server import BILL
from tests.cli.conftest import PATIENCE, Command
from tests.proxy import environment

SHOWN_LINES = 7


@contextmanager
def simulating(home: Path, *arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The running process and what it has printed by the time it listens."""
    process = subprocess.Popen(
        [sys.executable, "-m", "passenger", "simulate", "--port", "0", *arguments],
        cwd=home,
        env=environment(home),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=_with_ctrl_c,  # noqa: PLW1509 - nothing here has threads
    )
    with process:
        assert process.stdout is not None
        try:
            yield process, "".join(process.stdout.readline() for _ in range(SHOWN_LINES))
        finally:
            process.kill()


def _with_ctrl_c() -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a test run in the background would ignore it


def ended(process: subprocess.Popen[str], number: signal.Signals) -> tuple[int, str, str]:
    process.send_signal(number)
    out, err = process.communicate(timeout=PATIENCE)
    return process.returncode, out, err


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_it_serves_until_told_to_stop(home: Path, number: signal.Signals, code: int) -> None:
    with simulating(home) as (process, _):
        assert ended(process, number) == (code, "", "")


def test_it_prints_its_address_its_login_and_a_config_that_leads_there(home: Path, command: Command) -> None:
    with simulating(home) as (process, shown):
        token = re.findall(r"GitHub token it accepts: (\S+)", shown)[0]
        (home / "shown.toml").write_text(shown)
        for url in tomllib.loads(shown)["github"].values():
            assert re.match(r"http://127\.0\.0\.1:\d+/", url)
        refreshed = command("-c", "shown.toml", "refresh", env={"COPILOT_GITHUB_TOKEN": token})
        assert refreshed.code == 0, refreshed.err
        ended(process, signal.SIGTERM)


def test_a_token_can_be_made_to_live_shortly(home: Path, command: Command) -> None:
    with simulating(home, "--token-lifetime", "240", "--plan", "business") as (process, shown):
        (home / "shown.toml").write_text(shown)
        token = re.findall(r"GitHub token it accepts: (\S+)", shown)[0]
        refreshed = command("-c", "shown.toml", "refresh", env={"COPILOT_GITHUB_TOKEN": token})
        (kept,) = (home / ".config" / "passenger").rglob("token.json")
        assert "good for 4 minutes" in refreshed.out
        assert "copilot_for_business_seat_quota" in kept.read_text()
        ended(process, signal.SIGTERM)


def test_its_account_can_pay_by_tokens_and_its_bill_be_asked_for(home: Path) -> None:
    with simulating(home, "--credits", "500") as (process, shown):
        url = re.findall(r"http://127\.0\.0\.1:\d+", shown)[0]
        with urllib.request.urlopen(url + BILL, timeout=PATIENCE) as answer:
            (account,) = json.load(answer)["accounts"]
        assert (account["unit"], account["nano"], account["rows"]) == ("credits", 0, [])
        ended(process, signal.SIGTERM)


def test_it_can_take_each_login_as_it_is(home: Path, command: Command) -> None:
    with simulating(home, "--no-exchange") as (process, shown):
        assert process.stdout is not None
        (home / "shown.toml").write_text(shown + "".join(process.stdout.readline() for _ in range(2)))
        token = re.findall(r"GitHub token it accepts: (\S+)", shown)[0]
        refreshed = command("-c", "shown.toml", "refresh", env={"COPILOT_GITHUB_TOKEN": token})
        assert (refreshed.code, "no token to renew" in refreshed.out) == (0, True), refreshed.err
        ended(process, signal.SIGTERM)


def test_an_address_in_use_is_said_with_what_to_do(command: Command) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = command("simulate", "--port", str(port))
    assert (result.code, result.out) == (1, "")
    assert re.search(rf"port {port} is taken by \S+ \(process {os.getpid()}\); stop it, or .* --port N", result.err)


def test_they_lead_to_the_simulator_at_its_usual_address() -> None:
    assert settings()["github.device_code_url"] == "http://127.0.0.1:8082/login/device/code"
    loaded = Invocation(profile="simulated", environ={"HOME": "/"}).load()
    assert leads_to_one(loaded.config)
    assert loaded.trusted_hosts == {"127.0.0.1"}


@pytest.mark.parametrize(
    ("url", "expected"), [("https://github.com/x", False), ("http://localhost:9/x", True), ("http://[::1]:9/x", True)]
)
def test_only_this_machine_can_have_one(url: str, expected: bool) -> None:
    assert leads_to_one(Config(github=GithubSettings(url, "http://127.0.0.1:9/y", "http://127.0.0.1:9/z"))) is expected
