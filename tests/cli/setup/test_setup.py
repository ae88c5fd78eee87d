"""`passenger setup`, with programs in the place of clients that read their settings and ask a real server."""

import asyncio
import errno
import json
import os
import pty
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from passenger.cli.setup.proof import is_of
from passenger.clients.registry import SETUPS
from passenger.simulator import Simulator
from tests.cli.conftest import PATIENCE, Command, Ended, port_of
from tests.proxy import Proxy, environment, running, start

CLAUDE = """\
import json, pathlib, sys, urllib.request
env = json.loads((pathlib.Path.home() / ".claude/settings.json").read_text())["env"]
body = {"model": sys.argv[sys.argv.index("--model") + 1], "max_tokens": 9,
        "messages": [{"role": "user", "content": sys.argv[-1]}]}
headers = {"content-type": "application/json", "user-agent": "claude-cli/2.1 (external, cli)",
           "authorization": "Bearer " + env["ANTHROPIC_AUTH_TOKEN"]}
url = env["ANTHROPIC_BASE_URL"] + "/v1/messages"
print(urllib.request.urlopen(urllib.request.Request(url, json.dumps(body).encode(), headers)).read())
"""
UNKNOWING = "print('no provider passenger here'); raise SystemExit(3)"
SILENT = "print('I need a login'); raise SystemExit(3)"
THEIRS = b'{\r\n\t"env": {"ANTHROPIC_MODEL": "opus"},\r\n\t"theme": "dark"\r\n}'


def install(home: Path, program: str, name: str = "claude") -> Mapping[str, str]:
    """A program on the PATH."""
    path = home / "bin" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!{sys.executable}\n{program}")
    path.chmod(0o755)
    return {"PATH": f"{path.parent}:/usr/bin:/bin"}


async def setup(command: Command, proxy: Proxy, *arguments: str, **env: str) -> Ended:
    return await asyncio.to_thread(command, "setup", "--port", port_of(proxy), *arguments, env=env)


def settings(home: Path, content: bytes = THEIRS, mode: int = 0o600) -> Path:
    file = home / ".claude" / "settings.json"
    file.parent.mkdir()
    file.write_bytes(content)
    file.chmod(mode)
    return file


async def test_a_reader_that_has_gone_is_not_taken_for_a_directory_that_cannot_be_written(
    command: Command, proxy: Proxy
) -> None:
    at = ("--port", port_of(proxy))
    gone, full = '"$@" | true', '"$@" >/dev/full'
    for arguments in (("setup", "vscode", "--dry-run"), ("launch", "opencode", "--print")):
        left = await asyncio.to_thread(command, *arguments, *at, shell=gone)
        assert "passenger: " not in left.err
        refused = await asyncio.to_thread(command, *arguments, *at, shell=full)
        assert (refused.code, refused.err.splitlines()[-1]) == (1, f"passenger: {os.strerror(errno.ENOSPC)}")


@pytest.mark.proves("undo", "setup")
async def test_it_is_written_proven_repeated_and_undone(command: Command, proxy: Proxy, home: Path) -> None:
    file, path = settings(home), install(home, CLAUDE)
    first = await setup(command, proxy, "claude", "--write", "--yes", **path)
    assert first.code == 0, first
    assert "about 25,000 tokens" in first.out
    assert "Written and proven: Claude Code itself asked" in first.out
    found = json.loads(file.read_bytes())
    assert found["theme"] == "dark"
    assert found["env"]["ANTHROPIC_BASE_URL"] == proxy.url
    written = file.read_bytes()
    again = await setup(command, proxy, "claude", "--write", "--yes", **path)
    assert again.code == 0
    assert "as it should be" in again.out
    assert file.read_bytes() == written
    status = await asyncio.to_thread(command, "setup", "claude", "--status")
    assert status.out == f"{file}  as written\n"
    undone = await asyncio.to_thread(command, "setup", "claude", "--undo")
    assert (undone.code, file.read_bytes()) == (0, THEIRS)


LLM = """\
import json, pathlib, sys, urllib.request
entry = json.loads((pathlib.Path.home() / ".config/io.datasette.llm/keys.json").read_text())
key = sys.argv[sys.argv.index("--key") + 1] if OURS else entry["passenger"]
model = (sys.argv[sys.argv.index("-m") + 1] if OURS != "another model" else "gpt-4o").removeprefix("passenger/")
body = {"model": model, "messages": [{"role": "user", "content": sys.argv[-1]}]}
headers = {"content-type": "application/json", "user-agent": AGENT, "authorization": "Bearer " + key}
url = "http://127.0.0.1:PORT/v1/chat/completions"
print(urllib.request.urlopen(urllib.request.Request(url, json.dumps(body).encode(), headers)).read())
"""


