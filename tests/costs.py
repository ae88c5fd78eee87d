"""What each test file costs: the CPU time of its tests and of the processes that ended in them, beside the clock.

Other work on the machine lengthens what the clock says far more than the CPU time. `--costs` prints the dearest files.
"""

import os
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from tests import forkserver

SPENT = pytest.StashKey[tuple[float, float]]()
COST = "cost"
"""The property of a test's report that holds seconds of CPU and seconds on the clock."""


def spent() -> tuple[float, float]:
    """Seconds of CPU so far, of this process and of its children that have ended, and seconds on the clock."""
    times = os.times()
    return sum(times[:4]) + forkserver.spent(), time.monotonic()


def dearest(costs: Mapping[str, tuple[float, float]], count: int) -> Iterator[str]:
    """A line for all of them, and one for each of the dearest by CPU time."""
    for name, (cpu, clock) in [
        ("all files", total(costs)),
        *sorted(costs.items(), key=lambda item: -item[1][0])[:count],
    ]:
        yield f"{cpu:8.1f} s of CPU {clock:8.1f} s  {name}"


def total(costs: Mapping[str, tuple[float, float]]) -> tuple[float, float]:
    """The costs of all files together."""
    return sum(cpu for cpu, _ in costs.values()), sum(clock for _, clock in costs.values())


# --- the plugin --------------------------------------------------------------------------------------------------


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> Iterator[None]:
    """Note what had been spent before a test, its fixtures and those of its module."""
    item.stash[SPENT] = spent()
    yield


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> Iterator[None]:
    """Let the last report of a test say what it cost."""
    try:
        yield
    finally:
        before, after = item.stash[SPENT], spent()
        item.user_properties.append((COST, (after[0] - before[0], after[1] - before[1])))


class Costs:
    """Adds up the reports, of whichever process they are, and ends with the dearest files."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._costs: dict[str, tuple[float, float]] = defaultdict(lambda: (0.0, 0.0))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Add one test's cost to that of its file."""
        properties: dict[str, Any] = dict(report.user_properties)  # Any: pytest lets them be anything
        if COST in properties:
            (cpu, clock), before = properties[COST], self._costs[report.fspath]
            self._costs[report.fspath] = before[0] + cpu, before[1] + clock

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print the lines."""
        terminalreporter.section("what the tests cost")
        for line in dearest(self._costs, self._count):
            terminalreporter.write_line(line)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Take `--costs`."""
    parser.addoption("--costs", type=int, metavar="COUNT", help="end with the files that cost the most CPU time")


def pytest_configure(config: pytest.Config) -> None:
    """Count where somebody wants to know, in the process that reports."""
    if (count := config.getoption("--costs")) is not None and not hasattr(config, "workerinput"):
        config.pluginmanager.register(Costs(count))
