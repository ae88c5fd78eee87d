"""Content that one vendor takes and another does not: carried where it can be, told apart where it cannot."""

import base64
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from passenger.simulator import Simulator
from tests.server.bench import Bench, bench

pytestmark = pytest.mark.asyncio(loop_scope="module")

MODELS = {"gpt-4o": "/chat/completions", "claude-opus-5": "/v1/messages", "gpt-5.5": "/responses"}
NOTE = base64.b64encode(b"buy milk").decode()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def module_bench(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Bench]:
    speaks = {model: [path] for model, path in MODELS.items()}
    directory = tmp_path_factory.mktemp("bench")
    async with Simulator(speaks=speaks) as simulator, bench(directory, simulator=simulator) as found:
        yield found


@pytest.fixture
def one(module_bench: Bench) -> Bench:
    module_bench.forget()
    return module_bench


def blank(client: str, model: str, text: str) -> tuple[str, dict[str, Any]]:
    """A request that only the system says something in."""
    messages = [{"role": "system", "content": "Greet."}, {"role": "user", "content": text}]
    match client:
        case "completions":
            return "/v1/chat/completions", {"model": model, "messages": messages}
        case "ollama":
            return "/api/chat", {"model": model, "messages": messages, "stream": False}
        case "responses":
            return "/v1/responses", {"model": model, "instructions": "Greet.", "input": messages[1:]}
        case _:
            contents = [{"role": "user", "parts": [{"text": text}]}]
            system = {"parts": [{"text": "Greet."}]}
            return f"/v1beta/models/{model}:generateContent", {"contents": contents, "systemInstruction": system}


@pytest.mark.parametrize("text", ["", " "])
@pytest.mark.parametrize("client", ["completions", "responses", "gemini", "ollama"])
@pytest.mark.parametrize("model", MODELS)
async def test_a_blank_turn_beside_a_system_instruction_is_carried(
    one: Bench, model: str, client: str, text: str
) -> None:
    path, body = blank(client, model, text)
    answer = await one.send("POST", path, json=body)
    assert answer.status == 200, answer.body
    assert "x-passenger-dropped" not in answer.headers
    (sent,) = one.sim.seen(MODELS[model])
    assert b"Greet." in sent.body


async def test_a_conversation_that_says_nothing_at_all_is_refused(one: Bench) -> None:
    answer = await one.send("POST", "/v1beta/models/gpt-4o:generateContent", json={"contents": [{"parts": []}]})
    assert (answer.status, answer.json()["error"]["message"]) == (400, "contents must not be empty")
    system = {"systemInstruction": {"parts": [{"text": "Greet."}]}, "contents": []}
    assert (await one.send("POST", "/v1beta/models/gpt-4o:generateContent", json=system)).status == 400


async def test_a_text_document_is_text_to_a_model_that_takes_no_documents(one: Bench) -> None:
    source = {"type": "base64", "media_type": "text/plain", "data": NOTE}
    content = [{"type": "document", "title": "note.txt", "source": source}, {"type": "text", "text": "What is it?"}]
    body = {"model": "gpt-4o", "max_tokens": 99, "messages": [{"role": "user", "content": content}]}
    assert (await one.send("POST", "/v1/messages", json=body)).status == 200
    (sent,) = one.sim.seen("/chat/completions")
    assert sent.json()["messages"][0]["content"][0] == {"type": "text", "text": "note.txt:\n\nbuy milk"}
    item = {"type": "input_file", "filename": "n.md", "file_data": f"data:text/markdown;base64,{NOTE}"}
    asked = {"model": "gpt-4o", "input": [{"role": "user", "content": [item]}]}
    assert (await one.send("POST", "/v1/responses", json=asked)).status == 200
    assert "buy milk" in one.sim.seen("/chat/completions")[-1].body.decode()


def result(**part: Any) -> dict[str, Any]:
    """A talk that ends with what a tool gave back, with a file beside it."""
    call = {"functionCall": {"name": "look", "args": {}}}
    answered = {"functionResponse": {"name": "look", "response": {"output": "ok"}, "parts": [part]}}
    turns = [("user", {"text": "Look."}), ("model", call), ("user", answered)]
    contents = [{"role": role, "parts": [one]} for role, one in turns]
    return {"contents": contents, "tools": [{"functionDeclarations": [{"name": "look"}]}]}


@pytest.mark.parametrize("name", ["file_data", "fileData"])
async def test_a_file_beside_a_tools_result_is_taken_or_refused_as_what_it_is(one: Bench, name: str) -> None:
    place = "contents[2].parts[0].functionResponse.parts[0].fileData"
    body = result(**{name: {"fileUri": "gs://bucket/a.png", "mimeType": "image/png"}})
    answer = await one.send("POST", "/v1beta/models/gpt-5.5:generateContent", json=body)
    message = f"{place}: only data that comes with the request can be carried; send it as inlineData"
    assert (answer.status, answer.json()["error"]["message"]) == (400, message)
    body = result(**{name: {"fileUri": f"data:text/plain;base64,{NOTE}", "mimeType": "text/plain"}})
    assert (await one.send("POST", "/v1beta/models/gpt-5.5:generateContent", json=body)).status == 200
    assert b"buy milk" in one.sim.seen("/responses")[-1].body
