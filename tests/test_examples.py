"""What the README and docs/clients tell people to type works as it stands there.

Each block of code is in exactly one of three tables: `RUN` here, on a real server in an empty home; `EXAMPLES` of
`clients.readme`, with the real programs, which are too large to install for a test; `ELSEWHERE`, with the reason.
"""

import asyncio
import contextlib
import json
import os
import re
import shutil
import signal
import sys
import tomllib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio
from clients.readme import ADDRESS, EXAMPLES, PAGE, README, ROOT, Block, Example, blocks, typed

from passenger.config.loading import load
from passenger.simulator import Simulator
from tests.proxy import Proxy, environment, running

NODE_PACKAGES = ROOT / "tests" / "contract" / "node" / "node_modules"
DEPLOY, MODELS = "docs/deploy.md", "docs/models.md"
PAGES = (README, PAGE, DEPLOY, MODELS)
CLI, SIMULATOR = "docs/cli.md", "docs/simulator.md"
CODE = {"sh", "console", "python", "js"}
FILES = {"json", "toml", "yaml", ""}
MODEL = "gpt-4o"
ADDRESS_SAID = re.compile(r"(?:Passenger serves|Base URL) +(http://\S+)/v1")


@dataclass(frozen=True)
class Row:
    """A block, found by a text that no other of its page holds, and what it must say or why it is not run here."""

    page: str
    block: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}: {self.block}"


RUN: Sequence[Row] = (
    Row(README, "from openai import OpenAI", "Simulated claude-sonnet-4.5 here"),
    Row(PAGE, 'import OpenAI from "openai"', "Simulated claude-sonnet-4.5 here"),
    Row(PAGE, '"max_prompt_tokens":', '"max_prompt_tokens":64000'),
    Row(PAGE, "client.responses.create", "Simulated gpt-5.5 here"),
    Row(PAGE, "from anthropic import Anthropic", "Simulated claude-sonnet-4.5 here"),
    Row(PAGE, 'from "@anthropic-ai/sdk"', "Simulated claude-sonnet-4.5 here"),
    Row(PAGE, "from google import genai", "Simulated gemini-2.5-pro here"),
    Row(PAGE, 'from "@google/genai"', "Simulated gemini-2.5-pro here"),
    Row(PAGE, "from ollama import Client", "Simulated gpt-5.5 here"),
    Row(PAGE, 'from "ollama"', "Simulated gpt-5.5 here"),
    Row(CLI, "passenger completion bash", "passenger_completion"),
    Row(CLI, "passenger completion zsh", "passenger_completion"),
    Row(CLI, "passenger completion fish", "passenger_completion"),
    Row(SIMULATOR, '"content": "Hello"', 'You said: \\"Hello\\"'),
)
"""Blocks that come to an end, run beside a server."""

SERVES: Sequence[Row] = (
    Row(README, "make install", ""),
    Row(DEPLOY, "passenger --host 0.0.0.0\n", "passenger.key"),
    Row(DEPLOY, "mkdir -m 700 ~/alice", "alice/api.key"),
    Row(PAGE, "PASSENGER_SERVER_ALLOWED_HOSTS=host.docker.internal", ""),
)
"""Blocks that end in a server of their own; the text is the file in the home that holds its key."""

ELSEWHERE: Sequence[Row] = (
    Row(MODELS, "[models.aliases]", "settings, which the next test reads"),
    Row(README, "passenger launch claude", "has tests of its own: tests/cli/launch/test_launch.py"),
    Row(DEPLOY, 'allowed_hosts = ["copilot.example"]', "settings, which a later test reads"),
    Row(DEPLOY, "reverse_proxy", "Caddy's settings"),
    Row(DEPLOY, "proxy_pass", "nginx's settings"),
    Row(PAGE, "open-webui serve", "two gigabytes, and it loads models from the network"),
    Row(PAGE, "-p 127.0.0.1:3000:8080", "wants Docker and the network"),
    Row(PAGE, "--network host", "wants Docker and the network"),
    Row(PAGE, '"@ai-sdk/openai"', "its packages are none of the project's files"),
    Row(PAGE, '"vendor": "customendpoint"', "an editor's file"),
    Row(PAGE, '"openai_compatible"', "an editor's file"),
)


