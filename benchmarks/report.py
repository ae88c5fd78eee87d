"""The report of a run: a table for the terminal, the same in Markdown for `docs/benchmarks.md`."""

import platform
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from benchmarks.answers import WORDS
from benchmarks.bars import BARE, NGINX, Bar, missed, verdict
from benchmarks.contestants import DIRECT, PASSENGER, Contestant
from benchmarks.measured import Measured
from benchmarks.workloads import COUNT, LINES, Line

PAGE = Path(__file__).parent.parent / "docs" / "benchmarks.md"

Part = Literal["bars", "results", "peers", "first minute"]
BEGIN: Mapping[Part, str] = {
    "bars": "<!-- bars: written by `python -m benchmarks --write` -->",
    "results": "<!-- results: written by `python -m benchmarks --write` -->",
    "peers": "<!-- peers: written by `python -m benchmarks --peers --write` -->",
    "first minute": "<!-- first minute: written by `python -m benchmarks.first_minute --write` -->",
}

Row = Sequence[str]

THERE = 16.0
BARE_THERE = 6.0
"""On the machine on which the bars were set: microseconds that (a) took through nginx, and how many times that bare."""


def bar_rows(measured: Measured) -> list[Row]:
    """The table of what has a bar: how many times what others cost Passenger does, what was wanted, what was met."""
    head = ["workload", "unit", PASSENGER.name, "times what others cost", "must: at most", "should", "met"]
    return [head, *(_bar_row(*judged) for judged in _judged(measured))]


def _judged(measured: Measured) -> Iterator[tuple[Line, Bar, float, Mapping[str, float]]]:
    """Each line that has a bar and was measured: what it cost, and what it cost those whom the bar names."""
    for line in LINES:
        ours = value(measured, line, PASSENGER.name)
        if line.bar is not None and ours is not None:
            yield line, line.bar, ours, _theirs(measured, line, line.bar)


def _theirs(measured: Measured, line: Line, bar: Bar) -> dict[str, float]:
    source, per = (bar.beside, bar.per) if bar.beside else (line.source, line.per)
    found = {name: measured.median(name, source) for name in bar.names()}
    return {name: figure / per for name, figure in found.items() if figure}


def _bar_row(line: Line, bar: Bar, ours: float, theirs: Mapping[str, float]) -> Row:
    times = ", ".join(f"x{ours / figure:.2f} {name}" for name, figure in theirs.items()) or "-"
    should = "-" if bar.should is None else str(bar.should)
    return [line.title, line.unit, _shown(line, ours), times, str(bar.must), should, verdict(bar, ours, theirs)]


def misses(measured: Measured) -> list[str]:
    """Each bar that is missed, and how far this machine is from the one on which they were set."""
    found = [
        f"* {line.title}: {text}."
        for line, bar, ours, theirs in _judged(measured)
        if (text := missed(bar, ours, theirs))
    ]
    return [*(["Missed:", "\n".join(found)] if found else ["Nothing is missed."]), *_slower(measured)]


def _slower(measured: Measured) -> list[str]:
    """How far this machine is from the one on which the bars were set, for C and for Python."""
    here, bare = measured.median(NGINX, "whole cpu"), measured.median(BARE, "whole cpu")
    if not here:
        return ["Without nginx in the same run, bars of CPU time are not judged."]
    times = f"{here / THERE:.1f} times the {THERE:.0f} us of the machine on which the bars were set"
    said = [f"A request of (a) costs nginx {here:.0f} us here, {times}: compare ratios, not microseconds."]
    if bare:
        said.append(
            f"The bare relay, which does not change, costs {bare / here:.1f} times what nginx does here, and"
            f" {BARE_THERE:.1f} times there: a machine that is slow or busy can cost Python more than C, and so"
            " Passenger's ratios."
        )
    return said


def rows(measured: Measured, contestants: Sequence[Contestant]) -> list[Row]:
    """The table of figures alone, its head first."""
    names = [contestant.name for contestant in contestants]
    lines = [line for line in LINES if _found(measured, line, names)]
    return [
        ["workload", "unit", *names],
        *([line.title, line.unit, *_figures(measured, line, names)] for line in lines),
    ]


def _figures(measured: Measured, line: Line, names: Sequence[str]) -> list[str]:
    return [_shown(line, value(measured, line, name)) for name in names]


def _shown(line: Line, figure: float | None) -> str:
    return f"{figure:.0f}" if line.unit == COUNT and figure is not None else as_number(figure)


def peer_rows(measured: Measured, contestants: Sequence[Contestant]) -> list[Row]:
    """The table of everybody: figures, and in brackets how many times Passenger's each is."""
    names = [contestant.name for contestant in contestants]
    lines = [line for line in LINES if _found(measured, line, names)]
    return [["workload", "unit", *names], *([line.title, line.unit, *_times(measured, line, names)] for line in lines)]


