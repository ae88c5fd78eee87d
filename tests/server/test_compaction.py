"""Codex with its built-in provider, seen from outside: its own fields, and conversations that are compacted."""

import json
from typing import Any

import msgspec
import pytest

from passenger.dialects.openai.responses.compaction import REQUEST, unwrap_summary, wrap_summary
from passenger.dialects.openai.responses.quirks import INTERNAL_FIELDS
from passenger.simulator import Fault
from tests.server.bench import Answer, Bench

pytestmark = pytest.mark.asyncio(loop_scope="module")

UP = {
    "gpt-5.5": "/responses",
    "gpt-5-mini": "/responses",
    "claude-opus-5": "/v1/messages",
    "gpt-4o": "/chat/completions",
    "gemini-3-pro-preview": "/chat/completions",
}
"""Models of every kind, and where each is asked."""

OWN = {"gpt-5.5", "gpt-5-mini"}
"""Those that compact a conversation by themselves."""

ASKED = {"type": "compaction_trigger"}
TOOLS = [{"type": "function", "name": "look", "parameters": {"type": "object", "properties": {}}}]
PASSED = {"turn_id": "1", "content_item_kinds": ["user.text"]}
SAID: list[dict[str, Any]] = [
    {"type": "message", "role": "developer", "content": [{"type": "input_text", "text": "Be brief."}]},
    {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Look at the heron."}]},
    {"type": "function_call", "id": "fc_1", "call_id": "call_1", "name": "look", "arguments": "{}"},
    {"type": "function_call_output", "call_id": "call_1", "output": "It flew."},
]
STAMPED = [item | {INTERNAL_FIELDS[0]: PASSED} for item in SAID]


async def ask(one: Bench, model: str, given: list[dict[str, Any]], path: str = "", **fields: object) -> Answer:
    body = {"model": model, "input": given, "tools": TOOLS, **fields}
    return await one.send("POST", f"/v1/responses{path}", json=body)


def items(answer: Answer) -> list[dict[str, Any]]:
    """The items of an answer, streamed or whole, which ended well."""
    assert answer.status == 200, answer.body
    if answer.headers["content-type"] == "application/json":
        found: list[dict[str, Any]] = answer.json()["output"]
        return found
    end = answer.chunks[-1]
    assert end["type"] == "response.completed"
    told = [chunk["item"] for chunk in answer.chunks if chunk["type"] == "response.output_item.done"]
    assert [(item["type"], item["id"]) for item in end["response"]["output"]] == [
        (item["type"], item["id"]) for item in told
    ]
    return told


# --- fields of OpenAI's own --------------------------------------------------------------------------------------


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("model", UP)
async def test_a_turn_with_a_tool_and_codexs_own_fields_goes_on(shared: Bench, model: str, stream: bool) -> None:
    answer = await ask(shared, model, STAMPED, stream=stream)
    assert "It flew." in json.dumps(items(answer))
    assert INTERNAL_FIELDS[0] not in shared.sim.requests[-1].body.decode()
    assert INTERNAL_FIELDS[0] not in answer.headers.get("x-passenger-dropped", "")


# --- compacting --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("model", UP)
async def test_a_conversation_is_compacted_in_one_request_of_an_agent(shared: Bench, model: str, stream: bool) -> None:
    before = len(shared.sim.seen(UP[model]))
    answer = await ask(shared, model, [*STAMPED, ASKED], stream=stream)
    (item,) = items(answer)
    assert item["type"] == "compaction"
    assert item["id"].startswith("cmp_")
    seen = shared.sim.seen(UP[model])[before:]
    assert [request.header("x-initiator") for request in seen] == ["agent"]
    assert (json.dumps(REQUEST)[1:40] in seen[0].body.decode()) is (model not in OWN)
    line = await shared.line(answer)
    assert "input=" in line
    assert "initiator=agent" in line


@pytest.mark.parametrize("first", UP)
@pytest.mark.parametrize("second", UP)
async def test_a_session_goes_on_with_any_model(shared: Bench, first: str, second: str) -> None:
    (item,) = items(await ask(shared, first, [*SAID, ASKED]))
    more = {"role": "user", "content": "Where is it?"}
    answer = await ask(shared, second, [SAID[1], item, more])
    assert items(answer)[-1]["type"] == "message"
    foreign = first in OWN and second not in OWN
    assert ("input[compaction]" in answer.headers.get("x-passenger-dropped", "")) is foreign
    if first not in OWN:
        assert msgspec.json.encode(unwrap_summary(item["encrypted_content"])) in shared.sim.requests[-1].body
    (again,) = items(await ask(shared, second, [SAID[1], item, more, ASKED]))
    assert again["type"] == "compaction"


async def test_a_model_that_refuses_the_trigger_is_asked_for_a_summary(shared: Bench) -> None:
    refusal = '{"error":{"message":"Invalid value: \'compaction_trigger\'.","code":"invalid_request_body"}}'
    shared.sim.inject(Fault(status=400, body=refusal), path="/responses")
    (item,) = items(await ask(shared, "gpt-5.5", [*SAID, ASKED]))
    answer = await ask(shared, "gpt-5.5", [item, SAID[1]])
    assert "Simulated gpt-5.5 here." in shared.sim.requests[-1].body.decode()
    assert items(answer)


@pytest.mark.parametrize("model", UP)
async def test_a_summary_is_made_at_an_address_of_its_own_too(shared: Bench, model: str) -> None:
    answer = await ask(shared, model, SAID, "/compact", prompt_cache_key="k")
    body = answer.json()
    assert shared.sim.requests[-1].header("x-initiator") == "agent"
    assert body["object"] == "response.compaction"
    assert [item["type"] for item in body["output"]] == ["message", "compaction"]
    assert body["usage"]["total_tokens"] > 0
    assert items(await ask(shared, model, [*body["output"], SAID[1]]))


@pytest.mark.parametrize("path", ["", "/compact"])
@pytest.mark.parametrize("model", UP)
async def test_a_broken_summary_is_refused_by_its_place(shared: Bench, model: str, path: str) -> None:
    broken = {"type": "compaction", "encrypted_content": wrap_summary("The heron flew.")[:-4]}
    answer = await ask(shared, model, [SAID[1], broken], path)
    assert answer.status == 400
    assert answer.error["param"] == "input[1].encrypted_content"


@pytest.mark.parametrize(("model", "status"), [("gpt-4o", 200), ("gpt-5.5", 400)])
async def test_a_conversation_that_somebody_else_encrypted_is_copilots_to_judge(
    shared: Bench, model: str, status: int
) -> None:
    answer = await ask(shared, model, [{"type": "compaction", "encrypted_content": "gAAAA"}, SAID[1]])
    assert answer.status == status


@pytest.mark.parametrize("stream", [False, True])
async def test_a_model_that_writes_no_summary_is_a_failure_of_the_model(shared: Bench, stream: bool) -> None:
    shared.sim.inject(Fault(end_after=0), path="/chat/completions")
    answer = await ask(shared, "gpt-4o", [SAID[1], ASKED], stream=stream)
    if stream:
        assert answer.chunks[-1]["type"] == "response.failed"
    else:
        assert answer.status == 502
