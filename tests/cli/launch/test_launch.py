"""`passenger launch` as a process, with a stub in the place of an installed client."""

import asyncio
import functools
import json
import os
import signal
import socket
import sys
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

from passenger.cli.launch.launch import find_refused
from passenger.clients.codex import CODEX
from passenger.simulator import Fault, Simulator
from tests.cli import stub_client
from tests.cli.conftest import Command, run
from tests.cli.terminal import Terminal, terminal
from tests.proxy import Process, Proxy, environment, eventually, running, start

pytestmark = pytest.mark.usefixtures("client")


@pytest.fixture
def client(home: Path) -> None:
    """Claude Code on the PATH, as a stub."""
    install(home)


def install(home: Path) -> None:
    """Put it into `bin` below that directory."""
    directory = home / "bin"
    directory.mkdir()
    program = directory / "claude"
    program.write_text(f"#!{sys.executable}\n{Path(stub_client.__file__).read_text()}")
    program.chmod(0o755)


def world(home: Path, **more: str) -> dict[str, str]:
    """The variables that lead to the stub and tell it what to do."""
    return {"PATH": f"{home / 'bin'}{os.pathsep}{os.environ['PATH']}", "STUB": str(home / "seen.json"), **more}


def seen(home: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((home / "seen.json").read_text())
    return found


def state(home: Path) -> Path:
    return home / ".local" / "state" / "passenger" / "launch"


def port_of(proxy: Proxy) -> str:
    return proxy.url.rpartition(":")[2]


# --- on the demo -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Ran:
    """One run on the demo, which several tests look at."""

    home: Path
    said: list[str]

    @cached_property
    def seen(self) -> dict[str, Any]:
        """What the stub has written down."""
        return seen(self.home)


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """It asked once and ended well."""
    home = tmp_path_factory.mktemp("launched")
    install(home)
    done = run(home, "launch", "claude", "--demo", "--", "-p", "a word", env=world(home))
    assert done.code == 0
    return Ran(home, done.err.splitlines())


def test_it_runs_the_client_at_a_server_of_its_own_and_says_what_it_cost(ran: Ran) -> None:
    found = ran.seen
    assert found["argv"][1:] == ["--settings", found["settings"]["file"], "-p", "a word"]
    assert found["cwd"] == str(ran.home)
    assert found["status"] == 200
    assert found["settings"]["mode"] == "0o600"
    first, last = ran.said
    assert first.startswith("Claude Code with claude-sonnet-4.6 (small jobs: claude-haiku-4.5) at http://127.0.0.1:")
    assert ": answered in " in first
    assert last.startswith("Claude Code: 1 request, ")
    assert "credits ($" in last


def test_nothing_is_left_behind_but_what_is_remembered(ran: Ran) -> None:
    left = {str(path.relative_to(state(ran.home))) for path in state(ran.home).rglob("*") if path.is_file()}
    assert {name.partition("-")[0] for name in left} == {"proven.json", "server"}
    assert not [path for path in ran.home.rglob("*") if ".claude" in path.name]
    assert (state(ran.home).stat().st_mode & 0o777) == 0o700


@pytest.mark.proves("promise 2")
def test_no_key_stands_in_the_command_line_of_any_process(ran: Ran) -> None:
    key = ran.seen["settings"]["ANTHROPIC_AUTH_TOKEN"]
    assert str(ran.seen["pid"]) in ran.seen["processes"], "they were looked at"
    assert not [line for line in ran.seen["processes"].values() if key in " ".join(line)]


def test_the_server_listens_on_this_machine_alone_and_is_gone_afterwards(ran: Ran) -> None:
    host, port = ran.seen["settings"]["ANTHROPIC_BASE_URL"].removeprefix("http://").split(":")
    assert host == "127.0.0.1"
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((host, int(port)))


def test_what_nobody_watches_is_not_slowed_down(ran: Ran) -> None:
    assert demo_of(ran.seen)[-1] == "--no-pace"


async def test_on_a_terminal_the_demo_streams_at_a_pace_that_a_person_can_follow(home: Path) -> None:
    arguments = ("launch", "claude", "--demo", "--no-check")
    async with terminal(home, arguments, world(home)) as one:
        assert await one.ended() == 0
    assert demo_of(seen(home))[-1] == "--pace"


def demo_of(found: dict[str, Any]) -> list[str]:
    """The command line of the server that was started for the run."""
    (line,) = (line for line in found["siblings"] if "passenger.cli.serve.attended" in line)
    return list(filter(None, line))


@pytest.mark.parametrize(("does", "code"), [("3", 3), ("dies", 137)])
def test_it_ends_as_the_client_ends(command: Command, home: Path, does: str, code: int) -> None:
    assert command("launch", "claude", "--demo", "--no-check", env=world(home, STUB_DOES=does)).code == code


def test_a_proof_is_remembered(command: Command, home: Path) -> None:
    first, second = (command("launch", "claude", "--demo", env=world(home)) for _ in range(2))
    assert "answered in" in first.err
    assert second.code == 0
    assert "answered in" not in second.err


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_that_only_the_launch_gets_is_passed_on(
    client: Path, home: Path, number: signal.Signals
) -> None:
    process = await launched(home, "--demo", "--no-check")
    await eventually((home / "seen.json").exists)
    process.send_signal(number)
    assert await process.wait() == (7 if number is signal.SIGTERM else 128 + number)


async def test_where_the_launch_is_killed_its_server_ends(home: Path) -> None:
    process = await launched(home, "--demo", "--no-check")
    await eventually((home / "seen.json").exists)
    found = seen(home)
    servers = [
        int(pid)
        for pid, line in found["processes"].items()
        if "passenger.cli.serve.attended" in line and is_child(pid, process.pid)
    ]
    assert len(servers) == 1
    process.kill()
    await process.wait()
    await eventually(lambda: not Path(f"/proc/{servers[0]}").exists() or is_zombie(servers[0]))
    os.kill(found["pid"], signal.SIGKILL)


def is_child(pid: str, parent: int) -> bool:
    return f"\nPPid:\t{parent}\n" in Path(f"/proc/{pid}/status").read_text()


def is_zombie(pid: int) -> bool:
    return "\nState:\tZ" in Path(f"/proc/{pid}/status").read_text()


async def test_what_a_killed_launch_left_is_removed_by_the_next(command: Command, home: Path) -> None:
    process = await launched(home, "--demo", "--no-check")
    await eventually((home / "seen.json").exists)
    process.kill()
    await process.wait()
    os.kill(seen(home)["pid"], signal.SIGKILL)
    assert list((state(home) / "claude").iterdir())
    ended = await asyncio.to_thread(command, "launch", "claude", "--demo", "--no-check", env=world(home))
    assert ended.code == 0
    assert not list((state(home) / "claude").iterdir())


async def launched(home: Path, *arguments: str, env: Mapping[str, str] | None = None) -> Process:
    """A launch whose client waits."""
    variables = environment(home, {**world(home, STUB_DOES="waits"), **(env or {})})
    return await start(home, ["launch", "claude", *arguments], variables, leads=True)


# --- the menu ----------------------------------------------------------------------------------------------------


def menu(home: Path) -> AbstractAsyncContextManager[Terminal]:
    """Bare `launch` on a terminal that is 60 columns wide, where two clients are installed."""
    (home / "bin" / "codex").symlink_to(home / "bin" / "claude")
    return terminal(home, ("launch", "--demo"), world(home, PATH=str(home / "bin")), columns=60)


async def test_a_client_can_be_picked_from_a_menu(home: Path) -> None:
    async with menu(home) as one:
        await one.shows("  1  Claude Code\n  2  Codex\nWhich [1]: ")
        one.type("1\n")
        assert await one.ended() == 0
    assert seen(home)["status"] == 200


async def test_what_is_no_number_of_the_menu_is_asked_again(home: Path) -> None:
    async with menu(home) as one:
        for count, typed in enumerate(("3", "0", "-1", "claude"), 1):
            await eventually(functools.partial(has_asked, one, count))
            one.type(f"{typed}\n")
        await eventually(functools.partial(has_asked, one, 5))
        assert one.text.count("Type a number from 1 to 2.") == 4
        one.type("\n")
        assert await one.ended() == 0
    assert seen(home)["status"] == 200


def has_asked(one: Terminal, count: int) -> bool:
    return one.text.count("Which [1]: ") == count


@pytest.mark.parametrize("keys", ["\x03", "\x04"], ids=["Ctrl-C", "the end of the input"])
async def test_who_leaves_the_menu_has_started_nothing(home: Path, keys: str) -> None:
    async with menu(home) as one:
        await one.shows("Which [1]: ")
        one.type(keys)
        assert await one.ended() == 130
    assert not state(home).exists()


async def test_on_a_narrow_terminal_no_word_is_broken(home: Path) -> None:
    async with menu(home) as one:
        await one.shows("Which [1]: ")
        one.type("\n")
        assert await one.ended() == 0
    _, _, said = one.text.partition("Which [1]: ")
    lines = said.splitlines()
    assert len(lines) > 4
    assert max(map(len, lines)) <= 60
    assert "Claude Code with claude-sonnet-4.6 (small jobs: claude-haiku-4.5) at http://127.0.0.1:" in " ".join(lines)


# --- at a server that runs ---------------------------------------------------------------------------------------


async def test_a_server_of_the_users_own_is_used_and_stays(command: Command, home: Path, simulator: Simulator) -> None:
    async with running(simulator, home) as proxy:
        ended = await asyncio.to_thread(command, "launch", "claude", "--port", port_of(proxy), env=world(home))
        assert ended.code == 0, ended.err
        assert seen(home)["settings"]["ANTHROPIC_BASE_URL"] == proxy.url
        assert "Claude Code: 1 request, " in ended.err
        assert proxy.process.returncode is None


async def test_the_proof_is_no_persons_request_and_may_have_16_tokens(
    command: Command, home: Path, simulator: Simulator
) -> None:
    async with running(simulator, home) as proxy:
        ended = await asyncio.to_thread(command, "launch", "claude", "--port", port_of(proxy), env=world(home))
        assert ended.code == 0, ended.err
    proof, *_, own = simulator.seen("/v1/messages")
    assert proof.header("x-initiator") == "agent"
    assert json.loads(proof.body)["max_tokens"] == 16
    assert own.header("x-initiator") == "user"


async def test_a_server_that_wants_a_key_is_shown_it_and_no_argument_has_it(
    command: Command, home: Path, simulator: Simulator
) -> None:
    keys = {"PASSENGER_API_KEYS": "a-key-of-the-servers-own"}
    async with running(simulator, home, env=keys) as proxy:
        launch = ("launch", "claude", "--port", port_of(proxy))
        without = await asyncio.to_thread(command, *launch, env=world(home))
        assert without.code == 1
        assert "API key" in without.err
        ended = await asyncio.to_thread(command, *launch, env=world(home, **keys))
        assert ended.code == 0, ended.err
        assert seen(home)["settings"]["ANTHROPIC_AUTH_TOKEN"] == "a-key-of-the-servers-own"
        assert "Claude Code: 1 request, " in ended.err
        assert not [line for line in seen(home)["processes"].values() if "a-key-of-the" in " ".join(line)]


async def test_another_program_on_the_port_is_named_and_told_nothing(
    command: Command, home: Path, simulator: Simulator
) -> None:
    heard: list[bytes] = []

    async def hear(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}")
        writer.close()

    server = await asyncio.start_server(hear, "127.0.0.1", 0)
    settings = home / "settings.toml"
    async with server:
        port = server.sockets[0].getsockname()[1]
        settings.write_text(f"{simulator.config_toml()}[server]\nollama_port = {port}\n")
        env = world(home, COPILOT_GITHUB_TOKEN=simulator.login_token, PASSENGER_API_KEYS="a-key-of-the-servers-own")
        ended = await asyncio.to_thread(command, "launch", "claude", "-c", str(settings), "--port", str(port), env=env)
    assert ended.code == 0, ended.err
    assert ended.err.startswith("passenger: another program (")
    assert f" listens at http://127.0.0.1:{port}; it was given nothing; this run gets a server" in ended.err
    assert len(heard) == 1
    assert heard[0].startswith(b"GET /v1/passenger/hello?nonce=")
    assert b"key" not in heard[0].lower()
    assert seen(home)["settings"]["ANTHROPIC_BASE_URL"] != f"http://127.0.0.1:{port}"


async def test_another_users_passenger_is_named_and_told_nothing(
    command: Command, home: Path, simulator: Simulator
) -> None:
    settings = home / "settings.toml"
    async with running(simulator, home, env={"XDG_STATE_HOME": str(home / "of-another-user")}) as proxy:
        env = world(home, COPILOT_GITHUB_TOKEN=simulator.login_token)
        launch = ("launch", "claude", "-c", str(settings), "--port", port_of(proxy))
        ended = await asyncio.to_thread(command, *launch, env=env)
        assert ended.code == 0, ended.err
        assert "passenger: a Passenger that is not yours" in ended.err
        assert f" listens at {proxy.url}; it was given nothing; this run" in ended.err
        assert seen(home)["settings"]["ANTHROPIC_BASE_URL"] != proxy.url


async def test_where_nobody_is_logged_in_it_says_so_and_starts_nothing(
    command: Command, home: Path, simulator: Simulator
) -> None:
    settings = home / "settings.toml"
    settings.write_text(simulator.config_toml() + "[server]\nport = 0\n")
    ended = await asyncio.to_thread(command, "launch", "claude", "-c", str(settings), env=world(home))
    assert ended.code == 4
    assert "passenger login" in ended.err
    assert not (home / "seen.json").exists()


async def test_a_model_that_does_not_answer_stops_the_launch_with_copilots_words(
    command: Command, home: Path, simulator: Simulator
) -> None:
    simulator.inject(Fault(code="quota_exceeded"), path="/v1/messages", times=None)
    async with running(simulator, home) as proxy:
        ended = await asyncio.to_thread(command, "launch", "claude", "--port", port_of(proxy), env=world(home))
    assert ended.code == 1
    assert "claude-sonnet-4.6 does not answer: " in ended.err
    assert "--no-check" in ended.err
    assert not (home / "seen.json").exists()


async def test_the_settings_name_the_models_of_a_client(command: Command, home: Path, simulator: Simulator) -> None:
    settings = home / "mine.toml"
    settings.write_text('[clients.claude]\nmodel = "gpt-5.5"\nsmall_model = "claude-opus-5"\n')
    async with running(simulator, home) as proxy:
        place = ("--port", port_of(proxy), "-c", str(settings))
        ended = await asyncio.to_thread(command, "launch", "claude", "--json", *place, env=world(home))
        assert (json.loads(ended.out)["model"], json.loads(ended.out)["small_model"]) == ("gpt-5.5", "claude-opus-5")
        settings.write_text('[clients.claude]\nmodel = "gpt-5.x"\n')
        ended = await asyncio.to_thread(command, "launch", "claude", *place, env=world(home))
    assert ended.code == 2
    assert "[clients.claude] model: the account has no model 'gpt-5.x'; did you mean" in ended.err


# --- what is refused --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["cladue"], 2, "there is no client 'cladue'; did you mean claude"),
        (["zzz"], 2, "there is no client 'zzz'; claude, codex, "),
        (["zed"], 2, "Zed cannot be launched: `passenger setup zed` writes its settings"),
        (["kilo"], 2, "`passenger setup cline-vscode` says more"),
        (["copilot-cli", "--demo", "--", "--model", "x"], 2, "`--model` is set by the launch itself"),
        (["claude", "--demo", "--", "--model", "x"], 2, "`--model` is set by the launch itself: use `passenger launch"),
        (["claude", "--demo", "--", "--settings={}"], 2, "`--settings` is set by the launch itself"),
        (["claude", "--demo", "--model", "claude-opis-5"], 2, "no model 'claude-opis-5'; did you mean claude-opus-5"),
        (["claude", "--demo", "--model", "grok-code-fast-1"], 2, "is not enabled for you: see https://github.com/"),
        (["claude", "--demo", "--model", "text-embedding-3-small"], 2, "does not chat"),
    ],
)
def test_what_cannot_be_is_said(command: Command, home: Path, arguments: list[str], code: int, said: str) -> None:
    ended = command("launch", *arguments, env=world(home))
    assert (ended.code, ended.out) == (code, "")
    assert said in ended.err
    assert not (home / "seen.json").exists()


