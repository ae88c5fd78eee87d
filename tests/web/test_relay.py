"""The relay, judged from outside: what goes up, what comes down, byte for byte."""

import json

import aiohttp

from passenger.simulator import Fault, Simulator
from tests.proxy import Proxy

CHAT = "/v1/chat/completions"


def asking(text: str = "hello", **fields: object) -> dict[str, object]:
    return {"model": "gpt-4o", "messages": [{"role": "user", "content": text}], **fields}


async def test_a_plain_answer_is_a_valid_openai_object(proxy: Proxy, http: aiohttp.ClientSession) -> None:
    async with http.post(proxy.url + CHAT, json=asking("hello there")) as response:
        answer = await response.json()
    assert response.status == 200
    assert answer["object"] == "chat.completion"
    assert isinstance(answer["created"], int)
    assert "hello there" in answer["choices"][0]["message"]["content"]
    assert "padding" not in answer["choices"][0]["message"]


async def test_unknown_fields_reach_copilot_unchanged(
    proxy: Proxy, simulator: Simulator, http: aiohttp.ClientSession
) -> None:
    raw = b'{ "messages":[{"role":"user","content":"\\u00e9\\ud83d\\ude00"}] ,"model":"gpt-4o", "seed":12345678901234567890}'
    async with http.post(proxy.url + CHAT, data=raw) as response:
        assert response.status == 200
    assert simulator.seen("/chat/completions")[0].body == raw


async def test_a_break_ends_with_an_error_event_and_no_done(
    proxy: Proxy, simulator: Simulator, http: aiohttp.ClientSession
) -> None:
    simulator.inject(Fault(cut_after=3))
    async with http.post(proxy.url + CHAT, json=asking(stream=True)) as response:
        body = await response.text()
    events = [event for event in body.split("\n\n") if event]
    assert json.loads(events[-1].removeprefix("data: "))["error"]["code"] == "stream_broken"
    assert "[DONE]" not in body
