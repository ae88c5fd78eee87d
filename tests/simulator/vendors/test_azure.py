from typing import Any

from tests.simulator.client import Client

TOOLS = [{"type": "function", "function": {"name": name}} for name in ("a", "b")]
CALLS = '[[call a {"city":"Oslo, Norway"}]] [[call b {"n":2}]]'


async def test_a_plain_answer_has_sorted_keys_filters_and_padding_but_no_object_and_no_created(client: Client) -> None:
    body = (await client.chat()).json()
    assert list(body) == [
        "choices", "copilot_usage", "id", "model", "prompt_filter_results", "system_fingerprint", "usage"
    ]  # fmt: skip
    choice = body["choices"][0]
    assert choice["content_filter_results"]["hate"] == {"filtered": False, "severity": "safe"}
    assert "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789".startswith(choice["message"]["padding"])
    assert (body["model"], choice["index"], choice["finish_reason"]) == ("gpt-4o-2024-11-20", 0, "stop")


async def test_a_plain_tool_answer_has_no_content(client: Client) -> None:
    choice = (await client.chat(CALLS, tools=TOOLS)).json()["choices"][0]
    assert "content" not in choice["message"]
    assert choice["content_filter_results"] == {}
    assert [call["function"]["name"] for call in choice["message"]["tool_calls"]] == ["a", "b"]
    assert len({call["id"] for call in choice["message"]["tool_calls"]}) == 2


async def test_a_stream_begins_with_the_prompt_filter_and_ends_with_finish_and_done(client: Client) -> None:
    events = (await client.chat(stream=True)).events
    assert events[0]["choices"] == []
    assert (events[0]["created"], events[0]["id"], events[0]["model"]) == (0, "", "")
    assert {"content_filter_offsets", "logprobs"} <= set(events[1]["choices"][0])
    assert events[1]["choices"][0]["delta"]["role"] == "assistant"
    assert events[-2]["choices"][0]["delta"] == {"content": None}
    assert events[-2]["choices"][0]["finish_reason"] == "stop"
    assert "copilot_usage" in events[-2]
    assert events[-1] == "[DONE]"
    assert not any(event.get("usage") for event in events[:-1])
    assert not any("object" in event for event in events[1:-1])


async def test_usage_comes_in_a_chunk_of_its_own_only_when_asked_for(client: Client) -> None:
    events = (await client.chat(stream=True, stream_options={"include_usage": True})).events
    assert events[-2]["choices"] == []
    assert events[-2]["usage"]["total_tokens"] > 0
    assert "copilot_usage" in events[-2]
    assert "copilot_usage" not in events[-3]


async def test_streamed_calls_have_their_own_index_and_arguments_in_fragments(client: Client) -> None:
    deltas = (await client.chat(CALLS, tools=TOOLS, stream=True)).deltas
    pieces: list[Any] = [call for delta in deltas for call in delta.get("tool_calls", [])]
    heads = [piece for piece in pieces if "id" in piece]
    assert [(head["index"], head["function"]) for head in heads] == [
        (0, {"arguments": "", "name": "a"}),
        (1, {"arguments": "", "name": "b"}),
    ]
    written = {n: "".join(p["function"]["arguments"] for p in pieces if p["index"] == n) for n in (0, 1)}
    assert written == {0: '{"city":"Oslo, Norway"}', 1: '{"n":2}'}
    assert all(len(piece["function"]["arguments"]) <= 20 for piece in pieces)
    assert len(pieces) > 5


async def test_several_choices_come_mixed_and_each_finishes(client: Client) -> None:
    events = [e for e in (await client.chat(stream=True, n=2)).events if e != "[DONE]" and e["choices"]]
    indices = [event["choices"][0]["index"] for event in events]
    assert indices[:4] == [0, 1, 0, 1]
    assert [e["choices"][0]["index"] for e in events if e["choices"][0]["finish_reason"]] == [0, 1]
    assert len((await client.chat(n=2)).json()["choices"]) == 2


async def test_hidden_thinking_is_counted(client: Client) -> None:
    usage = (await client.chat("[[think]]")).json()["usage"]
    assert usage["completion_tokens_details"]["reasoning_tokens"] > 0


GROK = "grok-code-fast-1"


async def test_xai_tells_its_thoughts_and_counts_them_beside_the_completion(client: Client) -> None:
    await client.post(f"/models/{GROK}/policy", {"state": "enabled"})
    whole = (await client.chat("Hi [[think]]", model=GROK)).json()
    usage, thought = whole["usage"], whole["usage"]["completion_tokens_details"]["reasoning_tokens"]
    assert whole["choices"][0]["message"]["reasoning_content"].startswith("**Reading")
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"] + thought
    assert thought > 0
    stream = await client.chat("Hi [[think]]", model=GROK, stream=True, stream_options={"include_usage": True})
    assert next(delta for delta in stream.deltas if delta)["reasoning_content"].startswith("**Reading")
    assert stream.events[-2]["usage"]["total_tokens"] == usage["total_tokens"]
