"""What a run has found: figures to be read, and what must hold and did not; hides how a list becomes a figure."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(slots=True)
class Report:
    """The figures of one driver, and its broken invariants; timings are figures and break nothing."""

    title: str
    figures: list[tuple[str, str]] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)

    def figure(self, name: str, value: object) -> None:
        """Add a line to the table."""
        shown = f"{value:,.1f}" if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else str(value)
        self.figures.append((name, shown))

    def times(self, name: str, seconds: Sequence[float]) -> None:
        """Add a line with the spread of some times."""
        self.figure(f"{name}, ms: p50 / p99 / max", spread(seconds))

    def must(self, holds: bool, what: str) -> None:  # noqa: FBT001, RUF100 - a condition, read as one
        """Note an invariant that is broken."""
        if not holds:
            self.broken.append(what)

    def __str__(self) -> str:
        width = max((len(name) for name, _ in self.figures), default=0)
        lines = [f"{name.ljust(width)}  {value}" for name, value in self.figures]
        return "\n".join([self.title, *lines, *(f"BROKEN: {what}" for what in self.broken)])


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest value that so many percent do not exceed; 0 of nothing."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)] if ordered else 0.0


def spread(seconds: Sequence[float]) -> str:
    """The median, the 99th percentile and the greatest of some times, in milliseconds."""
    return " / ".join(f"{percentile(seconds, percent) * 1e3:,.1f}" for percent in (50, 99, 100))


def slope(points: Sequence[tuple[float, float]]) -> float:
    """By how much y grows with each x, by least squares; 0 where there are not two points."""
    if len({x for x, _ in points}) < 2:
        return 0.0
    return statistics.linear_regression([x for x, _ in points], [y for _, y in points]).slope


def settled(points: Sequence[tuple[float, float]]) -> Sequence[tuple[float, float]]:
    """The second half, after the warm-up."""
    return points[len(points) // 2 :]
