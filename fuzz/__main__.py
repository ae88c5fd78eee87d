"""`python -m fuzz`: fuzz the targets one after the other, and print what each did."""

import argparse
import sys
from time import monotonic

from fuzz.running import Bounds, Outcome, run
from fuzz.targets import names

_HEAD = ("target", "executions", "seconds", "exec/s", "CPU s", "exec/CPU s", "corpus", "crashes")


def main() -> int:
    """Fuzz; exit code 1 where a target has crashed or could not be run."""
    options = _options()
    outcomes = []
    for name in options.targets or names():
        outcomes.append(run(name, Bounds(options.runs, options.minutes), monotonic))
        _tell(outcomes[-1])
    print("", _row(_HEAD), *(_row(_cells(outcome)) for outcome in outcomes), sep="\n")
    return int(any(outcome.crashes or not outcome.executions for outcome in outcomes))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m fuzz", description=__doc__)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"{', '.join(names())}; all without one")
    parser.add_argument("--runs", type=int, default=0, metavar="N", help="executions of each target at most")
    parser.add_argument("--minutes", type=float, default=0, metavar="M", help="minutes for each target at most")
    options = parser.parse_args()
    if unknown := set(options.targets) - set(names()):
        parser.error(f"no target: {', '.join(sorted(unknown))}")
    if not (options.runs or options.minutes):
        options.minutes = 1.0
    return options


def _tell(outcome: Outcome) -> None:
    """A line at once; the log of what has gone wrong."""
    print(f"fuzz: {outcome.target}: {outcome.executions:,} executions", file=sys.stderr)
    if outcome.crashes or not outcome.executions:
        print(outcome.said[-6000:], *(f"kept: {path}" for path in outcome.crashes), sep="\n", file=sys.stderr)


def _cells(outcome: Outcome) -> tuple[str, ...]:
    rates = [outcome.executions / max(spent, 1e-9) for spent in (outcome.seconds, outcome.cpu)]
    figures = (outcome.executions, outcome.seconds, rates[0], outcome.cpu, rates[1], outcome.corpus)
    return (outcome.target, *(f"{figure:,.0f}" for figure in figures), str(len(outcome.crashes)))


def _row(cells: tuple[str, ...]) -> str:
    return f"{cells[0]:<18}" + "".join(f"{cell:>12}" for cell in cells[1:])


if __name__ == "__main__":
    sys.exit(main())
