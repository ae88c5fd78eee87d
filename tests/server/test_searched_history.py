"""Searches that were made in earlier turns reach a model of each of Copilot's APIs, which take no such blocks."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from passenger.chat.events import SearchCall, SearchDone
from passenger.chat.web_search import SearchResult
from passenger.dialects.anthropic.web_search_out import write_results, write_search
from passenger.simulator import Simulator
from tests.server.bench import Bench, bench

pytestmark = pytest.mark.asyncio(loop_scope="module")

PATHS = {"gemini-3.1-pro-preview": "/chat/completions", "claude-opus-5": "/v1/messages", "gpt-5.5": "/responses"}
URL = "https://a.example/rain"
SEARCH = write_search(SearchCall("1", "rain"))
FOUND = write_results(SearchDone("1", (SearchResult(URL, "Rain", "2 days ago", "It poured."),)))
CITED = {"type": "web_search_result_location", "url": URL, "title": "Rain", "encrypted_index": "x", "cited_text": "y"}
SAID = {"type": "text", "text": "It rained.", "citations": [CITED]}
USER = {"role": "user", "content": "Go on."}
MADE_BY_OPENAI = {"type": "search", "query": "rain", "sources": [{"type": "url", "url": URL}]}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def one(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Bench]:
    speaks = {model: [path] for model, path in PATHS.items()}
    directory = tmp_path_factory.mktemp("bench")
    async with Simulator(speaks=speaks) as simulator, bench(directory, simulator=simulator) as found:
        yield found


def sent(one: Bench, model: str) -> str:
    """What the last request to that model was."""
    return one.sim.seen(PATHS[model])[-1].body.decode()


@pytest.mark.parametrize("model", PATHS)
async def test_what_anthropics_clients_send_back(one: Bench, model: str) -> None:
    history = [USER, {"role": "assistant", "content": [SEARCH, FOUND, SAID]}, USER]
    body: dict[str, Any] = {"model": model, "max_tokens": 100, "messages": history}
    answer = await one.send("POST", "/v1/messages", json=body)
    assert answer.status == 200, answer.body
    assert answer.headers["x-passenger-dropped"] == "citations"
    up = sent(one, model)
    assert all(word in up for word in (URL, "2 days ago", "It poured.", "It rained.", "srvtoolu_1"))
    assert "web_search_tool_result" not in up
    assert "server_tool_use" not in up


@pytest.mark.parametrize("model", PATHS)
async def test_what_openais_clients_send_back(one: Bench, model: str) -> None:
    item = {"type": "web_search_call", "id": "ws_1", "status": "completed", "action": MADE_BY_OPENAI}
    said = {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "It rained."}]}
    answer = await one.send("POST", "/v1/responses", json={"model": model, "input": [USER, item, said, USER]})
    assert answer.status == 200, answer.body
    assert "x-passenger-dropped" not in answer.headers
    assert URL in sent(one, model)
