"""What somebody usually spends within five minutes."""

from passenger.quota.detectors import NANO, SPENT_WITHIN
from passenger.quota.usual_pace import OWNERS, TIMES, UsualPace

DAY = 86_400.0


def test_within_the_first_day_nothing_is_known() -> None:
    pace = UsualPace()
    assert {pace.note("ann", NANO, now) for now in range(0, 86_000, 300)} == {0}


def test_then_six_times_the_95th_percentile_of_the_windows_in_which_something_was_spent() -> None:
    pace = UsualPace()
    for window in range(100):
        pace.note("ann", (window + 1) * NANO, window * SPENT_WITHIN)
    assert pace.note("ann", 0, DAY) == TIMES * 96 * NANO


def test_of_someone_else_nothing_is_known() -> None:
    pace = UsualPace()
    pace.note("ann", NANO, 0)
    assert pace.note("bob", NANO, DAY) == 0


def test_the_people_are_bounded() -> None:
    pace = UsualPace()
    pace.note("ann", NANO, 0)
    for number in range(OWNERS):
        pace.note(f"one{number}", NANO, 1)
    assert pace.note("ann", NANO, DAY) == 0
