from typing import Any

import pytest

from passenger.simulator import Fault, Simulator
from tests.simulator.client import Client
from tests.simulator.grammar import response_items

ADD = {"type": "function", "name": "add", "parameters": {"type": "object"}}
NOW = {"type": "function", "name": "now"}
PATCH = {"type": "custom", "name": "patch", "format": {"type": "grammar", "syntax": "lark", "definition": "start: x"}}
SPACED = {"type": "namespace", "name": "files", "tools": [{"type": "function", "name": "read"}]}
CALLS = '[[call add {"a": 1, "note": "a longer text, in pieces"}]] [[call now]]'
SEALED = ["reasoning.encrypted_content"]
STABLE = ("arguments", "call_id", "input", "name", "namespace", "status", "type")


def stable(item: dict[str, Any]) -> dict[str, Any]:
    return {key: item[key] for key in STABLE if key in item}


async def test_a_text_comes_in_this_order(client: Client) -> None:
    stream = await client.responses("Hi", stream=True)
    assert stream.headers["content-type"] == "text/event-stream"
    names = [name.removeprefix("response.") for name, _ in stream.named]
    assert names[:4] == ["created", "in_progress", "output_item.added", "content_part.added"]
    assert set(names[4:-4]) == {"output_text.delta"}
    assert names[-4:] == ["output_text.done", "content_part.done", "output_item.done", "completed"]
    assert b"[DONE]" not in stream.body
    (item,) = response_items(stream.named)
    assert item["content"][0]["text"] == 'Simulated gpt-5.5 here. You said: "Hi" (1 message).'
    assert (item["phase"], item["role"], item["status"]) == ("final_answer", "assistant", "completed")


async def test_the_last_event_has_the_whole_answer_its_usage_and_its_cost(client: Client) -> None:
    plain = (await client.responses("Hi")).json()
    last = (await client.responses("Hi", stream=True)).events[-1]
    assert last["response"]["status"] == "completed"
    assert last["response"]["output"][0]["content"] == plain["output"][0]["content"]
    assert last["response"]["usage"] == plain["usage"]
    assert last["copilot_usage"] == plain["copilot_usage"]


async def test_functions_are_called_in_fragments(client: Client) -> None:
    stream = await client.responses(CALLS, tools=[ADD, NOW], stream=True)
    add, now = response_items(stream.named)
    assert stable(add) == {
        "arguments": '{"a": 1, "note": "a longer text, in pieces"}',
        "call_id": add["call_id"],
        "name": "add",
        "status": "completed",
        "type": "function_call",
    }
    assert now["arguments"] == "{}"
    assert add["call_id"].startswith("call_")
    assert add["call_id"] != now["call_id"]
    added = [event["item"] for name, event in stream.named if name == "response.output_item.added"]
    assert [(item["call_id"], item["arguments"], item["status"]) for item in added] == [
        (item["call_id"], "", "in_progress") for item in (add, now)
    ]
    deltas = [event["delta"] for name, event in stream.named if name.endswith("arguments.delta")]
    assert all(len(delta) <= 20 for delta in deltas)
    assert len(deltas) > 4
    assert [stable(item) for item in stream.events[-1]["response"]["output"]] == [stable(add), stable(now)]


async def test_a_tool_that_takes_free_text_is_given_it(client: Client) -> None:
    stream = await client.responses("[[call patch *** Begin]]", tools=[PATCH], stream=True)
    (item,) = response_items(stream.named)
    assert (item["type"], item["input"]) == ("custom_tool_call", "*** Begin")
    assert "response.custom_tool_call_input.done" in [name for name, _ in stream.named]


async def test_a_tool_of_a_namespace_is_called_with_it(client: Client) -> None:
    stream = await client.responses("[[call read]]", tools=[SPACED], stream=True)
    (item,) = response_items(stream.named)
    assert (item["name"], item["namespace"]) == ("read", "files")


async def test_tools_may_come_with_the_input(client: Client) -> None:
    added = {"type": "additional_tools", "role": "developer", "tools": [SPACED, PATCH]}
    said = {"role": "user", "content": "[[call patch x]] [[call read]]"}
    stream = await client.responses([added, said], stream=True)
    assert [item["name"] for item in response_items(stream.named)] == ["patch", "read"]


async def test_thoughts_come_first_without_a_summary_unless_one_is_asked_for(client: Client) -> None:
    stream = await client.responses("Hi", reasoning={"effort": "low"}, stream=True)
    thought, text = response_items(stream.named)
    assert (thought["type"], thought["summary"], thought["content"]) == ("reasoning", [], [])
    assert "status" not in thought
    assert "encrypted_content" not in thought
    assert text["type"] == "message"
    assert stream.events[-1]["response"]["usage"]["output_tokens_details"]["reasoning_tokens"] > 0


async def test_a_summary_is_streamed_when_it_is_asked_for(client: Client) -> None:
    stream = await client.responses("Hi", reasoning={"summary": "auto"}, stream=True)
    thought = response_items(stream.named)[0]
    assert thought["summary"][0]["text"].startswith("**Reading")
    names = [name.rpartition("reasoning_summary_")[2] for name, _ in stream.named if "summary" in name]
    assert names == ["part.added", "text.delta", "text.delta", "text.done", "part.done"]


