from tests.simulator.client import Client

MODEL = "gemini-3-pro-preview"
TOOLS = [{"type": "function", "function": {"name": name}} for name in ("a", "b")]
CALLS = '[[call a {"city":"Oslo"}]] [[call b {"n":2}]]'


async def test_usage_is_on_every_chunk_and_zero_until_the_last(client: Client) -> None:
    events = (await client.chat(model=MODEL, stream=True)).events[:-1]
    assert [event["usage"]["total_tokens"] > 0 for event in events] == [False] * (len(events) - 1) + [True]
    assert ["finish_reason" in event["choices"][0] for event in events] == [False] * (len(events) - 1) + [True]


async def test_keys_keep_the_vendors_order(client: Client) -> None:
    event = (await client.chat(model=MODEL, stream=True)).events[0]
    assert list(event) == ["choices", "created", "id", "usage", "model"]
    assert list(event["choices"][0]) == ["index", "delta"]


async def test_calls_arrive_whole_with_their_own_index(client: Client) -> None:
    events = (await client.chat(CALLS, model=MODEL, tools=TOOLS, stream=True)).events[:-1]
    calls = events[-1]["choices"][0]["delta"]["tool_calls"]
    assert [(call["index"], call["function"]["arguments"]) for call in calls] == [
        (0, '{"city":"Oslo"}'),
        (1, '{"n":2}'),
    ]
    assert all(call["id"].startswith("call_") for call in calls)
    assert events[-1]["choices"][0]["finish_reason"] == "tool_calls"


async def test_the_seal_rides_on_what_follows_the_thinking(client: Client) -> None:
    text = (await client.chat("[[think]] Hi", model=MODEL, stream=True)).deltas
    assert "reasoning_text" in text[0]
    assert text[1]["content"]
    assert [("reasoning_opaque" in delta) for delta in text[:3]] == [False, True, False]
    calls = (await client.chat(f"[[think]] {CALLS}", model=MODEL, tools=TOOLS, stream=True)).deltas
    assert "reasoning_opaque" in calls[1]


async def test_reasoning_is_counted_beside_the_completion(client: Client) -> None:
    usage = (await client.chat("[[think]] Hi", model=MODEL)).json()["usage"]
    assert usage["reasoning_tokens"] > 0
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"] + usage["reasoning_tokens"]
