"""Requests that no route serves, seen from outside: they are served all the same, or told where to go, and logged."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from passenger import __version__
from tests.proxy import eventually
from tests.server.bench import Answer, Bench, asking, bench

pytestmark = pytest.mark.asyncio(loop_scope="module")

ANTHROPIC: dict[str, Any] = asking(max_tokens=100)
GEMINI = {"contents": [{"role": "user", "parts": [{"text": "hello"}]}]}
SERVED: list[tuple[str, str, dict[str, Any], str]] = [
    # what a base URL of another client makes of the path, and what an answer of the right dialect has
    ("POST", "/v1/v1/messages", ANTHROPIC, "stop_reason"),
    ("POST", "/v1/v1/messages/count_tokens", ANTHROPIC, "input_tokens"),
    ("POST", "//v1/messages", ANTHROPIC, "stop_reason"),
    ("POST", "/v1/v1/chat/completions", asking(), "choices"),
    ("POST", "/v1/chat/completions/", asking(), "choices"),
    ("POST", "/v1/v1/responses", {"model": "gpt-4o", "input": "hello"}, "output"),
    ("POST", "/api/v1/chat/completions", asking(), "choices"),
    ("POST", "/v1/v1beta/models/gpt-4o:generateContent", GEMINI, "candidates"),
    ("POST", "/v1beta/v1beta/models/gpt-4o:generateContent", GEMINI, "candidates"),
    ("POST", "/v1/v1/api/chat", asking(stream=False), "done"),
    ("POST", "/api/api/chat", asking(stream=False), "done"),
    ("GET", "/v1/v1/models", {}, "data"),
    ("GET", "/v1/v1/models/gpt-4o", {}, "id"),
    ("GET", "/v1/v1beta/models", {}, "models"),
    ("GET", "/api/v1/models", {}, "data"),
    ("GET", "/v1/models/", {}, "data"),
    ("GET", "/api/api/tags", {}, "models"),
]


@pytest.mark.proves("addresses")
@pytest.mark.parametrize(("method", "path", "body", "field"), SERVED, ids=[f"{row[0]} {row[1]}" for row in SERVED])
async def test_a_base_url_that_says_a_prefix_twice_is_served(
    shared: Bench, method: str, path: str, body: dict[str, Any], field: str
) -> None:
    answer = await shared.send(method, path, json=body or None)
    assert answer.status == 200, answer.body
    assert field in answer.json()


async def test_a_stream_at_an_address_said_twice_ends_when_its_client_leaves(shared: Bench) -> None:
    body = json.dumps(
        {**ANTHROPIC, "stream": True, "messages": asking("[[drip 1]] [[events 60]]")["messages"]}
    ).encode()
    head = "POST /v1/v1/messages HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    wire = await shared.dial(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
    await wire.until(b"message_start")
    wire.abort()
    await eventually(lambda: shared.sim.active == 0)


UNKNOWN: list[tuple[str, str, dict[str, str], str]] = [
    ("POST", "/openai/chat/completions", {}, "OpenAI clients is {url}/v1 "),
    ("GET", "/v1/nowhere", {}, "OpenAI clients is {url}/v1 "),
    ("POST", "/claude/v1/messages", {}, "Anthropic clients is {url} "),
    ("GET", "/nowhere", {"anthropic-version": "2023-06-01"}, "Anthropic clients is {url} "),
    ("POST", "/google/v1beta/models/gpt-4o:generateContent", {}, "Gemini clients is {url} "),
    ("POST", "/v1beta/models/gpt-4o:fly", {}, "Gemini clients is {url} "),
    ("GET", "/api/nowhere", {}, "Ollama clients is {url} "),
]


@pytest.mark.proves("addresses")
@pytest.mark.parametrize(("method", "path", "headers", "told"), UNKNOWN, ids=[f"{row[0]} {row[1]}" for row in UNKNOWN])
async def test_an_unknown_address_is_answered_with_the_base_url_to_use_and_logged_with_it(
    shared: Bench, method: str, path: str, headers: dict[str, str], told: str
) -> None:
    headers = {**headers, "user-agent": "some-client/7"}
    answer = await shared.send(method, f"{path}?mine=not-for-the-log", headers=headers, json=asking())
    hint = told.format(url=shared.proxy.url)
    document = answer.json()
    error = document["error"]
    message = error if isinstance(error, str) else error["message"]
    assert answer.status == 404
    assert message.startswith(f"there is no {path} here; the base URL for {hint}")
    dialect = {"Anthropic": "type", "OpenAI": "code", "Gemini": "details", "Ollama": ""}[hint.split()[0]]
    assert isinstance(error, str) if not dialect else dialect in error
    line = await shared.proxy.said(f"{method} {path} 404")
    assert " WARNING " in line
    assert hint in line
    assert "client=some-client" in line
    assert not shared.proxy.logged("not-for-the-log")


async def test_a_path_of_control_characters_or_without_end_is_one_short_line(shared: Bench) -> None:
    await shared.send("GET", "/odd%0a%1b%5b2J%e2%80%ae" + "x" * 6000)
    line = await shared.proxy.said("GET /odd")
    assert line.isprintable()
    assert "/odd\\n\\x1b[2J\\u202e" in line
    assert len(line) < 1000


async def test_a_wrong_method_is_logged_too(shared: Bench) -> None:
    answer = await shared.get("/v1/chat/completions", {"user-agent": "browser/1"})
    assert (answer.status, answer.headers["allow"]) == (405, "POST")
    assert "client=browser" in await shared.proxy.said("GET /v1/chat/completions 405")


async def test_a_websocket_gets_its_426_and_one_line(shared: Bench) -> None:
    headers = {"upgrade": "websocket", "connection": "upgrade", "user-agent": "codex_cli_rs/0.171.0"}
    before = len(shared.proxy.lines)
    assert (await shared.get("/v1/responses", headers)).status == 426
    await shared.proxy.said("codex_cli_rs asks for a WebSocket and is told to use HTTP (426)")
    assert (await shared.get("/nowhere-else")).status == 404
    await shared.proxy.said("GET /nowhere-else 404")
    said = [line for line in shared.proxy.lines[before:] if " DEBUG " not in line]
    assert [line for line in said if re.search(r"WebSocket|pgrade|\b426\b", line)] == said[:1]


@pytest.mark.parametrize("path", ["/v1", "/v1/", "/v1beta", "/api", "/v1/api"])
async def test_where_nothing_is_served_but_below_a_page_says_what(shared: Bench, path: str) -> None:
    answer = await shared.get(path)
    told, below = answer.json(), path.rstrip("/")
    assert (answer.status, told["name"], told["version"]) == (200, "Passenger", __version__)
    assert told["base_urls"]["openai"] == f"{shared.proxy.url}/v1"
    assert told["base_urls"]["anthropic"] == shared.proxy.url
    assert told["routes"]
    assert all(route.split()[1].startswith(f"{below}/") for route in told["routes"])


async def test_what_the_page_says_is_there(shared: Bench) -> None:
    for route in (await shared.get("/v1")).json()["routes"]:
        method, path = route.replace("{id}", "gpt-4o").replace("{action}", "generateContent").split()
        answer = await shared.send(method, path, json={})
        assert answer.status in {200, 400} or has_no_such_thing(path, answer), route


def has_no_such_thing(path: str, answer: Answer) -> bool:
    """Whether a route is there, and what it was asked for is not."""
    found = re.search(r"\{(\w+)\}", path)
    if found is None or answer.status != 404:
        return False
    said = (f"with id '{found[0]}' not found", f"no session '{found[0]}' is paused")
    return any(words in answer.error["message"] for words in said)


async def test_an_address_that_is_nearly_right_needs_the_key_that_the_right_one_does(tmp_path: Path) -> None:
    config = '[server]\napi_keys = ["a-key-of-sixteen"]\n'
    async with bench(tmp_path, config=config, primed=False) as own:
        for path in ("/v1/v1/models", "/v1", "/nowhere", "//health", "/health/"):
            assert (await own.get(path)).status == 401
        assert (await own.get("/v1/v1/models", {"x-api-key": "a-key-of-sixteen"})).status == 200
