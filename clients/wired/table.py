"""The table of docs/clients.md that says which clients were launched and set up for real."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from clients.report import LONGEST, PLACE
from clients.verdict import passed

BEGIN = "<!-- wired: written by `make clients` with WRITE=1 -->"
END = "<!-- end of wired -->"
HEAD = ("client", "version", "`launch`", "`setup`, proof, again, `--undo`", "date", "commit")
NOTHING = "-"

Row = tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Line:
    """What became of one client."""

    client: str
    version: str
    launch: str
    setup: str
    day: date
    commit: str

    @property
    def row(self) -> Row:
        """Its cells, without addresses and places on this machine."""
        results = (_short(self.launch), _short(self.setup))
        return (self.client, self.version, *results, f"{self.day:%Y-%m-%d}", self.commit)

    @property
    def failures(self) -> Sequence[str]:
        """What is wrong, a sentence each."""
        both = (("launch", self.launch), ("setup", self.setup))
        return [f"{self.client}, {what}: {said}" for what, said in both if said != NOTHING and not passed(said)]


def _short(result: str) -> str:
    words = " ".join(result.split())
    shown = words if len(words) <= LONGEST else f"{words[:LONGEST]}…"
    return PLACE.sub("…", shown).replace("|", "\\|").replace("`", "'")


def as_markdown(rows: Sequence[Row]) -> str:
    """The table."""
    return "\n".join("| " + " | ".join(row) + " |" for row in (HEAD, ("---",) * len(HEAD), *rows))


def with_lines(page: str, lines: Sequence[Line], order: Sequence[str]) -> str:
    """The page with these lines in the place of their like; a page without the markers gets them at its end."""
    if BEGIN not in page:
        page = f"{page.rstrip()}\n\n## Launched and set up\n\n{BEGIN}\n{END}\n"
    before, _, rest = page.partition(BEGIN)
    old, _, after = rest.partition(END)
    rows = {row[0]: row for row in _rows(old)} | {line.client: line.row for line in lines}
    known = [rows[name] for name in order if name in rows]
    return f"{before}{BEGIN}\n\n{as_markdown(known)}\n\n{END}{after}"


def _rows(text: str) -> Sequence[Row]:
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    return [tuple(cell.strip() for cell in line.strip("|").split(" | ")) for line in lines[2:]]
