"""What a run has seen: samples by contestant and source, and their medians."""

import statistics
from collections import defaultdict
from dataclasses import dataclass, field

from benchmarks.load import Result


@dataclass(slots=True)
class Measured:
    """All samples of a run, by contestant and source; `upstream` is the part of a core that the upstream took,
    `stolen` the part of the machine that its hypervisor gave to others, `load` the load average of the minute before,
    `failed` what a contestant could not do, and
    what it said, `lost` how many words of a stream it has lost at most, where that does not count as a failure."""

    samples: dict[tuple[str, str], list[float]] = field(default_factory=lambda: defaultdict(list))
    upstream: list[float] = field(default_factory=list)
    failed: dict[tuple[str, str], str] = field(default_factory=dict)
    lost: dict[str, int] = field(default_factory=dict)
    stolen: float = 0.0
    load: float = 0.0
    rounds: int = 0

    def add(self, name: str, source: str, *values: float) -> None:
        """Keep some samples."""
        self.samples[name, source] += values

    def add_result(self, name: str, source: str, result: Result) -> None:
        """Keep what a job has cost."""
        self.add(name, f"{source} cpu", *result.cpu_us)
        self.add(name, f"{source} rate", *result.rate)
        if result.lost:
            self.lost[name] = max(result.lost, self.lost.get(name, 0))
        if result.kept is not None:
            self.add(name, f"{source} kept", result.kept * 100)
        for kind, times in (("whole", result.whole), ("first", result.first), ("delay", result.delay)):
            if times is not None:
                self.add(name, f"{source} {kind} p50", times.p50)
                self.add(name, f"{source} {kind} p99", times.p99)

    def median(self, name: str, source: str) -> float | None:
        """The median of what was measured, None where nothing was."""
        found = self.samples.get((name, source))
        return statistics.median(found) if found else None
