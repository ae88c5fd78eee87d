"""The bars that Passenger sets itself, and which of them a run has met.

A microsecond is another on each machine, so a bar of CPU time is how many times what others cost in the same run.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

NGINX, RS, BUN, BARE = "nginx", "passenger-rs", "copilot-api (Bun)", "bare"
"""Beside whom Passenger is held."""

Met = Literal["should", "must", "MISSED", "-"]
"""The highest bar that is met; `-` where there was nothing to compare with."""


@dataclass(frozen=True, slots=True)
class Limit:
    """At most so many times what each of these costs in the same run, each of them; else at most a figure.

    `figure` beside `times` is what the bar was on the machine on which it was set, and is told, not judged.
    """

    figure: float | None = None
    times: Mapping[str, float] = field(default_factory=dict)

    def __str__(self) -> str:
        figure = () if self.figure is None else (f"{self.figure:g}{' there' if self.times else ''}",)
        return ", ".join([*(f"x{times:g} {name}" for name, times in self.times.items()), *figure])

    def exceeded(self, ours: float, theirs: Mapping[str, float]) -> list[str] | None:
        """What is more than it may be; None where nothing can be judged."""
        if not self.times:
            return None if self.figure is None else [f"{ours:.3g}, at most {self.figure:g}"] * (ours > self.figure)
        found = {name: ours / theirs[name] for name in self.times if theirs.get(name)}
        if not found:
            return None
        return [
            f"{times:.2f} times {name}, at most {self.times[name]:g}"
            for name, times in found.items()
            if times > self.times[name]
        ]


@dataclass(frozen=True, slots=True)
class Bar:
    """What Passenger must reach, and what it should; `beside` is the source that others are compared by, if another."""

    must: Limit
    should: Limit | None = None
    beside: str = ""
    per: float = 1.0
    """Into how many units that source is divided."""

    def names(self) -> Sequence[str]:
        """Beside whom this is judged."""
        limits = (self.must, *((self.should,) if self.should else ()))
        return [*dict.fromkeys(name for limit in limits for name in limit.times)]


def verdict(bar: Bar, ours: float, theirs: Mapping[str, float]) -> Met:
    """The highest of the two that is met; whoever misses `must` cannot meet `should`."""
    must = bar.must.exceeded(ours, theirs)
    if must is None:
        return "-"
    if must:
        return "MISSED"
    should = bar.should.exceeded(ours, theirs) if bar.should else None
    return "must" if should is None or should else "should"


def missed(bar: Bar, ours: float, theirs: Mapping[str, float]) -> str:
    """What is more than it may be, by the lowest limit that is not met; empty where both are, or nothing is judged."""
    for word, limit in (("must", bar.must), ("should", bar.should)):
        if limit is not None and (texts := limit.exceeded(ours, theirs)):
            return f"{word}: {'; '.join(texts)}"
    return ""
