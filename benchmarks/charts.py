"""Bars as SVG for the page of results, by hand: a chart is some rectangles and some words."""

import math
from collections.abc import Sequence
from pathlib import Path
from xml.sax.saxutils import escape

from benchmarks.contestants import DIRECT, PASSENGER, Contestant
from benchmarks.measured import Measured
from benchmarks.report import value
from benchmarks.workloads import LINES, Line

Bars = Sequence[tuple[str, float]]

CHARTS = {
    "request": ("whole cpu", "CPU time of a 1 KB request, us"),
    "event": ("ping-pong cpu", "CPU time of a streamed event, 200 streams, us"),
    "agent": ("agent stream cpu", "CPU time of a 110 KB agent request and its 200 events, us"),
    "memory": ("idle", "Memory when idle, MB"),
}
"""The charts by file name: what is drawn, and what it is called."""

WIDTH, LABELS, BAR, GAP, TOP = 720, 170, 20, 8, 40
"""Pixels: of the whole chart, of the names, of a bar, between two, and above the first."""


def charts(measured: Measured, contestants: Sequence[Contestant]) -> dict[str, str]:
    """Every chart that there are figures for, by file name."""
    lines = {line.source: line for line in reversed(LINES)}
    drawn = {name: (title, bars_of(measured, contestants, lines[source])) for name, (source, title) in CHARTS.items()}
    return {f"{name}.svg": svg(title, bars) for name, (title, bars) in drawn.items() if bars}


def bars_of(measured: Measured, contestants: Sequence[Contestant], line: Line) -> Bars:
    """The figures of a line, the upstream itself left out."""
    names = [contestant.name for contestant in contestants if contestant.name != DIRECT.name]
    found = [(name, value(measured, line, name)) for name in names]
    return [(name, figure) for name, figure in found if figure is not None and figure > 0]


def svg(title: str, bars: Bars) -> str:
    """Bars below each other, on a logarithmic scale from the decade below the least: peers are far apart."""
    low = 10 ** math.floor(math.log10(min(figure for _, figure in bars)))
    decades = max(1.0, math.log10(max(figure for _, figure in bars) / low))
    room = WIDTH - LABELS - 90
    drawn = [
        _bar(number, name, figure, room * (0.06 + 0.94 * math.log10(figure / low) / decades))
        for number, (name, figure) in enumerate(bars)
    ]
    height = TOP + len(bars) * (BAR + GAP) + GAP
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}"'
    return "\n".join(
        [
            f'{head} font-family="sans-serif" font-size="13">',
            f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>',
            f'<text x="10" y="24" font-weight="bold">{escape(title)} (logarithmic; less is better)</text>',
            *drawn,
            "</svg>\n",
        ]
    )


def _bar(number: int, name: str, figure: float, width: float) -> str:
    top = TOP + number * (BAR + GAP)
    colour = "#1f6feb" if name == PASSENGER.name else "#8c959f"
    shown = f"{figure:,.0f}" if figure >= 100 else f"{figure:.1f}"
    text = top + 15
    return (
        f'<text x="{LABELS - 8}" y="{text}" text-anchor="end">{escape(name)}</text>'
        f'<rect x="{LABELS}" y="{top}" width="{width:.0f}" height="{BAR}" fill="{colour}"/>'
        f'<text x="{LABELS + width + 6:.0f}" y="{text}">{shown}</text>'
    )


def write(directory: Path, drawn: dict[str, str]) -> None:
    """Put charts where the page looks for them."""
    directory.mkdir(exist_ok=True)
    for name, text in drawn.items():
        (directory / name).write_text(text)