async def test_sealed_thoughts_come_when_they_are_asked_for(client: Client) -> None:
    stream = await client.responses("Hi", reasoning={"effort": "low"}, include=SEALED, stream=True)
    seals = [
        event["item"]["encrypted_content"]
        for name, event in stream.named
        if "output_item" in name and event["item"]["type"] == "reasoning"
    ]
    assert len(set(seals)) == 2


async def test_a_search_of_the_web_comes_before_the_text_and_is_cited(client: Client) -> None:
    stream = await client.responses("[[search cats]]", tools=[{"type": "web_search"}], stream=True)
    search, text = response_items(stream.named)
    assert search["action"] == {"queries": ["cats"], "query": "cats", "type": "search"}
    assert (search["type"], search["status"]) == ("web_search_call", "completed")
    assert text["content"][0]["annotations"][0]["title"] == "cats"
    names = [name for name, _ in stream.named]
    assert [name.rpartition(".")[2] for name in names if "web_search" in name] == [
        "in_progress", "searching", "completed"
    ]  # fmt: skip
    assert "response.output_text.annotation.added" in names


SEARCH = {"type": "web_search"}
FUNCTION = {"type": "function", "name": "t", "parameters": {"type": "object"}}


@pytest.mark.parametrize(
    ("choice", "tools", "searched"),
    [
        (SEARCH, [SEARCH, FUNCTION], ["Why is it wet?"]),
        ("required", [SEARCH], ["Why is it wet?"]),
        ("required", [SEARCH, FUNCTION], []),
        ("auto", [SEARCH], []),
        ("none", [SEARCH], []),
    ],
)
async def test_a_search_that_is_demanded_is_of_what_was_asked(
    client: Client, choice: object, tools: list[dict[str, object]], searched: list[str]
) -> None:
    answer = await client.responses("Why is it wet?", tools=tools, tool_choice=choice)
    document = answer.json()
    queries = [item["action"]["query"] for item in document["output"] if item["type"] == "web_search_call"]
    assert queries == searched
    assert document["tool_usage"]["web_search"]["num_requests"] == len(searched)
    assert ["sources" in item["action"] for item in document["output"] if "action" in item] == [False] * len(searched)


async def test_the_sources_of_a_search_come_where_they_are_asked_for(client: Client) -> None:
    include = ["web_search_call.action.sources"]
    answer = await client.responses("[[search cats]]", tools=[SEARCH], include=include)
    search, text = answer.json()["output"]
    assert search["action"]["sources"] == [{"type": "url", "url": text["content"][0]["annotations"][0]["url"]}]


async def test_a_limit_makes_it_incomplete(client: Client) -> None:
    stream = await client.responses("Hi [[size 1000]]", max_output_tokens=16, stream=True)
    (item,) = response_items(stream.named)
    assert (item["status"], len(item["content"][0]["text"])) == ("incomplete", 64)
    name, last = stream.named[-1]
    assert name == "response.incomplete"
    assert last["response"]["incomplete_details"] == {"reason": "max_output_tokens"}
    assert last["copilot_usage"]["total_nano_aiu"] > 0


async def test_a_refusal_is_a_part_of_its_own(client: Client) -> None:
    stream = await client.responses("[[refuse]]", stream=True)
    (item,) = response_items(stream.named)
    assert item["content"] == [{"refusal": "This cannot be answered.", "type": "refusal"}]
    assert "response.refusal.done" in [name for name, _ in stream.named]


@pytest.mark.parametrize("after", [0, 3])
async def test_a_response_can_fail(sim: Simulator, client: Client, after: int) -> None:
    sim.inject(Fault(fail_after=after), "/responses")
    failed = await client.responses("Hi", stream=True)
    name, last = failed.named[-1]
    assert (name, len(failed.named), last["sequence_number"]) == ("response.failed", after + 1, after)
    assert (last["response"]["status"], last["response"]["error"]["code"]) == ("failed", "server_error")
    assert last["response"]["usage"] is None
    assert "copilot_usage" not in last
    ordered = await client.responses(f"Hi [[fail {after}]]", stream=True)
    assert (ordered.named[-1][0], len(ordered.named)) == ("response.failed", after + 1)


@pytest.mark.parametrize(("model", "count"), [("gpt-5.5", 1), ("gpt-5-mini", 2)])
async def test_a_trigger_is_answered_with_the_conversation_sealed(client: Client, model: str, count: int) -> None:
    asked = [{"role": "user", "content": f"Hi {CALLS}"}, {"type": "compaction_trigger"}]
    stream = await client.responses(asked, model=model, tools=[ADD, NOW], stream=True)
    items = response_items(stream.named)
    assert [item["type"] for item in items] == ["compaction"] * count
    assert stream.events[-1]["type"] == "response.completed"
    again = [*items, {"role": "user", "content": "Go on"}]
    assert (await client.responses(again, model=model)).status == 200
    whole = (await client.responses(asked, model=model)).json()
    assert [item["type"] for item in whole["output"]] == ["compaction"] * count
