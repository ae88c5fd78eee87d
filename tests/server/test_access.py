"""A request's line in the log: for people by default, with all there is on request, and never with a secret."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from passenger.simulator import Fault
from tests.proxy import eventually
from tests.server.bench import Bench, asking, bench

pytestmark = pytest.mark.asyncio(loop_scope="module")

AS_USUAL = {"PASSENGER_LOG": "info"}
AGENT = {"user-agent": "claude-cli/2.1.197 (external, cli)"}
LINE = re.compile(
    r"\d\d:\d\d:\d\d INFO claude-cli +gpt-5\.5 via responses +\d+ in +\d+ out +(\d+ ms|\d+\.\d s)  \d+\.\d+ cr"
)


async def ask(own: Bench) -> None:
    body = asking(max_tokens=100, model="gpt-5.5")
    answer = await own.send("POST", "/v1/messages?key=not-for-the-log", json=body, headers=AGENT)
    assert answer.status == 200


async def records(own: Bench) -> list[dict[str, Any]]:
    """The requests' records of a log in JSON, of which there is one."""
    lines = await eventually(lambda: own.proxy.logged('"logger": "passenger.request"'))
    return [json.loads(line) for line in lines]


async def test_by_default_it_is_one_readable_line_of_at_most_100_columns(tmp_path: Path) -> None:
    async with bench(tmp_path, env=AS_USUAL) as own:
        await own.proxy.said("gpt-4o")  # of the request that has primed it
        before = len(own.proxy.lines)
        await ask(own)
        assert LINE.fullmatch(await own.proxy.said("gpt-5.5"))
        for model in ("gpt-5-mini", "claude-opus-4.6", "gemini-3.1-pro-preview"):
            await own.chat(model=model, stream=True)
            await own.proxy.said(model)
        said = own.proxy.lines[before:]
        assert len(said) == 4
        assert all(len(line) <= 100 for line in said)
        assert not [line for line in said if "id=" in line or "not-for-the-log" in line or "\x1b" in line]


async def test_what_goes_wrong_is_told_whole(tmp_path: Path) -> None:
    async with bench(tmp_path, env=AS_USUAL) as own:
        own.sim.inject(Fault(code="quota_exceeded"))
        await own.chat()
        line = await own.proxy.said("WARNING")
        assert "gpt-4o via completions" in line
        assert "402 quota_exceeded: " in line


async def test_with_v_it_says_route_host_token_retries_and_lessons(tmp_path: Path) -> None:
    async with bench(tmp_path, "-v", env={"PASSENGER_LOG": ""}) as own:
        own.sim.inject(Fault(unsupported=("top_p",)))
        line = await own.line(await own.chat(top_p=0.5))
        for field in (
            "client=Python",
            'route="model=gpt-4o; dialect=completions; mode=relayed"',
            "upstream=127.0.0.1",
            "retries=learned",
            "learned=top_p",
            "dropped=top_p",
        ):
            assert field in line, field
        assert re.search(r" token_left=1[78]\d\d ", line)


JSON_BY: dict[str, tuple[tuple[str, ...], str, dict[str, str]]] = {
    "the settings": ((), '[log]\nformat = "json"\n', {}),
    "the environment": ((), '[log]\nformat = "text"\n', {"PASSENGER_LOG_FORMAT": "json"}),
    "the flag": (("--log-format", "json"), '[log]\nformat = "text"\n', {"PASSENGER_LOG_FORMAT": "text"}),
}


@pytest.mark.parametrize("place", JSON_BY)
async def test_json_has_all_of_it_wherever_it_was_asked_for(tmp_path: Path, place: str) -> None:
    flags, config, env = JSON_BY[place]
    # Its own start line is JSON, too, so that the address is read from there.
    async with bench(tmp_path, *flags, config=config, env={**AS_USUAL, **env}, primed=False) as own:
        await ask(own)
        (record,) = await records(own)
        assert record["message"] == "POST /v1/messages 200"
        assert (record["client"], record["model"], record["upstream"]) == ("claude-cli", "gpt-5.5", "127.0.0.1")
        assert record["route"] == "model=gpt-5.5; dialect=responses; mode=translated"
        assert {"ms", "id", "first_ms", "input", "output", "credits", "token_left"} <= set(record)
        assert all(json.loads(line) for line in own.proxy.lines)
        assert not own.proxy.logged("not-for-the-log")


@pytest.mark.parametrize("name", ["text", "console"])
async def test_a_flag_for_text_beats_the_rest(tmp_path: Path, name: str) -> None:
    env = {**AS_USUAL, "PASSENGER_LOG_FORMAT": "json"}
    async with bench(tmp_path, "--log-format", name, env=env, primed=False) as own:
        await ask(own)
        assert LINE.fullmatch(await own.proxy.said("gpt-5.5"))
