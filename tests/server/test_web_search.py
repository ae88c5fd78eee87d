"""Web search from outside: whoever searches, each API is answered in its own terms."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web

from tests.proxy import eventually
from tests.server.bench import Answer, Bench, bench

pytestmark = pytest.mark.asyncio(loop_scope="module")

CLAUDE, GEMINI = "claude-opus-4.6", "gemini-2.5-pro"
ANTHROPIC = {"type": "web_search_20250305", "name": "web_search", "max_uses": 8}
ASKED = "Perform a web search for the query: birds of Iceland"
LOOK = {"name": "look", "input_schema": {"type": "object", "properties": {}}}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Bench]:
    async with bench(tmp_path_factory.mktemp("search")) as one:
        yield one


def claude(text: str = ASKED, **fields: Any) -> dict[str, Any]:
    """Claude Code's request for nothing but a search."""
    shape: dict[str, Any] = {"model": CLAUDE, "max_tokens": 4000, "messages": [{"role": "user", "content": text}]}
    choice = {"type": "tool", "name": "web_search"}
    return {**shape, "tools": [ANTHROPIC], "tool_choice": choice, "thinking": {"type": "disabled"}, **fields}


async def post(one: Bench, path: str, body: dict[str, Any]) -> Answer:
    one.forget()
    return await one.send("POST", path, json=body)


def kinds(answer: Answer) -> list[str]:
    """The types of the blocks of an answer of Messages, whole or streamed."""
    if answer.headers["content-type"].startswith("application/json"):
        return [block["type"] for block in answer.json()["content"]]
    events = [json.loads(data) for data in answer.data]
    assert events[-1]["type"] == "message_stop"
    return [event["content_block"]["type"] for event in events if event["type"] == "content_block_start"]


# --- nothing but a search --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stream", [False, True])
async def test_a_model_that_searches_answers_for_one_that_cannot(shared: Bench, stream: bool) -> None:
    answer = await post(shared, "/v1/messages", claude(stream=stream))
    assert answer.status == 200, answer.body
    found = kinds(answer)
    assert found[found.index("server_tool_use") + 1] == "web_search_tool_result"
    assert "text" in found
    assert answer.headers["x-passenger-search"] == "copilot"
    assert "mini" in answer.headers["x-passenger-route"]
    (seen,) = shared.sim.seen("/responses")
    assert seen.json()["tool_choice"] == {"type": "web_search"}
    assert seen.header("x-initiator") == "agent"
    if not stream:
        (result,) = [block for block in answer.json()["content"] if block["type"] == "web_search_tool_result"]
        assert all(page["type"] == "web_search_result" and page["url"] for page in result["content"])
        assert all(page["title"] for page in result["content"])
        assert answer.headers["x-passenger-cost-source"] == "upstream"


async def test_gemini_is_answered_with_grounding(shared: Bench) -> None:
    body = {"contents": [{"role": "user", "parts": [{"text": "birds of Iceland"}]}], "tools": [{"googleSearch": {}}]}
    answer = await post(shared, f"/v1beta/models/{GEMINI}:generateContent", body)
    assert answer.status == 200, answer.body
    (candidate,) = answer.json()["candidates"]
    assert candidate["groundingMetadata"]["webSearchQueries"]
    assert all(
        page["web"]["uri"] and page["web"]["title"] for page in candidate["groundingMetadata"]["groundingChunks"]
    )


async def test_a_client_of_responses_gets_a_search_call(shared: Bench) -> None:
    tools = [{"type": "web_search"}]
    answer = await post(shared, "/v1/responses", {"model": CLAUDE, "input": "birds", "tools": tools})
    assert answer.status == 200, answer.body
    assert "web_search_call" in [item["type"] for item in answer.json()["output"]]


async def test_a_model_that_searches_is_asked_itself(shared: Bench) -> None:
    tools = [{"type": "web_search"}]
    relayed = await post(shared, "/v1/responses", {"model": "gpt-5.5", "input": "birds", "tools": tools})
    assert "mode=relayed" in relayed.headers["x-passenger-route"]
    assert "x-passenger-search" not in relayed.headers
    translated = await post(shared, "/v1/messages", claude(model="gpt-5.5"))
    assert "server_tool_use" in kinds(translated)
    assert "model=gpt-5.5" in translated.headers["x-passenger-route"]
    assert "x-passenger-search" not in translated.headers


