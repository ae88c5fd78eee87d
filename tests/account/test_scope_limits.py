"""How much may be asked for and spent."""

from passenger.account.scope_limits import Budget


def test_a_raised_cap_falls_back_at_its_end() -> None:
    budget = Budget("month", 5, raised_nano=9, raised_until=100.0)
    assert budget.cap(99.9) == 9
    assert budget.cap(100.0) == 5
    assert Budget("day", 5).cap(0.0) == 5
