"""The report of a run: a table for the terminal, the same in Markdown for `docs/clients.md`, and what has failed."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from clients.turn import Dialect, Turn
from clients.verdict import passed

BEGIN = "<!-- results: written by `make clients` with --write -->"
END = "<!-- end of the results -->"
HEAD = ("program", "version", "speaks", "model", "Copilot's API", "what was done", "result", "date", "commit")
PLACE = re.compile(r"(?:https?://|(?<![\w.~])/(?=[\w.-]+/))\S+")
BAR = re.compile(r"(?<!\\)\|")
LONGEST = 100
"""How much of a result a cell shows, in characters."""

Row = tuple[str, ...]
"""The cells of a line of the page's table, as Markdown."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """What became of one turn."""

    program: str
    version: str
    dialect: Dialect
    model: str
    reached: Sequence[str]
    told: str
    result: str
    day: date
    commit: str

    @property
    def cells(self) -> Row:
        """The line as the table's cells."""
        reached = ", ".join(dict.fromkeys(self.reached)) or "-"
        result = " ".join(self.result.split())
        shown = result if len(result) <= LONGEST else result[:LONGEST] + "…"
        done = (self.told, shown, f"{self.day:%Y-%m-%d}", self.commit)
        return (self.program, self.version, self.dialect, self.model, reached, *done)

    @property
    def row(self) -> Row:
        """The cells as a page shows them: without addresses and places on this machine."""
        cells = zip(HEAD, self.cells, strict=True)
        return tuple(_harmless(cell) if name == "result" else cell for name, cell in cells)


def _harmless(cell: str) -> str:
    return PLACE.sub("…", cell).replace("|", "\\|").replace("`", "'")


def as_text(lines: Sequence[Line]) -> str:
    """Columns aligned with spaces."""
    table = [HEAD, *(line.cells for line in lines)]
    widths = [max(len(row[column]) for row in table) for column in range(len(HEAD))]
    rows = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in table)
    return "\n".join(row.rstrip() for row in rows)


def failures(lines: Sequence[Line]) -> list[str]:
    """A sentence for each line that has not passed, with the whole of its result."""
    return [
        f"{line.program}, {line.dialect}, {line.model}, {line.told}: {line.result}"
        for line in lines
        if not passed(line.result)
    ]


def as_markdown(rows: Sequence[Row]) -> str:
    """A table for a Markdown page."""
    return "\n".join("| " + " | ".join(row) + " |" for row in (HEAD, ("---",) * len(HEAD), *rows))


def rows_of(page: str) -> list[Row]:
    """The rows that stand between the page's markers.

    Raises:
        ValueError: it has no such markers.
    """
    lines = [line for line in _parts(page)[1].splitlines() if line.startswith("| ")]
    return [tuple(cell.strip() for cell in BAR.split(line)[1:-1]) for line in lines[2:]]


def merged(old: Sequence[Row], new: Sequence[Row], turns: Sequence[Turn]) -> list[Row]:
    """The old rows with each new one in the place of its like, in the order of the turns.

    Rows of what no turn does any more are left out.
    """
    ways: list[Row] = [(turn.program.title, turn.dialect, turn.told) for turn in turns]
    models = {way: list(turn.models) for way, turn in zip(ways, turns, strict=True)}
    kept = {(_way(row), row[3]): row for row in (*old, *new) if _way(row) in ways}

    def place(row: Row) -> tuple[int, int]:
        known = models[_way(row)]
        return ways.index(_way(row)), known.index(row[3]) if row[3] in known else len(known)

    return sorted(kept.values(), key=place)


def _way(row: Row) -> Row:
    """What makes a row another than its neighbours, but for the model."""
    return row[0], row[2], row[5]


def rewritten(page: str, results: str) -> str:
    """The page with new results between its two markers.

    Raises:
        ValueError: it has no such markers.
    """
    before, _, after = _parts(page)
    return f"{before}{BEGIN}\n\n{results}\n\n{END}{after}"


def _parts(page: str) -> tuple[str, str, str]:
    before, begin, rest = page.partition(BEGIN)
    results, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError("the page has no markers for the results")
    return before, results, after