def test_a_client_that_is_not_installed_comes_with_the_line_that_installs_it(command: Command, home: Path) -> None:
    ended = command("launch", "codex", "--demo", env={"PATH": str(home)})
    assert (ended.code, ended.out) == (1, "")
    assert ended.err == "passenger: Codex is not installed; this installs it: npm install -g @openai/codex\n"


def test_without_a_client_and_a_terminal_it_lists_them(command: Command, home: Path) -> None:
    ended = command("launch", env={"PATH": str(home / "bin")})
    assert ended.code == 2
    assert f"claude    {home / 'bin' / 'claude'}" in ended.out
    assert "codex     not installed: npm install -g @openai/codex" in ended.out
    listed = json.loads(command("launch", "--json", env={"PATH": str(home / "bin")}).out)
    assert listed[0] == {
        "name": "claude",
        "title": "Claude Code",
        "path": str(home / "bin" / "claude"),
        "version": "",
        "install": "npm install -g @anthropic-ai/claude-code",
        "run": True,
    }


def test_where_no_client_is_installed_the_list_tells_so(command: Command, home: Path) -> None:
    ended = command("launch", env={"PATH": str(home)})
    assert (ended.code, ended.out.count("not installed: ")) == (2, len(ended.out.splitlines()))
    assert ended.err == "passenger: none of these is installed here; the line beside a name installs it\n"


