"""Every request is told of once, after it is over, whatever an observer does."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from passenger.errors import Failure, Kind
from passenger.exchange import Exchange, Outcome
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


# --- answers that take a while to leave ---------------------------------------------------------------------------


@dataclass
class Answer:
    """An answer whose way down is told by hand."""

    is_sending: bool = True
    is_sent: bool = False
    gone: bool = False
    status: int = 200
    waiting: list[Callable[[], None]] = field(default_factory=list)

    def when_sent(self, tell: Callable[[], None]) -> None:
        self.waiting.append(tell)

    def end(self, *, is_sent: bool = False, gone: bool = False) -> None:
        self.is_sending, self.is_sent, self.gone = False, is_sent, gone
        for tell in self.waiting:
            tell()


ENDS = [
    (True, False, Outcome.OK),
    (False, True, Outcome.CLIENT_GONE),
    (False, False, Outcome.UNFINISHED),
]


@pytest.mark.parametrize(("is_sent", "gone", "outcome"), ENDS)
@pytest.mark.parametrize("at_once", [True, False])
async def test_how_its_answer_ends_is_how_it_ends(is_sent: bool, gone: bool, outcome: Outcome, at_once: bool) -> None:
    told = list[Exchange]()
    recorder, one, answer = Recorder([told.append]), over(), Answer(status=203)
    if at_once:
        answer.end(is_sent=is_sent, gone=gone)
    recorder.record(one, answer)
    await asyncio.sleep(0)
    if not at_once:
        assert (told, one.outcome) == ([], Outcome.UNFINISHED)
        answer.end(is_sent=is_sent, gone=gone)
    assert told == [one]
    assert (one.outcome, one.status) == (outcome, 203)
    assert len(answer.waiting) == (not at_once)


@pytest.mark.parametrize("wrong", [Outcome.FAILED, Outcome.BROKEN])
async def test_what_went_wrong_before_stays_wrong_however_its_answer_ends(wrong: Outcome) -> None:
    for is_sent, gone, _ in ENDS:
        recorder, one, answer = Recorder(), over(), Answer()
        one.fail(Failure(Kind.UPSTREAM, "no"), wrong)
        recorder.record(one, answer)
        answer.end(is_sent=is_sent, gone=gone)
        await asyncio.sleep(0)
        assert one.outcome is wrong


async def test_one_that_has_left_after_the_last_call_is_told_of_once() -> None:
    told = list[Exchange]()
    recorder, one, answer = Recorder([told.append]), over(), Answer()
    recorder.record(one, answer)
    recorder.flush()
    assert [one.outcome for one in told] == [Outcome.UNFINISHED]
    answer.end(is_sent=True)
    recorder.record(one, answer)
    recorder.flush()
    await asyncio.sleep(0)
    assert [one.outcome for one in told] == [Outcome.UNFINISHED]


async def test_an_answer_that_waits_holds_up_no_other() -> None:
    told = list[Exchange]()
    recorder, slow, quick = Recorder([told.append]), over(), over()
    recorder.record(slow, Answer())
    recorder.record(quick, Answer(is_sending=False, is_sent=True))
    await asyncio.sleep(0)
    assert told == [quick]


async def test_the_time_that_a_client_takes_for_it_is_none_of_ours() -> None:
    recorder, one, answer = Recorder(), over(), Answer()
    recorder.record(one, answer)
    written, waited = one.ended, one.waited
    await asyncio.sleep(0)
    answer.end(is_sent=True)
    assert written is not None
    assert one.ended is not None
    assert one.ended - written == pytest.approx(one.waited - waited)
    assert one.ended > written
