"""The report of a run: a table for the terminal, the same in Markdown for `docs/benchmarks.md`."""

import platform
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from benchmarks.answers import WORDS
from benchmarks.contestants import BARE, DIRECT, PASSENGER, Contestant
from benchmarks.measured import Measured
from benchmarks.workloads import LINES, Bar, Line

Part = Literal["results", "peers"]
BEGIN: Mapping[Part, str] = {
    "results": "<!-- results: written by `python -m benchmarks --write` -->",
    "peers": "<!-- peers: written by `python -m benchmarks --peers --write` -->",
}

Row = Sequence[str]


def rows(measured: Measured, contestants: Sequence[Contestant]) -> list[Row]:
    """The table of ours with its verdicts, its head first."""
    names = [contestant.name for contestant in contestants]
    head = ["workload", "unit", *names, "ratio to bare", "must", "should", "verdict"]
    return [head, *(_row(measured, line, names) for line in LINES if _found(measured, line, names))]


def _row(measured: Measured, line: Line, names: Sequence[str]) -> Row:
    found = {name: value(measured, line, name) for name in names}
    ours, bare = found.get(PASSENGER.name), found.get(BARE.name)
    ratio = ours / bare if ours is not None and bare else None
    return [
        line.title,
        line.unit,
        *(as_number(found[name]) for name in names),
        "-" if ratio is None else f"{ratio:.2f}",
        *_bars(line.bar),
        "-" if line.bar is None or ours is None else verdict(line.bar, ours, ratio),
    ]


def peer_rows(measured: Measured, contestants: Sequence[Contestant]) -> list[Row]:
    """The table of everybody: figures, and in brackets how many times Passenger's each is."""
    names = [contestant.name for contestant in contestants]
    lines = [line for line in LINES if _found(measured, line, names)]
    return [["workload", "unit", *names], *([line.title, line.unit, *_times(measured, line, names)] for line in lines)]


def _times(measured: Measured, line: Line, names: Sequence[str]) -> list[str]:
    ours = value(measured, line, PASSENGER.name)
    return [as_number(found) + _ratio(found, ours, name) for name in names for found in [value(measured, line, name)]]


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


def verdict(bar: Bar, ours: float, ratio: float | None) -> str:
    """Which bar is reached: as it is written, or as its ratio to the bare relay, for machines of another speed."""
    for name, limit in (("should", bar.should), ("must", bar.must)):
        if ours <= limit or (ratio is not None and bar.bare and ratio <= limit / bar.bare):
            return name
    return "MISSED"


def _bars(bar: Bar | None) -> tuple[str, str]:
    if bar is None:
        return "-", "-"
    ratios = [f" (x{limit / bar.bare:.2f})" if bar.bare else "" for limit in (bar.must, bar.should)]
    return f"<= {bar.must:g}{ratios[0]}", f"<= {bar.should:g}{ratios[1]}"


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