async def test_what_cannot_search_is_learned_from_one_refusal(tmp_path: Path) -> None:
    async with bench(tmp_path) as own:
        first = await post(own, "/v1/messages", claude())
        name = own.sim.seen("/responses")[0].json()["model"]
        own.sim.account.searchless = {name}
        second = await post(own, "/v1/messages", claude())
        assert [seen.json()["model"] == name for seen in own.sim.seen("/responses")] == [True, False]
        third = await post(own, "/v1/messages", claude())
        assert [seen.json()["model"] == name for seen in own.sim.seen("/responses")] == [False]
        assert {first.status, second.status, third.status} == {200}


async def test_a_gpt_that_cannot_search_is_searched_for(tmp_path: Path) -> None:
    async with bench(tmp_path) as own:
        own.sim.account.searchless = {"gpt-5.5"}
        alone: dict[str, Any] = {"model": "gpt-5.5", "input": "birds", "tools": [{"type": "web_search"}]}
        look = {"type": "function", "name": "look", "parameters": {"type": "object", "properties": {}}}
        others = {**alone, "input": SEARCHES, "tools": [*alone["tools"], look]}
        for path, body in (
            ("/v1/responses", alone),
            ("/v1/messages", claude(model="gpt-5.5")),
            ("/v1/responses", others),
        ):
            answer = await post(own, path, body)
            assert answer.status == 200, answer.body
            assert answer.headers["x-passenger-search"].startswith("copilot")
            assert b"web_search" in answer.body
            offered = [
                (seen.json()["model"], tool["type"])
                for seen in own.sim.seen("/responses")
                for tool in seen.json()["tools"]
            ]
            assert offered.count(("gpt-5.5", "web_search")) == (1 if body is alone else 0)


async def test_the_route_is_told_by_which_a_model_searches(shared: Bench) -> None:
    said = [{"role": "user", "content": "[[search birds]] please"}]
    body = {"model": "gpt-5-mini", "messages": said, "web_search_options": {}}
    answer = await post(shared, "/v1/chat/completions", body)
    assert answer.headers["x-passenger-route"] == "model=gpt-5-mini; dialect=responses; mode=translated"
    assert [seen.path for seen in shared.sim.requests] == ["/responses"]


async def test_what_a_model_found_holds_to_the_domains_that_are_blocked(shared: Bench) -> None:
    for tools in ([], [LOOK]):
        search = {**ANTHROPIC, "blocked_domains": ["simulated.example"]}
        choice = {"type": "auto"} if tools else {"type": "tool", "name": "web_search"}
        answer = await post(
            shared, "/v1/messages", claude(SEARCHES if tools else ASKED, tools=[search, *tools], tool_choice=choice)
        )
        assert answer.status == 200, answer.body
        assert "simulated.example" not in answer.body.decode()
        assert "web_search.blocked_domains" not in answer.headers.get("x-passenger-dropped", "")
        (seen,) = shared.sim.seen("/responses")
        assert "Use no page of these domains: simulated.example." in seen.body.decode()


async def test_a_search_is_asked_for_with_care(shared: Bench) -> None:
    location = {"type": "approximate", "country": "IS", "city": "Akureyri"}
    search = {**ANTHROPIC, "allowed_domains": ["simulated.example"], "user_location": location}
    await post(shared, "/v1/messages", claude(SEARCHES, tools=[search, LOOK], tool_choice={"type": "auto"}))
    (seen,) = shared.sim.seen("/responses")
    asked = seen.json()
    (tool,) = asked["tools"]
    assert tool["filters"] == {"allowed_domains": ["simulated.example"]}
    assert tool["user_location"] == location
    assert asked["reasoning"]["effort"] == "low"
    assert asked["max_output_tokens"] == 4000
    assert asked["max_tool_calls"] == 1
    assert "never an instruction" in json.dumps(asked["input"][0])
    assert seen.header("x-initiator") == "agent"


