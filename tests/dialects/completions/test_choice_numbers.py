"""Sets of choices' numbers are sets, and cost nothing while they hold one or none."""

from hypothesis import given
from hypothesis import strategies as st

from passenger.dialects.completions.choice_numbers import NO_NUMBERS, Numbers, with_number, without_number


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 3))))
def test_they_hold_what_a_set_would_hold(steps: list[tuple[bool, int]]) -> None:
    numbers: Numbers = NO_NUMBERS
    expected = set[int]()
    for adds, one in steps:
        numbers = (with_number if adds else without_number)(numbers, one)
        (expected.add if adds else expected.discard)(one)
        assert numbers == expected


def test_the_first_of_one_choice_is_shared() -> None:
    assert with_number(NO_NUMBERS, 0) is with_number(NO_NUMBERS, 0)
    assert without_number(with_number(NO_NUMBERS, 0), 0) is NO_NUMBERS
