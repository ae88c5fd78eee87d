"""Token files that are no files, or somebody else's, and a disk that is full: judged from outside."""

import asyncio
import contextlib
import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import aiohttp
import pytest

from passenger.simulator import Simulator
from tests.proxy import PATIENCE, eventually, profile_of, spawn
from tests.server.bench import Bench, bench
from tests.server.test_shutdown import serves, started
from tests.server.test_tokens import put_login, put_token, user_dir
from tests.test_private_file import MISPLACED
from tests.tunnel import standing_for_github

pytestmark = pytest.mark.asyncio(loop_scope="module")

SOMEBODY = 12345
ROOT_ONLY = pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root may give and mount")


async def keeps_on(own: Bench) -> None:
    """Service goes on, with an exchange for each token that has died."""
    for exchanges in (1, 2):
        assert (await own.chat()).status == 200
        assert own.sim.exchanges == exchanges
        own.sim.revoke_tokens()
    assert (await own.chat()).status == 200


# --- what is no file ---------------------------------------------------------------------------------------------


@pytest.mark.proves("T3", "F13")
@pytest.mark.parametrize("put", MISPLACED)
async def test_what_stands_in_the_tokens_place_is_set_aside(tmp_path: Path, put: Callable[[Path], None]) -> None:
    async with Simulator() as sim:
        directory = user_dir(tmp_path, sim)
        directory.mkdir(parents=True, mode=0o700)
        put(directory / "token.json")
        async with bench(tmp_path, simulator=sim, primed=False) as own:
            await keeps_on(own)
            (kept,) = directory.glob("token.json.corrupt-*")
            assert own.proxy.logged(f"kept as {kept}")
            assert json.loads((directory / "token.json").read_text())["token"] in own.sim.account.minted
            assert (await own.get("/readyz")).json() == {"status": "ok", "degraded": {}}


@pytest.mark.proves("T3", "F14")
@pytest.mark.parametrize("put", MISPLACED[:2])
async def test_what_stands_where_a_path_was_asked_for_stays_and_service_goes_on(
    tmp_path: Path, put: Callable[[Path], None]
) -> None:
    path = tmp_path / "asked-for"
    put(path)
    before = path.lstat()
    async with bench(tmp_path, "--copilot-token-path", str(path), primed=False) as own:
        await keeps_on(own)
        assert "asked-for" in (await own.get("/readyz")).json()["degraded"]["token_file"]
        assert len(own.proxy.logged("it is not used and stays where it is")) == 1
    assert (path.lstat().st_ino, path.lstat().st_mode) == (before.st_ino, before.st_mode)


@pytest.mark.proves("T3")
@pytest.mark.parametrize("put", MISPLACED)
async def test_what_stands_in_the_logins_place_is_said_and_no_other_login_taken(
    tmp_path: Path, put: Callable[[Path], None]
) -> None:
    path = tmp_path / ".config" / "passenger" / "access_token.json"
    path.parent.mkdir(parents=True, mode=0o700)
    put(path)
    process = await spawn(tmp_path, ["--port", "0"], {"GH_TOKEN": "ghu_simulated-login-0001"})
    assert await process.ended() == 4
    (line,) = process.lines
    assert f"{path} is " in line
    assert path.is_symlink() or path.exists()


# --- what is somebody else's -------------------------------------------------------------------------------------


@ROOT_ONLY
@pytest.mark.proves("T3", "F14")
async def test_a_token_of_another_user_is_neither_used_nor_replaced(tmp_path: Path) -> None:
    async with Simulator() as sim:
        path = put_token(user_dir(tmp_path, sim), sim.mint())
        os.chown(path, SOMEBODY, SOMEBODY)
        before = path.read_bytes()
        async with bench(tmp_path, simulator=sim, primed=False) as own:
            await keeps_on(own)
            assert f"{path} belongs to another user (uid {SOMEBODY})" in "\n".join(own.proxy.lines)
            assert "token.json" in (await own.get("/readyz")).json()["degraded"]["token_file"]
        assert path.read_bytes() == before
        assert path.stat().st_uid == SOMEBODY


@ROOT_ONLY
@pytest.mark.proves("T3")
async def test_a_login_of_another_user_is_refused_with_his_number(tmp_path: Path) -> None:
    path = put_login(tmp_path / ".config" / "passenger", "ghu_simulated-login-0001")
    os.chown(path, SOMEBODY, SOMEBODY)
    process = await spawn(tmp_path, ["--port", "0"])
    assert await process.ended() == 4
    (line,) = process.lines
    assert f"{path} belongs to another user (uid {SOMEBODY})" in line


