"""The report of a run: a table for the terminal, the same in Markdown for `docs/clients.md`."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from clients.turn import Dialect

BEGIN = "<!-- results: written by `make clients` with --write -->"
END = "<!-- end of the results -->"
HEAD = ("program", "version", "speaks", "model", "Copilot's API", "what was done", "result", "date")
PLACE = re.compile(r"(?:https?://|(?<![\w.~])/(?=[\w.-]+/))\S+")
LONGEST = 100
"""How much of a result a cell shows, in characters."""


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

    @property
    def cells(self) -> tuple[str, ...]:
        """The line as the table's cells."""
        reached = ", ".join(dict.fromkeys(self.reached)) or "-"
        result = " ".join(self.result.split())
        shown = result if len(result) <= LONGEST else result[:LONGEST] + "…"
        return (self.program, self.version, self.dialect, self.model, reached, self.told, shown, f"{self.day:%Y-%m-%d}")


def as_text(lines: Sequence[Line]) -> str:
    """Columns aligned with spaces."""
    table = [HEAD, *(line.cells for line in lines)]
    widths = [max(len(row[column]) for row in table) for column in range(len(HEAD))]
    rows = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in table)
    return "\n".join(row.rstrip() for row in rows)


def as_markdown(lines: Sequence[Line]) -> str:
    """A table for a Markdown page, without addresses and places on this machine."""
    body = [
        [_harmless(cell) if name == "result" else cell for name, cell in zip(HEAD, line.cells, strict=True)]
        for line in lines
    ]
    return "\n".join("| " + " | ".join(row) + " |" for row in (HEAD, ["---"] * len(HEAD), *body))


def _harmless(cell: str) -> str:
    return PLACE.sub("…", cell).replace("|", "\\|").replace("`", "'")


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
