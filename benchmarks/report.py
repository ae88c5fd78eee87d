"""The report of a run: a table for the terminal, the same in Markdown for `docs/benchmarks.md`."""

import platform
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.arena import Measured
from benchmarks.contestants import BARE, PASSENGER, Contestant
from benchmarks.workloads import LINES, Bar, Line

BEGIN = "<!-- results: written by `python -m benchmarks --write` -->"
END = "<!-- end of the results -->"

Row = Sequence[str]


def rows(measured: Measured, contestants: Sequence[Contestant]) -> list[Row]:
    """The table, its head first."""
    names = [contestant.name for contestant in contestants]
    head = ["workload", "unit", *names, "ratio to bare", "must", "should", "verdict"]
    return [head, *(_row(measured, line, names) for line in LINES), _latency(measured, names)]


def _row(measured: Measured, line: Line, names: Sequence[str]) -> Row:
    found = {name: value(measured, line, name) for name in names}
    ours, bare = found.get(PASSENGER.name), found.get(BARE.name)
    ratio = ours / bare if ours is not None and bare else None
    return [
        line.title,
        line.unit,
        *(_number(found[name]) for name in names),
        "-" if ratio is None else f"{ratio:.2f}",
        *_bars(line.bar),
        "-" if line.bar is None or ours is None else verdict(line.bar, ours, ratio),
    ]


def value(measured: Measured, line: Line, name: str) -> float | None:
    """The figure of one line for one contestant."""
    source = f"{line.source} p50" if line.figure == "p50" else line.source
    median = measured.median(name, source)
    return None if median is None else median / line.per


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


def _latency(measured: Measured, names: Sequence[str]) -> Row:
    """What each adds to a direct call, in the median."""
    line = next(line for line in LINES if line.figure == "p50")
    found = [value(measured, line, name) for name in names]
    added = [None if p50 is None or found[0] is None else p50 - found[0] for p50 in found]
    return ["(a) one by one: added to a direct call", "us", *map(_number, added), "-", "-", "-", "-"]


def _number(number: float | None) -> str:
    if number is None:
        return "-"
    return f"{number:,.0f}" if abs(number) >= 100 else f"{number:.1f}"


def notes(measured: Measured) -> list[str]:
    """What a reader must know of this run."""
    busiest = max(measured.upstream, default=0.0)
    machine = f"{platform.system()} {platform.machine()}, Python {platform.python_version()}"
    return [
        f"Machine: {_cpu_model()}, {machine}; {datetime.now(UTC):%Y-%m-%d}.",
        f"The hypervisor gave {measured.stolen:.0%} of the time to others: above a few percent, measure again.",
        f"The upstream took at most {busiest:.0%} of a core in any job; `direct` is its own cost.",
    ]


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


def rewritten(page: str, results: str) -> str:
    """The page with new results between its two markers.

    Raises:
        ValueError: it has no such markers.
    """
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError("the page has no markers for the results")
    return f"{before}{BEGIN}\n\n{results}\n\n{END}{after}"
