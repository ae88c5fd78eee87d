"""A stream is poured until no more is wanted, it ends or it breaks; and it waits for the sink."""

import asyncio
from collections.abc import Callable

import pytest

from passenger.errors import Failure, Kind
from passenger.gateway.pouring import pour
from tests.gateway.streams import Kept, Pieces

BROKE = Failure(Kind.UPSTREAM, "it broke off", code="stream_broken")


def until(last: bytes, sink: Kept) -> Callable[[bytes], bool]:
    """Takes pieces up to this one."""

    def take(data: bytes) -> bool:
        sink.piece(data)
        return data != last

    return take


async def test_all_of_a_stream_goes_down_in_its_order() -> None:
    sink = Kept()
    assert await pour(Pieces(b"a", b"b", b"c"), until(b"", sink), sink) is False
    assert sink.pieces == [b"a", b"b", b"c"]
    assert sink.source is None  # nobody waits any more


async def test_what_comes_after_the_last_piece_that_is_wanted_can_be_pulled() -> None:
    stream, sink = Pieces(b"a", b"b", b"c"), Kept()
    assert await pour(stream, until(b"b", sink), sink) is True
    assert sink.pieces == [b"a", b"b"]
    assert [await stream.piece(), await stream.piece()] == [b"c", b""]


async def test_a_stream_that_breaks_has_gone_down_as_far_as_it_came() -> None:
    sink = Kept()
    with pytest.raises(Failure, match="it broke off"):
        await pour(Pieces(b"a", failure=BROKE), until(b"", sink), sink)
    assert sink.pieces == [b"a"]


async def test_what_is_raised_on_the_way_is_raised_to_who_waits() -> None:
    stream, sink = Pieces(b"a", b"b"), Kept()

    def refuse(_data: bytes) -> bool:
        raise BROKE

    with pytest.raises(Failure, match="it broke off"):
        await pour(stream, refuse, sink)
    assert await stream.piece() == b"b"


async def test_the_stream_waits_for_a_sink_that_is_full() -> None:
    stream, sink = Pieces(b"a", b"b", b"c"), Kept(full=2)
    pouring = asyncio.create_task(pour(stream, until(b"", sink), sink))
    await asyncio.sleep(0)
    assert (sink.pieces, stream.is_paused, pouring.done()) == ([b"a", b"b"], True, False)
    stream.resume()
    assert await pouring is False
    assert sink.pieces == [b"a", b"b", b"c"]


async def test_whoever_is_cancelled_lets_go_of_the_stream() -> None:
    stream, sink = Pieces(b"a", hangs=True), Kept()
    pouring = asyncio.create_task(pour(stream, until(b"", sink), sink))
    await asyncio.sleep(0)
    pouring.cancel()
    with pytest.raises(asyncio.CancelledError):
        await pouring
    stream._pieces.append(b"b")
    stream.resume()
    assert (sink.pieces, sink.source) == ([b"a"], None)
