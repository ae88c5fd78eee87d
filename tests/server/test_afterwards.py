"""What follows the end of an answer: nobody hears it, and little of it is read."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.proxy import eventually
from tests.server.bench import Answer, Bench
from tests.server.rogue import (
    DONE,
    ENDS,
    EVENTS,
    ROUTES,
    STREAMS,
    WORDS,
    Rogue,
    asked,
    data,
    on_and_on,
    rogue,
    whole,
    words,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")

Both = tuple[Rogue, Bench]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def both(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Both]:
    async with rogue(tmp_path_factory.mktemp("rogue")) as pair:
        yield pair


def complete(api: str) -> bytes:
    return b"".join(STREAMS[api]) + DONE[api]


@pytest.mark.proves("promise 6")
@pytest.mark.parametrize("dialect", ROUTES)
@pytest.mark.parametrize("api", STREAMS)
async def test_a_faithful_answer_ends_once(both: Both, api: str, dialect: str) -> None:
    upstream, one = both
    upstream.play = whole(EVENTS + complete(api))
    answer = await asked(one, dialect, api)
    assert answer.status == 200
    assert answer.body.count(ENDS[dialect]) == 1


@pytest.mark.proves("promise 6", "F40")
@pytest.mark.parametrize("dialect", ROUTES)
@pytest.mark.parametrize("api", STREAMS)
@pytest.mark.parametrize("apart", [False, True])
async def test_nothing_is_passed_on_after_the_end(both: Both, api: str, dialect: str, *, apart: bool) -> None:
    upstream, one = both
    upstream.play = whole(EVENTS + complete(api))
    once = await asked(one, dialect, api)

    async def play(writer: asyncio.StreamWriter) -> None:
        writer.write(EVENTS + complete(api))
        if apart:
            await writer.drain()
            await asyncio.sleep(0.05)
        writer.write(complete(api) + complete(api) + b"data: and a tail")

    upstream.play = play
    twice = await asked(one, dialect, api)
    assert twice.status == 200
    assert len(twice.body) - len(once.body) < 100, twice.body  # ids and times may be longer
    assert twice.body.count(ENDS[dialect]) == once.body.count(ENDS[dialect])
    assert b"a tail" not in twice.body


@pytest.mark.proves("promise 8", "F40")
@pytest.mark.parametrize("dialect", ROUTES)
@pytest.mark.parametrize("api", STREAMS)
async def test_a_flood_after_the_end_is_cut_off(both: Both, api: str, dialect: str) -> None:
    upstream, one = both
    upstream.play = on_and_on(EVENTS + complete(api), b": nothing\n\n" * 5_000)
    before = peak(one)
    answer = await asked(one, dialect, api)
    assert answer.status == 200
    assert b": nothing" not in answer.body
    await eventually(lambda: upstream.open == 0)
    assert peak(one) - before < 20_000  # kilobytes


def peak(one: Bench) -> int:
    status = Path(f"/proc/{one.proxy.pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1])


@pytest.mark.proves("promise 6")
@pytest.mark.parametrize("api", STREAMS)
async def test_a_whole_answer_ends_where_its_stream_does(both: Both, api: str) -> None:
    upstream, one = both
    upstream.play = whole(EVENTS + complete(api) + complete(api))
    answer = await asked(one, "gemini", api, stream=False)
    assert answer.status == 200
    assert [part["text"] for part in answer.json()["candidates"][0]["content"]["parts"]] == [WORDS]


# --- errors in the middle of a stream ----------------------------------------------------------------------------

SAID = "The model is tired."
ERRORS: dict[str, dict[str, object] | str] = {
    "no type": {"error": {"message": SAID, "code": "overloaded"}},
    "no message": {"error": {"message": None, "code": 500}},
    "a text": {"error": SAID},
    "a list": {"error": [SAID]},
    "a flat type": {"type": "error", "message": SAID, "code": "overloaded"},
    "OpenAI's": {"type": "error", "code": "server_error", "message": SAID, "error": {"message": SAID}},
    "Anthropic's": {"type": "error", "error": {"type": "overloaded_error", "message": SAID}},
    "Responses'": {"type": "response.failed", "response": {"status": "failed", "error": {"message": SAID}}},
}
BREAKS: dict[str, Callable[[Any], bool]] = {
    "completions": lambda event: bool(event.get("error")),
    "messages": lambda event: event.get("type") == "error" and isinstance(event["error"]["message"], str),
    "responses": lambda event: event.get("type") in {"error", "response.failed"},
    "gemini": lambda event: "error" in event,
    "ollama": lambda event: "error" in event,
}
"""What an error is in a stream of each dialect."""

KNOWN = {
    "completions": {"no type", "no message", "a text", "a list", "OpenAI's", "Anthropic's"},
    "messages": {"no type", "no message", "a text", "a list", "a flat type", "OpenAI's", "Anthropic's"},
    "responses": set(ERRORS),
}
"""Which of them are errors in an upstream's own words."""


def events_of(answer: Answer) -> list[Any]:
    """The objects of a stream, of whichever framing."""
    lines = [line.removeprefix(b"data:").strip() for line in answer.body.splitlines()]
    return [json.loads(line) for line in lines if line.startswith(b"{")]


@pytest.mark.proves("F33", "promise 6")
@pytest.mark.parametrize("dialect", ROUTES)
@pytest.mark.parametrize(("api", "error"), [(api, error) for api, errors in KNOWN.items() for error in sorted(errors)])
async def test_an_error_in_mid_stream_is_one_error_and_no_end(both: Both, api: str, error: str, dialect: str) -> None:
    upstream, one = both
    *begun, end = STREAMS[api]
    upstream.play = whole(EVENTS + b"".join(begun[:2]) + data(ERRORS[error]) + end + complete(api))
    answer = await asked(one, dialect, api)
    events = events_of(answer)
    errors = [event for event in events if BREAKS[dialect](event)]
    if dialect == "responses" and len(errors) == 2:
        assert [event["type"] for event in errors] == ["error", "response.failed"]
    else:
        assert len(errors) == 1, events
    assert BREAKS[dialect](events[-1])
    assert ENDS[dialect] not in answer.body
    assert b"None" not in answer.body
    assert "outcome=broken" in await one.line(answer)


@pytest.mark.proves("F33")
async def test_a_response_is_told_to_have_failed_after_its_error(both: Both) -> None:
    upstream, one = both
    error, failed = (data(ERRORS[name]) for name in ("OpenAI's", "Responses'"))

    async def play(writer: asyncio.StreamWriter) -> None:
        writer.write(EVENTS + b"".join(STREAMS["responses"][:2]) + error)
        await writer.drain()
        await asyncio.sleep(0.05)
        writer.write(words("more") + failed + complete("responses"))

    upstream.play = play
    answer = await asked(one, "responses", "responses")
    kinds = [event["type"] for event in events_of(answer)]
    assert kinds[2:] == ["error", "response.failed"]
