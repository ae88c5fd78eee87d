"""What is spent of budgets in their current periods."""

from pathlib import Path

from passenger.account.scope_limits import Budget, ScopeLimits
from passenger.ledger.budget_report import BudgetStanding, read_standings
from tests.ledger.used import TODAY, used, write

NOW = TODAY * 86_400 + 43_200.0
MIDNIGHT = (TODAY + 1) * 86_400


def test_each_budget_counts_its_own_period(tmp_path: Path) -> None:
    rows = [used(user="ann", key="k", nano=3), used(TODAY - 1, user="ann", key="k", nano=5), used(nano=100)]
    path = write(tmp_path / "ledger.sqlite", rows)
    ann = ScopeLimits("user:ann", budgets=(Budget("day", 10), Budget("total", 20)))
    limits = [ann, ScopeLimits("all", budgets=(Budget("day", 1),)), ScopeLimits("key:x")]
    assert list(read_standings(path, limits, NOW)) == [
        BudgetStanding("user:ann", "day", 10, 3, MIDNIGHT),
        BudgetStanding("user:ann", "total", 20, 8, None),
        BudgetStanding("all", "day", 1, 103, MIDNIGHT),
    ]


def test_without_a_ledger_nobody_knows() -> None:
    (found,) = read_standings(None, [ScopeLimits("all", budgets=(Budget("day", 1),))], NOW)
    assert found.spent_nano is None
