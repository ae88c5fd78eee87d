"""Requests that end because nobody wants their answers any more, or because all must end."""

import asyncio

import pytest

from passenger.errors import Failure, Kind
from passenger.server.stream import ClientGone, Stream
from passenger.web.lifeline import Lifelines
from tests.server.test_stream import Line, asked

STOPPING = Failure(Kind.UNAVAILABLE, "stopping", code="shutting_down", retry_after="1")


async def served(lifelines: Lifelines, stream: Stream) -> None:
    with lifelines.of(stream):
        await asyncio.Event().wait()


@pytest.mark.proves("promise 7")
async def test_a_client_that_is_gone_ends_its_own_request_only() -> None:
    streams = [asked(Line()), asked(Line())]
    lifelines = Lifelines()
    tasks = [asyncio.create_task(served(lifelines, stream)) for stream in streams]
    await asyncio.sleep(0)
    streams[0].lost()
    with pytest.raises(ClientGone):
        await tasks[0]
    assert len(lifelines) == 1
    tasks[1].cancel()
    with pytest.raises(asyncio.CancelledError):
        await tasks[1]
    assert len(lifelines) == 0


async def test_all_are_cut_with_the_same_words_and_each_with_a_failure_of_its_own() -> None:
    lifelines = Lifelines()
    tasks = [asyncio.create_task(served(lifelines, asked(Line()))) for _ in range(20)]
    await asyncio.sleep(0)
    lifelines.cut_all(STOPPING)
    heard = await asyncio.gather(*tasks, return_exceptions=True)
    assert {repr(failure) for failure in heard} == {repr(STOPPING)}
    assert len({id(failure) for failure in (*heard, STOPPING)}) == 21
    assert STOPPING.__traceback__ is None
