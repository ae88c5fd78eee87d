"""Whether a person sits at a stream, and what he answers to a question."""

import sys
from typing import TextIO

import click


def is_terminal(*streams: TextIO | None) -> bool:
    """Whether somebody looks at each of these streams."""
    return all(stream is not None and not stream.closed and stream.isatty() for stream in streams)


def can_answer() -> bool:
    """Whether somebody sees a question and can answer it."""
    return is_terminal(sys.stdin, sys.stderr)


def confirmed(question: str, *, default: bool = False) -> bool:
    """Whether a person says yes; Enter alone means the default, and what is neither yes nor no is asked again."""
    while True:
        match typed(f"{question} [{'Y/n' if default else 'y/N'}]: ").lower():
            case "":
                return default
            case "y" | "yes":
                return True
            case "n" | "no":
                return False
            case _:
                click.echo("Type y or n.", err=True)


def picked(question: str, most: int) -> int:
    """The number from 1 to `most` that a person picks: Enter alone is 1, anything else is asked again."""
    while True:
        answer = typed(f"{question} [1]: ") or "1"
        if answer.isascii() and answer.isdigit() and 1 <= int(answer) <= most:
            return int(answer)
        click.echo(f"Type a number from 1 to {most}.", err=True)


def typed(prompt: str) -> str:
    """What a person types, without the space around it.

    input() would lose a Ctrl-C that comes as it begins to read: it clears what its flush has raised
    (builtin_input in https://github.com/python/cpython/blob/3.11/Python/bltinmodule.c).

    Raises:
        Abort: he ends the input, as with Ctrl-D.
        KeyboardInterrupt: he types Ctrl-C.
    """
    click.echo(prompt, nl=False, err=True)
    if line := sys.stdin.readline():
        return line.strip()
    click.echo(err=True)
    raise click.Abort
