"""What models were found to reject, remembered for an hour in a file that processes share."""

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import msgspec

from passenger.private_file import FileVersion, PrivateFile, StoreError

log = logging.getLogger(__name__)

LIFETIME = 3600.0
"""Seconds until a row expires."""

ROWS = 1000
"""Rows that are kept, the newest ones, so that a client cannot grow the file without end."""

LOOK = 1.0
"""Seconds between two looks at the file, which another process may have changed."""

VERSION = 2
"""Version of the rows. Version 1 named fields without values, and is ignored."""

LearnedKey = tuple[str, str, str]
"""Seat, model and path."""

LearnedRows = dict[LearnedKey, dict[str, float]]
"""Unix seconds at which each lesson expires."""


class _Row(msgspec.Struct, frozen=True):
    seat: str
    model: str
    path: str
    field: str
    expires: float


class _File(msgspec.Struct):
    """The file. An older Passenger reads it too, and knows none of these lessons."""

    rows: list[_Row] = []
    version: int = 1


class Learned:
    """The lessons by seat, model and path. `clock` gives Unix seconds, since several processes compare them."""

    def __init__(self, file: PrivateFile | None, clock: Callable[[], float]) -> None:
        self._file = file
        self._clock = clock
        self._rows: LearnedRows = {}
        self._version: FileVersion | None = None
        self._checked_at = float("-inf")

    def lessons(self, seat: str, model: str, path: str) -> tuple[str, ...]:
        """The lessons of a model on one API, as `copilot.lessons` writes them."""
        if self._file is not None and self._clock() - self._checked_at >= LOOK:
            self._reload(self._file)
        rows = self._rows.get((seat, model, path))
        return tuple(field for field, expires in rows.items() if expires > self._clock()) if rows else ()

    async def learn(self, seat: str, model: str, path: str, fields: tuple[str, ...]) -> None:
        """Remember lessons. A file that cannot be written is logged, and costs the next process one rejected call."""
        expires = self._clock() + LIFETIME
        self._rows.setdefault((seat, model, path), {}).update(dict.fromkeys(fields, expires))
        self._rows = _newest(self._rows, self._clock())
        if self._file is not None:
            async with self._file.lock():
                await asyncio.to_thread(_save, self._file, _copied(self._rows), self._clock())

    def _reload(self, file: PrivateFile) -> None:
        """Read the file, unless it is the same as at the last look."""
        self._checked_at = self._clock()
        stamp = file.stamp()
        if stamp is not None and stamp != self._version:
            self._version = stamp
            self._rows = _merged(self._rows, _read(file, self._clock()))


def _read(file: PrivateFile, now: float) -> LearnedRows:
    rows: LearnedRows = {}
    try:
        content: dict[str, Any] = file.read() or {}
        document = msgspec.convert(content, _File)
        for row in document.rows if document.version == VERSION else ():
            if now < row.expires <= now + LIFETIME:
                rows.setdefault((row.seat, row.model, row.path), {})[row.field] = row.expires
    except (StoreError, msgspec.ValidationError) as error:
        log.warning("what was learned of models is forgotten: %s", error)
    return rows


def _save(file: PrivateFile, ours: LearnedRows, now: float) -> None:
    """Write our rows and those that others have written since; in a thread, so that the rows must be its own."""
    rows = _newest(_merged(_read(file, now), ours), now)
    flat = [_Row(*key, field, expires) for key, fields in rows.items() for field, expires in fields.items()]
    try:
        file.write(msgspec.to_builtins(_File(flat, VERSION)))
    except StoreError as error:
        log.warning("what was learned of models is not saved: %s", error)


def _copied(rows: LearnedRows) -> LearnedRows:
    return {key: dict(fields) for key, fields in rows.items()}


def _newest(rows: LearnedRows, now: float) -> LearnedRows:
    """The rows that are not over yet, the newest `ROWS` of them."""
    alive = [
        (expires, key, field) for key, fields in rows.items() for field, expires in fields.items() if expires > now
    ]
    found: LearnedRows = {}
    for expires, key, field in sorted(alive, key=lambda row: row[0])[-ROWS:]:
        found.setdefault(key, {})[field] = expires
    return found


def _merged(one: LearnedRows, two: LearnedRows) -> LearnedRows:
    return {key: {**one.get(key, {}), **two.get(key, {})} for key in [*one, *(key for key in two if key not in one)]}
