"""How a command ends: every way of failing becomes a line on stderr and an exit code. Defects keep their traceback."""

import os
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import TextIO

import click

from passenger.server.process.exit_codes import FAILED, INTERRUPTED, LOGIN_NEEDED, OK, USAGE


def complain(text: str, code: int = FAILED) -> int:
    """Say on stderr what is wrong, and give the exit code."""
    from passenger.observe.redaction import plain  # noqa: PLC0415 - only a failure needs it

    click.echo(plain(f"passenger: {text}"), err=True)
    return code


def outcome(command: Callable[[], int | None]) -> int:
    """Run a command to its exit code."""
    _occupy_standard_descriptors()
    try:
        return _flush(command() or OK)
    except (KeyboardInterrupt, click.Abort):
        return INTERRUPTED
    except click.ClickException as error:
        with suppress(OSError):
            error.show()
        return USAGE
    except Exception as error:
        code, lines = _explain(error)
        if not lines:
            raise
        with suppress(OSError):
            for line in filter(None, lines):
                click.echo(line.encode("ascii", "backslashreplace") if _is_narrow(sys.stderr) else line, err=True)
        return code


def _explain(error: Exception) -> tuple[int, Iterable[str]]:
    """The exit code of an error and the lines that explain it; no lines for a defect of ours."""
    from passenger.config.problems import ConfigError  # noqa: PLC0415 - only a failure needs it
    from passenger.errors import Failure, Kind  # noqa: PLC0415 - only a failure needs it
    from passenger.observe.redaction import plain  # noqa: PLC0415 - only a failure needs it

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
            about = f": {error.filename}" if error.filename else ""
            return FAILED, [f"passenger: {error.strerror or error}{about}"]
        case _:
            return FAILED, []


def _is_narrow(stream: TextIO | None) -> bool:
    return stream is not None and (stream.encoding or "ascii").lower() not in {"utf-8", "utf8"}


def _flush(code: int) -> int:
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
