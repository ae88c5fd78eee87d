"""`passenger logout` as a process, after logins at simulated GitHub."""

import asyncio
import os
import pty
import signal
from pathlib import Path

import aiohttp
import pytest

from passenger.cli.login.logout import where_to_revoke
from passenger.secret import Secret
from passenger.simulator import Simulator
from tests.cli.test_profiles import PRIVATE, WORK, log_in, of, passenger
from tests.proxy import PATIENCE, environment, running, start
from tests.server.bench import asking
from tests.tunnel import standing_for_github

LOGOUT = ("-c", "settings.toml", "logout")


async def answered(home: Path, answer: bytes | None) -> tuple[int, str]:
    """Log out on a terminal, with that answer to the question, or Ctrl-C for one."""
    ours, theirs = pty.openpty()
    process = await start(home, LOGOUT, environment(home), stdin=theirs, stdout=asyncio.subprocess.PIPE, stderr=theirs)
    os.close(theirs)
    shown = b""
    async with asyncio.timeout(PATIENCE):
        while b"[y/N]" not in shown:
            shown += await asyncio.to_thread(os.read, ours, 65536)
        if answer is None:
            process.send_signal(signal.SIGINT)
        os.write(ours, answer or b"\n")  # a read that has just begun does not notice a signal before it ends
        said, _ = await process.communicate()
    os.close(ours)
    assert process.returncode is not None
    return process.returncode, shown.decode() + said.decode()


@pytest.mark.parametrize("name", [None, "work"])
async def test_nothing_is_left_and_what_is_not_meant_stays(simulator: Simulator, home: Path, name: str | None) -> None:
    await log_in(simulator, home, PRIVATE)
    await log_in(simulator, home, WORK, "--profile", "work")
    flags = ["--profile", name] if name else []
    code, said = await passenger(home, *LOGOUT, *flags, "--yes")
    assert code == 0, said
    gone, kept = of(simulator, home, name), of(simulator, home, None if name else "work")
    assert str(gone / "access_token.json") in said
    assert "cannot be revoked. It ends by itself in 30 minutes." in said
    assert not gone.exists()
    assert (kept / "access_token.json").exists()
    assert (home / ".config/passenger/logins").exists() is (name is None)


async def test_copies_that_were_set_aside_or_left_unfinished_go_too(simulator: Simulator, home: Path) -> None:
    await log_in(simulator, home, WORK)
    directory = of(simulator, home)
    for name in ("access_token.json.corrupt-1790000000", ".access_token.json.0123456789ab", "mine.json"):
        (directory / name).write_text(WORK)
    assert (await passenger(home, *LOGOUT, "--yes"))[0] == 0
    assert [path.name for path in directory.iterdir()] == ["mine.json"]


@pytest.mark.parametrize(("answer", "code"), [(b"y\n", 0), (b"n\n", 1), (b"\n", 1), (None, 130)])
async def test_a_person_is_asked_and_nothing_but_a_yes_removes(
    simulator: Simulator, home: Path, answer: bytes | None, code: int
) -> None:
    await log_in(simulator, home, WORK)
    ended, said = await answered(home, answer)
    assert ended == code, said
    assert f"Remove {of(simulator, home)}/access_token.json and" in said
    assert (of(simulator, home) / "access_token.json").exists() is (code != 0)


async def test_without_a_terminal_nobody_is_asked_and_nothing_removed(simulator: Simulator, home: Path) -> None:
    await log_in(simulator, home, WORK, "--profile", "work")
    code, said = await passenger(home, *LOGOUT, "--profile", "work", stdin="y\n")
    assert code == 2
    assert f"run `passenger logout --yes --profile work -c {home / 'settings.toml'}`" in said
    assert (of(simulator, home, "work") / "access_token.json").exists()


async def test_who_is_not_logged_in_has_nothing_to_remove(simulator: Simulator, home: Path) -> None:
    (home / "settings.toml").write_text(simulator.config_toml())
    code, said = await passenger(home, *LOGOUT)
    assert (code, said) == (0, "Nobody is logged in here: there is nothing to remove.\n")
    assert not (home / ".config").exists()


async def test_what_is_left_at_github_and_on_this_machine_is_told(home: Path) -> None:
    async with Simulator() as real, standing_for_github(real, home) as env:
        code, said = await passenger(home, "login", "--token-stdin", stdin=f"{WORK}\n", env=env)
        assert code == 0, said
        left = {"COPILOT_GITHUB_TOKEN": PRIVATE}
        code, said = await passenger(home, "logout", "--yes", env=env | left)
    assert code == 0, said
    assert "until you revoke it at https://github.com/settings/apps/authorizations" in said
    assert "You are still logged in by COPILOT_GITHUB_TOKEN" in said
    assert WORK not in said
    assert list((home / ".config" / "passenger").iterdir()) == []


async def test_a_login_of_passenger_rs_is_left_alone_and_named(home: Path) -> None:
    legacy = home / ".config" / "passenger-rs" / "access_token.json"
    legacy.parent.mkdir(parents=True)
    legacy.write_text(f'{{"access_token": "{WORK}"}}')
    code, said = await passenger(home, "logout", "--yes")
    assert code == 0
    assert f"passenger-rs is used from now on: {legacy}" in said
    assert legacy.exists()


async def test_a_file_that_is_no_file_stays_and_is_named(simulator: Simulator, home: Path) -> None:
    await log_in(simulator, home, WORK)
    path = of(simulator, home) / "access_token.json"
    path.unlink()
    path.mkdir()
    code, said = await passenger(home, *LOGOUT, "--yes")
    assert code == 1
    assert f"{path} cannot be written: it is not a plain file" in said
    assert path.is_dir()


async def test_a_running_server_no_longer_has_the_login_and_makes_no_files(simulator: Simulator, home: Path) -> None:
    await log_in(simulator, home, WORK)
    async with running(simulator, home, login=False) as proxy, aiohttp.ClientSession() as http:

        async def status() -> int:
            async with http.post(f"{proxy.url}/v1/chat/completions", json=asking("hi")) as answer:
                return answer.status

        async def becomes(expected: int) -> None:
            async with asyncio.timeout(PATIENCE):
                while await status() != expected:
                    await asyncio.sleep(0.05)

        assert await status() == 200
        assert (await passenger(home, *LOGOUT, "--yes"))[0] == 0
        await becomes(401)
        assert not of(simulator, home).exists()
        await log_in(simulator, home, WORK)
        await becomes(200)


DEVICE = "/login/device/code"


@pytest.mark.parametrize(
    ("host", "token", "page"),
    [
        ("github.com", "ghu_x", "https://github.com/settings/apps/authorizations"),
        ("github.com", "gho_x", "https://github.com/settings/applications"),
        ("github.com", "github_pat_x", "https://github.com/settings/personal-access-tokens"),
        ("github.com", None, "https://github.com/settings/apps/authorizations"),
        ("octocorp.ghe.com", "gho_x", "https://octocorp.ghe.com/settings/applications"),
        ("ghe.example", "gho_x", "ghe.example"),
    ],
)
def test_the_page_is_the_one_for_the_kind_of_login_at_its_host(host: str, token: str | None, page: str) -> None:
    assert where_to_revoke(f"https://{host}{DEVICE}", Secret(token) if token else None) == page


def test_a_simulated_login_is_revoked_nowhere() -> None:
    assert where_to_revoke(f"http://127.0.0.1:8082{DEVICE}", None) is None