def test_a_state_directory_that_cannot_be_written_is_said_before_anything_starts(command: Command, home: Path) -> None:
    (home / "state").write_text("")
    ended = command("launch", "claude", "--demo", env=world(home, XDG_STATE_HOME=str(home / "state")))
    assert ended.code == 1
    assert str(home / "state") in ended.err
    assert not (home / "seen.json").exists()


# --- what would be run -------------------------------------------------------------------------------------------


def test_what_would_be_run_is_shown_without_the_key_and_not_run(command: Command, home: Path) -> None:
    ended = command("launch", "claude", "--demo", "--print", "--model", "gpt-5.5", "--", "-p", "two words")
    assert ended.code == 0, ended.err
    assert "/settings.json -p 'two words'\n" in ended.out
    assert '"ANTHROPIC_AUTH_TOKEN": "<key>"' in ended.out
    assert '"ANTHROPIC_BASE_URL": "http://127.0.0.1:8081"' in ended.out
    assert "passenger-launch-" not in ended.out
    shown = json.loads(command("launch", "claude", "--demo", "--json", "--model", "GPT-5.5").out)
    assert (shown["model"], shown["small_model"]) == ("gpt-5.5", "gpt-5-mini")
    assert shown["argv"][0] == "claude"
    assert not list(state(home).glob("claude/*"))


