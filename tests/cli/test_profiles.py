"""Several logins of one person, each under a name of its own, as processes against simulated GitHub."""

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path

import aiohttp
import pytest

from passenger.simulator import Fault, Simulator
from passenger.simulator.account import CLIENTS, LOGIN_TOKEN
from tests.cli.conftest import Command
from tests.cli.launch.test_launch import install, world
from tests.proxy import PATIENCE, environment, profile_of, running, start
from tests.server.test_ollama_port import free_port

WORK, PRIVATE = LOGIN_TOKEN, CLIENTS["01ab8ac9400c4e429b23"]
EXCHANGE = "/copilot_internal/v2/token"


async def passenger(
    home: Path, *arguments: str, stdin: str = "", env: Mapping[str, str] | None = None
) -> tuple[int, str]:
    """Run a command to its end: its exit code and all it said."""
    process = await start(
        home,
        arguments,
        environment(home, env),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(PATIENCE):
        said, _ = await process.communicate(stdin.encode())
    assert process.returncode is not None
    return process.returncode, said.decode()


async def log_in(
    simulator: Simulator, home: Path, token: str, *flags: str, env: Mapping[str, str] | None = None
) -> str:
    """Log in with a token at the simulator, for good; what was said."""
    settings = home / "settings.toml"
    settings.write_text(simulator.config_toml())
    code, said = await passenger(home, "-c", str(settings), "login", "--token-stdin", *flags, stdin=f"{token}\n")
    assert code == 0, said
    return said


def of(simulator: Simulator, home: Path, name: str | None = None) -> Path:
    """Where the files of a login are."""
    ours = home / ".config" / "passenger"
    return profile_of(simulator, ours / "logins" / name if name else ours)


def exchanged(simulator: Simulator) -> list[str]:
    """The logins that tokens were exchanged for."""
    return [(request.header("authorization") or "").partition(" ")[2] for request in simulator.seen(EXCHANGE)]


@pytest.mark.proves("profiles")
async def test_logins_under_different_names_share_no_file(simulator: Simulator, home: Path) -> None:
    await log_in(simulator, home, PRIVATE)
    said = await log_in(simulator, home, WORK, "--profile", "work")
    assert "logged in already" not in said
    assert f"`passenger --profile work -c {home / 'settings.toml'}` serves them" in said
    for directory, token in ((of(simulator, home), PRIVATE), (of(simulator, home, "work"), WORK)):
        assert token in (directory / "access_token.json").read_text()
        assert directory.stat().st_mode & 0o777 == 0o700
    assert (home / ".config/passenger/logins/work").stat().st_mode & 0o777 == 0o700


@pytest.mark.proves("profiles")
@pytest.mark.parametrize("how", ["flag", "variable"])
async def test_the_server_serves_the_login_that_is_named(simulator: Simulator, home: Path, how: str) -> None:
    await log_in(simulator, home, PRIVATE)
    await log_in(simulator, home, WORK, "--profile", "work")
    flags, env = (["--profile", "work"], {}) if how == "flag" else ([], {"PASSENGER_PROFILE": "work"})
    async with running(simulator, home, *flags, env=env, login=False) as proxy:
        assert proxy.logged(str(of(simulator, home, "work") / "access_token.json"))
        assert not proxy.logged("unknown variable")


@pytest.mark.proves("profiles")
async def test_a_login_of_the_environment_is_not_taken_for_one_that_is_named(simulator: Simulator, home: Path) -> None:
    await log_in(simulator, home, WORK, "--profile", "work")
    env = {"COPILOT_GITHUB_TOKEN": PRIVATE, "GH_TOKEN": PRIVATE}
    code, said = await passenger(home, "-c", "settings.toml", "--profile", "work", "refresh", env=env)
    assert code == 0, said
    assert exchanged(simulator) == [WORK, WORK]


@pytest.mark.parametrize("command", [[], ["refresh"]], ids=["serve", "refresh"])
async def test_a_name_nobody_is_logged_in_under_is_told_with_what_to_type(
    simulator: Simulator, home: Path, command: list[str]
) -> None:
    await log_in(simulator, home, WORK, "--profile", "work")
    code, said = await passenger(home, "-c", "settings.toml", *command, "--profile", "wrok")
    assert code == 4
    assert "run `passenger login --profile wrok`" in said
    assert "did you mean --profile work?" in said
    assert not of(simulator, home, "wrok").exists()


async def test_whatever_says_to_log_in_names_the_profile(simulator: Simulator, home: Path) -> None:
    install(home)
    typed, named = "passenger login --profile work", ("--profile", "work")
    async with (
        running(simulator, home, *named, "serve", "--await-login", login=False) as proxy,
        aiohttp.ClientSession() as http,
    ):
        async with http.get(f"{proxy.url}/readyz") as answer:
            assert typed in (await answer.json())["degraded"]["login"]
        async with http.get(f"{proxy.url}/", headers={"accept": "text/html"}) as answer:
            assert f"<code>{typed}</code>" in await answer.text()
        place = ("-c", "settings.toml", *named, "--port", proxy.url.rpartition(":")[2])
        _, said = await passenger(home, *place, "status")
        assert f"nobody is logged in to GitHub here: run `{typed}`" in said
        _, said = await passenger(home, *place, "doctor", "--json")
        fixes = {one["id"]: one["fix"] for one in json.loads(said)["checks"]}
        port = proxy.url.rpartition(":")[2]
        assert fixes["login"] == fixes["server"] == f"passenger -c settings.toml --port {port} login --profile work"
        code, said = await passenger(home, *place, "launch", "claude", env=world(home))
        assert (code, f"run `{typed}`" in said) == (1, True)


async def test_a_login_that_copilot_no_longer_takes_is_told_with_its_profile(simulator: Simulator, home: Path) -> None:
    await log_in(simulator, home, WORK, "--profile", "work")
    install(home)
    async with running(simulator, home, "--profile", "work", login=False) as proxy:
        simulator.inject(Fault(status=401), path="/v1/messages", times=None)
        place = ("-c", "settings.toml", "--profile", "work", "--port", proxy.url.rpartition(":")[2])
        code, said = await passenger(home, *place, "launch", "claude", env=world(home))
    assert code == 1
    assert "(run `passenger login --profile work` if this lasts)" in said
    assert "passenger: run `passenger login --profile work`, or see your models at " in said
    assert "`passenger login`" not in said


@pytest.mark.parametrize(
    ("arguments", "env"),
    [
        (["--profile", "../other"], {}),
        (["login", "--profile", "Work"], {}),
        (["config", "show"], {"PASSENGER_PROFILE": "a/b"}),
        (["refresh", "--profile", "work", "--access-token-path", "x.json"], {}),
        (["login", "--simulated", "--profile", "work"], {}),
    ],
)
def test_what_cannot_be_meant_is_refused_before_anything_is_done(
    command: Command, home: Path, arguments: list[str], env: dict[str, str]
) -> None:
    ended = command(*arguments, env=env)
    assert ended.code == 2, ended.err
    assert "profile" in ended.err.lower()
    assert not (home / ".config").exists()


def test_the_settings_tell_where_a_login_under_a_name_is_kept(command: Command, home: Path) -> None:
    assert f"in {home}/.config/passenger/logins/work\n" in command("config", "show", "--profile", "work").out


async def test_a_simulated_login_has_a_profile_and_if_need_be_a_simulator_of_its_own(home: Path) -> None:
    async with Simulator() as simulator:  # only for a port that is free
        settings = home / "settings.toml"
        settings.write_text(simulator.config_toml())
    code, said = await passenger(
        home, "-c", str(settings), "login", "--simulated", "--token-stdin", stdin=f"{LOGIN_TOKEN}\n"
    )
    assert code == 0, said
    assert "octo-simulated" in said
    assert "passenger --profile simulated" in said
    assert LOGIN_TOKEN in (of(simulator, home, "simulated") / "access_token.json").read_text()


async def test_a_simulated_login_is_made_at_the_simulator_that_runs(simulator: Simulator, home: Path) -> None:
    await log_in(simulator, home, LOGIN_TOKEN, "--simulated")
    assert exchanged(simulator) == [LOGIN_TOKEN]
    async with running(simulator, home, "--profile", "simulated", login=False) as proxy:
        assert proxy.logged(str(of(simulator, home, "simulated")))


async def test_token_paths_may_be_settings_and_a_flag_wins_over_them(simulator: Simulator, home: Path) -> None:
    (home / ".config" / "passenger").mkdir(parents=True)
    kept = f'[account]\naccess_token_path = "{home}/a.json"\ncopilot_token_path = "~/c.json"\n'
    (home / ".config" / "passenger" / "config.toml").write_text(simulator.config_toml() + kept)
    code, said = await passenger(home, "login", "--token-stdin", stdin=f"{WORK}\n")
    assert code == 0, said
    assert WORK in (home / "a.json").read_text()
    assert '"token"' in (home / "c.json").read_text()
    arguments = ("login", "--token-stdin", "--access-token-path", "b.json")
    assert (await passenger(home, *arguments, stdin=f"{PRIVATE}\n"))[0] == 0
    assert PRIVATE in (home / "b.json").read_text()
    assert WORK in (home / "a.json").read_text()


async def test_token_paths_of_the_settings_are_of_the_login_without_a_name(simulator: Simulator, home: Path) -> None:
    env = {"PASSENGER_ACCOUNT_ACCESS_TOKEN_PATH": str(home / "a.json")}
    settings = home / "settings.toml"
    settings.write_text(simulator.config_toml())
    arguments = ("-c", str(settings), "login", "--token-stdin", "--profile", "work")
    assert (await passenger(home, *arguments, stdin=f"{WORK}\n", env=env))[0] == 0
    assert not (home / "a.json").exists()


@pytest.mark.proves("credentials")
@pytest.mark.parametrize("key", ["access_token_path", "copilot_token_path"])
def test_a_file_that_is_merely_found_cannot_move_the_token_files(command: Command, home: Path, key: str) -> None:
    (home / "config.toml").write_text(f'[server]\nport = 9000\n[account]\n{key} = "/tmp/elsewhere.json"\n')
    ended = command("config", "show")
    assert ended.code == 2
    assert f"config.toml:4: [account] {key}: may not be set by a config.toml that was found" in ended.err


def test_a_path_that_depends_on_the_directory_is_no_setting(command: Command) -> None:
    ended = command("config", "show", env={"PASSENGER_ACCOUNT_ACCESS_TOKEN_PATH": "login.json"})
    assert ended.code == 2
    assert "must be an absolute path, or one that begins with ~" in ended.err


@pytest.mark.proves("profiles")
@pytest.mark.parametrize(("name", "is_asked"), [("default", True), ("work", False)])
async def test_a_command_asks_the_server_of_its_own_profile_and_no_other(
    simulator: Simulator, home: Path, name: str, is_asked: bool
) -> None:
    await log_in(simulator, home, PRIVATE)
    await log_in(simulator, home, WORK, "--profile", "work")
    async with running(simulator, home, login=False) as proxy:
        port = proxy.url.rpartition(":")[2]
        code, said = await passenger(home, "-c", "settings.toml", "models", "--profile", name, "--port", port)
        assert code == 0, said
        assert ("serves another profile" in said) is not is_asked


async def test_a_login_that_github_no_longer_knows_is_told_with_the_profile(simulator: Simulator, home: Path) -> None:
    await log_in(simulator, home, WORK, "--profile", "work")
    simulator.revoke_login()
    code, said = await passenger(home, "-c", "settings.toml", "refresh", "--profile", "work")
    assert code == 4
    assert "GitHub no longer accepts this login (Bad credentials): run `passenger login --profile work`" in said


@pytest.mark.proves("profiles")
@pytest.mark.parametrize("how", ["flag", "environment"])
async def test_a_launch_brings_a_server_of_its_own_profile(simulator: Simulator, home: Path, how: str) -> None:
    await log_in(simulator, home, WORK, "--profile", "work")
    install(home)
    flags, env = (["--profile", "work"], {}) if how == "flag" else ([], {"PASSENGER_PROFILE": "work"})
    launch = ("launch", "claude", "--no-check", "--port", str(free_port()), *flags)
    code, said = await passenger(home, "-c", "settings.toml", *launch, env=world(home, **env))
    assert code == 0, said


async def test_a_server_without_a_login_says_which_one_it_waits_for(simulator: Simulator, home: Path) -> None:
    arguments = ("--profile", "work", "serve", "--await-login")
    async with running(simulator, home, *arguments, login=False) as proxy:
        _, said = await passenger(home, "status", "--profile", "work", "--port", proxy.url.rpartition(":")[2])
    assert "account        nobody is logged in to GitHub here: run `passenger login --profile work`" in said
    assert "`passenger login`" not in said
