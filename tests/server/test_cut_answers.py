"""An answer that ends in the middle of a call, or with a call that means nothing: a normal end in every dialect.

Each client, each of Copilot's APIs, streamed and whole; what is relayed is told as Copilot tells it.
"""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import pytest_asyncio

from passenger.simulator import Simulator
from tests.server.bench import Answer, Bench, bench

pytestmark = pytest.mark.asyncio(loop_scope="module")

MODELS = {"completions": "gpt-4o", "messages": "claude-opus-5", "responses": "gpt-5.5"}
PATHS = {"completions": "/chat/completions", "messages": "/v1/messages", "responses": "/responses"}
CLIENTS = [*MODELS, "gemini", "ollama"]

ARGUMENTS = '{"path": "a.txt", "content": "hello world"}'
HALF = 25
"""Characters after which an answer is cut: in the call, also after the words that Claude says before it."""

BROKEN = '{"path": oops}'
RAW = '{"path": "a", "content": "one\ntwo\tthree"}'
SCHEMA = {"type": "object", "properties": {"path": {"type": "string"}, "content": {"type": "string"}}}


@dataclass
class Told:
    """What a client is told, whatever its dialect."""

    reasons: tuple[Any, ...] = ()
    text: str = ""
    arguments: list[Any] = field(default_factory=list)
    output: int = 0
    states: list[str] = field(default_factory=list)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def one(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Bench]:
    speaks = {model: [PATHS[api]] for api, model in MODELS.items()}
    async with (
        Simulator(speaks=speaks) as simulator,
        bench(tmp_path_factory.mktemp("bench"), simulator=simulator, primed=False) as found,
    ):
        yield found


async def ask(one: Bench, client: str, api: str, text: str, *, stream: bool) -> Answer:
    function = {"name": "write_file", "description": "Writes.", "parameters": SCHEMA}
    body: dict[str, Any] = {"model": MODELS[api], "stream": stream}
    match client:
        case "completions":
            path = "/v1/chat/completions"
            tools: list[Any] = [{"type": "function", "function": function}]
            body |= {"messages": [{"role": "user", "content": text}], "stream_options": {"include_usage": True}}
        case "ollama":
            path, tools = "/api/chat", [{"type": "function", "function": function}]
            body |= {"messages": [{"role": "user", "content": text}]}
        case "messages":
            path, tools = "/v1/messages", [{"name": "write_file", "input_schema": SCHEMA}]
            body |= {"max_tokens": 999, "messages": [{"role": "user", "content": text}]}
        case "responses":
            path, tools = "/v1/responses", [{"type": "function", **function}]
            body |= {"input": text}
        case _:
            action = "streamGenerateContent?alt=sse" if stream else "generateContent"
            path, tools = f"/v1beta/models/{MODELS[api]}:{action}", [{"functionDeclarations": [function]}]
            body = {"contents": [{"role": "user", "parts": [{"text": text}]}]}
    return await one.send("POST", path, json=body | {"tools": tools})


def events(answer: Answer) -> list[Any]:
    return [json.loads(data) for data in answer.data if data != b"[DONE]"]


def completions(answer: Answer, *, stream: bool) -> Told:
    chunks = events(answer) if stream else [answer.json()]
    told = Told()
    for chunk in chunks:
        told.output = (chunk.get("usage") or {}).get("completion_tokens", told.output)
        for choice in chunk["choices"]:
            said = choice["delta" if stream else "message"]
            told.text += said.get("content") or said.get("refusal") or ""
            told.reasons = (choice["finish_reason"],) if choice["finish_reason"] else told.reasons
            for call in said.get("tool_calls") or ():
                told.arguments += [""] if "id" in call else []
                told.arguments[-1] += call["function"].get("arguments") or ""
    return told


def messages(answer: Answer, *, stream: bool) -> Told:
    if not stream:
        said = answer.json()
        calls = [block["input"] for block in said["content"] if block["type"] == "tool_use"]
        return Told((said["stop_reason"],), arguments=calls, output=said["usage"]["output_tokens"])
    told = Told()
    for event in events(answer):
        match event:
            case {"content_block": {"type": "tool_use", "input": {}}}:
                told.arguments.append("")
            case {"delta": {"partial_json": piece}}:
                told.arguments[-1] += piece
            case {"type": "message_delta", "delta": {"stop_reason": reason}, "usage": {"output_tokens": output}}:
                told.reasons, told.output = (reason,), output
            case _:
                pass
    assert events(answer)[-1]["type"] == "message_stop"
    return told


def responses(answer: Answer, *, stream: bool) -> Told:
    found = events(answer) if stream else []
    said = found[-1]["response"] if stream else answer.json()
    if stream:
        assert found[-1]["type"] == f"response.{said['status']}"
        done = [event["item"]["status"] for event in found if event["type"] == "response.output_item.done"]
        assert done == [item["status"] for item in said["output"]]
    calls = [item for item in said["output"] if item["type"] == "function_call"]
    reason = (said.get("incomplete_details") or {}).get("reason")
    states = [call["status"] for call in calls]
    arguments = [call["arguments"] for call in calls]
    return Told((said["status"], reason), "", arguments, said["usage"]["output_tokens"], states)