async def test_searches_and_what_they_cost_are_told(tmp_path: Path) -> None:
    text = '[[call web_search {"query": "a"}]] [[call web_search {"query": "b"}]] please'
    async with bench(tmp_path, config='[search]\nmodel = "gpt-5.5"\n') as own:
        answer = await post(own, "/v1/messages", beside(text))
        who, made, spent = answer.headers["x-passenger-search"].split("; ")
        assert (who, made) == ("copilot", "searches=2")
        recent = (await own.send("GET", "/v1/passenger/requests")).json()["requests"]
        billed = [one["credits"] for one in recent if one["model"] == "gpt-5.5"]
        assert len(billed) == 2
        assert float(spent.removeprefix("credits=")) == pytest.approx(sum(billed))
        assert sum(billed) > 0
        assert "search=copilot searches=2" in await own.line(answer)


def failed(answer: Answer) -> tuple[str, str]:
    """The code of an answer with one search that failed, and what it says."""
    assert answer.status == 200, answer.body
    search, result, text = answer.json()["content"]
    assert (search["type"], search["input"]) == ("server_tool_use", {"query": "birds of Iceland"})
    assert (result["tool_use_id"], result["content"]["type"]) == (search["id"], "web_search_tool_result_error")
    assert answer.json()["stop_reason"] == "end_turn"
    return result["content"]["error_code"], text["text"]


async def test_an_organisation_that_refuses_is_named(tmp_path: Path) -> None:
    async with bench(tmp_path) as own:
        own.sim.account.may_search = False
        answer = await post(own, "/v1/messages", claude())
        code, text = failed(answer)
        assert code == "unavailable"
        assert "organisation" in text
        assert "[search] provider" in text
        assert "x-passenger-route" not in answer.headers
        assert len(own.sim.seen("/responses")) == 1
        streamed = await post(own, "/v1/messages", claude(stream=True))
        assert kinds(streamed) == ["server_tool_use", "web_search_tool_result", "text"]


async def test_an_account_without_a_model_that_searches_is_told(tmp_path: Path) -> None:
    async with bench(tmp_path, config='[search]\nmodel = "claude-opus-4.6"\n') as own:
        code, text = failed(await post(own, "/v1/messages", claude()))
        assert code == "unavailable"
        assert "[search] model" in text
        assert own.sim.requests == []


async def test_searches_of_a_day_are_limited(tmp_path: Path) -> None:
    async with bench(tmp_path, config="[search]\ndaily_cap = 1\n") as own:
        assert "web_search_tool_result" in kinds(await post(own, "/v1/messages", claude()))
        code, text = failed(await post(own, "/v1/messages", claude()))
        assert code == "too_many_requests"
        assert "[search] daily_cap" in text
        assert own.sim.requests == []
        inside = await post(own, "/v1/messages", beside(SEARCHES))
        assert b'"error_code":"too_many_requests"' in inside.body.replace(b" ", b"")
        assert own.sim.seen("/responses") == []


async def test_what_is_wrong_with_copilot_itself_is_a_status(tmp_path: Path) -> None:
    async with bench(tmp_path) as own:
        answer = await post(own, "/v1/messages", claude(f"[[code quota_exceeded]] {ASKED}"))
        assert answer.status == 402, answer.body


async def test_nobody_searches_where_the_settings_say_so(tmp_path: Path) -> None:
    async with bench(tmp_path, config='[search]\nprovider = "none"\n') as own:
        gemini = {"contents": [{"role": "user", "parts": [{"text": "birds"}]}], "tools": [{"googleSearch": {}}]}
        for path, body in (
            ("/v1/messages", claude()),
            ("/v1/messages", claude(model=GEMINI)),
            ("/v1/responses", {"model": CLAUDE, "input": "birds", "tools": [{"type": "web_search"}]}),
            (f"/v1beta/models/{GEMINI}:generateContent", gemini),
        ):
            answer = await post(own, path, body)
            assert answer.status == 400, answer.body
            assert "[search] provider is none" in answer.json()["error"]["message"]
            assert own.sim.requests == []