@pytest.mark.parametrize(
    ("ours", "agent"),
    [
        ("False", "OpenAI/Python 3.57.0"),
        ("'another model'", "OpenAI/Python 3.57.0"),
        ("True", "python-httpx/0.28"),
    ],
    ids=["another program's", "another model", "another library's"],
)
async def test_only_a_request_of_its_own_is_the_proof(
    command: Command, proxy: Proxy, home: Path, ours: str, agent: str
) -> None:
    ended = await setup(command, proxy, "llm", "--yes", **install(home, llm(proxy, ours, agent), "llm"))
    assert (ended.code, "written, not proven" in ended.out) == (1, True), ended


async def test_a_request_with_the_key_of_the_proof_is_it(command: Command, proxy: Proxy, home: Path) -> None:
    program = llm(proxy, "True", "OpenAI/Python 3.57.0")
    ended = await setup(command, proxy, "llm", "--yes", **install(home, program, "llm"))
    assert (ended.code, "Written and proven" in ended.out) == (0, True), ended


def llm(proxy: Proxy, ours: str, agent: str) -> str:
    return LLM.replace("PORT", port_of(proxy)).replace("OURS", ours).replace("AGENT", repr(agent))


AGENTS = {
    "claude": "claude-cli/2.1.330 (external, sdk-cli)",
    "codex": "codex_exec/0.169.0 (Debian 12.0.0; x86_64) dumb (codex_exec; 0.169.0)",
    "gemini": "GeminiCLI-tui/0.61.0/gemini-3-flash-preview (linux; x64; terminal)",
    "opencode": "opencode/1.18.33 ai-sdk/provider-utils/4.0.40 runtime/bun/1.3.14",
    "qwen": "QwenCode/0.24.4 (linux; x64)",
    "pi": "pi/1.6.0 (linux; node/v24.19.0; x64)",
    "droid": "factory-cli/0.215.0",
    "continue": "ls/JS 5.23.2",
    "aider": "OpenAI/Python 2.20.0",
    "llm": "OpenAI/Python 3.57.0",
}
"""As the programs were seen to name themselves."""


@pytest.mark.parametrize(("name", "agent"), AGENTS.items(), ids=AGENTS)
def test_a_client_is_known_by_its_own_name(name: str, agent: str) -> None:
    known = {one for one, setup in SETUPS.items() if is_of(setup.agents, agent)}
    assert known == ({"aider", "llm"} if agent.startswith("OpenAI/Python") else {name})
    assert all(SETUPS[one].key_flag for one in known) or known == {name}


@pytest.mark.parametrize("agent", ["", "GitHubCopilotChat/0.1", "openapi-client/1", "curl/8", "passenger-launch/0.1.0"])
def test_other_programs_are_no_client_of_ours(agent: str) -> None:
    assert not [name for name, setup in SETUPS.items() if is_of(setup.agents, agent)]


async def test_a_default_is_only_for_who_would_not_use_it_of_itself(command: Command) -> None:
    ended = await asyncio.to_thread(command, "setup", "claude", "--default", "--yes")
    assert ended.code == 2
    assert "--default is for codex and pi" in ended.err


async def test_without_a_request_of_the_client_it_is_written_and_not_proven(
    command: Command, proxy: Proxy, home: Path
) -> None:
    ended = await setup(command, proxy, "claude", "--yes", **install(home, SILENT))
    assert ended.code == 1
    assert "written, not proven: Claude Code ended with code 3" in ended.out
    assert "it said: I need a login" in ended.out
    assert (home / ".claude" / "settings.json").exists()


async def test_a_client_that_is_not_installed_gets_the_line_that_installs_it(
    command: Command, proxy: Proxy, home: Path
) -> None:
    ended = await setup(command, proxy, "claude", "--yes", PATH="/usr/bin:/bin")
    assert ended.code == 1
    assert "npm install -g @anthropic-ai/claude-code" in ended.out


@pytest.mark.proves("setup")
async def test_nothing_is_written_without_a_yes(command: Command, proxy: Proxy, home: Path) -> None:
    file = settings(home)
    for arguments, code in ((["claude"], 2), (["claude", "--write"], 2), (["claude", "--dry-run"], 0)):
        ended = await setup(command, proxy, *arguments)
        assert ended.code == code
        assert f'"ANTHROPIC_BASE_URL": "{proxy.url}"' in ended.out
    assert file.read_bytes() == THEIRS


BROKEN: Mapping[str, bytes] = {
    "a comment": b'{"a": 1 /* mine */}',
    "a comma at the end": b'{"a": 1,}',
    "half a file": b'{"a": ',
    "an array": b'{"env": []}',
}


