"""The log: a line a record on stderr, for people or as JSON, that shows no secret and never stops the program."""

import json
import logging
import re
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Literal, TextIO

from passenger.observe.line_handler import LineHandler, LogEvent
from passenger.observe.redaction import Redactor, one_line

Style = Literal["text", "json"]


_LONGEST_TEXT = 128 * 1024
"""Characters of a message or a traceback."""


LEVELS: Mapping[str, int] = {
    "off": logging.CRITICAL + 10,
    "critical": logging.CRITICAL,
    "error": logging.ERROR,
    "warn": logging.WARNING,
    "warning": logging.WARNING,
    "info": logging.INFO,
    "debug": logging.DEBUG,
    "trace": logging.DEBUG,
}
"""The names of `PASSENGER_LOG`, Rust's spelling included."""

_OUR_TARGETS = ("passenger", "passenger_rs")
_COLORS: Mapping[str, str] = {"DEBUG": "2", "WARNING": "33", "ERROR": "31", "CRITICAL": "1;31"}
_as_json = json.JSONEncoder(ensure_ascii=False).encode
_BARE_VALUE = re.compile(r"[^\s\"'=]+")
_STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}
"""What every record has; all else was given as `extra`."""


# --- levels ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Levels:
    """From which level on our own records and those of libraries are shown; `complaint` is about a bad variable."""

    ours: int = logging.INFO
    libraries: int = logging.WARNING
    complaint: str | None = None


def levels(environ: Mapping[str, str], *, verbosity: int = 0, quiet: bool = False) -> Levels:
    """The levels by `-q`, `-v`, `-vv`; else by `PASSENGER_LOG`; else by `RUST_LOG`, whose passenger-rs users have."""
    if quiet:
        return Levels(logging.WARNING)
    if verbosity:
        return Levels(logging.DEBUG, logging.DEBUG if verbosity > 1 else logging.WARNING)
    if text := environ.get("PASSENGER_LOG", ""):
        return _by_name(_directive(text)) or Levels(complaint=_complain_unknown(text))
    return _by_name(_directive(environ.get("RUST_LOG", ""))) or Levels()


def _by_name(name: str) -> Levels | None:
    if name not in LEVELS:
        return None
    level = LEVELS[name]
    return Levels(level, logging.DEBUG if name == "trace" else max(level, logging.WARNING))


def _directive(text: str) -> str:
    """The level that a text such as `passenger=debug,info` has for us: ours, or else the bare one."""
    levels_by_target: dict[str, str] = {}
    for part in text.lower().partition("/")[0].split(","):
        target, equals, level = part.strip().partition("=")
        levels_by_target[target if equals else ""] = level if equals else target
    names = (levels_by_target.get(target) for target in (*_OUR_TARGETS, ""))
    return next((name.strip() for name in names if name), "")


def _complain_unknown(text: str) -> str:
    return f"PASSENGER_LOG={one_line(text)[:40]} is ignored: it must be one of {', '.join(LEVELS)}"


def wants_color(stream: TextIO | None, environ: Mapping[str, str]) -> bool:
    """Whether to colour: NO_COLOR never, FORCE_COLOR or CLICOLOR_FORCE always, else on a terminal that can.

    See https://no-color.org and https://bixense.com/clicolors.
    """
    if environ.get("NO_COLOR"):
        return False
    if any(environ.get(name, "0") not in {"", "0"} for name in ("FORCE_COLOR", "CLICOLOR_FORCE")):
        return True
    if environ.get("CLICOLOR") == "0" or environ.get("TERM") == "dumb":
        return False
    return stream is not None and not stream.closed and stream.isatty()


# --- lines -------------------------------------------------------------------------------------------------------


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except (TypeError, ValueError, KeyError):  # a format that does not fit its arguments is still worth a line
        return f"{record.msg} {record.args}"


def _extras(record: logging.LogRecord) -> dict[str, object]:
    if isinstance(record.msg, LogEvent):
        return record.msg.fields()
    return {name: value for name, value in record.__dict__.items() if name not in _STANDARD}


@lru_cache(maxsize=1)
def _clock(second: int) -> str:
    return time.strftime("%H:%M:%S", time.localtime(second))


