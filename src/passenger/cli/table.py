"""Rows on a terminal as a table that fits it, elsewhere as plain columns."""

import os
import sys
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TextIO

import click

from passenger.observe.redaction import one_line

ROOMY = 96
"""Columns of a terminal from which on there is more room between those of a table."""


@dataclass(frozen=True, slots=True)
class Column:
    """The title of a column, and whether it holds numbers."""

    title: str
    is_number: bool = False


Rows = Sequence[Sequence[str]]


def print_table(columns: Sequence[Column], rows: Rows) -> None:
    """Print the rows below their titles on stdout, with control characters written out."""
    rows = [tuple(map(one_line, row)) for row in rows]
    if is_terminal(sys.stdout, os.environ):
        _print_on_terminal(columns, rows)
    else:
        for line in plain(columns, rows):
            click.echo(line)


def is_terminal(stream: TextIO, environ: Mapping[str, str]) -> bool:
    """Whether a stream is a terminal that can do more than write lines."""
    return stream.isatty() and environ.get("TERM") != "dumb"


def plain(columns: Sequence[Column], rows: Rows) -> Iterator[str]:
    """The lines, with columns as wide as what is in them."""
    lines = [[column.title for column in columns], *rows]
    widths = [max(len(line[place]) for line in lines) for place in range(len(columns))]
    for line in lines:
        cells = (
            cell.rjust(width) if column.is_number else cell.ljust(width)
            for cell, width, column in zip(line, widths, columns, strict=True)
        )
        yield "  ".join(cells).rstrip()


def _print_on_terminal(columns: Sequence[Column], rows: Rows) -> None:
    from rich.console import Console  # noqa: PLC0415 - only a terminal needs it
    from rich.table import Table  # noqa: PLC0415 - see above
    from rich.text import Text  # noqa: PLC0415 - see above

    console = Console(highlight=False)
    table = Table(box=None, pad_edge=False, padding=(0, 2 if console.width >= ROOMY else 1, 0, 0), header_style="bold")
    for place, column in enumerate(columns):
        justify: Literal["left", "right"] = "right" if column.is_number else "left"
        table.add_column(column.title, justify=justify, overflow="fold", no_wrap=place == 0)
    for row in rows:
        table.add_row(*map(Text, row))
    console.print(table)


def print_prose(lines: Iterable[str], *, err: bool = False) -> None:
    """Print lines of text on stdout, or stderr; on a terminal those too long for it are broken between words."""
    for line in lines:
        for part in _broken(line, 0, sys.stderr if err else sys.stdout):
            click.echo(part, err=err)


def print_facts(facts: Iterable[tuple[str, str]]) -> None:
    """Print a title and what belongs to it, a line each; those without a word are left out."""
    told = [(title, text) for title, text in facts if text]
    indent = max((len(title) for title, _ in told), default=0) + 2
    for title, text in told:
        lines = (one_line(line) for line in text.split("\n"))
        first, *rest = (part for line in lines for part in _broken(line, indent, sys.stdout))
        click.echo(f"{title:<{indent}}{first}")
        for line in rest:
            click.echo(f"{'':<{indent}}{line}")


def terminal_width(stream: TextIO | None = None) -> int | None:
    """The columns of a terminal, stdout unless told; None for what is none."""
    stream = sys.stdout if stream is None else stream
    if not is_terminal(stream, os.environ):
        return None
    told = os.environ.get("COLUMNS", "")
    is_told = told.isascii() and told.isdigit()
    return int(told) if is_told else os.get_terminal_size(stream.fileno()).columns


def _broken(line: str, indent: int, stream: TextIO) -> Sequence[str]:
    """A line as it is, on a terminal that is too narrow for it in parts that are broken between words."""
    width = (terminal_width(stream) or 0) - indent
    if width <= 0 or len(line) <= width:
        return [line]
    return textwrap.wrap(line, width, break_long_words=False, break_on_hyphens=False)
