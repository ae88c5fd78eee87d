"""A server that listens before anybody is logged in, from outside: shut, said in each dialect, opened by any login."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from passenger.account.token_store import ACCESS_TOKEN
from passenger.simulator import Simulator
from tests.proxy import PATIENCE, eventually, profile_of, spawn
from tests.server.bench import CHAT, Answer, Bench, bench

AWAITING = ("serve", "--await-login")
STATE = "/v1/passenger/login"

MESSAGES = {"model": "claude-sonnet-4.5", "max_tokens": 5, "messages": [{"role": "user", "content": "hi"}]}
CONTENTS = {"contents": [{"role": "user", "parts": [{"text": "hi"}]}]}
OLLAMA = {"model": "gpt-4o", "messages": [{"role": "user", "content": "hi"}]}


def error(answer: Answer) -> Any:
    return answer.json()["error"]


async def post(own: Bench, path: str, body: object) -> Answer:
    return await own.send("POST", path, json=body)


async def test_without_a_login_nothing_listens_unless_it_is_to_wait(simulator: Simulator, home: Path) -> None:
    settings = home / "settings.toml"
    settings.write_text(simulator.config_toml())
    proxy = await spawn(home, ["-c", str(settings), "--port", "0", "serve"])
    assert await proxy.ended() == 4


@pytest.mark.proves("first login")
async def test_it_is_alive_and_not_ready_until_somebody_is_logged_in(tmp_path: Path) -> None:
    async with bench(tmp_path, *AWAITING, login=False, primed=False) as own:
        assert (await own.get("/livez")).status == 200
        assert (await own.get("/")).body == b"Ollama is running"
        assert (await own.get("/api/version")).status == 200
        ready = await own.get("/readyz")
        assert (ready.status, ready.json()["status"]) == (503, "login_required")
        assert (await own.get(STATE)).json()["logged_in"] is False
        assert not own.sim.requests
        assert any("nobody is logged in yet" in line and f"{own.proxy.url}/ " in line for line in own.proxy.lines)


@pytest.mark.proves("first login")
async def test_each_dialect_is_told_where_the_login_is_made(tmp_path: Path) -> None:
    async with bench(tmp_path, *AWAITING, login=False, primed=False) as own:
        page = f"{own.proxy.url}/"
        openai = await own.chat()
        assert (openai.status, openai.error["code"]) == (503, "login_required")
        assert openai.headers["x-should-retry"] == "false"
        anthropic = await post(own, "/v1/messages", MESSAGES)
        assert (anthropic.status, anthropic.json()["type"], error(anthropic)["type"]) == (
            503,
            "error",
            "overloaded_error",
        )
        gemini = await post(own, "/v1beta/models/gemini-2.5-pro:generateContent", CONTENTS)
        assert (gemini.status, error(gemini)["status"]) == (503, "UNAVAILABLE")
        ollama = await post(own, "/api/chat", OLLAMA)
        assert ollama.status == 503
        told = [openai.error["message"], error(anthropic)["message"], error(gemini)["message"], error(ollama)]
        assert all(page in message and "passenger login" in message for message in told)


async def test_lists_of_models_wait_too(tmp_path: Path) -> None:
    async with bench(tmp_path, *AWAITING, login=False, primed=False) as own:
        for path in ("/v1/models", "/v1/models/gpt-4o", "/v1beta/models", "/api/tags"):
            assert (await own.get(path)).status == 503


def log_in(own: Bench) -> None:
    """Save a login as another process does."""
    directory = profile_of(own.sim, own.proxy.home / ".config" / "passenger")
    directory.mkdir(parents=True, mode=0o700, exist_ok=True)
    content = {"access_token": own.sim.login_token, "token_type": "bearer", "scope": ""}
    fresh = directory / "fresh"
    fresh.write_text(json.dumps(content))
    fresh.chmod(0o600)
    fresh.replace(directory / ACCESS_TOKEN)


@pytest.mark.proves("first login")
@pytest.mark.parametrize("workers", ["1", "2"])
async def test_a_login_by_another_process_is_taken_up_at_once(tmp_path: Path, workers: str) -> None:
    async with bench(tmp_path, "--workers", workers, *AWAITING, login=False, primed=False) as own:
        await own.get("/", {"Accept": "text/html"})
        await own.get("/v1/passenger/status")
        assert (await own.chat()).status == 503
        log_in(own)
        for _ in range(4):
            assert (await own.chat()).status == 200
        assert (await own.get("/v1/models")).status == 200
        assert (await own.get("/readyz")).json()["status"] == "ok"


@pytest.mark.proves("first login")
@pytest.mark.parametrize("workers", ["1", "2"])
async def test_a_login_by_the_page_is_taken_up_at_once(tmp_path: Path, workers: str) -> None:
    async with Simulator(device_interval=0.01, approve_after=2) as simulator:
        awaiting = ("--workers", workers, *AWAITING)
        async with bench(tmp_path, *awaiting, login=False, primed=False, simulator=simulator) as own:
            began = await own.send(
                "POST", "/page/login", headers={"Origin": own.proxy.url}, data={}, allow_redirects=False
            )
            assert began.status == 303
            while (state := (await own.get(STATE)).json())["login"]["phase"] != "done":
                assert state["login"]["phase"] == "waiting"
            assert state["logged_in"] is True
            for _ in range(4):
                assert (await own.chat()).status == 200
            saved = profile_of(simulator, own.proxy.home / ".config" / "passenger") / ACCESS_TOKEN
            assert json.loads(saved.read_text())["access_token"] == simulator.login_token


async def test_a_request_that_came_too_early_is_in_the_log(tmp_path: Path) -> None:
    async with bench(tmp_path, *AWAITING, login=False, primed=False) as own:
        answer = await own.chat()
        assert "503" in await own.line(answer)
        records = (await own.get("/v1/passenger/requests")).json()["requests"]
        assert [record["error_code"] for record in records if record["path"] == CHAT] == ["login_required"]
        await eventually(lambda: not own.sim.requests)


@pytest.mark.parametrize("workers", ["1", "2"])
async def test_after_a_logout_it_waits_again_and_is_opened_by_the_next_login(tmp_path: Path, workers: str) -> None:
    async with bench(tmp_path, "--workers", workers, *AWAITING, login=False, primed=False) as own:
        log_in(own)
        for _ in range(4):
            assert (await own.chat()).status == 200
        directory = profile_of(own.sim, own.proxy.home / ".config" / "passenger")
        for file in directory.glob("*.json"):
            file.unlink()
        told = [answer async for answer in answers(own, lambda answer: answer.status != 200)]
        assert {(answer.status, answer.error["code"]) for answer in told} == {(503, "login_required")}
        assert {answer.headers["x-should-retry"] for answer in told} == {"false"}
        anthropic = await post(own, "/v1/messages", MESSAGES)
        assert (anthropic.status, error(anthropic)["type"]) == (503, "overloaded_error")
        assert f"{own.proxy.url}/" in error(anthropic)["message"]
        assert (await own.get("/readyz")).json()["status"] == "login_required"
        log_in(own)
        assert [answer async for answer in answers(own, lambda answer: answer.status == 200)]


async def answers(own: Bench, wanted: Callable[[Answer], bool], most: int = 12) -> AsyncIterator[Answer]:
    """So many answers of a kind in a row: each worker looks at the files once a second."""
    async with asyncio.timeout(PATIENCE):
        found = list[Answer]()
        while len(found) < most:
            answer = await own.chat()
            found = [*found, answer] if wanted(answer) else []
    for one in found:
        yield one


async def test_a_login_that_github_takes_no_more_is_told_as_such(tmp_path: Path) -> None:
    async with bench(tmp_path, *AWAITING, login=False, primed=False) as own:
        log_in(own)
        directory = profile_of(own.sim, own.proxy.home / ".config" / "passenger")
        file = directory / ACCESS_TOKEN
        file.write_text(file.read_text().replace(own.sim.login_token, "ghu_revoked"))
        answer = await own.chat()
        assert (answer.status, answer.error["code"]) == (401, "login_needed")
