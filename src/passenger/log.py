"""The log: a line a record on stderr, for people or as JSON, that shows no secret and never stops the program."""

import json
import logging
import math
import re
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Literal, TextIO
from urllib.parse import quote

from passenger.linehandler import Event, LineHandler
from passenger.secret import Secret

Style = Literal["text", "json"]

STARS = "***"
CUT = "…"
"""What stands where a name was cut, as in the line of a request."""

LONGEST = 2000
"""Characters of a value that are written."""

_LONGEST_SECRET = 5000
"""Characters at the end of a text that was cut: a secret that was cut with it is not known there."""

_LONGEST_TEXT = 128 * 1024
"""Characters of a message or a traceback."""


_TOKENS = re.compile(
    r"\bgh[opusr]_\w+"
    r"|\bgithub_pat_\w+"
    r"|\btid=[^\s\"']+"
    r"|\bsk-[\w-]{16,}"
    r"|\bsk-[\w-]+(?=…)"
    r"|(?P<scheme>\b[Bb]earer\s+)(?!tokens?\b|auth)[^\s\"',]+"
)
_SIGNS = ("gh", "github_pat_", "tid=", "sk-", "earer")
"""One of these is in each of them, and in few lines: to look for them first saves 15 us a line."""

_SHORTEST_SECRET = 4

_COUNTS = {int, bool}

KEPT = 8
"""Passing secrets that are remembered: a Copilot token is good for half an hour, so these last for hours."""

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


def one_line(text: str) -> str:
    """A text whose control, direction and line characters are written out, so that it cannot forge a line."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


def plain(text: str) -> str:
    """A text of somebody else's as a terminal may have it: its lines are kept, what would steer it is written out."""
    return "\n".join(map(one_line, text.split("\n")))


# --- secrets -----------------------------------------------------------------------------------------------------


class Redactor:
    """Replaces secrets by three stars: those it was told, and whatever has the shape of a token."""

    def __init__(self) -> None:
        self._lasting: frozenset[str] = frozenset()
        self._passing: tuple[str, ...] = ()
        self._known: tuple[str, ...] = ()

    def add(self, secret: str | Secret) -> None:
        """Tell it a secret. One shorter than 4 characters is not learned: it would blot out words."""
        self._learn(self._lasting | {_text(secret)}, self._passing)

    def add_passing(self, secret: str | Secret) -> None:
        """Tell it a secret that others will follow, as Copilot tokens do: only the last few are remembered."""
        text = _text(secret)
        if text != next(iter(self._passing), None):
            others = tuple(other for other in self._passing if other != text)
            self._learn(self._lasting, (text, *others)[:KEPT])

    def redact(self, text: str) -> str:
        """The text without its secrets."""
        for secret in self._known:  # one by one: `re` keeps each pattern that it has compiled, and with it the secrets
            text = text.replace(secret, STARS)
        if CUT in text:
            text = self._without_begun(text)
        for sign in _SIGNS:
            if sign in text:
                return _TOKENS.sub(lambda match: (match["scheme"] or "") + STARS, text)
        return text

    def _without_begun(self, text: str) -> str:
        """The text without the beginnings of secrets that were cut off: what is left of one is no word of its own."""
        for secret in self._known:
            begun = secret[:_SHORTEST_SECRET]
            at = text.find(begun)
            while at >= 0:
                end = text.find(CUT, at + len(begun), at + len(secret))
                if end >= 0 and secret.startswith(text[at:end]):
                    text = text[:at] + STARS + text[end:]
                at = text.find(begun, at + 1)
        return text

    def is_clean(self, fields: Mapping[str, object]) -> bool:
        """Whether `clean` would leave these as they are, as far as that is quickly seen: all in one, not one by one."""
        texts = [*fields]
        for value in fields.values():
            if type(value) is str:
                texts.append(value)
            elif type(value) not in _COUNTS and not (type(value) is float and math.isfinite(value)):
                return False
        together = "\n".join(texts)
        return self.redact(together) == together

    def shortened(self, text: str, most: int = LONGEST) -> str:
        """The text where it is short, else its beginning, without secrets: what is cut of one would not be known."""
        if len(text) <= most:
            return text
        begun = self.redact(text[: 4 * most])
        known = len(begun) if len(text) <= 4 * most else max(0, len(begun) - _LONGEST_SECRET)
        return f"{begun[: min(most, known)]}... ({len(text)} characters)"

    def _learn(self, lasting: frozenset[str], passing: tuple[str, ...]) -> None:
        self._lasting, self._passing = lasting, passing
        texts = [text for text in (*lasting, *passing) if len(text.strip()) >= _SHORTEST_SECRET]
        written = {way for text in texts for way in (text, quote(text, safe=""), json.dumps(text)[1:-1])}
        self._known = tuple(sorted(written, key=len, reverse=True))

    def clean(self, value: object) -> object:
        """A value as JSON can hold it, without the secrets in it."""
        match value:
            case None | bool() | int():
                return value
            case float():
                return value if math.isfinite(value) else str(value)
            case dict():
                return {self.redact(str(name)): self.clean(item) for name, item in value.items()}
            case list() | tuple() | set() | frozenset():
                return [self.clean(item) for item in value]
            case _:
                return self.redact(str(value))


