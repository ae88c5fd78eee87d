"""A stream on its way to the store: everything in order, and no more at once than there is room for."""

import asyncio

import pytest

from passenger.gateway.event_sink import ROOM, EventSink


class Tap:
    """A source that notes whether it is paused."""

    def __init__(self) -> None:
        self.paused = False

    def pause(self) -> None:
        self.paused = True

    def resume(self) -> None:
        self.paused = False


async def test_everything_is_written_in_order() -> None:
    written = list[bytes]()

    async def write(data: bytes) -> None:
        await asyncio.sleep(0)
        written.append(data)

    sink = EventSink(write)
    running = asyncio.create_task(sink.run())
    for number in range(100):
        sink.piece(b"%d," % number)
        if number % 7 == 0:
            await asyncio.sleep(0)
    sink.end()
    await running
    assert b"".join(written) == b"".join(b"%d," % number for number in range(100))
    assert len(written) > 1


async def test_a_source_waits_while_writing_is_slow() -> None:
    gate, tap = asyncio.Event(), Tap()

    async def write(_data: bytes) -> None:
        await gate.wait()

    sink = EventSink(write)
    sink.follow(tap)
    running = asyncio.create_task(sink.run())
    sink.piece(b"x" * (ROOM + 1))
    assert tap.paused
    draining = asyncio.create_task(sink.drain())
    late = Tap()
    sink.follow(late)
    assert late.paused
    gate.set()
    await draining
    assert not late.paused
    sink.end()
    await running


async def test_what_cannot_be_written_ends_it() -> None:
    async def write(_data: bytes) -> None:
        raise OSError("full")

    sink = EventSink(write)
    sink.piece(b"x")
    with pytest.raises(OSError, match="full"):
        await sink.run()
