"""Signs of life: only while nothing is sent, and never after the end."""

import asyncio

from passenger.server.keepalive import KeepAlive


class Beats:
    def __init__(self) -> None:
        self.count = 0
        self.came = asyncio.Event()

    async def __call__(self) -> None:
        self.count += 1
        self.came.set()


async def test_it_beats_while_nothing_is_sent() -> None:
    beats = Beats()
    async with asyncio.timeout(20):
        with KeepAlive(beats, 0.001, 0.001):
            while beats.count < 3:
                beats.came.clear()
                await beats.came.wait()
    count = beats.count
    await asyncio.sleep(0.01)
    assert beats.count == count


async def test_zero_means_never() -> None:
    beats = Beats()
    with KeepAlive(beats, 0, 0) as keep_alive:
        keep_alive.note_sent()
        await asyncio.sleep(0.01)
    assert beats.count == 0


async def test_without_a_first_beat_the_others_begin_with_what_is_sent() -> None:
    beats = Beats()
    async with asyncio.timeout(20):
        with KeepAlive(beats, 0, 0.001) as keep_alive:
            keep_alive.note_sent()
            await beats.came.wait()


async def test_what_is_sent_puts_the_next_beat_off() -> None:
    beats = Beats()
    with KeepAlive(beats, 0.001, 60) as keep_alive:
        keep_alive.note_sent()
        await asyncio.sleep(0.01)
    assert beats.count == 0


async def test_a_silence_after_the_first_piece_is_as_short_as_any() -> None:
    beats = Beats()
    async with asyncio.timeout(20):
        with KeepAlive(beats, 3600, 0.001) as keep_alive:
            keep_alive.note_sent()
            await beats.came.wait()


async def test_without_others_there_is_no_first_beat_where_something_was_sent() -> None:
    beats = Beats()
    with KeepAlive(beats, 0.001, 0) as keep_alive:
        keep_alive.note_sent()
        await asyncio.sleep(0.01)
    assert beats.count == 0