def _timestamp(created: float) -> str:
    """A time as RFC 3339 has it, in UTC."""
    return datetime.fromtimestamp(created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class ConsoleFormatter(logging.Formatter):
    """`12:01:44 INFO message key=value`, in local time; the lines of a traceback follow, indented.

    Unless it is `verbose`, what has a brief text is told by that alone.
    """

    def __init__(self, redactor: Redactor, *, color: bool, verbose: bool = False) -> None:
        super().__init__()
        self._redactor = redactor
        self._color = color
        self._verbose = verbose

    def format(self, record: logging.LogRecord) -> str:
        """One line, and one more for each line of a traceback.

        Its plain values are searched for secrets with it: one by one costs 20 us more for a request's line.
        """
        text = one_line(self._redactor.redact(self._brief(record) or self._whole(record)))
        line = f"{_clock(int(record.created))} {self._level(record.levelname)} {text}"
        return "\n    ".join([line, *map(one_line, self._traceback(record))]) if record.exc_info else line

    def _brief(self, record: logging.LogRecord) -> str | None:
        brief = None if self._verbose or not isinstance(record.msg, LogEvent) else record.msg.brief()
        return None if brief is None else self._redactor.shorten(brief, _LONGEST_TEXT)

    def _whole(self, record: logging.LogRecord) -> str:
        pairs = [f"{name}={self._value(value)}" for name, value in _extras(record).items()]
        return " ".join([self._redactor.shorten(_message(record), _LONGEST_TEXT), *pairs])

    def _level(self, name: str) -> str:
        color = _COLORS.get(name) if self._color else None
        return f"\x1b[{color}m{name}\x1b[0m" if color else name

    def _value(self, value: object) -> str:
        if isinstance(value, str):
            value = self._redactor.shorten(value)
            if _BARE_VALUE.fullmatch(value):
                return value
        if type(value) is int:
            return str(value)
        if type(value) is bool:
            return "true" if value else "false"
        # Cleaned before it is written as JSON, where a line end before a token is a letter.
        clean = self._redactor.clean(value)
        bare = isinstance(clean, str) and _BARE_VALUE.fullmatch(clean)
        return str(clean) if bare else self._redactor.shorten(_as_json(clean))

    def _traceback(self, record: logging.LogRecord) -> list[str]:
        assert record.exc_info  # noqa: S101 - who calls has looked
        text = self._redactor.shorten(self.formatException(record.exc_info), _LONGEST_TEXT)
        return self._redactor.redact(text).split("\n")


class JsonFormatter(logging.Formatter):
    """One JSON object a line: ts (RFC 3339, UTC), level, logger, message, the extra fields, exception."""

    def __init__(self, redactor: Redactor) -> None:
        super().__init__()
        self._redactor = redactor

    def format(self, record: logging.LogRecord) -> str:
        """The object, in ASCII: whatever reads it, reads that."""
        fixed: dict[str, object] = {
            "ts": _timestamp(record.created),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": self._redactor.shorten(_message(record), _LONGEST_TEXT),
        }
        if record.exc_info:
            exception = self._redactor.shorten(self.formatException(record.exc_info), _LONGEST_TEXT)
            fixed["exception"] = exception
        line = fixed | {k: self._short(v) for k, v in _extras(record).items() if k not in fixed}
        return json.dumps(line if self._redactor.is_clean(line) else self._redactor.clean(line))

    def _short(self, value: object) -> object:
        return self._redactor.shorten(value) if isinstance(value, str) else value


# --- setting up -----------------------------------------------------------------------------------------------------


def setup(
    levels: Levels,
    *,
    redactor: Redactor,
    style: Style = "text",
    color: bool = False,
    stream: TextIO | None = None,
) -> None:
    """Send all records of this process to `stream` (stderr where none is given), in place of where they went before."""
    handler = LineHandler(stream or sys.stderr)
    verbose = levels.ours <= logging.DEBUG
    console = ConsoleFormatter(redactor, color=color, verbose=verbose)
    handler.setFormatter(JsonFormatter(redactor) if style == "json" else console)
    _note_no_more_than_is_shown()
    root = logging.getLogger()
    for old in [old for old in root.handlers if isinstance(old, LineHandler)]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(levels.libraries)
    logging.getLogger("passenger").setLevel(levels.ours)
    if levels.complaint:
        logging.getLogger(__name__).warning("%s", levels.complaint)


def _note_no_more_than_is_shown() -> None:
    """Leave out of records what no line shows: where in the source, which thread and process (12 us a record).

    https://docs.python.org/3/howto/logging.html#optimization
    """
    logging._srcfile = None
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
