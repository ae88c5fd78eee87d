"""Hostile bodies over the wire: a clear refusal or an answer, and the server is there for everybody else meanwhile."""

import asyncio
import io
import json
from typing import Any

import pytest
from stress.shapes import WAYS, shapes

from tests.server.bench import Answer, Bench

pytestmark = pytest.mark.asyncio(loop_scope="module")

MB = 1_000_000


async def posted(one: Bench, path: str, body: bytes) -> Answer:
    return await one.send("POST", path, data=io.BytesIO(body), headers={"content-type": "application/json"})


async def posted_beside_others(one: Bench, path: str, body: bytes) -> Answer:
    """The answer to a body, while somebody else asks whether the server is there."""
    sending = asyncio.create_task(posted(one, path, body))
    while not sending.done():
        assert (await one.get("/livez")).status == 200
    return await sending


def message_of(answer: Answer) -> str:
    error: Any = answer.json()["error"]
    return str(error if isinstance(error, str) else error["message"])


@pytest.mark.proves("promise 8", "N12", "F63")
@pytest.mark.parametrize("way", ["gemini", "ollama", "completions", "messages", "responses"])
async def test_calls_that_are_answered_backwards_stop_nobody(shared: Bench, way: str) -> None:
    body = shapes(WAYS[way])["calls answered backwards"](MB // 2)
    answer = await posted_beside_others(shared, WAYS[way].path, body)
    assert answer.status == 200


CAPPED = {
    "many turns": "max_messages",
    "stop sequences": "max_stops",
    "tools and calls of them": "max_tools",
    "a long name of a model": "max_name",
    "empty lists": "max_values",
    "many fields": "max_fields",
}


@pytest.mark.proves("promise 8", "N12")
@pytest.mark.parametrize(("shape", "limit"), CAPPED.items())
@pytest.mark.parametrize("way", ["gemini", "ollama", "messages", "responses", "completions"])
async def test_what_is_too_much_is_refused_with_field_and_limit(
    shared: Bench, way: str, shape: str, limit: str
) -> None:
    found = shapes(WAYS[way])
    if shape not in found:
        return  # this API has no such field
    answer = await posted_beside_others(shared, WAYS[way].path, found[shape](3 * MB if limit == "max_values" else MB))
    assert answer.status == 400
    assert f"[limits] {limit}" in message_of(answer)
    assert len(answer.body) < 1000


@pytest.mark.proves("promise 8")
@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/messages", "/api/chat", "/api/show", "/v1/embeddings"])
async def test_a_long_name_of_a_model_is_neither_looked_for_nor_said_again(shared: Bench, path: str) -> None:
    body = {"model": "m" * 2 * MB, "max_tokens": 9, "input": "a", "messages": [{"role": "user", "content": "a"}]}
    answer = await posted_beside_others(shared, path, json.dumps(body).encode())
    assert answer.status in {400, 404}
    assert len(answer.body) < 1000
    assert not any(len(line) > 20_000 for line in shared.proxy.lines)


@pytest.mark.proves("N12")
@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/messages", "/v1/responses"])
async def test_a_number_of_many_digits_is_no_fault_of_ours(shared: Bench, path: str) -> None:
    many = b"1" * 5000
    for field in (b'"stream_options":{"x":%b},"stream":true', b'"max_output_tokens":%b', b'"x":%b'):
        body = b'{"model":"gpt-5.5","input":"a","messages":[{"role":"user","content":"a","reasoning_opaque":"a"}],'
        answer = await posted(shared, path, body + field % many + b"}")
        assert answer.status < 500
