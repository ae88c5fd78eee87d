from typing import Any

from tests.simulator.client import Client

MODEL = "claude-sonnet-4.6"
TOOLS = [{"type": "function", "function": {"name": name}} for name in ("a", "b")]
CALLS = '[[call a {"city":"Oslo"}]] [[call b {"n":2}]]'


async def test_a_plain_answer_splits_text_and_calls_into_choices_without_index(client: Client) -> None:
    body = (await client.chat(CALLS, model=MODEL, tools=TOOLS)).json()
    assert "object" not in body
    assert body["model"] == MODEL
    assert body["id"].startswith("msg_bdrk_01")
    assert isinstance(body["created"], int)
    assert [list(choice) for choice in body["choices"]] == [["finish_reason", "message"]] * 3
    assert [set(choice["message"]) for choice in body["choices"]] == [
        {"content", "role"},
        {"role", "tool_calls"},
        {"role", "tool_calls"},
    ]
    assert {choice["finish_reason"] for choice in body["choices"]} == {"tool_calls"}


async def test_a_stream_has_the_role_on_each_text_delta_and_usage_on_its_finish(client: Client) -> None:
    events = (await client.chat(model=MODEL, stream=True)).events[:-1]
    assert all(event["choices"][0]["delta"]["role"] == "assistant" for event in events[:-1])
    assert not any("finish_reason" in event["choices"][0] for event in events[:-1])
    assert not any("usage" in event or "prompt_filter_results" in event for event in events[:-1])
    assert events[-1]["choices"][0]["finish_reason"] == "stop"
    assert {"usage", "copilot_usage"} <= set(events[-1])


async def test_parallel_calls_in_a_stream_all_say_index_0_and_differ_by_id(client: Client) -> None:
    deltas = (await client.chat(CALLS, model=MODEL, tools=TOOLS, stream=True)).deltas
    pieces: list[Any] = [call for delta in deltas for call in delta.get("tool_calls", [])]
    assert {(piece["index"], piece["type"]) for piece in pieces} == {(0, "function")}
    heads = [n for n, piece in enumerate(pieces) if "id" in piece]
    assert [pieces[n]["function"] for n in heads] == [{"name": "a"}, {"name": "b"}]
    assert [pieces[n + 1]["function"] for n in heads] == [{"arguments": ""}] * 2
    first = "".join(piece["function"].get("arguments", "") for piece in pieces[: heads[1]])
    assert first == '{"city":"Oslo"}'


async def test_thinking_is_text_then_a_delta_of_its_seal_alone(client: Client) -> None:
    deltas = (await client.chat("[[think]] Hi", model=MODEL, stream=True)).deltas
    assert ["reasoning_text" in delta for delta in deltas[:4]] == [True, True, False, False]
    assert list(deltas[2]) == ["reasoning_opaque"]
    message = (await client.chat("[[think]] Hi", model=MODEL)).json()["choices"][0]["message"]
    assert message["reasoning_text"] == deltas[0]["reasoning_text"] + deltas[1]["reasoning_text"]
    assert message["reasoning_opaque"]


async def test_thinking_with_a_call_rides_on_the_first_choice(client: Client) -> None:
    choices = (await client.chat(f"[[think]] {CALLS}", model=MODEL, tools=TOOLS)).json()["choices"]
    assert ["reasoning_text" in choice["message"] for choice in choices] == [True, False, False]
