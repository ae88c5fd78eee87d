"""An upstream that goes on saying next to nothing: waiting has an end, whatever comes meanwhile."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.proxy import eventually
from tests.server.bench import Bench
from tests.server.rogue import DONE, JSON, OK, STREAMS, Play, Rogue, asked, on_and_on, rogue, whole

pytestmark = pytest.mark.asyncio(loop_scope="module")

Both = tuple[Rogue, Bench]
SHORT = "[upstream]\nfirst_byte_timeout = 1.5\ncomplete_timeout = 1.5\nidle_timeout = 1.5\n"
PAUSE = 0.3
"""Less than any of these."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def both(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Both]:
    async with rogue(tmp_path_factory.mktemp("rogue"), SHORT) as pair:
        yield pair


def after_one(first: bytes) -> Play:
    """Say something once, and then nothing."""

    async def play(writer: asyncio.StreamWriter) -> None:
        writer.write(first)
        await asyncio.Event().wait()

    return play


HEADS: dict[str, Play] = {
    "a header that drips": on_and_on(OK + b"X: ", b"a", PAUSE),
    "headers that drip": on_and_on(OK, b"X: y\r\n", PAUSE),
    "102 again and again": on_and_on(b"", b"HTTP/1.1 102 Processing\r\n\r\n", PAUSE),
    "102 and silence": after_one(b"HTTP/1.1 102 Processing\r\n\r\n"),
    "half a head and silence": after_one(OK + b"X:"),
    "silence": after_one(b""),
}


@pytest.mark.proves("F27", "promise 8")
@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("name", HEADS)
async def test_a_head_that_never_ends_is_a_504(both: Both, name: str, *, stream: bool) -> None:
    upstream, one = both
    upstream.play = HEADS[name]
    upstream.heard = 0
    answer = await asked(one, "completions", "completions", stream=stream)
    assert (answer.status, upstream.heard) == (504, 1)
    await eventually(lambda: upstream.open == 0)


@pytest.mark.proves("F27", "promise 8")
async def test_a_storm_of_interim_answers_is_a_502_at_once(both: Both) -> None:
    upstream, one = both
    upstream.play = on_and_on(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 1_000)
    answer = await asked(one, "completions", "completions")
    assert (answer.status, answer.error["code"]) == (502, "upstream_protocol")
    assert "interim" in answer.error["message"]
    await eventually(lambda: upstream.open == 0)


@pytest.mark.proves("F25", "F27")
async def test_a_few_hundred_interim_answers_are_borne(both: Both) -> None:
    upstream, one = both
    upstream.play = whole(b"HTTP/1.1 102 Processing\r\n\r\n" * 500 + JSON + b'{"choices":[]}')
    assert (await asked(one, "completions", "completions", stream=False)).status == 200


@pytest.mark.proves("F21", "promise 8")
@pytest.mark.parametrize("status", [400, 429, 503])
async def test_an_error_that_drips_is_told_with_what_has_come_of_it(both: Both, status: int) -> None:
    upstream, one = both
    head = b"HTTP/1.1 %d X\r\nContent-Type: text/plain\r\nContent-Length: 100000\r\n\r\nEnough. " % status
    upstream.play = on_and_on(head, b".", PAUSE)
    answer = await asked(one, "gemini", "completions")
    assert answer.status == status
    assert b"Enough. ." in answer.body
    await eventually(lambda: upstream.open == 0)


@pytest.mark.proves("F21")
async def test_an_error_that_breaks_off_is_told_with_what_has_come_of_it(both: Both) -> None:
    upstream, one = both
    upstream.play = whole(b"HTTP/1.1 429 X\r\nContent-Length: 100\r\n\r\nEnough.")
    answer = await asked(one, "completions", "completions")
    assert (answer.status, answer.error["message"]) == (429, "Enough.")


@pytest.mark.proves("F21", "promise 8")
@pytest.mark.parametrize("api", STREAMS)
async def test_a_whole_answer_that_drips_is_a_504(both: Both, api: str) -> None:
    upstream, one = both
    upstream.play = on_and_on(JSON + b"{", b" ", PAUSE)
    answer = await asked(one, api, api, stream=False)
    assert answer.status == 504
    await eventually(lambda: upstream.open == 0)


CHUNKED = OK + b"Content-Type: %b\r\nTransfer-Encoding: chunked\r\n\r\n"
NO_BODY = {
    "an extension of a chunk": (b"5;", b"a"),
    "zeros before a chunk's size": (b"", b"0"),
    "a last chunk's trailers": (b"0\r\n", b"X: y\r\n"),
}


@pytest.mark.proves("F27", "promise 8")
@pytest.mark.parametrize("dialect", ["completions", "gemini"])
@pytest.mark.parametrize("name", NO_BODY)
async def test_what_drips_and_is_no_body_ends_a_stream(both: Both, name: str, dialect: str) -> None:
    upstream, one = both
    first, more = NO_BODY[name]
    said = STREAMS["completions"][0]
    head = CHUNKED % b"text/event-stream" + b"%x\r\n%b\r\n" % (len(said), said)
    upstream.play = on_and_on(head + first, more, PAUSE)
    answer = await asked(one, dialect, "completions")
    assert b"Hello" in answer.body
    assert b'"error"' in answer.body
    await eventually(lambda: upstream.open == 0)


@pytest.mark.proves("F27", "promise 8")
async def test_a_body_that_drips_is_waited_for_as_long_as_it_comes(both: Both) -> None:
    upstream, one = both

    async def play(writer: asyncio.StreamWriter) -> None:
        writer.write(CHUNKED % b"text/event-stream")
        for byte in b": and so on\n\n":
            writer.write(b"1\r\n%c\r\n" % byte)
            await writer.drain()
            await asyncio.sleep(PAUSE)
        said = b"".join([*STREAMS["completions"], DONE["completions"]])
        writer.write(b"%x\r\n%b\r\n0\r\n\r\n" % (len(said), said))
        await writer.drain()

    upstream.play = play
    answer = await asked(one, "completions", "completions")
    assert answer.body.endswith(DONE["completions"])
