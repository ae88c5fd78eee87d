import pytest

from tests.simulator.client import Client

VENDORS = ["gpt-4o", "claude-sonnet-4.6", "gemini-3-pro-preview"]
ADD = {"type": "function", "function": {"name": "add", "parameters": {"type": "object"}}}


@pytest.mark.parametrize("model", VENDORS)
async def test_it_says_what_it_was_asked_streaming_or_not(client: Client, model: str) -> None:
    said = f'Simulated {model} here. You said: "Is <b> bold?" (1 message, 1 tool).'
    plain = (await client.chat("Is <b> bold?", model=model, tools=[ADD])).json()
    assert plain["choices"][0]["message"]["content"] == said
    stream = await client.chat("Is <b> bold?", model=model, tools=[ADD], stream=True)
    assert stream.text == said
    assert len(stream.chunks) > 4
    assert stream.events[-1] == "[DONE]"
    assert stream.headers["content-type"] == "text/event-stream"


@pytest.mark.parametrize("model", VENDORS)
async def test_usage_is_the_same_streaming_or_not(client: Client, model: str) -> None:
    plain = (await client.chat(model=model)).json()["usage"]
    options = {"include_usage": True}
    last = (await client.chat(model=model, stream=True, stream_options=options)).events[-2]["usage"]
    assert plain["prompt_tokens"] == last["prompt_tokens"]
    assert plain["completion_tokens"] == last["completion_tokens"]
    assert plain["total_tokens"] == plain["prompt_tokens"] + plain["completion_tokens"]


async def test_an_included_model_costs_nothing_and_another_what_its_tokens_cost(client: Client) -> None:
    assert (await client.chat()).json()["copilot_usage"] == {"token_details": [], "total_nano_aiu": 0}
    cost = (await client.chat(model="claude-opus-5")).json()["copilot_usage"]
    rows = cost["token_details"]
    assert {row["token_type"] for row in rows} == {"input", "cache_read", "cache_write", "output"}
    assert cost["total_nano_aiu"] == sum(
        row["token_count"] * row["cost_per_batch"] // row["batch_size"] for row in rows
    )
    assert cost["total_nano_aiu"] > 0


@pytest.mark.parametrize("body", [b"", b"{", b"[[nonsense", b"null"])
async def test_a_body_that_is_no_request_is_refused_also_when_it_holds_brackets(client: Client, body: bytes) -> None:
    answer = await client.post("/chat/completions", body)
    assert (answer.status, answer.json()["error"]["code"]) == (400, "invalid_request_body")
