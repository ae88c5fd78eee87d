"""The life of tokens, judged from outside: exchanged once, kept for their owner, used as long as they are good."""

import asyncio
import json
import os
import resource
import signal
import stat
import time
from pathlib import Path
from typing import Any

import pytest

from passenger.simulator import Fault, Simulator
from tests.proxy import PATIENCE, eventually, profile_of, running
from tests.server.bench import AGES, EXCHANGE, UP, Answer, Bench, asking, bench
from tests.tunnel import standing_for_github

pytestmark = pytest.mark.asyncio(loop_scope="module")

ANOTHER_LOGIN = "gho_simulated-vscode-0001"
"""A second login that the simulator knows."""


def user_dir(directory: Path, sim: Simulator) -> Path:
    """Where a proxy keeps the tokens of this simulator."""
    return profile_of(sim, directory / "home" / ".config" / "passenger")


def put(path: Path, content: object) -> Path:
    """A token file as a login leaves it."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    temporary = path.with_suffix(".new")
    temporary.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    temporary.chmod(0o600)
    temporary.replace(path)
    return path


def put_login(directory: Path, token: str) -> Path:
    return put(directory / "access_token.json", {"access_token": token, "token_type": "bearer", "scope": ""})


def put_token(directory: Path, minted: dict[str, Any], **changes: object) -> Path:
    return put(directory / "token.json", {**minted, **changes})


def tree(directory: Path) -> dict[str, tuple[int, bytes]]:
    """Every file below, with its mode and content."""
    files = [path for path in sorted(directory.rglob("*")) if path.is_file()]
    return {str(path.relative_to(directory)): (path.stat().st_mode, path.read_bytes()) for path in files}


def logins(sim: Simulator) -> list[str]:
    """The logins that were exchanged, in order."""
    return [(request.header("authorization") or "").removeprefix("token ") for request in sim.seen(EXCHANGE)]


async def until(one: Bench, status: int, words: str = "") -> Answer:
    """Ask until the answer has this status: some things are looked at once a second only."""
    async with asyncio.timeout(20):
        while True:
            answer = await one.chat()
            if answer.status == status and words in answer.body.decode():
                return answer
            await asyncio.sleep(0.05)


# --- getting one -------------------------------------------------------------------------------------------------


@pytest.mark.proves("F3", "T1", "promise 4")
async def test_thirty_at_once_without_a_token_cost_one_exchange_and_its_file_is_private(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        async with bench(tmp_path, primed=False) as own:
            own.sim.inject(Fault(delay=0.2), path=EXCHANGE)
            answers = await asyncio.gather(*[own.chat(f"number {n}", stream=bool(n % 2)) for n in range(30)])
            assert {answer.status for answer in answers} == {200}
            assert own.sim.exchanges == 1
            directory = user_dir(tmp_path, own.sim)
            assert stat.S_IMODE(directory.stat().st_mode) == 0o700
            for path in directory.iterdir():
                assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
            kept = json.loads((directory / "token.json").read_text())
            assert kept["token"] in own.sim.account.minted
            assert kept["endpoints"]["api"] == own.sim.api_url
            assert not list(directory.glob("access_token*"))  # a login in the environment is not written down
    finally:
        os.umask(before)


@pytest.mark.proves("F6", "promise 5")
async def test_a_token_is_used_after_a_restart_though_github_is_down(tmp_path: Path) -> None:
    async with Simulator() as sim:
        async with bench(tmp_path, simulator=sim):
            pass
        sim.inject(Fault(reset=True), path=EXCHANGE, times=None)
        async with bench(tmp_path, simulator=sim, primed=False) as again:
            assert (await again.chat()).status == 200
            assert (await again.stream()).status == 200
            assert sim.exchanges == 0
            assert (await again.get("/readyz")).json()["status"] == "ok"


@pytest.mark.parametrize("left", [-100, 30])
async def test_a_token_that_has_expired_or_is_about_to_is_exchanged_before_it_is_used(
    tmp_path: Path, left: int
) -> None:
    async with Simulator() as sim:
        put_login(user_dir(tmp_path, sim), sim.login_token)
        path = put_token(user_dir(tmp_path, sim), sim.mint(), expires_at=int(time.time()) + left)
        async with bench(tmp_path, simulator=sim, login=False, primed=False) as own:
            assert (await own.chat()).status == 200
            assert sim.exchanges == 1
            assert [request.status for request in own.chats()] == [200]
            assert json.loads(path.read_text())["expires_at"] > time.time() + 1000


async def test_a_token_due_for_renewal_serves_at_once_and_is_renewed_beside(tmp_path: Path) -> None:
    async with Simulator() as sim:
        put_login(user_dir(tmp_path, sim), sim.login_token)
        old = sim.mint()
        put_token(user_dir(tmp_path, sim), old, expires_at=int(time.time()) + 250)
        sim.inject(Fault(delay=AGES), path=EXCHANGE)
        async with bench(tmp_path, simulator=sim, login=False, primed=False) as own:
            assert (await own.chat()).status == 200
            assert own.chats()[0].header("authorization") == f"Bearer {old['token']}"
            renewal = await own.upstream(EXCHANGE)
            assert (await own.chat()).status == 200
            assert sim.seen(EXCHANGE) == [renewal]
            own.proxy.signal(signal.SIGTERM)  # nobody waits for it at the end either
            assert await own.proxy.ended() == 0


CORRUPT = {
    "half a JSON": b'{"token": "tid=sim',
    "other types": b'{"token": 5, "expires_at": "soon"}',
}


@pytest.mark.proves("F13")
@pytest.mark.parametrize("name", CORRUPT)
async def test_a_corrupt_token_is_set_aside_and_service_goes_on(tmp_path: Path, name: str) -> None:
    async with Simulator() as sim:
        put_login(user_dir(tmp_path, sim), sim.login_token)
        path = put(user_dir(tmp_path, sim) / "token.json", CORRUPT[name])
        async with bench(tmp_path, simulator=sim, login=False, primed=False) as own:
            assert (await own.chat()).status == 200
            assert sim.exchanges == 1
            (kept,) = path.parent.glob("token.json.corrupt-*")
            assert kept.read_bytes() == CORRUPT[name]
            assert json.loads(path.read_text())["token"] in sim.account.minted
            assert own.proxy.logged(str(kept))


async def test_files_of_passenger_rs_are_read_and_left_alone(tmp_path: Path) -> None:
    async with Simulator() as sim, standing_for_github(sim, tmp_path) as env:
        ours = tmp_path / "home" / ".config" / "passenger"
        legacy = tmp_path / "home" / ".config" / "passenger-rs"
        put_login(legacy, sim.login_token).chmod(0o644)
        put_token(legacy, sim.mint()).chmod(0o644)
        before = tree(legacy)
        async with bench(tmp_path, simulator=sim, login=False, primed=False, env=env) as own:
            assert (await own.chat()).status == 200
            assert sim.exchanges == 0
            assert not ours.exists()
            sim.revoke_tokens()
            assert (await own.chat()).status == 200
            assert logins(sim) == [sim.login_token]
            assert tree(legacy) == before
            assert json.loads((ours / "token.json").read_text())["token"] in sim.account.minted


async def test_files_of_passenger_rs_are_nothing_to_another_host(tmp_path: Path) -> None:
    async with Simulator() as sim:
        legacy = tmp_path / "home" / ".config" / "passenger-rs"
        put_login(legacy, "ghu_simulated-wrong")
        put_token(legacy, sim.mint())
        before = tree(legacy)
        async with bench(tmp_path, simulator=sim, primed=False) as own:
            assert (await own.chat()).status == 200
            assert logins(sim) == [sim.login_token]
        assert tree(legacy) == before


async def test_path_flags_are_the_only_place_that_is_read_and_written(tmp_path: Path) -> None:
    async with Simulator() as sim:
        put_login(user_dir(tmp_path, sim), "ghu_simulated-wrong")  # neither read nor written
        put_token(user_dir(tmp_path, sim), sim.mint(), token="tid=wrong")
        (tmp_path / "keys").mkdir()
        access = put(tmp_path / "keys" / "a.json", {"access_token": sim.login_token})
        token = tmp_path / "keys" / "t.json"
        flags = ("--access-token-path", str(access), "--copilot-token-path", str(token))
        (tmp_path / "home" / "settings.toml").touch()
        async with bench(tmp_path, *flags, simulator=sim, login=False, primed=False) as own:
            before = tree(tmp_path / "home")
            assert (await own.chat()).status == 200
            sim.revoke_tokens()
            assert (await own.chat()).status == 200
            assert logins(sim) == [sim.login_token] * 2
            after = tree(tmp_path / "home")
            for kept in (before, after):  # what is no token's, and is kept beside them
                for path in [path for path in kept if path.endswith("/names.json") or "/ledger.sqlite" in path]:
                    del kept[path]
            assert after == before
            assert json.loads(token.read_text())["token"] in sim.account.minted
            assert {path.name for path in token.parent.iterdir()} <= {"a.json", "t.json", "t.json.lock"}


@pytest.mark.proves("credentials")
async def test_a_simulators_token_in_a_real_logins_place_goes_nowhere_and_says_to_log_in(tmp_path: Path) -> None:
    """As an older version left it, which kept the logins of all hosts in one file."""
    async with Simulator() as sim, standing_for_github(sim, tmp_path) as env:
        ours = tmp_path / "home" / ".config" / "passenger"
        put_login(ours, sim.login_token)
        put_token(ours, sim.mint(), endpoints={"api": sim.url})
        async with bench(tmp_path, simulator=sim, login=False, primed=False, env=env) as own:
            answer = await own.chat()
            assert (answer.status, answer.error["code"]) == (502, "untrusted_host")
            assert f"the token names {sim.url} as its API" in answer.error["message"]
            assert "run `passenger login`" in answer.error["message"]
            assert sim.requests == []


@pytest.mark.proves("F9")
async def test_a_renewal_that_never_waits_is_not_asked_for_with_every_request(tmp_path: Path) -> None:
    async with Simulator(refresh_in=0) as sim, bench(tmp_path, simulator=sim, primed=False) as own:
        for _ in range(10):
            assert (await own.chat()).status == 200
        assert sim.exchanges == 1


# --- several processes -------------------------------------------------------------------------------------------


@pytest.mark.proves("F11", "promise 4")
async def test_two_processes_that_share_a_home_make_one_exchange(tmp_path: Path) -> None:
    async with Simulator() as sim:
        sim.inject(Fault(delay=0.3), path=EXCHANGE)
        home = tmp_path / "home"
        home.mkdir()
        async with bench(tmp_path, simulator=sim, primed=False) as own, running(sim, home) as other:
            also = Bench(sim, other, own.http)
            answers = await asyncio.gather(*[one.chat(f"number {n}") for n in range(10) for one in (own, also)])
            assert {answer.status for answer in answers} == {200}
            assert sim.exchanges == 1
            sim.revoke_tokens()
            answers = await asyncio.gather(*[one.chat(f"number {n}") for n in range(10) for one in (own, also)])
            assert {answer.status for answer in answers} == {200}
            assert sim.exchanges == 2
        also.check_log()


@pytest.mark.proves("F12")
async def test_a_process_killed_during_its_exchange_does_not_stop_the_next(tmp_path: Path) -> None:
    async with Simulator() as sim:
        sim.inject(Fault(delay=AGES), path=EXCHANGE)
        home = tmp_path / "home"
        home.mkdir()
        async with running(sim, home) as first, bench(tmp_path, simulator=sim, primed=False) as own:
            wire = await Bench(sim, first, own.http).open(asking())
            await own.upstream(EXCHANGE)
            first.process.kill()
            await first.process.wait()
            assert (await own.chat()).status == 200
            assert not own.proxy.logged("without the lock")
            wire.abort()


# --- when GitHub gives none --------------------------------------------------------------------------------------


@pytest.mark.proves("F7")
async def test_without_a_token_and_github_down_it_is_a_503_that_recovers_by_itself(tmp_path: Path) -> None:
    async with bench(tmp_path, primed=False) as own:
        own.sim.inject(Fault(html=True), path=EXCHANGE, times=None)
        answer = await own.chat()
        assert answer.status == 503
        assert int(answer.headers["retry-after"]) >= 1
        assert answer.error["code"]
        asked = len(own.sim.seen(EXCHANGE))
        assert {(await own.chat(stream=True)).status for _ in range(5)} == {503}
        assert len(own.sim.seen(EXCHANGE)) == asked  # nobody asks again before it is time
        own.sim.clear()
        await until(own, 200)
        assert own.sim.exchanges == 1


@pytest.mark.proves("F5", "promise 5")
async def test_a_failed_renewal_harms_nobody_while_the_old_token_is_good(tmp_path: Path) -> None:
    async with Simulator() as sim:
        put_login(user_dir(tmp_path, sim), sim.login_token)
        put_token(user_dir(tmp_path, sim), sim.mint(), expires_at=int(time.time()) + 45)
        sim.inject(Fault(status=500), path=EXCHANGE, times=None)
        async with bench(tmp_path, simulator=sim, login=False, primed=False) as own:
            answers = [await own.chat() for _ in range(5)]
            assert {answer.status for answer in answers} == {200}
            assert (await own.get("/readyz")).json()["status"] == "degraded"


PAT = '{"message":"Resource not accessible by personal access token"}'
REFUSALS: dict[str, tuple[Fault, int, str]] = {
    "the login is not known": (Fault(status=401), 401, "passenger login"),
    "no seat": (Fault(code="no_copilot_access"), 403, "https://github.com/settings/copilot"),
    "a personal access token": (Fault(status=403, body=PAT), 401, "passenger login"),
    "another app's login": (Fault(status=404), 401, "passenger login"),
    "too many": (Fault(code="rate_limited"), 429, "API rate limit exceeded"),
    "a web page of an error": (Fault(html=True), 503, "Unicorn"),
    "a web page of a hotel": (Fault(body="<html><title>Welcome</title>"), 502, "something else"),
    "a token of yesterday": (Fault(body='{"token":"tid=x","expires_at":1}'), 503, "already expired"),
}


@pytest.mark.proves("F8")
async def test_each_refusal_of_an_exchange_says_what_it_means_and_what_to_do(tmp_path: Path) -> None:
    async with Simulator() as sim:
        put_login(user_dir(tmp_path, sim), sim.login_token)
        async with bench(tmp_path, simulator=sim, login=False, primed=False) as own:
            for name, (fault, status, words) in REFUSALS.items():
                sim.clear()
                sim.requests.clear()
                sim.inject(fault, path=EXCHANGE, times=None)
                put_login(user_dir(tmp_path, sim), sim.login_token)  # as if somebody had logged in again
                answer = await until(own, status, words)
                assert answer.error, name
                assert sim.seen(UP) == [], name
                if status in {429, 503}:
                    assert int(answer.headers["retry-after"]) >= 1, name
            sim.clear()
            put_login(user_dir(tmp_path, sim), sim.login_token)
            await until(own, 200)


# --- logins that come and go -------------------------------------------------------------------------------------


@pytest.mark.proves("F15")
async def test_a_login_revoked_while_running_is_a_401_until_there_is_a_new_one(tmp_path: Path) -> None:
    async with Simulator() as sim:
        put_login(user_dir(tmp_path, sim), sim.login_token)
        async with bench(tmp_path, simulator=sim, login=False) as own:
            sim.revoke_login()
            assert (await own.chat()).status == 200  # the token is still good
            sim.revoke_tokens()
            answer = await own.chat()
            assert answer.status == 401
            assert "passenger login" in answer.error["message"]
            asked = len(sim.seen(EXCHANGE))
            assert (await own.stream()).status == 401
            assert len(sim.seen(EXCHANGE)) == asked
            sim.account.login_revoked = False
            put_login(user_dir(tmp_path, sim), ANOTHER_LOGIN)
            await until(own, 200)
            assert logins(sim)[-1] == ANOTHER_LOGIN


@pytest.mark.proves("F15")
async def test_another_login_put_in_place_while_running_is_used_and_the_first_ones_token_is_not(tmp_path: Path) -> None:
    async with Simulator() as sim:
        put_login(user_dir(tmp_path, sim), sim.login_token)
        async with bench(tmp_path, simulator=sim, login=False) as own:
            put_login(user_dir(tmp_path, sim), ANOTHER_LOGIN)  # the first one's token.json is still there
            async with asyncio.timeout(20):
                while ANOTHER_LOGIN not in logins(sim):
                    assert (await own.chat()).status == 200
            minted = list(sim.account.minted)[-1]
            assert (await own.chat()).status == 200
            assert own.chats()[-1].header("authorization") == f"Bearer {minted}"


@pytest.mark.proves("F15")
async def test_files_taken_away_while_running_are_a_401_that_names_the_login(tmp_path: Path) -> None:
    async with Simulator() as sim:
        put_login(user_dir(tmp_path, sim), sim.login_token)
        async with bench(tmp_path, simulator=sim, login=False) as own:
            for path in list(user_dir(tmp_path, sim).glob("*.json")):
                path.unlink()
            answer = await until(own, 401)
            assert "passenger login" in answer.error["message"]
            assert (await own.get("/readyz")).status == 503
            assert (await own.get("/health")).status == 200


# --- files that cannot be written --------------------------------------------------------------------------------


@pytest.mark.proves("F14", "T2")
async def test_a_full_disk_does_not_stop_service_and_is_told(tmp_path: Path) -> None:
    async with bench(tmp_path, primed=False) as own:
        _, hard = resource.prlimit(own.proxy.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(own.proxy.pid, resource.RLIMIT_FSIZE, (0, hard))  # no file of the process may grow
        for _ in range(2):
            own.sim.revoke_tokens()
            assert (await own.chat()).status == 200
        report = (await own.get("/readyz")).json()
        assert report["status"] == "degraded"
        assert "token.json" in report["degraded"]["token_file"]
        assert len([line for line in own.proxy.logged("cannot be written") if "token.json" in line]) == 1
        assert [path.name for path in user_dir(tmp_path, own.sim).iterdir() if not path.name.endswith(".lock")] == []
        resource.prlimit(own.proxy.pid, resource.RLIMIT_FSIZE, (hard, hard))
        own.sim.revoke_tokens()
        assert (await own.chat()).status == 200
        assert "token_file" not in (await own.get("/readyz")).json()["degraded"]
        assert (user_dir(tmp_path, own.sim) / "token.json").exists()
        async with asyncio.timeout(PATIENCE):  # the ledger is tried again every few seconds
            while (await own.get("/readyz")).json() != {"status": "ok", "degraded": {}}:
                await asyncio.sleep(0.05)


@pytest.mark.proves("F14")
async def test_a_config_directory_that_cannot_be_made_does_not_stop_service(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / ".config").write_text("a file where a directory should be")
    async with bench(tmp_path, primed=False) as own:
        assert (await own.chat()).status == 200
        own.sim.revoke_tokens()
        assert (await own.chat()).status == 200
        assert "token_file" in (await own.get("/readyz")).json()["degraded"]


@pytest.mark.proves("F14")
async def test_a_directory_that_vanishes_while_running_does_not_stop_service(tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir()
    async with bench(tmp_path, "--copilot-token-path", str(tmp_path / "keys" / "t.json")) as own:
        for path in list((tmp_path / "keys").iterdir()):
            path.unlink()
        (tmp_path / "keys").rmdir()
        own.sim.revoke_tokens()
        assert (await own.chat()).status == 200
        await eventually(lambda: own.proxy.logged(str(tmp_path / "keys")))
        assert "token_file" in (await own.get("/readyz")).json()["degraded"]