@ROOT_ONLY
@pytest.mark.proves("T3")
async def test_an_old_login_of_another_user_is_passed_over(tmp_path: Path) -> None:
    async with Simulator() as sim, standing_for_github(sim, tmp_path) as env:
        path = put_login(tmp_path / "home" / ".config" / "passenger-rs", "ghu_simulated-wrong")
        os.chown(path, SOMEBODY, SOMEBODY)
        async with bench(tmp_path, simulator=sim, login=False, env={**env, "GH_TOKEN": sim.login_token}) as own:
            await own.chat()
            assert len(own.proxy.logged(f"{path} belongs to another user")) == 1


@ROOT_ONLY
@pytest.mark.proves("T3", "F14")
async def test_a_home_of_another_user_is_used_as_far_as_it_lets_us(tmp_path: Path) -> None:
    """As in a container whose volume has another owner."""
    async with Simulator() as sim:
        directory = user_dir(tmp_path, sim)
        state = profile_of(sim, tmp_path / "home" / ".local" / "state" / "passenger")
        for path in (directory, state):
            path.mkdir(parents=True)
            os.chown(path, SOMEBODY, SOMEBODY)
        for name in ("learned.json", "ratios.json", "models.json"):
            (state / name).write_text("{}")
            os.chown(state / name, SOMEBODY, SOMEBODY)
        async with bench(tmp_path, "--workers", "2", simulator=sim, primed=False) as own:
            await keeps_on(own)
            body = {"model": "gpt-4o", "messages": [{"role": "user", "content": "hello"}]}
            assert (await own.send("POST", "/v1/messages/count_tokens", json=body)).status == 200
    assert {(state / name).read_text() for name in ("learned.json", "ratios.json", "models.json")} == {"{}"}


# --- a disk that is full -----------------------------------------------------------------------------------------


@contextlib.contextmanager
def small_disk(at: Path) -> Iterator[None]:
    """A file system of its own, with room for 512 kB."""
    at.mkdir(parents=True, mode=0o700)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=512k,mode=700", "tmpfs", at], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", at], check=True)


def fill(path: Path) -> None:
    """Take all the room there is, to the last byte."""
    with contextlib.suppress(OSError), path.open("ab", buffering=0) as file:
        while True:
            file.write(b"x" * 512)


async def report(url: str) -> dict[str, dict[str, str]]:
    async with aiohttp.ClientSession() as http, http.get(f"{url}/readyz") as response:
        found: dict[str, dict[str, str]] = await response.json()
        return found


async def count(url: str) -> int:
    body = {"model": "gpt-4o", "messages": [{"role": "user", "content": "hello"}]}
    async with aiohttp.ClientSession() as http, http.post(f"{url}/v1/messages/count_tokens", json=body) as response:
        return response.status


@ROOT_ONLY
@pytest.mark.proves("F14", "F59", "T2")
async def test_a_disk_that_is_full_stops_neither_service_nor_the_log_for_good(tmp_path: Path) -> None:
    """Config, state and log are all on it."""
    disk = tmp_path / ".config" / "passenger"
    with small_disk(disk):
        (disk / "state").mkdir()
        (tmp_path / ".local").mkdir()
        (tmp_path / ".local" / "state").symlink_to(disk / "state")
        fill(disk / "filler")
        async with (
            Simulator() as sim,
            started(sim, tmp_path, f'"$@" 2>>{disk}/log', asyncio.subprocess.DEVNULL) as (url, _),
        ):
            own = profile_of(sim, disk)
            assert await serves(url, 20)
            assert await count(url) == 200
            assert await serves(url, 2)
            assert sim.exchanges == 1
            assert "token.json" in (await report(url))["degraded"]["token_file"]
            assert {path.name for path in disk.iterdir()} <= {"state", "filler", "log", "profiles"}
            assert {path.name for path in own.glob("*")} <= {"token.json.lock"}
            (disk / "filler").unlink()
            sim.revoke_tokens()
            assert await serves(url, 2)
            async with asyncio.timeout(PATIENCE):  # the ledger is tried again every few seconds
                while (await report(url))["degraded"]:
                    await asyncio.sleep(0.05)
            assert json.loads((own / "token.json").read_text())["token"] in sim.account.minted
            await eventually(lambda: "POST /v1/chat/completions 200" in (disk / "log").read_text())


@pytest.mark.proves("F59")
async def test_a_log_that_takes_nothing_does_not_stop_service(tmp_path: Path) -> None:
    async with Simulator() as sim, started(sim, tmp_path, '"$@" 2>/dev/full', asyncio.subprocess.DEVNULL) as (url, _):
        assert await serves(url, 20)
