"""A reply that is read from a recording: pulled or poured, from its beginning, also while it grows."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passenger.cache.recording import Recording
from passenger.cache.replay import Replay
from passenger.errors import Failure, Kind
from passenger.exchange import Exchange
from tests.cache.listening import Listener


def grow(*pieces: bytes, over: bool = True, failure: Failure | None = None) -> Recording:
    recording = Recording("text/event-stream", "host")
    for piece in pieces:
        recording.piece(piece)
    if over:
        recording.ended(failure)
    return recording


def reading(recording: Recording, patience: float = 20.0) -> Replay:
    return Replay(recording, Exchange("POST", "/"), patience=patience)


class Sated(Listener):
    """Has enough after its first piece."""

    def piece(self, data: bytes) -> None:
        super().piece(data)
        self._reply.pour(None)


async def test_all_that_is_there_is_read_and_all_that_still_comes() -> None:
    recording = grow(b"a", over=False)
    early = reading(recording)
    whole = asyncio.ensure_future(early.read())
    recording.piece(b"b")
    late = reading(recording)
    assert [await late.piece(), await late.piece()] == [b"a", b"b"]
    waiting = asyncio.ensure_future(late.piece())
    await asyncio.sleep(0)
    recording.piece(b"c")
    assert await waiting == b"c"
    recording.ended(None)
    assert await whole == b"abc"
    assert await late.piece() == b""


async def test_a_break_is_told_to_each_after_what_came_before_it() -> None:
    recording = grow(b"a", failure=Failure(Kind.UPSTREAM, "broke off"))
    pulled, poured = reading(recording), reading(recording)
    assert await pulled.piece() == b"a"
    with pytest.raises(Failure, match="broke off") as told:
        await pulled.piece()
    listener = Listener(poured)
    poured.pour(listener)
    assert (listener.pieces, str(listener.error)) == ([b"a"], "broke off")
    assert told.value is not recording.failure


async def test_a_slow_client_gets_the_rest_once_it_has_read() -> None:
    recording = grow(b"a", b"b", over=False)
    reply = reading(recording)
    listener = Listener(reply, after=1)
    reply.pour(listener)
    recording.piece(b"c")
    recording.ended(None)
    assert (listener.pieces, listener.over.is_set()) == ([b"a"], False)
    reply.resume()
    assert (listener.pieces, listener.over.is_set()) == ([b"a", b"b", b"c"], True)


async def test_a_pause_before_the_first_receiver_is_that_ones() -> None:
    reply = reading(grow(b"a"))
    reply.pause()
    listener = Listener(reply)
    reply.pour(listener)
    assert listener.pieces == []
    reply.pour(None)
    assert await reply.read() == b"a"


async def test_a_receiver_that_has_enough_is_given_no_more() -> None:
    reply = reading(grow(b"a", b"b"))
    listener = Sated(reply)
    reply.pour(listener)
    assert (listener.pieces, listener.over.is_set()) == ([b"a"], False)
    assert await reply.piece() == b"b"


async def test_it_is_told_once_whether_all_was_read() -> None:
    told = list[bool]()
    for pieces in (0, 1, 2):
        reply = Replay(grow(b"a"), Exchange("POST", "/"), left=told.append)
        for _ in range(pieces):
            await reply.piece()
        with reply:
            pass
        reply.close()
    assert told == [False, True, True]


async def test_a_reader_that_is_done_waits_for_the_end_that_follows() -> None:
    recording = grow(b"all of it", over=False)
    told = list[bool]()
    reply = Replay(recording, Exchange("POST", "/"), left=told.append)
    await reply.piece()
    draining = asyncio.ensure_future(reply.drain())
    await asyncio.sleep(0)
    recording.ended(None)
    await draining
    assert told == [True]


async def test_an_answer_that_does_not_end_is_given_up() -> None:
    with pytest.raises(Failure) as told:
        await reading(grow(b"a", over=False), patience=0.01).read()
    assert told.value.kind is Kind.TIMEOUT


async def test_the_time_that_is_waited_is_upstreams() -> None:
    recording = grow(over=False)
    exchange = Exchange("POST", "/")
    reply = Replay(recording, exchange)
    listener = Listener(reply)
    reply.pour(listener)
    await asyncio.sleep(0)
    assert exchange.waited == 0.0
    recording.ended(None)
    assert listener.over.is_set()
    assert exchange.waited > 0.0


@given(
    before=st.lists(st.binary(min_size=1, max_size=9)),
    after=st.lists(st.binary(min_size=1, max_size=9)),
    pauses=st.integers(1, 5),
)
def test_each_reader_gets_the_same_bytes_in_the_same_pieces(
    before: list[bytes], after: list[bytes], pauses: int
) -> None:
    async def read() -> None:
        recording = grow(*before, over=False)
        early = reading(recording)
        paused = Listener(early, after=pauses)
        early.pour(paused)
        for piece in after:
            recording.piece(piece)
        late = reading(recording)
        listener = Listener(late)
        late.pour(listener)
        recording.ended(None)
        early.resume()
        assert paused.pieces == listener.pieces == [*before, *after]
        assert paused.over.is_set()
        assert listener.over.is_set()

    asyncio.run(read())