def _text(secret: str | Secret) -> str:
    return secret.reveal() if isinstance(secret, Secret) else secret


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
        return _by_name(_directive(text)) or Levels(complaint=_unknown(text))
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


def _unknown(text: str) -> str:
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
    if isinstance(record.msg, Event):
        return record.msg.fields()
    return {name: value for name, value in record.__dict__.items() if name not in _STANDARD}


@lru_cache(maxsize=1)
def _clock(second: int) -> str:
    return time.strftime("%H:%M:%S", time.localtime(second))


def _stamp(created: float) -> str:
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
        brief = None if self._verbose or not isinstance(record.msg, Event) else record.msg.brief()
        return None if brief is None else self._redactor.shortened(brief, _LONGEST_TEXT)

    def _whole(self, record: logging.LogRecord) -> str:
        pairs = [f"{name}={self._value(value)}" for name, value in _extras(record).items()]
        return " ".join([self._redactor.shortened(_message(record), _LONGEST_TEXT), *pairs])

    def _level(self, name: str) -> str:
        color = _COLORS.get(name) if self._color else None
        return f"\x1b[{color}m{name}\x1b[0m" if color else name

    def _value(self, value: object) -> str:
        if isinstance(value, str):
            value = self._redactor.shortened(value)
            if _BARE_VALUE.fullmatch(value):
                return value
        if type(value) is int:
            return str(value)
        if type(value) is bool:
            return "true" if value else "false"
        # Cleaned before it is written as JSON, where a line end before a token is a letter.
        clean = self._redactor.clean(value)
        bare = isinstance(clean, str) and _BARE_VALUE.fullmatch(clean)
        return str(clean) if bare else self._redactor.shortened(_as_json(clean))

    def _traceback(self, record: logging.LogRecord) -> list[str]:
        assert record.exc_info  # noqa: S101 - who calls has looked
        text = self._redactor.shortened(self.formatException(record.exc_info), _LONGEST_TEXT)
        return self._redactor.redact(text).split("\n")


class JsonFormatter(logging.Formatter):
    """One JSON object a line: ts (RFC 3339, UTC), level, logger, message, the extra fields, exception."""

    def __init__(self, redactor: Redactor) -> None:
        super().__init__()
        self._redactor = redactor

    def format(self, record: logging.LogRecord) -> str:
        """The object, in ASCII: whatever reads it, reads that."""
        fixed: dict[str, object] = {
            "ts": _stamp(record.created),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": self._redactor.shortened(_message(record), _LONGEST_TEXT),
        }
        if record.exc_info:
            exception = self._redactor.shortened(self.formatException(record.exc_info), _LONGEST_TEXT)
            fixed["exception"] = exception
        line = fixed | {k: self._short(v) for k, v in _extras(record).items() if k not in fixed}
        return json.dumps(line if self._redactor.is_clean(line) else self._redactor.clean(line))

    def _short(self, value: object) -> object:
        return self._redactor.shortened(value) if isinstance(value, str) else value


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
