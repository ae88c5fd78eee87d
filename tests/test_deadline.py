"""A deadline calls once it is missed, moves, and lets go of whoever it would have called."""

import asyncio
import gc
import weakref

import pytest

from passenger.deadline import Deadline
from tests.proxy import eventually

pytestmark = pytest.mark.asyncio


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


async def test_only_one_that_is_set_is_moved() -> None:
    one, other = Connection(), Connection()
    one.deadline.move(0)
    other.deadline.set(60)
    other.deadline.move(0)
    await eventually(lambda: other.late)
    assert (one.deadline.is_set, one.late) == (False, 0)


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
