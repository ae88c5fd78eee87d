"""The benchmark of budgets: it spends what the figures in the docs say, in simulated time."""

from benchmarks.budget import figures


def test_a_budget_that_holds_the_worst_is_never_passed() -> None:
    spent, most, first = figures(8, 5, "worst", 10)
    assert 0 < spent <= most <= 1
    assert 0 <= first <= 1


def test_one_that_holds_the_likely_is_used_up_and_passed_by_little() -> None:
    spent, most, _ = figures(8, 50, "likely", 10)
    assert 0.9 < spent <= 1.05
    assert most <= 1.2