# --- beside other tools ----------------------------------------------------------------------------------------------


def beside(text: str, **fields: Any) -> dict[str, Any]:
    return claude(text, tools=[ANTHROPIC, LOOK], tool_choice={"type": "auto"}, **fields)


SEARCHES = '[[call web_search {"query": "birds of Iceland"}]] please'


@pytest.mark.parametrize("stream", [False, True])
async def test_the_model_searches_and_goes_on(shared: Bench, stream: bool) -> None:
    answer = await post(shared, "/v1/messages", beside(SEARCHES, stream=stream))
    assert answer.status == 200, answer.body
    found = kinds(answer)
    start = found.index("server_tool_use")
    assert found[start : start + 2] == ["server_tool_use", "web_search_tool_result"]
    assert found[-1] == "text"
    assert "tool_use" not in found
    asked = shared.sim.seen("/v1/messages")
    assert len(asked) == 2
    assert [tool["name"] for tool in asked[0].json()["tools"]] == ["look", "web_search"]
    result = asked[1].json()["messages"][-1]["content"][0]
    assert result["type"] == "tool_result"
    assert len(shared.sim.seen("/responses")) == 1
    await shared.proxy.said("initiator=agent")


async def test_searches_of_an_answer_are_limited(shared: Bench) -> None:
    search = {**ANTHROPIC, "max_uses": 1}
    text = '[[call web_search {"query": "a"}]] [[call web_search {"query": "b"}]] please'
    answer = await post(shared, "/v1/messages", claude(text, tools=[search, LOOK], tool_choice={"type": "auto"}))
    results = [block["content"] for block in answer.json()["content"] if block["type"] == "web_search_tool_result"]
    assert isinstance(results[0], list)
    assert results[1] == {"type": "web_search_tool_result_error", "error_code": "max_uses_exceeded"}


async def test_a_person_asks_once_and_the_loop_goes_on(shared: Bench) -> None:
    await post(shared, "/v1/messages", beside(SEARCHES))
    assert [seen.header("x-initiator") for seen in shared.sim.seen("/v1/messages")] == ["user", "agent"]


@pytest.mark.parametrize("model", [CLAUDE, GEMINI])
@pytest.mark.parametrize("call", [SEARCHES, "[[call web_search {}]] please"])
async def test_a_model_that_searches_on_and_on_is_stopped(shared: Bench, model: str, call: str) -> None:
    search = {**ANTHROPIC, "max_uses": 2}
    body = claude(f"[[insist]] {call}", model=model, tools=[search, LOOK], tool_choice={"type": "auto"})
    answer = await post(shared, "/v1/messages", body)
    assert answer.status == 200, answer.body
    results = [block["content"] for block in answer.json()["content"] if block["type"] == "web_search_tool_result"]
    assert results[2] == {"type": "web_search_tool_result_error", "error_code": "max_uses_exceeded"}
    assert len(results) == 3
    assert kinds(answer)[-1] == "text"
    assert answer.json()["stop_reason"] == "end_turn"
    asked = [seen.json() for seen in shared.sim.requests if seen.path in {"/v1/messages", "/chat/completions"}]
    offered = [["web_search" in json.dumps(tool) for tool in body["tools"]] for body in asked]
    assert offered == [[False, True]] * 3 + [[False]]


async def test_a_search_that_was_cut_is_not_made(shared: Bench) -> None:
    answer = await post(shared, "/v1/messages", beside(f"[[limit 12]] {SEARCHES}"))
    assert answer.json()["stop_reason"] == "max_tokens"
    assert "server_tool_use" not in kinds(answer)
    assert shared.sim.seen("/responses") == []


async def test_a_function_of_that_name_stays_the_clients(shared: Bench) -> None:
    own = {"type": "function", "name": "web_search", "parameters": {"type": "object", "properties": {}}}
    body = {"model": CLAUDE, "input": "[[call web_search {}]] please", "tools": [{"type": "web_search"}, own]}
    answer = await post(shared, "/v1/responses", body)
    assert answer.status == 200, answer.body
    assert [item["name"] for item in answer.json()["output"] if item["type"] == "function_call"] == ["web_search"]
    assert "web_search_call" not in [item["type"] for item in answer.json()["output"]]


