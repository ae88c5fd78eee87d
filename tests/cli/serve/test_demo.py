"""`passenger demo` as a process: it serves, and keeps nothing."""

import asyncio
import re
import signal
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from passenger.cli.serve.demo import pace_for
from tests.proxy import PATIENCE, Process, environment, start
from tests.server.bench import DONE, asking
from tests.server.test_ollama_port import free_port

ROOT = Path(__file__).parents[3]
UP = re.compile(rb"Base URL +(http://\S+)/v1\n")


@asynccontextmanager
async def demo(home: Path, *arguments: str) -> AsyncIterator[tuple[Process, str]]:
    """The demo on a free port, and its address; its temporary directory is `home / "tmp"`."""
    (home / "tmp").mkdir()
    process = await start(
        home,
        ["demo", "--port", "0", *arguments],
        environment(home, {"TMPDIR": str(home / "tmp")}),
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        async with asyncio.timeout(PATIENCE):
            said = await process.stdout.readuntil(b"/models\n")
        found = UP.search(said)
        assert found, said
        yield process, found[1].decode()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def files(home: Path) -> list[Path]:
    return [path for path in home.rglob("*") if path.is_file()]


@pytest.mark.proves("promise 9", "F67")
@pytest.mark.parametrize(
    ("number", "code"),
    [(signal.SIGTERM, 0), (signal.SIGHUP, 0), (signal.SIGINT, 130), (signal.SIGKILL, -signal.SIGKILL)],
)
async def test_it_keeps_nothing_however_it_ends(home: Path, number: signal.Signals, code: int) -> None:
    async with (
        demo(home) as (process, url),
        aiohttp.ClientSession() as http,
        http.post(f"{url}/v1/chat/completions", json=asking("hi [[drip 0.05]]", stream=True)) as stream,
    ):
        await stream.content.readuntil(b"\n\n")
        assert files(home) == []
        process.send_signal(number)
        if number is not signal.SIGKILL:
            assert DONE in await stream.content.read()
        async with asyncio.timeout(PATIENCE):
            assert await process.wait() == code
    assert files(home) == []


async def test_neither_settings_nor_logins_are_read(home: Path) -> None:
    directory = home / ".config" / "passenger"
    directory.mkdir(parents=True)
    for path in (directory / "config.toml", home / "config.toml"):
        path.write_text("[nonsense]\n")
    (directory / "access_token.json").write_text("nonsense")
    async with demo(home) as (_, url), aiohttp.ClientSession() as http:
        async with http.post(f"{url}/v1/chat/completions", json=asking()) as answer:
            assert answer.status == 200
        async with http.get(f"{url}/readyz") as answer:
            assert await answer.json() == {"status": "ok", "degraded": {}}
    assert (directory / "access_token.json").read_text() == "nonsense"


@pytest.mark.parametrize(("given", "command"), [([], "demo  ||"), (["PORT=9000"], "demo --port 9000 ||")])
def test_make_demo_takes_a_port(given: list[str], command: str) -> None:
    done = subprocess.run(["make", "-n", "demo", *given], cwd=ROOT, capture_output=True, check=True, text=True)
    assert f"passenger {command}" in done.stdout


@pytest.mark.parametrize(
    ("pace", "watched", "paced"),
    [(None, True, True), (None, False, False), (True, False, True), (False, True, False)],
)
def test_answers_grow_before_a_person_unless_a_flag_says_otherwise(
    pace: bool | None, watched: bool, paced: bool
) -> None:
    assert (pace_for(pace, is_watched=watched) > 0) is paced


async def test_it_has_a_second_port_for_clients_of_ollama(home: Path) -> None:
    port = free_port()
    async with demo(home, "--ollama-port", str(port)) as (_, url), aiohttp.ClientSession() as http:
        for address in (url, f"http://127.0.0.1:{port}"):
            async with http.get(f"{address}/api/version") as answer:
                assert answer.status == 200
        async with http.get(f"{url}/v1/passenger/status") as answer:
            assert (await answer.json())["urls"][1:] == [f"http://127.0.0.1:{port}"]
