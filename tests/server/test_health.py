"""Health, judged from outside: alive means alive, ready means that requests are welcome, degraded says what is not."""

import asyncio
import json
import time
from pathlib import Path

import pytest

from passenger.simulator import Fault, Simulator
from tests.proxy import PATIENCE, profile_of
from tests.server.bench import EXCHANGE, Answer, Bench, bench

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.parametrize("path", ["/health", "/livez"])
async def test_alive_is_a_plain_ok(shared: Bench, path: str) -> None:
    answer = await shared.get(path)
    assert (answer.status, answer.body) == (200, b"OK")
    assert answer.headers["content-type"].startswith("text/plain")
    assert (await shared.send("HEAD", path)).body == b""
    assert shared.sim.requests == []


async def test_ready_is_ok_with_nothing_degraded(shared: Bench) -> None:
    answer = await shared.get("/readyz")
    assert answer.status == 200
    assert answer.json() == {"status": "ok", "degraded": {}}
    assert shared.sim.requests == []


async def test_questions_of_health_are_not_logged_as_requests(shared: Bench) -> None:
    before = len(shared.proxy.lines)
    for path in ("/health", "/livez", "/readyz"):
        await shared.get(path)
    answer = await shared.chat()
    await shared.line(answer)
    said = [line for line in shared.proxy.lines[before:] if " DEBUG " not in line]
    assert not [line for line in said if "health" in line or "livez" in line or "readyz" in line]


async def test_listening_comes_before_any_network_call_and_alive_is_alive_without_any(tmp_path: Path) -> None:
    async with bench(tmp_path, primed=False) as own:
        for path in ("/health", "/livez", "/readyz"):
            assert (await own.get(path)).status == 200
        assert own.sim.requests == []
        own.sim.inject(Fault(reset=True), path=None, times=None)
        assert (await own.chat()).status == 503
        assert (await own.get("/health")).status == 200
        report = await own.get("/readyz")
        assert report.status == 200
        assert report.json()["status"] == "degraded"
        assert "token_refresh" in report.json()["degraded"]


async def test_a_refused_login_is_told(tmp_path: Path) -> None:
    async with bench(tmp_path, primed=False) as own:
        own.sim.revoke_login()
        assert (await own.chat()).status == 401
        assert "passenger login" in (await own.get("/readyz")).json()["degraded"]["login"]


async def test_an_early_renewal_that_fails_is_told_and_harms_nobody(tmp_path: Path) -> None:
    async with Simulator(token_lifetime=1800, refresh_in=1500) as sim:
        home = profile_of(sim, tmp_path / "home" / ".config" / "passenger")
        home.mkdir(parents=True, mode=0o700)
        token = sim.mint()
        note = {"expires_at": time.time() + 600, "refresh_at": time.time() - 1}
        (home / "token.json").write_text(json.dumps({**token, "passenger": note}))
        (home / "access_token.json").write_text(json.dumps({"access_token": sim.login_token}))
        sim.inject(Fault(status=500), path=EXCHANGE, times=None)
        async with bench(tmp_path, primed=False, login=False, simulator=sim) as own:
            assert (await own.chat()).status == 200
            await own.proxy.said("no new Copilot token")
            assert (await own.chat()).status == 200
            report = await own.get("/readyz")
            assert report.status == 200
            assert list(report.json()["degraded"]) == ["token_refresh"]
            assert len(own.sim.seen(EXCHANGE)) == 1


@pytest.mark.proves("F13")
async def test_a_login_that_cannot_be_read_means_not_ready(tmp_path: Path) -> None:
    async with Simulator() as sim:
        home = profile_of(sim, tmp_path / "home" / ".config" / "passenger")
        home.mkdir(parents=True, mode=0o700)
        saved = home / "access_token.json"
        saved.write_text(json.dumps({"access_token": sim.login_token}))
        async with bench(tmp_path, primed=False, login=False, simulator=sim) as own:
            saved.unlink()
            saved.symlink_to(saved)
            report = await eventually_not_ready(own)
            assert report.status == 503
            assert report.headers["content-type"] == "application/json"
            assert report.json()["status"] == "not ready"
            assert list(report.json()["degraded"]) == ["login"]
            assert (await own.get("/livez")).status == 200


async def eventually_not_ready(own: Bench) -> Answer:
    """What is said once the file has been looked at, which happens once a second."""
    async with asyncio.timeout(PATIENCE):
        while (report := await own.get("/readyz")).status == 200:
            await asyncio.sleep(0.05)
    return report
