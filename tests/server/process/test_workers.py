"""A clock that stands still while nobody looks at it."""

from hypothesis import given
from hypothesis import strategies as st

from passenger.server.process.workers import AwakeClock
from tests.fakes import Clock


def test_what_a_wait_took_beyond_what_was_wanted_is_not_counted() -> None:
    clock = Clock()
    awake = AwakeClock(clock)
    began = awake()
    clock.now += 3600
    awake.note_wait(2)
    assert awake() - began == 2
    clock.now += 1
    awake.note_wait(2)
    assert awake() - began == 3


@given(st.lists(st.tuples(st.floats(0, 1e6), st.floats(0, 1e3))))
def test_it_never_goes_back_and_never_counts_more_than_was_wanted(waits: list[tuple[float, float]]) -> None:
    clock = Clock()
    awake = AwakeClock(clock)
    for took, wanted in waits:
        before = awake()
        clock.now += took
        awake.note_wait(wanted)
        assert -1e-3 <= awake() - before <= min(took, wanted) + 1e-3
