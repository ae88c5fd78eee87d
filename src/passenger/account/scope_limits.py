"""How much may be asked for and spent by one scope: a key, a person, or all together."""

from typing import Literal

from msgspec import Struct

BudgetPeriod = Literal["hour", "day", "week", "month", "total"]
"""How long a budget lasts: a calendar period, or for ever."""

BudgetAction = Literal["refuse", "warn"]
"""What happens beyond it."""

ReservePolicy = Literal["likely", "worst"]
"""What is set aside for a request until its cost is known: what it will likely cost, or the most that it can."""


class Budget(Struct, frozen=True):
    """The most that a scope may spend in a period, in nano-credits (10⁻⁹ of a credit, which is a US cent)."""

    period: BudgetPeriod
    cap_nano: int
    action: BudgetAction = "refuse"
    reserve: ReservePolicy = "likely"
    timezone: str = "UTC"
    """Where its periods begin."""
    raised_nano: int = 0
    """The cap until `raised_until`, where somebody has raised it."""
    raised_until: float = 0.0
    """Unix seconds."""

    def cap(self, now: float) -> int:
        """The cap at a moment."""
        return self.raised_nano if now < self.raised_until else self.cap_nano


class ScopeLimits(Struct, frozen=True):
    """The limits of one scope; None and no budget at all limit nothing."""

    scope: str
    """`key:ID`, `user:ID` or `all`: the name by which counters keep it."""
    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    concurrency: int | None = None
    budgets: tuple[Budget, ...] = ()
