"""An answer of Copilot's that is nothing but values: an error, where a long text of the same signs is an answer."""

import json
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.server.bench import Bench
from tests.server.rogue import DONE, ENDS, EVENTS, JSON, STREAMS, Rogue, asked, rogue, whole

pytestmark = pytest.mark.asyncio(loop_scope="module")

Both = tuple[Rogue, Bench]

MANY = b"[" + b"[]," * 1_500_000 + b"[]]"
COMMAS = "[],{" * 1_500_000
"""As many signs, which are no values."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def both(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Both]:
    async with rogue(tmp_path_factory.mktemp("rogue")) as pair:
        yield pair


WHOLE = {
    "a field of no meaning": b'{"x":%b}',
    "a message": b'{"choices":[{"index":0,"message":{"content":"a","x":%b},"finish_reason":"stop"}]}',
    "choices": b'{"choices":%b}',
    "an output": b'{"output":%b}',
}


@pytest.mark.proves("promise 8", "N12")
@pytest.mark.parametrize("api", STREAMS)
@pytest.mark.parametrize("name", WHOLE)
async def test_a_whole_answer_of_too_many_values_is_a_502(both: Both, name: str, api: str) -> None:
    upstream, one = both
    upstream.play = whole(JSON + WHOLE[name] % MANY)
    answer = await asked(one, api, api, stream=False)
    assert (answer.status, answer.json()["error"]["message"]) == (502, "Copilot's answer has more than 1000000 values")


SAID = {
    "an error": b'data: {"error":%b}\n\n',
    "a field of no meaning": b'data: {"choices":[],"x":%b}\n\n',
    "an error behind a quote": b': "\nevent: "\ndata: {"type":"error","error":%b}\n\n',
    "an error without its blank line": b'data: {"type":"error","error":%b}',
}


@pytest.mark.proves("promise 8", "N12")
@pytest.mark.parametrize(("api", "dialect"), [*((api, api) for api in STREAMS), *((api, "gemini") for api in STREAMS)])
@pytest.mark.parametrize("name", SAID)
async def test_an_event_of_too_many_values_breaks_the_stream(both: Both, name: str, api: str, dialect: str) -> None:
    upstream, one = both
    upstream.play = whole(EVENTS + STREAMS[api][0] + SAID[name] % MANY)
    answer = await asked(one, dialect, api)
    assert b"has an event of more than 400000 values" in answer.body
    assert ENDS[dialect] not in answer.body
    assert "outcome=broken" in await one.line(answer)


@pytest.mark.proves("promise 8", "F39")
async def test_a_long_text_is_no_number_of_values(both: Both) -> None:
    upstream, one = both
    choice = {"index": 0, "message": {"role": "assistant", "content": COMMAS}, "finish_reason": "stop"}
    upstream.play = whole(JSON + json.dumps({"choices": [choice]}).encode())
    answer = await asked(one, "completions", "completions", stream=False)
    assert answer.json()["choices"][0]["message"]["content"] == COMMAS
    event = {"choices": [{"index": 0, "delta": {"content": COMMAS}, "finish_reason": "stop"}]}
    upstream.play = whole(EVENTS + b"data: " + json.dumps(event).encode() + b"\n\n" + DONE["completions"])
    for dialect in ("completions", "gemini"):
        assert COMMAS.encode() in (await asked(one, dialect, "completions")).body
