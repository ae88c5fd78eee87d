"""Sessions that run away from a real server: each detector trips, and what only looks alike does not."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from passenger.account.scope_limits import Budget
from tests.cli.conftest import run
from tests.dialects.test_tool_steps import completions, gemini, messages, ollama, responses
from tests.server.bench import Answer, Bench, bench
from tests.server.test_team_keys import team_of
from tests.server.test_team_limits import begin
from tests.server.test_workers import Team, answer, ask, team

pytestmark = pytest.mark.asyncio(loop_scope="module")

PAUSING = '[breaker]\naction = "pause"\n'
WARNING = "x-passenger-warning"
SESSION = {"x-session-id": "a-session"}
GPT, CLAUDE = "gpt-4o", "claude-opus-4.6"

TOOL = {"name": "read", "description": "Read a file.", "parameters": {"type": "object", "properties": {}}}
FUNCTION = {"type": "function", "function": TOOL}
CLAUDES = {"name": "read", "description": "Read a file.", "input_schema": {"type": "object", "properties": {}}}
PATHS: dict[str, tuple[str, Callable[..., dict[str, Any]], dict[str, Any]]] = {
    "completions": ("/v1/chat/completions", completions, {"model": GPT, "tools": [FUNCTION]}),
    "messages": ("/v1/messages", messages, {"model": CLAUDE, "max_tokens": 99, "tools": [CLAUDES]}),
    "responses": ("/v1/responses", responses, {"model": "gpt-5.5", "tools": [{"type": "function", **TOOL}]}),
    "gemini": (f"/v1beta/models/{GPT}:generateContent", gemini, {"tools": [{"functionDeclarations": [TOOL]}]}),
    "ollama": ("/api/chat", ollama, {"model": GPT, "stream": False, "tools": [FUNCTION]}),
}


async def step(own: Bench, dialect: str, number: int, result: str) -> Answer:
    """A turn of an agent that ends with a result."""
    path, write, fields = PATHS[dialect]
    body = write(number, result) | fields
    if dialect == "responses":
        body["input"] = [item for item in body["input"] if item["type"] != "reasoning"]
    return await own.send("POST", path, json=body, headers=SESSION)


async def repeat(own: Bench, times: int, text: str = "again") -> list[Answer]:
    answers = [await own.chat(text) for _ in range(times)]
    assert {one.status for one in answers} == {200}
    return answers


def error_of(told: Answer) -> tuple[str, str]:
    """Message and kind or code of an error in any dialect."""
    error = told.json()["error"]
    if isinstance(error, str):
        return error, ""
    return error["message"], str(error.get("code") or error.get("type"))


def resume(own: Bench, session: str) -> tuple[int, str]:
    port = own.proxy.url.rpartition(":")[2]
    ended = run(own.proxy.home, "resume", session, "--port", port)
    return ended.code, ended.out + ended.err


async def test_a_session_that_runs_away_is_warned_of_beside_a_spent_budget(tmp_path: Path) -> None:
    async with team_of(tmp_path) as people:
        key = await begin(people, Budget("day", 0, action="warn"))
        for _ in range(4):
            told = (await people.chat(key, "again", model="gpt-5.1")).headers[WARNING]
            assert told.startswith("budget of this person")
            assert "session=" not in told
        await people.own.proxy.said("may run away (repeats)")
        answer = await people.chat(key, "again", model="gpt-5.1")
        assert len(answer.headers.getall(WARNING)) == 1
        spent, session, *_ = answer.headers[WARNING].split("; ")
        assert spent.startswith("budget of this person")
        assert session.startswith("session=")
        assert "repeats: the same request was answered 4 times" in answer.headers[WARNING]


# --- detectors -------------------------------------------------------------------------------------------------------


async def test_repeats_are_warned_of_by_default_once_in_the_log_and_nothing_is_made(tmp_path: Path) -> None:
    async with bench(tmp_path) as own:
        assert not any(WARNING in one.headers for one in await repeat(own, 4))
        await own.proxy.said("may run away (repeats)")
        told = (await repeat(own, 1))[0].headers[WARNING]
        assert "repeats: the same request was answered 4 times within 10 minutes" in told
        streamed = await own.stream("again")
        assert "answered 5 times" in streamed.headers[WARNING]
        assert WARNING not in (await own.chat("something else")).headers
        assert len(own.proxy.logged("may run away")) == 1
        assert not [*tmp_path.rglob("paused")]


@pytest.mark.parametrize("dialect", PATHS)
async def test_a_loop_of_tools_trips_in_every_dialect_and_a_pause_is_refused_in_its_terms(
    tmp_path: Path, dialect: str
) -> None:
    async with bench(tmp_path, config=PAUSING) as own:
        for number in range(5):
            assert (await step(own, dialect, number, "Error: no such file")).status == 200
        await own.proxy.said("is paused for 15 minutes (tool_loop)")
        for spoken in PATHS:
            told = await step(own, spoken, 9, "whatever")
            assert told.status == 403, (spoken, told.body)
            message, code = error_of(told)
            assert "passenger resume" in message
            assert (
                code
                == {
                    "completions": "runaway_paused",
                    "responses": "runaway_paused",
                    "messages": "permission_error",
                    "gemini": "403",
                    "ollama": "",
                }[spoken]
            )
        assert (await own.chat("another session")).status == 200


async def test_a_paused_stream_is_refused_before_its_head(tmp_path: Path) -> None:
    async with bench(tmp_path, config=PAUSING) as own:
        for _ in range(4):
            assert (await own.stream("again")).status == 200
        await own.proxy.said("is paused for 15 minutes (repeats)")
        told = await own.stream("again")
        assert (told.status, told.error["code"]) == (403, "runaway_paused")


async def test_much_spent_in_a_short_time_trips(tmp_path: Path) -> None:
    async with bench(tmp_path, config="[breaker]\nvelocity_credits = 1\n") as own:
        for number in range(3):
            told = await own.post(
                {"model": CLAUDE, "messages": [{"role": "user", "content": f"{number} " + "word " * 20_000}]}, SESSION
            )
            assert told.status == 200
        await own.proxy.said("may run away (velocity)")


async def test_a_long_chain_of_steps_trips(tmp_path: Path) -> None:
    async with bench(tmp_path, config="[breaker]\nchain = 2\n") as own:
        for number in range(3):
            assert (await step(own, "completions", number, f"result {number}")).status == 200
        await own.proxy.said("may run away (chain)")


async def test_a_cold_cache_is_warned_of_and_never_paused(tmp_path: Path) -> None:
    async with bench(tmp_path, config=f"{PAUSING}velocity_credits = 0\n") as own:
        for number in range(6):
            body = {"model": CLAUDE, "messages": [{"role": "user", "content": f"{number} " + "other words " * 40_000}]}
            assert (await own.post(body, SESSION)).status == 200
        await own.proxy.said("may run away (cold_cache)")
        assert (await own.post({**body, "temperature": 0}, SESSION)).headers[WARNING]


# --- the innocent ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dialect", PATHS)
async def test_thirty_turns_of_editing_and_testing_trip_nothing(tmp_path: Path, dialect: str) -> None:
    async with bench(tmp_path, config=PAUSING) as own:
        for number in range(30):
            told = await step(own, dialect, number, f"{number} failed, {90 - number} passed")
            assert told.status == 200, told.body
            assert WARNING not in told.headers
        assert not own.proxy.logged("run away")


async def test_retries_after_errors_trip_nothing(tmp_path: Path) -> None:
    async with bench(tmp_path, config=PAUSING) as own:
        for _ in range(8):
            assert (await own.chat("[[status 400]] again")).status == 400
        for _ in range(2):
            assert (await own.chat("once more")).status == 200
        assert not own.proxy.logged("run away")
        assert not own.proxy.logged("is paused")


async def test_switched_off_it_sees_nothing(tmp_path: Path) -> None:
    async with bench(tmp_path, config='[breaker]\naction = "off"\n') as own:
        assert not any(WARNING in one.headers for one in await repeat(own, 8))
        assert not own.proxy.logged("run away")


# --- pauses ----------------------------------------------------------------------------------------------------------


async def test_a_pause_is_shown_and_resumed_by_a_command(tmp_path: Path) -> None:
    async with bench(tmp_path, config=PAUSING) as own:
        await repeat(own, 4)
        await own.proxy.said("is paused for 15 minutes (repeats)")
        assert (await own.chat("again")).status == 403
        (paused,) = (await own.get("/v1/passenger/status")).json()["paused"]
        session = paused["session"]
        assert (paused["detector"], paused["who"]) == ("repeats", "anyone")
        page = await own.get("/", {"accept": "text/html"})
        assert f"Paused sessions</h2>\n<dl>\n<div><dt><code>{session}</code></dt>" in page.body.decode()
        port = own.proxy.url.rpartition(":")[2]
        status = await asyncio.to_thread(run, own.proxy.home, "status", "--port", port)
        assert f"session {session} of anyone" in status.out
        assert (await asyncio.to_thread(resume, own, "nonesuch"))[0] == 1
        assert await asyncio.to_thread(resume, own, session) == (0, f"session {session} goes on.\n")
        assert (await own.get("/v1/passenger/status")).json()["paused"] == []
        await repeat(own, 2)


async def test_what_is_resumed_has_the_name_that_the_client_gives_it_too(tmp_path: Path) -> None:
    async with bench(tmp_path, config=PAUSING) as own:
        for _ in range(4):
            await own.post({"model": GPT, "messages": [{"role": "user", "content": "again"}]}, SESSION)
        await own.proxy.said("is paused")
        told = await own.send("POST", "/v1/passenger/sessions/a-session/resume", json={})
        assert (told.status, len(told.json()["sessions"])) == (200, 1)
        told = await own.send("POST", "/v1/passenger/sessions/a-session/resume", json={})
        assert (told.status, told.error["code"]) == (404, "session_not_paused")


async def test_a_pause_outlives_a_restart(tmp_path: Path) -> None:
    async with bench(tmp_path, config=PAUSING) as own:
        await repeat(own, 4)
        await own.proxy.said("is paused")
        async with bench(tmp_path, config=PAUSING, simulator=own.sim, primed=False) as anew:
            assert (await anew.chat("again")).status == 403
            assert (await anew.chat("other")).status == 200


async def test_a_pause_holds_in_all_workers_and_so_does_its_end(tmp_path: Path) -> None:
    async with team(tmp_path, config=PAUSING) as two:
        for _ in range(4):
            assert (await _ask(two, 0, "again")).startswith(b"HTTP/1.1 200")
        await two.bench.proxy.said("is paused for 15 minutes (repeats)")
        told = [await _ask(two, number, "again") for number in (0, 1)]
        assert [one.partition(b"\r\n")[0] for one in told] == [b"HTTP/1.1 403 Forbidden"] * 2
        assert b"runaway_paused" in told[1]
        (paused,) = (await two.bench.get("/v1/passenger/status")).json()["paused"]
        assert (await asyncio.to_thread(resume, two.bench, paused["session"]))[0] == 0
        for number in (0, 1):
            assert (await _ask(two, number, "again")).startswith(b"HTTP/1.1 200")


async def _ask(two: Team, number: int, text: str) -> bytes:
    ask(two.wires[number], text)
    return await answer(two.wires[number])


async def test_a_session_of_someone_else_with_the_same_name_is_another(tmp_path: Path) -> None:
    keys = '[server]\napi_keys = ["first-key-0123456789", "second-key-0123456789"]\n'
    async with bench(tmp_path, config=PAUSING + keys, primed=False) as own:

        async def asked(key: str) -> int:
            body = {"model": GPT, "messages": [{"role": "user", "content": "again"}]}
            return (await own.post(body, {**SESSION, "Authorization": f"Bearer {key}"})).status

        assert {await asked("first-key-0123456789") for _ in range(4)} == {200}
        await own.proxy.said("is paused")
        assert await asked("first-key-0123456789") == 403
        assert await asked("second-key-0123456789") == 200
