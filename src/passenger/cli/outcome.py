"""How a command ends: every way of failing becomes a line on stderr and an exit code. Defects keep their traceback."""

import os
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import TextIO

import click

from passenger.cli.exits import FAILED, INTERRUPTED, LOGIN_NEEDED, OK, USAGE


def outcome(command: Callable[[], int | None]) -> int:
    """Run a command to its exit code."""
    _occupy_standard_descriptors()
    try:
        return _flushed(command() or OK)
    except (KeyboardInterrupt, click.Abort):
        return INTERRUPTED
    except click.ClickException as error:
        with suppress(OSError):
            error.show()
        return USAGE
    except Exception as error:
        code, lines = _explained(error)
        if not lines:
            raise
        _say(lines)
        return code


def _explained(error: Exception) -> tuple[int, Iterable[str]]:
    """The exit code of an error that is no defect of ours and the lines that explain it, or no lines."""
    from passenger.config.problems import ConfigError  # noqa: PLC0415 - only a failure needs it
    from passenger.errors import Failure, Kind  # noqa: PLC0415 - only a failure needs it
    from passenger.log import plain  # noqa: PLC0415 - only a failure needs it

    match error:
        case ConfigError(problems=problems):
            return USAGE, [str(problem) for problem in problems]
        case Failure(kind=Kind.LOGIN):
            return LOGIN_NEEDED, [plain(f"passenger: {error}")]
        case Failure():
            return FAILED, [plain(f"passenger: {error}")]
        case BrokenPipeError():
            _silence(sys.stdout)
            return FAILED, [""]
        case OSError():
            _silence(sys.stdout)
            return FAILED, [f"passenger: {error.strerror or error}{_about(error)}"]
        case _:
            return FAILED, []


def _about(error: OSError) -> str:
    return f": {error.filename}" if error.filename else ""


def _say(lines: Iterable[str]) -> None:
    with suppress(OSError):
        for line in filter(None, lines):
            click.echo(line.encode("ascii", "backslashreplace") if _is_narrow(sys.stderr) else line, err=True)


def _is_narrow(stream: TextIO | None) -> bool:
    return stream is not None and (stream.encoding or "ascii").lower() not in {"utf-8", "utf8"}


def _flushed(code: int) -> int:
    """The code, once stdout took all that was written: a full disk must not look like success."""
    if sys.stdout is not None:
        sys.stdout.flush()
    return code


def _silence(stream: TextIO | None) -> None:
    """Let what is still buffered go nowhere, so that the interpreter's last flush does not complain."""
    with suppress(OSError, ValueError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())  # type: ignore[union-attr]  # None is suppressed


def _occupy_standard_descriptors() -> None:
    """Put /dev/null where stdin, stdout or stderr was closed, so that no socket gets their number and our text."""
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest free number is this one
