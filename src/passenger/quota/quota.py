"""One counter of the seat's quota."""

from collections.abc import Iterable
from typing import Literal

from msgspec import Struct

QuotaUnit = Literal["credits", "premium_requests", "requests"]
"""What a counter counts: AI credits, premium requests, or requests of any other kind."""

QuotaSource = Literal["github", "headers"]
"""Who told of a counter: GitHub's answer about the seat, or the headers of an answer of a model."""


class Quota(Struct, frozen=True):
    """One of the seat's counters, as GitHub keeps it; what it does not tell is None."""

    id: str
    """`premium_interactions`, `chat` or `completions`."""
    unlimited: bool = False
    entitlement: float | None = None
    remaining: float | None = None
    """Negative if more was used than the plan includes."""
    percent_remaining: float | None = None
    overage_permitted: bool = False
    """Whether more may be used, and is billed."""
    unit: QuotaUnit | None = None
    used: float | None = None
    resets_at: float | None = None
    """Unix seconds."""

    @property
    def in_credits(self) -> bool:
        """Whether it counts AI credits, and not requests."""
        return self.unit == "credits"

    @property
    def percent_used(self) -> float | None:
        """How much of it is used; None without a limit, or where that is unknown."""
        if self.unlimited or self.entitlement is None or self.entitlement <= 0:
            return None
        if self.percent_remaining is not None:
            return 100 - self.percent_remaining
        return None if self.remaining is None else 100 - 100 * self.remaining / self.entitlement


def main_quota(quotas: Iterable[Quota], *, is_free: bool = False) -> Quota | None:
    """The counter that chats are counted by: the premium one, or `chat` where the plan is free or has no premium one.

    A counter of nothing (an entitlement of 0) is none; so is one without a limit, on the free plan.
    """
    order = ("chat", "premium_interactions") if is_free else ("premium_interactions", "chat")
    named = {quota.id: quota for quota in quotas}
    found = [named[name] for name in order if name in named]
    counting = (one for one in found if (one.entitlement and not one.unlimited) or (one.unlimited and not is_free))
    return next(counting, found[0] if found else None)


LARGEST = 1e15
"""More than any seat has of anything."""


def read_number(value: object) -> float | None:
    """A number of a sensible size; None for anything else."""
    is_one = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_one and abs(value) < LARGEST else None  # type: ignore[arg-type]  # it is one


def used_of(entitlement: float | None, remaining: float | None) -> float | None:
    """What is used, by what there is and what is left; None where one of them is unknown."""
    return None if entitlement is None or remaining is None else max(0.0, entitlement - remaining)
