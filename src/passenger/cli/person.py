"""Whether a person sits at a stream, and what they answer to a question."""

import sys
from typing import TextIO

import click


def is_terminal(*streams: TextIO | None) -> bool:
    """Whether each of these streams is a terminal."""
    return all(stream is not None and not stream.closed and stream.isatty() for stream in streams)


def can_answer() -> bool:
    """Whether a question can be shown on stderr and answered on stdin."""
    return is_terminal(sys.stdin, sys.stderr)


def confirm(question: str, *, default: bool = False) -> bool:
    """Ask a question until the answer is yes or no; Enter alone means the default."""
    while True:
        match read_line(f"{question} [{'Y/n' if default else 'y/N'}]: ").lower():
            case "":
                return default
            case "y" | "yes":
                return True
            case "n" | "no":
                return False
            case _:
                click.echo("Type y or n.", err=True)


def pick(question: str, most: int) -> int:
    """Ask for a number from 1 to `most`: Enter alone is 1, anything else is asked again."""
    while True:
        answer = read_line(f"{question} [1]: ") or "1"
        if answer.isascii() and answer.isdigit() and 1 <= int(answer) <= most:
            return int(answer)
        click.echo(f"Type a number from 1 to {most}.", err=True)


def read_line(prompt: str) -> str:
    """Read a line that a person types, without the space around it.

    input() would lose a Ctrl-C that comes as it begins to read: it clears what its flush has raised
    (builtin_input in https://github.com/python/cpython/blob/3.11/Python/bltinmodule.c).

    Raises:
        Abort: the input ends, as with Ctrl-D.
        KeyboardInterrupt: Ctrl-C.
    """
    click.echo(prompt, nl=False, err=True)
    if line := sys.stdin.readline():
        return line.strip()
    click.echo(err=True)
    raise click.Abort