def gemini(answer: Answer, *, stream: bool) -> Told:
    pieces = events(answer) if stream else [answer.json()]
    parts = [part for piece in pieces for part in piece["candidates"][0]["content"]["parts"]]
    calls = [part["functionCall"]["args"] for part in parts if "functionCall" in part]
    last = pieces[-1]
    text = last["candidates"][0].get("finishMessage", "")
    output = last["usageMetadata"]["candidatesTokenCount"]
    return Told((last["candidates"][0]["finishReason"],), text, calls, output)


def ollama(answer: Answer, *, stream: bool) -> Told:
    lines = [json.loads(line) for line in answer.body.splitlines()] if stream else [answer.json()]
    calls = [call["function"]["arguments"] for line in lines for call in line["message"].get("tool_calls", ())]
    text = "".join(line["message"]["content"] for line in lines)
    return Told((lines[-1]["done_reason"],), text, calls, lines[-1]["eval_count"])


READERS = {"completions": completions, "messages": messages, "responses": responses, "gemini": gemini, "ollama": ollama}

CELLS = [(client, api, stream) for client in CLIENTS for api in MODELS for stream in (True, False)]


async def told(one: Bench, cell: tuple[str, str, bool], text: str) -> Told:
    client, api, stream = cell
    answer = await ask(one, client, api, text, stream=stream)
    assert answer.status == 200, answer.body
    assert ("mode=relayed" in answer.headers["x-passenger-route"]) is (client == api)
    found = READERS[client](answer, stream=stream)
    assert found.output > 0
    assert "outcome=" not in await one.line(answer)
    return found


LIMIT: dict[str, tuple[Any, ...]] = {
    "completions": ("length",),
    "messages": ("max_tokens",),
    "responses": ("incomplete", "max_output_tokens"),
    "gemini": ("MAX_TOKENS",),
    "ollama": ("length",),
}
FILTER: dict[str, tuple[Any, ...]] = {
    "completions": ("content_filter",),
    "messages": ("refusal",),
    "responses": ("incomplete", "content_filter"),
    "gemini": ("SAFETY",),
    "ollama": ("stop",),
}
CALLED: dict[str, tuple[Any, ...]] = {
    "completions": ("tool_calls",),
    "messages": ("tool_use",),
    "responses": ("completed", None),
    "gemini": ("STOP",),
    "ollama": ("stop",),
}


@pytest.mark.proves("F44")
@pytest.mark.parametrize("cell", CELLS, ids=str)
@pytest.mark.parametrize(("ending", "reasons"), [("limit", LIMIT), ("filter", FILTER)])
async def test_an_answer_cut_in_a_call_ends_well_with_its_reason_and_usage(
    one: Bench, cell: tuple[str, str, bool], ending: str, reasons: dict[str, tuple[Any, ...]]
) -> None:
    client, _, stream = cell
    found = await told(one, cell, f"[[call write_file {ARGUMENTS}]] [[{ending} {HALF}]]")
    assert found.reasons == reasons[client]
    if client in {"gemini", "ollama"}:
        assert found.arguments == []
    elif client == "messages" and not stream:
        assert found.arguments == [{}]
    else:
        (half,) = found.arguments
        assert half
        assert ARGUMENTS.startswith(half)
        assert half != ARGUMENTS
    assert found.states == (["incomplete"] if client == "responses" else [])


@pytest.mark.proves("F44")
@pytest.mark.parametrize("cell", CELLS, ids=str)
async def test_an_answer_cut_before_any_argument_has_none_that_nobody_wrote(
    one: Bench, cell: tuple[str, str, bool]
) -> None:
    client, api, stream = cell
    before = len("Let me look.") if api == "messages" else 0
    found = await told(one, cell, f"[[call write_file {ARGUMENTS}]] [[limit {before}]]")
    assert found.reasons == LIMIT[client]
    left_out: dict[str, list[Any]] = {"gemini": [], "ollama": [], "messages": [""] if stream else [{}]}
    assert found.arguments == left_out.get(client, [""])


@pytest.mark.proves("F44")
@pytest.mark.parametrize("cell", CELLS, ids=str)
async def test_arguments_that_mean_nothing_are_told_as_the_vendor_does(one: Bench, cell: tuple[str, str, bool]) -> None:
    client, _, stream = cell
    found = await told(one, cell, f"[[call write_file {BROKEN}]]")
    if client == "gemini":
        assert (found.reasons, found.arguments) == (("MALFORMED_FUNCTION_CALL",), [])
        assert BROKEN in found.text
    elif client == "ollama":
        assert (found.reasons, found.arguments) == (("stop",), [])
        assert BROKEN in found.text
    else:
        assert found.reasons == CALLED[client]
        assert found.arguments == [{"INVALID_JSON": BROKEN} if client == "messages" and not stream else BROKEN]


@pytest.mark.proves("F44", "F38")
@pytest.mark.parametrize("cell", CELLS, ids=str)
async def test_raw_control_characters_in_arguments_are_carried(one: Bench, cell: tuple[str, str, bool]) -> None:
    client, api, _ = cell
    found = await told(one, cell, f"[[call write_file {RAW}]]")
    (arguments,) = found.arguments
    meant = json.loads(RAW, strict=False)
    read = arguments if isinstance(arguments, dict) else json.loads(arguments, strict=client != api)
    assert (found.reasons, read) == (CALLED[client], meant)
