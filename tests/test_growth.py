"""What is clear is not measured again."""

import pytest

from tests.growth import compared


@pytest.mark.parametrize(
    ("short", "long", "found"),
    [
        ([1.0], [2.2], 2.2),
        ([1.0, 1.1], [2.3], 2.3),
        ([1.0, 1.1, 1.2], [2.5], 2.5),
        ([1.0, 0.5, 0.8], [3.0, 1.0], 2.0),
        ([1.0, 1.0, 1.0], [4.1, 4.2, 4.0], 4.0),
    ],
)
def test_what_is_clear_is_not_measured_again(short: list[float], long: list[float], found: float) -> None:
    shorter, longer = iter(short[1:]), iter(long)
    assert compared(short[0], lambda: next(shorter), lambda: next(longer)) == found
    assert [*shorter, *longer] == []