def _times(measured: Measured, line: Line, names: Sequence[str]) -> list[str]:
    ours = value(measured, line, PASSENGER.name)
    return [
        _shown(line, found) + _ratio(found, ours, name) for name in names for found in [value(measured, line, name)]
    ]


def _ratio(found: float | None, ours: float | None, name: str) -> str:
    if found is None or not ours or ours < 0 or found < 0 or name in {PASSENGER.name, DIRECT.name}:
        return ""
    return f" (x{found / ours:.2g})" if found / ours < 100 else f" (x{found / ours:,.0f})"


def _found(measured: Measured, line: Line, names: Sequence[str]) -> bool:
    return any(measured.median(name, line.source) is not None for name in names)


def value(measured: Measured, line: Line, name: str) -> float | None:
    """The figure of one line for one contestant; of the direct call itself where a line says what others add to it."""
    found, direct = measured.median(name, line.source), measured.median(DIRECT.name, line.source)
    if found is not None and line.added and name != DIRECT.name:
        found = None if direct is None else found - direct
    return None if found is None else found / line.per


def as_number(number: float | None) -> str:
    """A figure with three digits or so."""
    if number is None:
        return "-"
    return f"{number:,.0f}" if abs(number) >= 100 else f"{number:.1f}"


def notes(measured: Measured, contestants: Sequence[Contestant]) -> list[str]:
    """What a reader must know of this run."""
    names = {contestant.name for contestant in contestants}
    busiest = max(measured.upstream, default=0.0)
    machine = f"{platform.system()} {platform.machine()}, Python {platform.python_version()}"
    return [
        f"Machine: {_cpu_model()}, {machine}; {datetime.now(UTC):%Y-%m-%d}; rounds: {measured.rounds}.",
        f"Other machines on the same host took {measured.stolen:.0%} of the time; above a few percent, measure again.",
        f"The load was {measured.load:.1f} in the minute before; above 1, measure again.",
        f"The upstream took at most {busiest:.0%} of a core in any job; `direct` is its own cost. {_lean(measured)}",
        *_versions(contestants),
        *(
            f"{name} lost up to {lost} of a stream's {WORDS} words at full speed."
            for name, lost in measured.lost.items()
            if name in names
        ),
        *(_failure(*key, said) for key, said in measured.failed.items() if key[0] in names),
    ]


def _lean(measured: Measured) -> str:
    """How far the upstream is from holding anybody up."""
    rates = {name: measured.median(name, "whole rate") for name, source in measured.samples if source == "whole rate"}
    direct, others = rates.pop(DIRECT.name, None), [rate for rate in rates.values() if rate]
    if not direct or not others:
        return ""
    return f"Asked directly it answers {direct / max(others):.1f} times as much of (a) as through the fastest of all."


def _versions(contestants: Sequence[Contestant]) -> list[str]:
    known = [f"{contestant.name} {contestant.version}" for contestant in contestants if contestant.version]
    return [f"Versions: {', '.join(known)}."] if known else []


def _failure(name: str, source: str, said: str) -> str:
    """What a contestant could not do, and the first line of why: those below are its own log."""
    line = said.removeprefix(f"{name}: ").partition("\n")[0]
    return f"{name} could not do `{source}`: {line[:160].replace('|', '/').replace('`', '')}"


def _cpu_model() -> str:
    text = Path("/proc/cpuinfo").read_text()
    names = re.findall(r"model name\s*: (.+)", text)
    return f"{len(names)} x {names[0]}" if names else "unknown CPU"


def as_text(table: Sequence[Row]) -> str:
    """Columns aligned with spaces."""
    widths = [max(len(row[column]) for row in table) for column in range(len(table[0]))]
    return "\n".join(_aligned(row, widths) for row in table)


def _aligned(row: Row, widths: Sequence[int]) -> str:
    return "  ".join(
        cell.ljust(w) if at < 2 else cell.rjust(w) for at, (cell, w) in enumerate(zip(row, widths, strict=True))
    )


def as_markdown(table: Sequence[Row]) -> str:
    """A table for a Markdown page."""
    head, *body = table
    rule = ["---" if at < 2 else "---:" for at in range(len(head))]
    return "\n".join("| " + " | ".join(row) + " |" for row in (head, rule, *body))


def rewritten(page: str, results: str, part: Part = "results") -> str:
    """The page with new results between the two markers of a part.

    Raises:
        ValueError: it has no such markers.
    """
    first, last = BEGIN[part], f"<!-- end of the {part} -->"
    before, begin, rest = page.partition(first)
    _, end, after = rest.partition(last)
    if not begin or not end:
        raise ValueError(f"the page has no markers for the {part}")
    return f"{before}{first}\n\n{results}\n\n{last}{after}"
