"""A stream is poured until no more is wanted, it ends or it breaks; and it waits for the sink."""

import asyncio

import pytest

from passenger.errors import Failure, Kind
from passenger.gateway.response import Pouring, Sink
from tests.gateway.streams import Kept, Pieces

BROKE = Failure(Kind.UPSTREAM, "it broke off", code="stream_broken")


class Until(Pouring):
    """Takes pieces up to this one."""

    def __init__(self, stream: Pieces, sink: Sink, last: bytes = b"") -> None:
        super().__init__(stream)
        self._sink, self._last = sink, last

    def take(self, data: bytes) -> bool:
        """Keep one."""
        self._sink.piece(data)
        return data != self._last


class Refusing(Pouring):
    """Takes none."""

    def take(self, data: bytes) -> bool:
        """Fail."""
        raise BROKE


async def test_all_of_a_stream_goes_down_in_its_order() -> None:
    sink = Kept()
    assert await Until(Pieces(b"a", b"b", b"c"), sink).pour(sink) is False
    assert sink.pieces == [b"a", b"b", b"c"]
    assert sink.source is None  # nobody waits any more


async def test_what_comes_after_the_last_piece_that_is_wanted_can_be_pulled() -> None:
    stream, sink = Pieces(b"a", b"b", b"c"), Kept()
    assert await Until(stream, sink, b"b").pour(sink) is True
    assert sink.pieces == [b"a", b"b"]
    assert [await stream.piece(), await stream.piece()] == [b"c", b""]


async def test_a_stream_that_breaks_has_gone_down_as_far_as_it_came() -> None:
    sink = Kept()
    with pytest.raises(Failure, match="it broke off"):
        await Until(Pieces(b"a", failure=BROKE), sink).pour(sink)
    assert sink.pieces == [b"a"]


async def test_what_is_raised_on_the_way_is_raised_to_who_waits() -> None:
    stream, sink = Pieces(b"a", b"b"), Kept()

    with pytest.raises(Failure, match="it broke off"):
        await Refusing(stream).pour(sink)
    assert await stream.piece() == b"b"


async def test_the_stream_waits_for_a_sink_that_is_full() -> None:
    stream, sink = Pieces(b"a", b"b", b"c"), Kept(full=2)
    pouring = asyncio.create_task(Until(stream, sink).pour(sink))
    await asyncio.sleep(0)
    assert (sink.pieces, stream.is_paused, pouring.done()) == ([b"a", b"b"], True, False)
    stream.resume()
    assert await pouring is False
    assert sink.pieces == [b"a", b"b", b"c"]


async def test_whoever_is_cancelled_lets_go_of_the_stream() -> None:
    stream, sink = Pieces(b"a", hangs=True), Kept()
    pouring = asyncio.create_task(Until(stream, sink).pour(sink))
    await asyncio.sleep(0)
    pouring.cancel()
    with pytest.raises(asyncio.CancelledError):
        await pouring
    stream._pieces.append(b"b")
    stream.resume()
    assert (sink.pieces, sink.source) == ([b"a"], None)
