"""What is spent of budgets in their current periods, as the ledger has it."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from msgspec import Struct

from passenger.account.scope_limits import BudgetPeriod, ScopeLimits
from passenger.ledger.scope_spent import read_scope_spent
from passenger.quota.budget import window_of


class BudgetStanding(Struct, frozen=True):
    """How a budget stands. Amounts are nano-credits; what runs just now is in no sum."""

    scope: str
    period: BudgetPeriod
    cap_nano: int
    spent_nano: int | None
    """None where no ledger is kept."""
    resets_at: int | None
    """Unix seconds; None for a budget of all time."""


def read_standings(ledger: Path | None, limits: Sequence[ScopeLimits], now: float) -> Iterator[BudgetStanding]:
    """The budgets of scopes. It waits for the disk."""
    for scope in limits:
        for budget in scope.budgets:
            window = window_of(budget, now)
            spent = None if ledger is None else read_scope_spent(ledger, scope.scope, window.began)
            resets = None if window.seconds_left(now) is None else int(window.until)
            yield BudgetStanding(scope.scope, budget.period, budget.cap(now), spent, resets)