# --- the tables --------------------------------------------------------------------------------------------------


def holding(row: Row | Example, text: str) -> list[Block]:
    return [one for one in blocks(row.page) if text in one.text]


def named_by_examples() -> list[tuple[Example, str]]:
    found = [(example, text) for example in EXAMPLES for text in example.files.values()]
    return found + [(example, example.block) for example in EXAMPLES if example.block]


def test_every_block_is_in_exactly_one_table() -> None:
    tables: list[set[Block]] = [set(), set(), set(), set()]
    for table, rows in zip(tables, (RUN, SERVES, ELSEWHERE), strict=False):
        table.update(block for row in rows for block in holding(row, row.block))
    tables[-1].update(block for example, text in named_by_examples() for block in holding(example, text))
    for page in PAGES:
        for block in blocks(page):
            times = sum(block in table for table in tables)
            assert times == 1, block.text


def test_every_row_finds_one_block() -> None:
    for row in (*RUN, *SERVES, *ELSEWHERE):
        assert len(holding(row, row.block)) == 1, row
    for example, text in named_by_examples():
        assert len(holding(example, text)) == 1, (str(example), text)


def test_no_block_is_in_a_language_that_is_not_looked_at() -> None:
    assert {block.language for page in PAGES for block in blocks(page)} <= CODE | FILES


@pytest.mark.parametrize("example", EXAMPLES, ids=str)
def test_an_example_asks_something_that_needs_no_terminal(example: Example) -> None:
    assert "ello" in typed(example)
    assert ADDRESS in typed(example) or example.files


@pytest.mark.parametrize("page", PAGES)
def test_every_settings_file_can_be_read(page: str) -> None:
    for block in blocks(page):
        match block.language:
            case "json":
                json.loads(block.text)
            case "toml":
                tomllib.loads(block.text)
            case _:
                pass


def test_the_aliases_are_settings(tmp_path: Path) -> None:
    (path := tmp_path / "config.toml").write_text(holding(ELSEWHERE[0], ELSEWHERE[0].block)[0].text)
    config = load(flags={}, config_path=path, environ={}, cwd=tmp_path, user_dir=tmp_path).config
    assert config.models.aliases == {"fast": "gpt-5-mini"}


# --- what ends ---------------------------------------------------------------------------------------------------


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def served(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Proxy]:
    """Passenger on a simulated account."""
    async with Simulator() as account, running(account, tmp_path_factory.mktemp("home")) as proxy:
        yield proxy


def command(block: Block, where: Path) -> list[str]:
    """How a block is run: in a shell, or from a file with the name that the page gives it."""
    match block.language:
        case "python":
            path = where / "joke.py"
            program = sys.executable
        case "js":
            path = where / "joke.mjs"
            program = str(Path(sys.executable).parent / "node")
            (where / "node_modules").symlink_to(NODE_PACKAGES)
        case "bash" | "zsh" | "fish":
            said = re.search(r"passenger completion \w+", block.text)
            assert said is not None
            return ["/bin/sh", "-c", said[0]]  # what the shell, which may not be here, would be given to read
        case _:
            return ["/bin/sh", "-e", "-c", block.text]
    path.write_text(block.text, encoding="utf-8")
    return [program, path.name]


def at(block: Block, url: str) -> Block:
    """The block with another address, and a model for `MODEL`."""
    text = re.sub(r"\bMODEL\b", MODEL, block.text.replace(ADDRESS, url))
    return Block(block.page, block.language, text)


def variables(home: Path) -> dict[str, str]:
    """A newcomer's environment: an empty home, and a `curl` even where the machine has none."""
    home.mkdir()
    (home / "bin").mkdir()
    if shutil.which("curl") is None:
        (home / "bin" / "curl").write_text(f"#!{sys.executable}\n{CURL}")
        (home / "bin" / "curl").chmod(0o755)
    places = [os.environ["PATH"], Path(sys.executable).parent, home / "bin", home / ".local" / "bin"]
    path = os.pathsep.join(map(str, places))
    return {**environment(home), "PATH": path, "PYTHONIOENCODING": "utf-8"}