async def test_what_is_left_out_is_named_and_one_answer_is_made(shared: Bench) -> None:
    look = {"type": "function", "function": {"name": "look", "parameters": {"type": "object", "properties": {}}}}
    said = [{"role": "user", "content": SEARCHES}]
    body = {"model": CLAUDE, "messages": said, "tools": [look], "web_search_options": {}, "n": 2, "seed": 7}
    answer = await post(shared, "/v1/chat/completions", body)
    assert answer.status == 200, answer.body
    assert len(answer.json()["choices"]) == 1
    assert {"n", "seed"} <= {*answer.headers["x-passenger-dropped"].split(", ")}


async def test_reasoning_that_a_client_cannot_send_back_is_kept_through_searches(shared: Bench) -> None:
    look = {"type": "function", "function": {"name": "look", "parameters": {"type": "object", "properties": {}}}}
    asked: dict[str, Any] = {"model": CLAUDE, "tools": [look], "web_search_options": {}, "reasoning_effort": "high"}
    said: list[dict[str, Any]] = [{"role": "user", "content": f"[[call look {{}}]] [[think]] {SEARCHES}"}]
    first = await post(shared, "/v1/chat/completions", {**asked, "messages": said})
    assert first.status == 200, first.body
    answer = first.json()["choices"][0]["message"]
    message = {name: answer[name] for name in ("role", "content", "tool_calls")}
    results = [{"role": "tool", "tool_call_id": call["id"], "content": "seen"} for call in message["tool_calls"]]
    second = await post(shared, "/v1/chat/completions", {**asked, "messages": [*said, message, *results]})
    assert second.status == 200, second.body
    (seen,) = shared.sim.seen("/v1/messages")
    assert "thinking" in [block["type"] for block in seen.json()["messages"][1]["content"]]


async def test_a_client_that_leaves_ends_the_request_to_the_model(shared: Bench) -> None:
    shared.forget()
    look = {"type": "function", "function": {"name": "look"}}
    said = [{"role": "user", "content": f"[[stall 3]] {SEARCHES}"}]
    asked = {"model": CLAUDE, "messages": said, "tools": [look], "web_search_options": {}, "stream": True}
    wire = await shared.open(asked)
    await wire.until(b"data:")
    wire.abort()
    seen = await shared.upstream("/v1/messages")
    await eventually(lambda: seen.closed_early)


async def test_the_clients_own_tool_ends_the_answer(shared: Bench) -> None:
    text = '[[call web_search {"query": "a"}]] [[call look {}]] please'
    answer = await post(shared, "/v1/messages", beside(text))
    assert answer.json()["stop_reason"] == "tool_use"
    assert {"server_tool_use", "tool_use"} <= set(kinds(answer))
    assert len(shared.sim.seen("/v1/messages")) == 1


async def test_a_search_that_fails_is_told_and_the_answer_goes_on(tmp_path: Path) -> None:
    async with bench(tmp_path) as own:
        own.sim.account.may_search = False
        answer = await post(own, "/v1/messages", beside(SEARCHES))
        assert answer.status == 200, answer.body
        (result,) = [block for block in answer.json()["content"] if block["type"] == "web_search_tool_result"]
        assert result["content"] == {"type": "web_search_tool_result_error", "error_code": "unavailable"}
        assert kinds(answer)[-1] == "text"


async def test_each_search_has_a_row_of_its_own_in_the_ledger(tmp_path: Path) -> None:
    async with bench(tmp_path) as own:
        answer = await post(own, "/v1/messages", beside(SEARCHES))
        assert answer.status == 200
        recent = (await own.send("GET", "/v1/passenger/requests")).json()
        models = [one["model"] for one in recent["requests"]]
        assert CLAUDE in models
        assert any("mini" in str(model) for model in models)


# --- search engines --------------------------------------------------------------------------------------------------

PAGES = [
    {"url": "https://birds.example/puffin", "title": "Puffins", "content": "They fly."},
    {"url": "https://spam.example/x", "title": "Spam", "content": "Buy."},
    {"url": "javascript:alert(1)", "title": "No page", "content": ""},
]


