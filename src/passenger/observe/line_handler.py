"""Writes lines of the log to a stream that may be slow, closed, broken or full.

A line is written at once. Lines that follow it within a twentieth of a second are made and written together: a busy
server then pays for no system call a request, and making many in a row costs half (16 instead of 35 us each).
"""

import asyncio
import contextlib
import logging
import os
import select
import time
from collections.abc import Iterator
from typing import TextIO

GATHERING = 0.05
"""Seconds that a line may wait for others; a warning, and whatever is said outside of an event loop, never waits."""

_MANY = 200
"""Lines that wait at most."""

_ROOM = 4096
"""A pipe that polls as writable takes this many bytes at once without blocking: PIPE_BUF of Linux (pipe(7))."""

_PATIENCE = 20
"""Milliseconds that the first write to a full pipe may wait. After that its lines are dropped."""


class LogEvent:
    """A record's message whose text (`str`) and fields are made only when the line is written."""

    __slots__ = ()

    def brief(self) -> str | None:
        """All that matters of it as a text without fields, for people; None where the text and the fields are it."""
        return None

    def fields(self) -> dict[str, object]:
        """The fields by their names."""
        raise NotImplementedError


class EventRecord(logging.LogRecord):
    """An event's record with no more in it than a line shows: all else takes longer than the line."""

    args = exc_info = None

    def __init__(self, name: str, level: int, event: LogEvent) -> None:
        self.name = name
        self.levelno = level
        self.levelname = logging.getLevelName(level)
        self.msg = event
        self.created = time.time()


def say(logger: logging.Logger, level: int, event: LogEvent) -> None:
    """Log an event; by the short way where a `LineHandler` is all that its record would come to."""
    if not logger.isEnabledFor(level):
        return
    handler = _only_handler(logger)
    if handler is None or level < handler.level:
        logger.log(level, event)
    else:
        handler.handle(EventRecord(logger.name, level, event))


def _only_handler(logger: logging.Logger) -> "LineHandler | None":
    """Our handler, if a logger's records reach it alone; None with other handlers, filters or factories."""
    if type(logger) is not logging.Logger or logger.filters or logging.getLogRecordFactory() is not logging.LogRecord:
        return None
    at = logger
    while not at.handlers and at.parent is not None and at.propagate:
        at = at.parent
    if len(at.handlers) != 1 or (at.parent is not None and at.propagate):
        return None
    handler = at.handlers[0]
    return handler if type(handler) is LineHandler else None


class LineHandler(logging.Handler):
    """Writes lines to a stream; where that cannot be done they are dropped, and the next one says how many."""

    def __init__(self, stream: TextIO | None) -> None:
        super().__init__()
        self._stream = stream
        self._descriptor = _descriptor(stream)
        self._waiting: list[logging.LogRecord] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._lost = 0

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record, or let it wait, or drop it."""
        self._waiting.append(record)
        if record.levelno >= logging.WARNING or len(self._waiting) >= _MANY or not self._may_wait():
            self._write_all()

    def flush(self) -> None:
        """Write what waits."""
        with self.lock or contextlib.nullcontext():
            self._write_all()

    def _may_wait(self) -> bool:
        """Whether others will follow soon: one was written a moment ago in the same event loop."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return False
        if loop is self._loop:
            return True
        self._loop = loop
        loop.call_later(GATHERING, self._look)
        return False

    def _look(self) -> None:
        """Write what has come in the meantime; if nothing has, the next line need not wait."""
        if self._waiting:
            self.flush()
            asyncio.get_running_loop().call_later(GATHERING, self._look)
        else:
            self._loop = None

    def _write_all(self) -> None:
        records, self._waiting = self._waiting, []
        lines = list(self._lines(records))
        if not lines:
            return
        try:
            written = self._write(lines)
        except (OSError, ValueError):  # the stream is closed or its reader is gone: there is nobody to tell
            written = False
        self._lost = 0 if written else self._lost + len(lines)

    def _lines(self, records: list[logging.LogRecord]) -> Iterator[str]:
        for record in records:
            try:
                yield self.format(record)
            except (OSError, ValueError):
                self._lost += 1

    def _write(self, lines: list[str]) -> bool:
        text = "\n".join(["", self._confession(), *lines, ""] if self._lost else [*lines, ""])
        if self._descriptor is not None:
            return self._write_bytes(self._descriptor, text.encode("utf-8", "backslashreplace"))
        if self._stream is not None:
            self._stream.write(text)
            self._stream.flush()
        return True

    def _write_bytes(self, descriptor: int, content: bytes) -> bool:
        left = memoryview(content)
        while left:
            if not _is_writable(descriptor, 0 if self._lost else _PATIENCE):
                return False
            left = left[os.write(descriptor, left[:_ROOM]) :]
        return True

    def _confession(self) -> str:
        fields = {
            "name": __name__,
            "levelname": "WARNING",
            "msg": "log lines lost: nobody read them",
            "lost": self._lost,
        }
        return self.format(logging.makeLogRecord(fields))


def _descriptor(stream: TextIO | None) -> int | None:
    try:
        return None if stream is None else stream.fileno()
    except (OSError, ValueError):
        return None


def _is_writable(descriptor: int, patience: int) -> bool:
    if not hasattr(select, "poll"):  # Windows, where a pipe cannot be asked
        return True
    poll = select.poll()
    poll.register(descriptor, select.POLLOUT)
    return bool(poll.poll(patience))
