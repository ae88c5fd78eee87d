"""The generic cell rate algorithm: a limit a minute from one number, which is when what was taken is paid back.

A whole minute's allowance may be taken at once; it comes back evenly. A cost that is known only afterwards is corrected
then, so the moment may lie further away than a minute. Times are seconds of a clock that never goes back.
https://en.wikipedia.org/wiki/Generic_cell_rate_algorithm
"""

from typing import NamedTuple

WINDOW = 60.0
"""Seconds for which a limit is told."""

_EXACT = 1e-6
"""Seconds by which rounding may be wrong."""


class Standing(NamedTuple):
    """Where a limit stands: how much may be taken now, and the seconds until all of it may."""

    limit: int
    remaining: int
    reset: float


class Standings(NamedTuple):
    """Where the tightest limits stand, of requests and of tokens; None where there is none."""

    requests: Standing | None = None
    tokens: Standing | None = None


def take(paid: float, limit: int, cost: int, now: float) -> tuple[float, float]:
    """Take from a limit a minute: the moment when it is paid back, and 0, or the seconds until it can be taken.

    A cost above the limit counts as the whole limit, or it could never be taken.
    """
    after = max(paid, now) + min(cost, limit) * WINDOW / limit
    wait = after - now - WINDOW
    return (paid, wait) if wait > _EXACT else (after, 0.0)


def correct(paid: float, limit: int, cost: int, actual: int) -> float:
    """The moment when it is paid back, once what was taken for `cost` has cost `actual`."""
    return paid + (actual - min(cost, limit)) * WINDOW / limit


def standing(paid: float, limit: int, now: float) -> Standing:
    """Where the limit stands."""
    left = max(0.0, paid - now)
    remaining = int((WINDOW - left + _EXACT) * limit / WINDOW)
    return Standing(limit, max(0, min(limit, remaining)), left)
