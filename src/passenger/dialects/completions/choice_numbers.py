"""Sets of the numbers of choices, which take no memory where there is one choice or none, as of nearly all answers."""

Numbers = set[int] | frozenset[int]

NO_NUMBERS = frozenset[int]()
_FIRST = frozenset({0})


def with_number(numbers: Numbers, one: int) -> Numbers:
    """These and one more; what was given is not to be used again."""
    if not numbers and one == 0:
        return _FIRST
    if isinstance(numbers, frozenset):
        numbers = {*numbers}
    numbers.add(one)
    return numbers


def without_number(numbers: Numbers, one: int) -> Numbers:
    """These without one; what was given is not to be used again."""
    if isinstance(numbers, set):
        numbers.discard(one)
        return numbers
    return NO_NUMBERS if one in numbers else numbers  # a frozen one has one number at most
