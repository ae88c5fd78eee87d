"""Every request is told of once, after it is over, whatever an observer does."""

import asyncio

from passenger.exchange import Exchange
from passenger.gateway.recorder import Recorder


def over() -> Exchange:
    return Exchange("POST", "/v1/messages")


def test_without_an_event_loop_it_is_told_at_once() -> None:
    told = list[Exchange]()
    recorder, one = Recorder([told.append]), over()
    recorder.record(one)
    assert told == [one]
    assert one.ended is not None


async def test_nobody_waits_for_an_observer() -> None:
    told = list[Exchange]()
    recorder, exchanges = Recorder([told.append]), [over(), over()]
    for one in exchanges:
        recorder.record(one)
    assert not told
    await asyncio.sleep(0)
    assert told == exchanges


async def test_it_is_told_once_however_often_it_ends() -> None:
    told = list[Exchange]()
    recorder, one = Recorder([told.append]), over()
    recorder.record(one)
    ended = one.ended
    recorder.record(one)
    recorder.flush()
    recorder.record(one)
    await asyncio.sleep(0)
    assert told == [one]
    assert one.ended == ended


async def test_a_stop_tells_of_what_is_not_told_yet() -> None:
    told = list[Exchange]()
    recorder, one = Recorder(), over()
    recorder.observe(told.append)
    recorder.record(one)
    recorder.flush()
    assert told == [one]


async def test_an_observer_that_fails_harms_nobody_else() -> None:
    def fail(_exchange: Exchange) -> None:
        raise RuntimeError("no")

    told = list[Exchange]()
    recorder, exchanges = Recorder([fail, told.append]), [over(), over()]
    for one in exchanges:
        recorder.record(one)
    await asyncio.sleep(0)
    assert told == exchanges
