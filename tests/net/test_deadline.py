"""A deadline calls once it is missed, moves, and lets go of whoever it would have called."""

import asyncio
import gc
import weakref
from functools import partial
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passenger.net.deadline import MOST_STALE, Deadline, Timers
from tests.proxy import eventually
from tests.server.line import Loop


class Connection:
    """Whoever has a deadline, which holds it in turn."""

    def __init__(self) -> None:
        self.deadline = Deadline(asyncio.get_running_loop(), self.too_late)
        self.late = 0

    def too_late(self) -> None:
        self.late += 1


async def test_it_calls_once_when_it_is_missed() -> None:
    one = Connection()
    one.deadline.set(0)
    await eventually(lambda: one.late)
    await asyncio.sleep(0.01)
    assert one.late == 1


async def test_one_that_was_cleared_or_has_ended_never_calls() -> None:
    one, other = Connection(), Connection()
    one.deadline.set(0)
    one.deadline.clear()
    other.deadline.set(0)
    other.deadline.end()
    other.deadline.set(0)
    third = Connection()
    third.deadline.set(0.01)
    await eventually(lambda: third.late)
    assert (one.late, other.late) == (0, 0)


async def test_one_that_is_set_again_calls_at_the_new_moment() -> None:
    one = Connection()
    one.deadline.set(60)
    one.deadline.set(0)
    await eventually(lambda: one.late)


async def test_after_its_end_nothing_is_kept_until_a_collection() -> None:
    gc.disable()
    try:
        one = Connection()
        one.deadline.set(60)
        one.deadline.end()
        kept = weakref.ref(one)
        del one
        assert kept() is None
    finally:
        gc.enable()


# --- many that are looked after together -------------------------------------------------------------------------


class Many:
    """Deadlines that share their timers, on a clock that is set by hand; `missed` are those that were, and when."""

    def __init__(self, count: int) -> None:
        self.clock, self.timers, self.missed = Loop(), Timers(), list[tuple[int, float]]()
        loop = cast("asyncio.AbstractEventLoop", self.clock)
        self.all = [Deadline(loop, partial(self.miss, number), self.timers) for number in range(count)]

    def miss(self, number: int) -> None:
        self.missed.append((number, self.clock.now))


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["set", "set", "clear", "end", "pass"]),
        st.integers(0, 3),
        st.sampled_from([0, 1, 3, 10]),
    ),
    max_size=40,
)


@given(STEPS)
def test_each_of_many_is_missed_when_it_would_be_alone(steps: list[tuple[str, int, int]]) -> None:
    many, due, expected = Many(4), dict[int, float](), list[tuple[int, float]]()
    ended = set[int]()
    for what, number, seconds in steps:
        one, now = many.all[number], many.clock.now
        match what:
            case "pass":
                many.clock.pass_(seconds)
                late = [(at, moment) for at, moment in due.items() if moment <= now + seconds]
                expected += late
                due = {at: moment for at, moment in due.items() if moment > now + seconds}
            case "end":
                one.end()
                ended.add(number)
                due.pop(number, None)
            case "clear":
                one.clear()
                due.pop(number, None)
            case _:
                one.set(seconds)
                if number not in ended:
                    due[number] = now + seconds
    assert sorted(many.missed) == sorted(expected)
    many.clock.pass_(1e6)  # and those that are left are missed, each in its time
    assert sorted(many.missed) == sorted([*expected, *due.items()])
    for one in many.all:
        one.end()
    assert all(timer.cancelled for timer in many.clock.timers)


def test_many_have_one_timer() -> None:
    many = Many(1000)
    for number, one in enumerate(many.all):
        one.set(1000 - number)
    assert len([timer for timer in many.clock.timers if not timer.cancelled]) == 1
    many.clock.pass_(1000)
    assert [number for number, _ in many.missed] == [*range(999, -1, -1)]
    assert not [timer for timer in many.clock.timers if not timer.cancelled]


def test_those_that_have_ended_are_not_kept_until_they_would_be_due() -> None:
    timers, clock = Timers(), Loop()
    for _ in range(MOST_STALE * 20):
        one = Deadline(cast("asyncio.AbstractEventLoop", clock), lambda: None, timers)
        one.set(3600)
        one.end()
    assert len([one for one in gc.get_referents(*gc.get_referents(timers)) if type(one) is tuple]) <= 2 * MOST_STALE


def test_one_that_is_missed_may_end_others_that_are_due_and_set_what_is_not() -> None:
    many = Many(3)

    def end_others() -> None:
        many.all[0].end()
        many.all[1].end()
        many.all[2].set(5)

    first = Deadline(cast("asyncio.AbstractEventLoop", many.clock), end_others, many.timers)
    first.set(1)
    for one in many.all:
        one.set(1)
    many.clock.pass_(5)
    assert not many.missed
    many.clock.pass_(1)
    assert many.missed == [(2, 6.0)]
    assert all(timer.cancelled for timer in many.clock.timers)


def test_one_that_fails_keeps_no_other_from_being_looked_at() -> None:
    many = Many(2)

    def fail() -> None:
        raise ValueError("it fails")

    bad = Deadline(cast("asyncio.AbstractEventLoop", many.clock), fail, many.timers)
    many.all[0].set(1)
    bad.set(1)
    many.all[1].set(1)
    with pytest.raises(ValueError, match="it fails"):
        many.clock.pass_(1)
    many.clock.pass_(1)
    assert [number for number, _ in many.missed] == [0, 1]