@pytest.mark.proves("promise 2")
@pytest.mark.parametrize("how", ["--print", "--json"])
async def test_a_key_is_shown_in_none_of_its_spellings(
    command: Command, home: Path, simulator: Simulator, how: str
) -> None:
    key = """XQ"X'Q\\X$Q`XQ#X%Q"""
    async with running(simulator, home, env={"PASSENGER_API_KEYS": key}) as proxy:
        for client in ("claude", "cline", "qwen"):
            launch = ("launch", client, "--port", port_of(proxy), how, "--", "--say", key)
            ended = await asyncio.to_thread(command, *launch, env=world(home, PASSENGER_KEY=key))
            assert ended.code == 0, ended.err
            assert "<key>" in ended.out
            assert not [line for line in ended.out.splitlines() if "XQ" in line or "X'" in line or "Q`" in line]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], None),
        (["exec", "use --model well"], None),
        (["--", "--model"], None),
        (["-c", "model_reasoning_effort=high"], None),
        (["--modeled"], None),
        (["-m", "x"], "-m"),
        (["-mgpt"], "-m"),
        (["exec", "--model=x"], "--model"),
        (["--oss"], "--oss"),
        (["-c", 'model="x"'], "-c model"),
        (["-c", "model_provider=x"], "-c model_provider"),
        (["--config", "model_providers.passenger.base_url=x"], "-c model_providers.passenger"),
        (["--config=openai_base_url=x"], "-c openai_base_url"),
        (["-cmodel=x"], "-c model"),
        (["-c"], None),
    ],
)
def test_it_is_found_however_it_is_spelled(arguments: list[str], expected: str | None) -> None:
    assert find_refused(CODEX.managed, arguments) == expected