@pytest.mark.proves("setup")
@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN)
async def test_what_claude_code_would_not_read_is_refused_untouched(
    command: Command, proxy: Proxy, home: Path, content: bytes
) -> None:
    file = settings(home, content)
    ended = await setup(command, proxy, "claude", "--yes")
    assert ended.code == 1
    assert f"{file}: line 1:" in ended.err
    assert file.read_bytes() == content


async def test_json_tells_it_to_programs(command: Command, proxy: Proxy, home: Path) -> None:
    ended = await setup(command, proxy, "claude", "--yes", "--json", **install(home, CLAUDE))
    found = json.loads(ended.out)
    assert (found["client"], found["ok"]) == ("claude", True)
    assert "env.ANTHROPIC_BASE_URL" in found["files"][0]["values"]
    assert found["request"]


async def test_where_no_key_is_needed_nothing_that_a_client_has_said_is_masked(
    command: Command, proxy: Proxy, home: Path
) -> None:
    ended = await setup(command, proxy, "claude", "--write", "--yes", **install(home, UNKNOWING))
    assert "it said: no provider passenger here" in ended.out


async def test_what_a_client_has_said_steers_no_terminal(command: Command, proxy: Proxy, home: Path) -> None:
    settings(home)
    ended = await setup(command, proxy, "claude", "--yes", **install(home, "print('\\x1b]52;c;eA==\\x07 no'); exit(3)"))
    assert ended.code == 1
    assert "it said: \\x1b]52;c;eA==\\x07 no" in ended.out


# --- a real key --------------------------------------------------------------------------------------------------

SECRET = "the-key-of-this-server"


async def test_a_real_key_goes_into_no_file_that_others_read(
    command: Command, simulator: Simulator, home: Path
) -> None:
    file = settings(home, mode=0o644)
    async with running(simulator, home, env={"PASSENGER_API_KEYS": SECRET}) as proxy:
        path = {**install(home, CLAUDE), "PASSENGER_KEY": SECRET}
        refused = await setup(command, proxy, "claude", "--yes", **path)
        assert refused.code == 1
        assert "other users can read it (mode 0644)" in refused.err
        assert file.read_bytes() == THEIRS
        file.chmod(0o600)
        done = await setup(command, proxy, "claude", "--yes", **path)
        assert done.code == 0, done
        assert SECRET in file.read_text()
        assert SECRET not in done.out + refused.out


async def test_a_client_that_reads_a_variable_gets_its_name_there(
    command: Command, simulator: Simulator, home: Path
) -> None:
    file = home / ".config" / "opencode" / "opencode.json"
    file.parent.mkdir(parents=True)
    file.write_text("{}")
    file.chmod(0o644)
    async with running(simulator, home, env={"PASSENGER_API_KEYS": SECRET}) as proxy:
        await setup(command, proxy, "opencode", "--yes", PASSENGER_KEY=SECRET, PATH="/usr/bin:/bin")
    found = json.loads(file.read_text())
    assert found["provider"]["passenger"]["options"]["apiKey"] == "{env:PASSENGER_KEY}"


QUOTED = """XQ"X'Q\\X$Q`XQ#X%Q"""
"""A key that every format has to write in a way of its own; no other thing here has an X or a Q."""

OTHERS = b"""{
  "env": {"ANTHROPIC_API_KEY": "QX1", "ANTHROPIC_MODEL": "opus", "OTHER_TOKEN": "QX2"},
  "list": ["QX3"],
  // QX4
  "last": "QX5"
}"""


@pytest.mark.proves("promise 2")
@pytest.mark.parametrize("more", [["--yes"], ["--dry-run", "--json"]], ids=" ".join)
async def test_neither_a_key_nor_a_secret_beside_it_is_shown_in_any_spelling(
    command: Command, simulator: Simulator, home: Path, more: list[str]
) -> None:
    settings(home, b"\n".join(line for line in OTHERS.splitlines() if b"//" not in line))
    gemini, opencode = home / ".gemini" / ".env", home / ".config" / "opencode" / "opencode.json"
    for file, text in ((gemini, b"GEMINI_API_KEY=QX1\n# QX2\nOTHER=QX3\n"), (opencode, OTHERS)):
        file.parent.mkdir(parents=True)
        file.write_bytes(text)
        file.chmod(0o600)
    says = {**install(home, f"raise SystemExit({QUOTED!r})"), "PASSENGER_KEY": QUOTED}
    async with running(simulator, home, env={"PASSENGER_API_KEYS": QUOTED}) as proxy:
        shown = [await setup(command, proxy, client, *more, **says) for client in ("claude", "opencode", "gemini")]
    assert "ANTHROPIC_AUTH_TOKEN" in shown[0].out
    assert not [line for ended in shown for line in (ended.out + ended.err).splitlines() if "X" in line or "Q" in line]