CURL = """\
import sys, urllib.request
arguments = iter(sys.argv[1:])
headers, body = {}, None
for argument in arguments:
    if argument == "-H":
        headers.update([next(arguments).split(": ", 1)])
    elif argument == "-d":
        body = next(arguments).encode()
    elif argument != "-s":
        url = argument
print(urllib.request.urlopen(urllib.request.Request(url, body, headers)).read().decode())
"""


@pytest.mark.parametrize("row", RUN, ids=str)
@pytest.mark.asyncio(loop_scope="module")
async def test_it_runs_as_typed(row: Row, served: Proxy, tmp_path: Path) -> None:
    (block,) = holding(row, row.block)
    work = tmp_path / "work"
    work.mkdir()
    process = await asyncio.create_subprocess_exec(
        *command(at(block, served.url), work),
        cwd=work,
        env=variables(tmp_path / "home"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(120):
        said, complained = await process.communicate()
    assert process.returncode == 0, complained.decode()
    assert row.text in said.decode()


# --- what serves -------------------------------------------------------------------------------------------------


@dataclass
class Server:
    """A block that ended in a server: its address, and the home of who typed it."""

    url: str
    home: Path


@contextlib.asynccontextmanager
async def typed_in_a_clone(row: Row, simulator: Simulator, tmp_path: Path) -> AsyncIterator[Server]:
    """A block in a clone that is installed, on any port, with the simulator as GitHub; ended as a group."""
    (block,) = holding(row, row.block)
    work = clone(tmp_path / "clone")
    env = variables(tmp_path / "home")
    settings = tmp_path / "home" / ".config" / "passenger" / "config.toml"
    settings.parent.mkdir(parents=True)
    settings.write_text(f"{simulator.config_toml()}\n[server]\nport = 0\n")
    if "make" in block.text:
        env["PATH"] = f"{os.environ['PATH']}{os.pathsep}{tmp_path / 'home' / '.local' / 'bin'}"
    if "passenger login" not in block.text:
        env["COPILOT_GITHUB_TOKEN"] = simulator.login_token
    text = block.text.replace("make demo", "make demo PORT=0").replace("--port 9001", "--port 0")
    process = await asyncio.create_subprocess_exec(
        "/bin/sh",
        "-e",
        "-c",
        text,
        cwd=work,
        env=env,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        yield Server(await served_at(process), tmp_path / "home")
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        async with asyncio.timeout(60):
            await process.communicate()


async def served_at(process: asyncio.subprocess.Process) -> str:
    """The address that it says in the end."""
    assert process.stdout is not None
    said = ""
    async with asyncio.timeout(60):
        while (found := ADDRESS_SAID.search(said)) is None:
            piece = await process.stdout.readline()
            assert piece, said
            said += piece.decode()
    return found[1]


def clone(path: Path) -> Path:
    """A clone of the repository in which `make install` has been run already."""
    (path / ".venv").mkdir(parents=True)
    for name in ("Makefile", "packaging", "pyproject.toml", "requirements"):
        (path / name).symlink_to(ROOT / name)
    (path / ".venv" / "bin").symlink_to(Path(sys.executable).parent)
    (path / ".venv" / ".installed").touch()
    return path


@pytest.mark.parametrize("row", SERVES, ids=str)
async def test_it_serves_as_typed(row: Row, simulator: Simulator, tmp_path: Path, http: aiohttp.ClientSession) -> None:
    async with typed_in_a_clone(row, simulator, tmp_path) as server:
        key = key_of(server, row.text) if row.text else {}
        assert await status(http, server.url, **key) == 200
        if row.text:
            assert await status(http, server.url) == 401
            assert (server.home / row.text).stat().st_mode & 0o077 == 0
        for host in ("mybox", "host.docker.internal", "elsewhere.example"):
            known = host in holding(row, row.block)[0].text
            assert await status(http, server.url, Host=f"{host}:8081", **key) == (200 if known else 421), host


def key_of(server: Server, path: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {(server.home / path).read_text().strip()}"}


async def status(http: aiohttp.ClientSession, url: str, **headers: str) -> int:
    async with http.get(f"{url.replace('0.0.0.0', '127.0.0.1')}/v1/models", headers=headers) as answer:
        return answer.status
