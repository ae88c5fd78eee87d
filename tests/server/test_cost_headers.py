"""What an answer cost, as its headers and its last event tell it, with the real server before the simulator."""

import json
from typing import Any

import pytest

from passenger.chat.cost import Cost
from passenger.server.cost_headers import cost_headers
from tests.server.bench import Bench, asking

MODELS = ("gpt-5.4", "claude-sonnet-4.5", "gemini-2.5-pro")
COST = ("x-passenger-credits", "x-passenger-cost-usd", "x-passenger-cost-source")


def test_units_are_not_mixed() -> None:
    assert cost_headers(Cost("upstream", 12_760_000_000)) == [
        (b"x-passenger-credits", b"12.76"),
        (b"x-passenger-cost-usd", b"0.1276"),
        (b"x-passenger-cost-source", b"upstream"),
    ]
    assert cost_headers(Cost("legacy", premium_thousandths=330)) == [
        (b"x-passenger-premium-requests", b"0.33"),
        (b"x-passenger-cost-source", b"legacy"),
    ]
    assert cost_headers(Cost("upstream", 0))[:2] == [(b"x-passenger-credits", b"0"), (b"x-passenger-cost-usd", b"0")]
    assert cost_headers(None) == [(b"x-passenger-cost-source", b"unknown")]


def body_of(path: str, model: str, stream: bool) -> dict[str, Any]:
    if path == "/v1/responses":
        return {"model": model, "input": "hello", "stream": stream}
    if path == "/api/chat":
        return asking(model=model, stream=stream)
    if path.startswith("/v1beta"):
        return {"contents": [{"role": "user", "parts": [{"text": "hello"}]}]}
    body = asking(model=model, stream=stream, max_tokens=500)
    return body | {"stream_options": {"include_usage": True}} if stream and path.endswith("completions") else body


PATHS = ("/v1/chat/completions", "/v1/messages", "/v1/responses", "/api/chat", "gemini")


def path_of(path: str, model: str, stream: bool) -> str:
    action = "streamGenerateContent?alt=sse" if stream else "generateContent"
    return f"/v1beta/models/{model}:{action}" if path == "gemini" else path


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("path", PATHS)
@pytest.mark.asyncio(loop_scope="module")
async def test_a_whole_answer_tells_what_it_cost(shared: Bench, path: str, model: str) -> None:
    url = path_of(path, model, stream=False)
    answer = await shared.send("POST", url, json=body_of(url, model, stream=False))
    assert answer.status == 200
    spent, usd, source = (answer.headers[name] for name in COST)
    assert source == "upstream"
    assert float(spent) > 0
    assert float(usd) == pytest.approx(float(spent) / 100)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("path", PATHS)
@pytest.mark.asyncio(loop_scope="module")
async def test_a_stream_tells_it_in_its_usage_to_who_asks(shared: Bench, path: str, model: str) -> None:
    url = path_of(path, model, stream=True)
    body = body_of(url, model, stream=True)
    plain = await shared.send("POST", url, json=body)
    assert b'"passenger"' not in plain.body
    assert not set(COST) & {name.lower() for name in plain.headers}
    billed = await shared.send("POST", url, json=body, headers={"x-passenger-bill": "1"})
    *_, told = [found for one in documents(billed.body) for found in bills(one)]
    assert told["source"] == "upstream"
    assert told["credits"] > 0
    assert told["usd"] == pytest.approx(told["credits"] / 100)


@pytest.mark.asyncio(loop_scope="module")
async def test_several_answers_of_several_calls_have_one_bill_of_all(shared: Bench) -> None:
    body = asking(model="claude-sonnet-4.5", stream=True, n=3, stream_options={"include_usage": True})
    one = await shared.post(asking(model="claude-sonnet-4.5"))
    plain = await shared.post(body)
    assert b'"passenger"' not in plain.body
    billed = await shared.post(body, headers={"x-passenger-bill": "1"})
    (told,) = [found for document in documents(billed.body) for found in bills(document)]
    assert told["credits"] == pytest.approx(3 * float(one.headers["x-passenger-credits"]))


def documents(body: bytes) -> list[Any]:
    lines = [line.removeprefix(b"data: ") for line in body.splitlines()]
    return [json.loads(line) for line in lines if line.startswith(b"{")]


def bills(document: Any) -> list[Any]:
    """What stands below `passenger`, wherever that is."""
    if not isinstance(document, dict):
        return []
    found = [document["passenger"]] if "passenger" in document else []
    return found + [one for value in document.values() for one in bills(value)]


@pytest.mark.asyncio(loop_scope="module")
async def test_no_cost_is_told_of_what_copilot_refused_and_its_record_has_none(shared: Bench) -> None:
    answer = await shared.chat("[[code quota_exceeded]]")
    assert answer.status == 402
    assert not set(COST) & {name.lower() for name in answer.headers}
    record = (await shared.get("/v1/passenger/requests")).json()["requests"][-1]
    assert (record["status"], record["credits"], record["cost_source"]) == (402, 0, "upstream")


@pytest.mark.asyncio(loop_scope="module")
async def test_what_asks_no_model_has_no_cost(shared: Bench) -> None:
    answer = await shared.get("/v1/models")
    assert not set(COST) & {name.lower() for name in answer.headers}
