"""What will have been spent by the end of a period, by the days before it. Pure: days, amounts and chance are given.

A day to come is expected to cost the mean of its weekday in the last four weeks; with less than a week known, the mean
of all days. The band is from 200 draws, in each of which every day differs from what is expected by as much as some
day has differed before (https://en.wikipedia.org/wiki/Bootstrapping_(statistics)#Resampling_residuals).
"""

from collections.abc import Sequence
from random import Random
from statistics import fmean
from typing import NamedTuple

from msgspec import Struct

WINDOW = 28
"""Days that are looked at."""

WEEK = 7

DRAWS = 200
_TAIL = DRAWS // 10
"""Draws that are left out at each end: the band holds eight of ten."""


class DailyCosts(NamedTuple):
    """What the last days have cost, in one unit."""

    history: Sequence[int]
    """The whole days before today, the oldest first."""
    today: int
    """Today, as days are counted."""
    spent_today: int


class Forecast(Struct, frozen=True):
    """Amounts at the end of a period, in the unit of what was given."""

    expected: int
    low: int
    high: int
    """It will be between these with a probability of 80 %, if days go on as they did."""
    days_known: int
    """Whole days that it is made of."""


def forecast(costs: DailyCosts, spent: int, until: int, random: Random) -> Forecast | None:
    """The forecast for a period whose last day is `until`; None as long as no whole day is known.

    `spent` is what the period has cost so far, today's part included.
    """
    if not costs.history:
        return None
    usual, residuals = _usual(costs, until), _residuals(costs)
    expected = spent + sum(_rest(usual, costs.spent_today))
    draws = (_vary(usual, random.choices(residuals, k=len(usual))) for _ in range(DRAWS))
    ends = sorted(spent + sum(_rest(days, costs.spent_today)) for days in draws)
    low, high = min(ends[_TAIL], expected), max(ends[-_TAIL - 1], expected)
    return Forecast(round(expected), round(low), round(high), min(len(costs.history), WINDOW))


def runs_out_on(left: float, costs: DailyCosts, until: int) -> int | None:
    """The day, `until` at the latest, on which what is left will be used up; None if it will do."""
    if left <= 0:
        return costs.today
    if costs.history:
        for day, amount in enumerate(_rest(_usual(costs, until), costs.spent_today), costs.today):
            left -= amount
            if left <= 0:
                return day
    return None


def _rest(days: Sequence[float], spent_today: int) -> list[float]:
    """What is still to be spent, if the days from today on cost so much in all."""
    return [max(0, days[0] - spent_today), *days[1:]] if days else []


def _usual(costs: DailyCosts, until: int) -> list[int]:
    """What the days from today to the last usually cost, in whole numbers, of which sums are exact."""
    return [round(fmean(_alike(costs, day))) for day in range(costs.today, until + 1)]


def _alike(costs: DailyCosts, day: int, at_least: int = 1) -> Sequence[int]:
    """The days that tell what one will cost: those of its weekday, or all, as long as not so many are known."""
    known = costs.history[-WINDOW:]
    first = costs.today - len(known)
    same = known[(day - first) % WEEK :: WEEK]
    return known if len(known) < WEEK or len(same) < at_least else same


def _residuals(costs: DailyCosts) -> list[float]:
    """How much each day differed from those that are like it.

    A mean is nearer to the days that it is made of than to others, which is made good by a factor.
    """
    known = costs.history[-WINDOW:]
    found = list[float]()
    for day, amount in enumerate(known, costs.today - len(known)):
        alike = _alike(costs, day, 2)
        count = len(alike)
        found.append((amount - fmean(alike)) * (count / (count - 1)) ** 0.5 if count > 1 else 0.0)
    return found


def _vary(usual: Sequence[float], by: Sequence[float]) -> list[float]:
    """Days that differ from the usual ones; none costs less than nothing."""
    return [max(0.0, mean + chance) for mean, chance in zip(usual, by, strict=True)]