# --- without a server --------------------------------------------------------------------------------------------


def test_no_server_is_said(command: Command, home: Path) -> None:
    ended = command("setup", "--port", "1", "claude", "--yes")
    assert ended.code == 1
    assert "no Passenger runs at http://127.0.0.1:1: start one with `passenger --port 1 serve`" in ended.err
    assert not (home / ".claude").exists()


def test_an_unknown_client_gets_the_nearest_names(command: Command) -> None:
    ended = command("setup", "claud")
    assert ended.code == 2
    assert "did you mean claude" in ended.err
    assert command("setup").code == 2


@pytest.mark.parametrize(
    ("host", "port", "url"),
    [
        ("0.0.0.0", "9000", "http://127.0.0.1:9000/v1"),
        ("::", "0", "http://[::1]:8081/v1"),
        ("::1", "1", "http://[::1]:1/v1"),
    ],
)
def test_by_hand_the_address_is_one_that_a_program_can_reach(command: Command, host: str, port: str, url: str) -> None:
    ended = command("setup", "jetbrains", "--host", host, "--port", port)
    assert f"URL {url}, key passenger." in ended.out


@pytest.mark.parametrize(("name", "code", "word"), [("xcode", 0, "port 8081"), ("cursor", 1, "its own servers")])
def test_what_no_file_wires_up_is_told(command: Command, name: str, code: int, word: str) -> None:
    ended = command("setup", name)
    assert (ended.code, ended.err) == (code, "")
    assert word in ended.out


def test_nothing_written_is_nothing_to_undo(command: Command) -> None:
    ended = command("setup", "claude", "--undo")
    assert ended.code == 0
    assert "Nothing of claude" in ended.out


# --- a person at a terminal --------------------------------------------------------------------------------------


async def on_terminal(home: Path, typed: bytes, *arguments: str) -> tuple[int, str]:
    """The exit code, and what was shown, where somebody types this once he is asked."""
    ours, theirs = pty.openpty()
    variables = environment(home, {"TERM": "dumb", "PATH": "/usr/bin:/bin"})
    process = await start(
        home, ["setup", *arguments], variables, stdin=theirs, stdout=theirs, stderr=theirs, is_at_terminal=True
    )
    os.close(theirs)
    try:
        async with asyncio.timeout(PATIENCE):
            shown = await _talk(ours, typed)
            return await process.wait(), shown
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        os.close(ours)


async def _talk(terminal: int, typed: bytes) -> str:
    shown, answered = b"", False
    os.set_blocking(terminal, False)
    while True:
        await _readable(terminal)
        try:
            piece = os.read(terminal, 65536)
        except OSError:  # Linux says so that nobody is at the other end any more
            piece = b""
        if not piece:
            return shown.decode()
        shown += piece
        if not answered and b"[y/N]" in shown:
            answered = True
            os.write(terminal, typed)


async def _readable(terminal: int) -> None:
    loop, ready = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(terminal, ready.set)
    try:
        await ready.wait()
    finally:
        loop.remove_reader(terminal)


@pytest.mark.proves("setup")
@pytest.mark.parametrize(("typed", "code"), [(b"n\n", 1), (b"\n", 1), (b"\x03", 130)])
async def test_a_no_or_ctrl_c_writes_nothing(proxy: Proxy, home: Path, typed: bytes, code: int) -> None:
    file = settings(home)
    ended, shown = await on_terminal(home, typed, "claude", "--port", port_of(proxy))
    assert (ended, file.read_bytes()) == (code, THEIRS)
    assert "Write it? [y/N]" in shown


async def test_a_yes_writes_it(proxy: Proxy, home: Path) -> None:
    file = settings(home)
    code, shown = await on_terminal(home, b"y\n", "claude", "--port", port_of(proxy))
    assert code == 1
    assert "written, not proven: Claude Code is not installed here" in shown
    assert proxy.url in file.read_text()


async def test_a_state_directory_that_cannot_be_written_is_said_first(
    command: Command, proxy: Proxy, home: Path
) -> None:
    state = home / ".local" / "state" / "passenger"
    state.mkdir(parents=True, exist_ok=True)
    (state / "setup").write_text("in the way")
    file = settings(home)
    ended = await setup(command, proxy, "claude", "--yes")
    assert ended.code == 1
    assert "cannot be written" in ended.err
    assert (ended.out, file.read_bytes()) == ("", THEIRS)