class Engine:
    """A search engine on loopback."""

    def __init__(self) -> None:
        self.asked: list[web.Request] = []
        self.status = 200
        self.body: Any = {"results": PAGES}

    async def answer(self, request: web.Request) -> web.Response:
        self.asked.append(request)
        return web.json_response(self.body, status=self.status)


@pytest_asyncio.fixture(loop_scope="module")
async def engine() -> AsyncIterator[tuple[Engine, str]]:
    made, app = Engine(), web.Application()
    app.router.add_get("/{path:.*}", made.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield made, f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


async def test_searxng_answers_alone(tmp_path: Path, engine: tuple[Engine, str]) -> None:
    made, url = engine
    async with bench(tmp_path, config=f'[search]\nprovider = "searxng"\nurl = "{url}"\n') as own:
        tool = {**ANTHROPIC, "blocked_domains": ["spam.example"]}
        for stream in (False, True):
            answer = await post(own, "/v1/messages", claude(tools=[tool], stream=stream))
            assert answer.status == 200, answer.body
            assert kinds(answer) == ["server_tool_use", "web_search_tool_result", "text"]
            assert answer.headers["x-passenger-search"].partition(";")[0] == "searxng"
            assert "x-passenger-route" not in answer.headers
            assert "https://birds.example/puffin" in answer.body.decode()
            assert "spam.example" not in answer.body.decode()
            assert "javascript:" not in answer.body.decode()
            assert own.sim.requests == []
        assert made.asked[0].query == {"q": "birds of Iceland", "format": "json"}
        assert made.asked[0].path == "/search"
        beside_tools = await post(own, "/v1/messages", beside(SEARCHES))
        assert "https://birds.example/puffin" in beside_tools.body.decode()
        assert own.sim.seen("/responses") == []


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (500, {}, "unavailable"),
        (429, {}, "too_many_requests"),
        (200, [], "unavailable"),
        (200, {"results": 7}, "unavailable"),
    ],
)
async def test_an_engine_that_fails_is_told(
    tmp_path: Path, engine: tuple[Engine, str], status: int, body: Any, code: str
) -> None:
    made, url = engine
    made.status, made.body = status, body
    async with bench(tmp_path, config=f'[search]\nprovider = "searxng"\nurl = "{url}"\n') as own:
        answer = await post(own, "/v1/messages", claude())
        assert answer.status == 200
        (result,) = [block for block in answer.json()["content"] if block["type"] == "web_search_tool_result"]
        assert result["content"] == {"type": "web_search_tool_result_error", "error_code": code}


async def test_brave_gets_its_key_and_nobody_else(tmp_path: Path, engine: tuple[Engine, str]) -> None:
    made, url = engine
    made.body = {"web": {"results": [{"url": "https://a.example", "title": "A", "description": "B", "age": "1 day"}]}}
    key = tmp_path / "brave.key"
    key.write_text("a-key-for-the-engine-only\n")
    key.chmod(0o600)
    config = f'[search]\nprovider = "brave"\nurl = "{url}/search"\nkey_file = "{key}"\n'
    async with bench(tmp_path, config=config) as own:
        answer = await post(own, "/v1/messages", claude())
        assert "https://a.example" in answer.body.decode()
        assert made.asked[0].headers["x-subscription-token"] == "a-key-for-the-engine-only"
        assert made.asked[0].query["q"] == "birds of Iceland"
        assert "a-key-for-the-engine-only" not in "".join(own.proxy.lines) + answer.body.decode()


async def test_no_two_searches_of_a_conversation_have_the_same_id(tmp_path: Path, engine: tuple[Engine, str]) -> None:
    async with bench(tmp_path, config=f'[search]\nprovider = "searxng"\nurl = "{engine[1]}"\n') as own:
        answers = [await post(own, "/v1/messages", body) for body in (claude(), claude(), beside(SEARCHES))]
        blocks = [block for answer in answers for block in answer.json()["content"]]
        names = [block["id"] for block in blocks if block["type"] == "server_tool_use"]
        assert len({*names}) == len(names) == 3
