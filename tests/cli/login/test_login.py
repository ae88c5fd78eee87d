"""`passenger login` as a process, against simulated GitHub."""

import asyncio
import json
import os
import pty
import re
import signal
import stat
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from passenger.simulator import Fault, Simulator
from passenger.simulator.account import CLIENTS
from tests.proxy import PATIENCE, Proxy, environment, eventually, profile_of, running, spawn
from tests.tunnel import standing_for_github

DEVICE = "/login/device/code"
POLL = "/login/oauth/access_token"
EXCHANGE = "/copilot_internal/v2/token"
MAIN = "import sys; sys.argv[0] = 'passenger'; from passenger.cli import main; sys.exit(main())"


def settings(simulator: Simulator, home: Path) -> list[str]:
    path = home / "settings.toml"
    path.write_text(simulator.config_toml())
    return ["-c", str(path)]


async def login(
    simulator: Simulator, home: Path, *arguments: str, stdin: str | None = None, env: Mapping[str, str] | None = None
) -> tuple[int, str]:
    """Run `passenger login` to its end: its exit code and all it said."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "passenger",
        *settings(simulator, home),
        "login",
        *arguments,
        cwd=home,
        env=environment(home, env),
        stdin=subprocess.PIPE if stdin is not None else subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    async with asyncio.timeout(PATIENCE):
        said, _ = await process.communicate(stdin.encode() if stdin is not None else None)
    assert process.returncode is not None
    return process.returncode, said.decode()


def saved(home: Path) -> dict[str, dict[str, object]]:
    directory = home / ".config" / "passenger"
    return {path.name: json.loads(path.read_text()) for path in sorted(directory.rglob("*.json"))}


def contents(directory: Path) -> dict[str, bytes]:
    """Every file below, whatever its name."""
    return {str(path.relative_to(directory)): path.read_bytes() for path in directory.rglob("*") if path.is_file()}


async def test_a_login_saves_both_files_for_its_owner_alone_and_says_who_is_in(
    simulator: Simulator, home: Path
) -> None:
    code, said = await login(simulator, home)
    assert code == 0, said
    assert "octo-simulated" in said
    assert "(Copilot Pro)" in said
    assert "models" in said
    files = saved(home)
    assert list(files) == ["access_token.json", "token.json"]
    assert set(files["access_token.json"]) == {"access_token", "token_type", "scope"}
    assert {"token", "expires_at", "refresh_in"} <= set(files["token.json"])
    directory = profile_of(simulator, home / ".config" / "passenger")
    assert {stat.S_IMODE(path.stat().st_mode) for path in (directory, *directory.parents[:2])} == {0o700}
    assert {stat.S_IMODE(path.stat().st_mode) for path in directory.glob("*.json")} == {0o600}


@pytest.mark.proves("T4", "promise 2")
async def test_the_code_and_the_address_are_shown_and_the_tokens_never(simulator: Simulator, home: Path) -> None:
    _, said = await login(simulator, home, "-vv")
    assert "/login/device" in said
    files = saved(home)
    assert str(files["access_token.json"]["access_token"]) not in said
    assert str(files["token.json"]["token"]) not in said


@pytest.mark.proves("profiles")
@pytest.mark.parametrize(
    ("arguments", "code", "exchanges"),
    [(["login"], 0, 1), (["refresh"], 4, 0), (["--port", "0"], 4, 0)],
    ids=["login", "refresh", "serve"],
)
async def test_nothing_that_is_done_with_another_host_uses_or_touches_a_real_login(
    simulator: Simulator, home: Path, arguments: list[str], code: int, exchanges: int
) -> None:
    async with Simulator() as real, standing_for_github(real, home) as env:
        process = await spawn(home, ["login", "--token-stdin"], env, subprocess.PIPE)
        assert process.process.stdin is not None
        process.process.stdin.write(f"{real.login_token}\n".encode())
        process.process.stdin.close()
        assert await process.ended() == 0, process.lines
    directory = home / ".config" / "passenger"
    before = contents(directory)
    assert {"access_token.json", "token.json"} <= set(before)
    done = await spawn(home, [*settings(simulator, home), *arguments])
    assert await done.ended() == code, done.lines
    after = contents(directory)
    assert {name: after[name] for name in before} == before
    assert len(simulator.seen(EXCHANGE)) == exchanges  # the real login, which it would take, has not gone there
    assert (profile_of(simulator, directory) / "access_token.json").exists() is (code == 0)


@pytest.mark.proves("profiles")
async def test_the_login_of_gh_goes_to_no_other_host_and_the_complaint_names_that(
    simulator: Simulator, home: Path
) -> None:
    process = await spawn(home, [*settings(simulator, home), "--port", "0"], {"GH_TOKEN": simulator.login_token})
    assert await process.ended() == 4
    (line,) = process.lines
    port = simulator.url.rpartition(":")[2]
    assert f"nobody is logged in at localhost~{port} here: run `passenger login` with the same settings" in line
    assert simulator.requests == []


@pytest.mark.proves("profiles")
async def test_login_refresh_and_serving_use_the_same_files_of_a_host(simulator: Simulator, home: Path) -> None:
    assert (await login(simulator, home))[0] == 0
    directory = profile_of(simulator, home / ".config" / "passenger")
    first = json.loads((directory / "token.json").read_text())["token"]
    assert await (await spawn(home, [*settings(simulator, home), "refresh"])).ended() == 0
    second = json.loads((directory / "token.json").read_text())["token"]
    async with running(simulator, home, login=False) as proxy:
        assert proxy.logged(str(directory / "access_token.json"))
    assert first != second
    assert contents(home / ".config").keys() == {
        str((directory / name).relative_to(home / ".config"))
        for name in ("access_token.json", "token.json", "token.json.lock")
    }


async def test_who_is_logged_in_already_is_said_and_replaced_only_by_a_login_that_succeeds(
    simulator: Simulator, home: Path
) -> None:
    assert (await login(simulator, home))[0] == 0
    before = contents(home / ".config")
    simulator.deny()
    code, said = await login(simulator, home)
    assert code == 1
    assert "You are logged in already, as octo-simulated." in said
    assert contents(home / ".config") == before


async def test_a_login_whose_owner_github_does_not_tell_is_said_by_its_file(simulator: Simulator, home: Path) -> None:
    assert (await login(simulator, home))[0] == 0
    simulator.inject(Fault(status=500), "/user", times=None)
    code, said = await login(simulator, home, "--token-stdin", stdin=f"{simulator.login_token}\n")
    path = profile_of(simulator, home / ".config" / "passenger") / "access_token.json"
    assert code == 0
    assert f"A login is saved already in {path}." in said


@pytest.mark.parametrize(("variable", "wins"), [("COPILOT_GITHUB_TOKEN", True), ("GH_TOKEN", False)])
async def test_a_login_of_the_environment_that_wins_over_the_new_one_is_named(
    simulator: Simulator, home: Path, variable: str, wins: bool
) -> None:
    env = {variable: CLIENTS["01ab8ac9400c4e429b23"]}
    code, said = await login(simulator, home, "--token-stdin", stdin=f"{simulator.login_token}\n", env=env)
    assert code == 0
    assert (f"But {variable} is set in the environment, and is used before this login." in said) is wins


async def test_the_old_spelling_does_the_same(simulator: Simulator, home: Path) -> None:
    process = await spawn(home, [*settings(simulator, home), "--login"])
    assert await process.ended() == 0
    assert list(saved(home)) == ["access_token.json", "token.json"]


@pytest.mark.proves("F16")
async def test_a_login_that_is_denied_ends_at_once_and_leaves_nothing(simulator: Simulator, home: Path) -> None:
    simulator.deny()
    code, said = await login(simulator, home)
    assert code == 1
    assert "cancelled" in said
    assert saved(home) == {}


@pytest.mark.proves("F16")
async def test_a_code_that_expires_says_so(simulator: Simulator, home: Path) -> None:
    simulator.inject(Fault(status=200, body='{"error":"expired_token"}'), POLL)
    code, said = await login(simulator, home)
    assert code == 1
    assert "expired" in said


@pytest.mark.proves("F16")
async def test_a_network_that_fails_is_tried_again(simulator: Simulator, home: Path) -> None:
    simulator.inject(Fault(reset=True), DEVICE)
    simulator.inject(Fault(status=502), POLL, times=2)
    simulator.inject(Fault(reset=True), POLL, times=2)
    code, said = await login(simulator, home)
    assert code == 0, said


async def test_who_is_logged_in_may_stay_unknown(simulator: Simulator, home: Path) -> None:
    for path in ("/user", "/copilot_internal/user", "/models"):
        simulator.inject(Fault(status=500), path, times=None)
    code, said = await login(simulator, home)
    assert code == 0, said
    assert "Logged in." in said
    assert list(saved(home)) == ["access_token.json", "token.json"]


async def test_an_account_without_a_seat_is_refused_with_githubs_reason(simulator: Simulator, home: Path) -> None:
    simulator.inject(Fault(status=403, code="no_copilot_access"), EXCHANGE, times=None)
    code, said = await login(simulator, home)
    assert code == 1
    assert "no Copilot token" in said
    assert saved(home) == {}


async def test_an_exchange_that_is_down_does_not_lose_the_login(simulator: Simulator, home: Path) -> None:
    simulator.inject(Fault(status=503), EXCHANGE, times=None)
    code, said = await login(simulator, home)
    assert code == 0, said
    assert "on first use" in said
    assert list(saved(home)) == ["access_token.json"]


async def test_a_token_on_stdin_is_a_login_too(simulator: Simulator, home: Path) -> None:
    code, said = await login(simulator, home, "--token-stdin", stdin=f"{simulator.login_token}\n")
    assert code == 0, said
    assert saved(home)["access_token.json"]["access_token"] == simulator.login_token
    assert simulator.seen(DEVICE) == []


@pytest.mark.parametrize(
    ("token", "reason"),
    [
        ("ghp_simulated", "classic personal access token"),
        ("github_pat_simulated", "fine-grained"),
        ("ghs_simulated", "[copilot] api_base_url names no API that takes it"),
        ("gho_simulated-gh-cli-0001", "Copilot's own apps"),
        ("nonsense", "no longer accepts"),
        ("", "no token on stdin"),
    ],
)
async def test_a_token_that_cannot_be_used_is_refused_with_the_reason(
    simulator: Simulator, home: Path, token: str, reason: str
) -> None:
    code, said = await login(simulator, home, "--token-stdin", stdin=token)
    assert code != 0
    assert reason in said
    assert not token or token not in said
    assert saved(home) == {}


async def test_path_flags_are_the_only_places_written(simulator: Simulator, home: Path) -> None:
    (home / "keys").mkdir()
    access, copilot = home / "keys" / "a.json", home / "keys" / "c.json"
    code, said = await login(simulator, home, "--access-token-path", str(access), "--copilot-token-path", str(copilot))
    assert code == 0, said
    assert json.loads(access.read_text())["access_token"] == simulator.login_token
    assert "token" in json.loads(copilot.read_text())
    assert not (home / ".config").exists()


async def test_a_path_in_a_directory_that_is_missing_is_an_error_that_names_it(
    simulator: Simulator, home: Path
) -> None:
    missing = home / "nowhere"
    code, said = await login(simulator, home, "--access-token-path", str(missing / "a.json"))
    assert code == 1
    assert f"the directory {missing} does not exist" in said
    assert not missing.exists()
    assert simulator.requests == []


@pytest.mark.parametrize("flag", ["--access-token-path", "--copilot-token-path"])
async def test_a_path_that_cannot_be_written_is_an_error_before_anything_is_asked(
    simulator: Simulator, home: Path, flag: str
) -> None:
    code, said = await login(simulator, home, flag, "/proc/self/a.json")
    assert code == 1
    assert "/proc/self/a.json cannot be written: " in said
    assert simulator.requests == []
    assert not (home / ".config").exists()


async def test_a_config_directory_that_cannot_be_made_is_an_error_before_anything_is_asked(
    simulator: Simulator, home: Path
) -> None:
    (home / ".config").write_text("a file where a directory should be")
    code, said = await login(simulator, home)
    assert code == 1
    assert "cannot be written: Not a directory" in said
    assert simulator.requests == []


@pytest.mark.proves("F16")
async def test_ctrl_c_ends_it_with_130_and_leaves_nothing_behind(home: Path) -> None:
    async with Simulator(device_interval=0.02, approve_after=1_000_000) as simulator:
        process = await spawn(home, [*settings(simulator, home), "login"])
        await eventually(lambda: simulator.seen(POLL))
        process.signal(signal.SIGINT)
        assert await process.ended() == 130
    assert saved(home) == {}
    assert not process.logged("Traceback")


@pytest.mark.proves("F16")
@pytest.mark.parametrize("arguments", [["login"], ["refresh"]], ids=["login", "refresh"])
async def test_ctrl_c_ends_it_though_it_was_started_in_the_background(home: Path, arguments: list[str]) -> None:
    async with Simulator(device_interval=0.02, approve_after=1_000_000) as simulator:
        simulator.inject(Fault(delay=PATIENCE), EXCHANGE)
        asked = EXCHANGE if arguments == ["refresh"] else POLL
        process = await spawn(
            home,
            [*settings(simulator, home), *arguments],
            {"COPILOT_GITHUB_TOKEN": simulator.login_token},
            program=("-c", f"import signal; signal.signal(signal.SIGINT, signal.SIG_IGN); {MAIN}"),
        )
        try:
            await eventually(lambda: simulator.seen(asked))
            process.signal(signal.SIGINT)
            assert await process.ended() == 130
        finally:
            if process.process.returncode is None:
                process.process.kill()
    assert saved(home) == {}


async def test_it_works_with_stdin_closed(simulator: Simulator, home: Path) -> None:
    command = " ".join([sys.executable, "-m", "passenger", *settings(simulator, home), "login"])
    process = await asyncio.create_subprocess_shell(f"{command} <&-", cwd=home, env=environment(home))
    async with asyncio.timeout(PATIENCE):
        assert await process.wait() == 0


async def test_a_terminal_sees_the_code_in_large_and_no_token(simulator: Simulator, home: Path) -> None:
    ours, theirs = pty.openpty()
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "passenger",
        *settings(simulator, home),
        "login",
        cwd=home,
        env=environment(home, {"TERM": "xterm-256color"}),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    async with asyncio.timeout(PATIENCE):
        shown = await asyncio.to_thread(_read_all, ours)
        assert await process.wait() == 0, shown
    assert "enter this code" in shown
    assert "in a browser" in shown
    assert re.search(r"Waiting for you to enter the code \(expires in \d+:\d\d\)\. Ctrl-C stops\.", shown)
    assert simulator.login_token not in shown


def _read_all(descriptor: int) -> str:
    shown = b""
    while True:
        try:
            piece = os.read(descriptor, 4096)
        except OSError:  # the terminal's other end is closed
            piece = b""
        if not piece:
            os.close(descriptor)
            return shown.decode("utf-8", "replace")
        shown += piece


async def refreshed(simulator: Simulator, home: Path, *arguments: str, token: str | None = None) -> tuple[int, Proxy]:
    settings = home / "settings.toml"
    settings.write_text(simulator.config_toml())
    env = {"COPILOT_GITHUB_TOKEN": simulator.login_token if token is None else token}
    process = await spawn(home, ["-c", str(settings), *arguments], env)
    return await process.ended(), process


@pytest.mark.parametrize("command", ["refresh", "--refresh-token"])
async def test_a_refresh_always_exchanges(simulator: Simulator, home: Path, command: str) -> None:
    for count in (1, 2):
        code, process = await refreshed(simulator, home, command)
        assert code == 0, process.lines
        assert simulator.exchanges == count
    kept = json.loads((profile_of(simulator, home / ".config" / "passenger") / "token.json").read_text())
    assert kept["token"].startswith("tid=")


async def test_a_refresh_without_a_login_needs_one(simulator: Simulator, home: Path) -> None:
    code, process = await refreshed(simulator, home, "refresh", token="")
    assert code == 4
    assert process.logged("passenger login")


async def test_a_refresh_that_github_refuses_says_why(simulator: Simulator, home: Path) -> None:
    simulator.inject(Fault(status=403, code="no_copilot_access"), "/copilot_internal/v2/token")
    code, process = await refreshed(simulator, home, "refresh")
    assert code == 1
    assert process.logged("no Copilot token")
